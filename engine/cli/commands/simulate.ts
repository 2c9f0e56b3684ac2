// `simulate FILE`: what would happen, in virtual time; no engine, no machine, no script.
// Belongs here: asking and showing. Does not belong here: the simulation (whatif/), layout (views/simulation.ts).
import type { JsonObject } from '../../base/json.ts';
import { checkInputs } from '../../definition/inputs.ts';
import type { Problem } from '../../definition/problems.ts';
import { compileGraph } from '../../graph/compile.ts';
import type { StateGraph } from '../../graph/types.ts';
import type { EngineApi } from '../../runtime/api.ts';
import type { LogEntry } from '../../runtime/ports.ts';
import { durationsIn } from '../../whatif/history.ts';
import { play } from '../../whatif/simulate.ts';
import type { Course, Misunderstood, Played } from '../../whatif/types.ts';
import { completeInputs, withoutSecrets } from '../../whatif/values.ts';
import type { ExitCode } from '../exits.ts';
import { EXIT_OF_ERROR, EXIT_OF_STATUS } from '../exits.ts';
import { ProblemsFound, usageError } from '../failure.ts';
import type { Context } from '../host.ts';
import { membership } from '../language.ts';
import { type LaterOptions, readLater } from '../later.ts';
import type { Loaded } from '../loading.ts';
import { loadDefinition, loadInputs, loadMembers, readFrom } from '../loading.ts';
import { noState, withReader } from '../sessions.ts';
import { printLines, textWidth } from '../terminal.ts';
import { defaultName } from '../values.ts';
import { commandLine } from '../views/ending.ts';
import type { Measured } from '../views/simulation.ts';
import { simulationLines } from '../views/simulation.ts';
import type { WishOptions } from '../wishes.ts';
import { readWishes } from '../wishes.ts';

export interface SimulateOptions extends WishOptions, LaterOptions {
  readonly json: boolean;
  readonly inputs?: readonly string[];
  readonly members?: readonly string[];
  readonly guessInputs: boolean;
  readonly durationsFrom?: string;
  readonly stateDir?: string;
}

export async function simulateFile(
  context: Context,
  file: string,
  options: SimulateOptions,
): Promise<ExitCode> {
  const loaded = await loadDefinition(context, file);
  const name = defaultName(file);
  const members = await loadMembers(context, loaded, options.members ?? [], name);
  const given = await loadInputs(context, loaded, options.inputs ?? []);
  const { inputs, madeUp } = completeInputs(loaded.definition, given, options.guessInputs);
  stopAtProblems(loaded, context.language.checkStart(loaded.definition, inputs, members));
  const graph = compileGraph(loaded.definition, membership(members));
  const wishes = await readWishes(options, readFrom(context));
  const measured = await measuredIn(context, options, graph);
  const durations = new Map([...measured, ...wishes.durations]);
  const standing = { loaded, inputs, members, name };
  const asked = await readLater(context, standing, options);
  const played = play(graph, workflowInputs(loaded, inputs), { ...wishes, durations }, asked, name);
  const [wrong, ...others] = played.misunderstood;
  if (wrong) throw notUnderstood(wrong, others.length);
  if (options.json) context.terminal.out(`${JSON.stringify(documentOf(played, madeUp))}\n`);
  else show(context, { played, madeUp, name, ...measurement(options, measured) });
  return exitOf(played);
}

/** That of a run that ends as the last phase does; also what may not be done is a failure. */
function exitOf({ phases, refused }: Played): ExitCode {
  if (refused.length > 0) return EXIT_OF_ERROR.not_allowed;
  const [first] = phases;
  const { course } = phases.at(-1) ?? first;
  if (phases.some(({ operation }) => operation !== undefined && operation.status !== 'done')) return 1;
  // One that would go on for ever without an answer has not reached its goal either.
  return course.status === 'running' ? 1 : EXIT_OF_STATUS[course.status];
}

/** How long the states of this definition took in an earlier run; what it does not have any more is left out. */
async function measuredIn(
  context: Context,
  options: SimulateOptions,
  graph: StateGraph,
): Promise<ReadonlyMap<string, number>> {
  const { durationsFrom: workflow } = options;
  if (workflow === undefined) return new Map();
  const log = await withReader(context, options, ({ api }) => wholeLog(api, workflow));
  if (log === undefined) throw noState(context, options, workflow);
  const known = [...durationsIn(log)].filter(([name]) => name === 'probe' || graph.stepByState.has(name));
  return new Map(known);
}

const PAGE = 10_000;

async function wholeLog(api: EngineApi, workflow: string): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  for (;;) {
    const page = await api.events(workflow, entries.at(-1)?.seq ?? 0, PAGE);
    entries.push(...page);
    if (page.length < PAGE) return entries;
  }
}

const measurement = ({ durationsFrom }: SimulateOptions, measured: ReadonlyMap<string, number>) =>
  durationsFrom === undefined
    ? {}
    : {
        measured: {
          workflow: durationsFrom,
          states: [...measured.keys()].filter(name => name !== 'probe').length,
        },
      };

/** Only an error stops it; `--guess-inputs` is told of where an input is missing. */
function stopAtProblems(loaded: Loaded, found: readonly Problem[]): void {
  if (!found.some(problem => problem.severity === 'error')) return;
  const hinted = found.map(problem =>
    problem.message.endsWith('is required.') && problem.hint === undefined
      ? { ...problem, hint: 'Give it with --inputs, or have it made up with --guess-inputs.' }
      : problem,
  );
  throw new ProblemsFound([...loaded.warnings, ...hinted], loaded.sources);
}

const workflowInputs = ({ definition }: Loaded, inputs: JsonObject): JsonObject =>
  withoutSecrets(definition, checkInputs(definition, inputs).inputs);

function notUnderstood({ message, hint = '' }: Misunderstood, more: number): Error {
  const rest = more > 0 ? ` (and ${more} more like this)` : '';
  return usageError(`${message.replace(/\.$/, '')}${rest}`, hint || 'See: murano-workflow simulate --help');
}

/** As ever where nothing was asked; else with what came of each. */
function documentOf({ phases, refused }: Played, madeUp: readonly string[]): object {
  const [first, ...later] = phases;
  const asked = later.map(({ says, at, course, operation }) => ({
    says,
    at,
    ...(operation && { operation }),
    ...courseDocument(course),
  }));
  return {
    ...courseDocument(first.course),
    inputsMadeUp: madeUp,
    ...(asked.length > 0 && { later: asked }),
    ...(refused.length > 0 && { refused }),
  };
}

/** Without the numbers of steps, which mean nothing outside. */
function courseDocument(course: Course): object {
  const steps = course.steps.map(step => ({ ...step, number: undefined }));
  const { makespan } = course;
  const criticalPath = course.criticalPath.map(link => ({
    ...link,
    number: undefined,
    share: makespan === 0 ? 0 : Math.round((1000 * (link.to - link.from)) / makespan) / 1000,
  }));
  return { ...course, steps, criticalPath };
}

function show(
  context: Context,
  what: {
    readonly played: Played;
    readonly madeUp: readonly string[];
    readonly name: string;
    readonly measured?: Measured;
  },
): void {
  const { terminal } = context;
  const options = { width: textWidth(terminal), style: terminal.style, command: commandLine() };
  printLines(terminal, simulationLines(what, options));
}
