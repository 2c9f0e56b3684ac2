// `plan`: what an update, or a new workflow, would do; nothing is changed.
// Belongs here: asking and showing. Does not belong here: the plan (plan/), layout (views/plan.ts).
import { checkInputs } from '../../definition/inputs.ts';
import type { Problem } from '../../definition/problems.ts';
import { compileGraph } from '../../graph/compile.ts';
import { planCreate } from '../../plan/plan.ts';
import type { Taken } from '../../hot/workflow.ts';
import type { Plan } from '../../plan/types.ts';
import type { PlanAnswer, PlanRequest } from '../../runtime/api.ts';
import { withoutSecrets } from '../../whatif/values.ts';
import type { ExitCode } from '../exits.ts';
import { EXIT_OF_ERROR } from '../exits.ts';
import { ProblemsFound, usageError } from '../failure.ts';
import type { WatchOptions } from '../finish.ts';
import type { Context } from '../host.ts';
import { membership } from '../language.ts';
import { type Loaded, loadDefinition, loadInputs, loadMembers } from '../loading.ts';
import { mustBeApplied, noState, withReader } from '../sessions.ts';
import { printWhole } from '../terminal.ts';
import { defaultName } from '../values.ts';
import { planLines } from '../views/plan.ts';
import { loadChange, type UpdateOptions } from './change.ts';

/** What a plan is of. */
interface Planned {
  readonly workflow: string;
  /** Absent: the workflow's id. */
  readonly title?: string;
  readonly taken?: readonly Taken[];
  readonly notes?: readonly string[];
}

/** Without a name: of a workflow that does not exist yet. Exit code 6 when the update would be refused. */
export async function plan(
  context: Context,
  id: string | undefined,
  options: UpdateOptions,
): Promise<ExitCode> {
  if (id === undefined) return planNew(context, options);
  const { loaded, change } = await loadChange(context, id, options);
  return planOf(context, { workflow: id, ...change }, options, loaded);
}

/** `loaded`: the definition that comes with it. */
export async function planOf(
  context: Context,
  request: PlanRequest,
  options: WatchOptions,
  loaded: Loaded | undefined,
): Promise<ExitCode> {
  const { workflow } = request;
  const answer = await withReader(context, options, session => session.api.plan(request));
  if (answer === undefined) throw noState(context, options, workflow);
  stopAtProblems(answer.problems, loaded);
  return endPlan(context, { workflow }, answer, options);
}

/** Shows the plan; exit code 6 when the update would be refused. */
export function endPlan(
  context: Context,
  planned: Planned,
  { plan: found }: PlanAnswer,
  options: WatchOptions,
): ExitCode {
  if (found === undefined) return 70;
  show(context, planned, found, options);
  return found.refused ? EXIT_OF_ERROR.not_allowed : 0;
}

async function planNew(context: Context, options: UpdateOptions): Promise<ExitCode> {
  const { definition: file, inputs: words, members: groups } = options;
  if (file === undefined)
    throw usageError(
      'there is nothing to plan',
      'Name a workflow and what is to change, or a definition: --definition FILE.',
    );
  const loaded = await loadDefinition(context, file);
  const name = defaultName(file);
  const members = await loadMembers(context, loaded, groups ?? [], name);
  const inputs = await loadInputs(context, loaded, words ?? []);
  stopAtProblems(context.language.checkStart(loaded.definition, inputs, members), loaded);
  const graph = compileGraph(loaded.definition, membership(members));
  const encoded = withoutSecrets(loaded.definition, checkInputs(loaded.definition, inputs).inputs);
  show(context, { workflow: name }, planCreate(graph, encoded), options);
  return 0;
}

function stopAtProblems(problems: readonly Problem[], loaded: Loaded | undefined): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  if (loaded) throw new ProblemsFound([...problems], loaded.sources);
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const next = first.hint ?? 'Correct it, then ask again.';
  mustBeApplied({ status: 'rejected', code: first.code, message: `${first.message}${more}`, next });
}

function show(
  { terminal }: Context,
  { title, ...about }: Planned,
  found: Plan,
  { json, verbose }: Pick<WatchOptions, 'json' | 'verbose'>,
): void {
  const { workflow, taken = [], notes = [] } = about;
  const heading = `${title ?? workflow}, generation ${found.generation}`;
  if (json) terminal.out(`${JSON.stringify({ ...about, ...found })}\n`);
  else printWhole(terminal, planLines(heading, found, { verbose, taken, notes }));
}
