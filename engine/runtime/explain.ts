// What those outside ask for: why a step stands where it stands, or what the whole workflow waits for.
// Belongs here: finding the step by its name, what the engine knows around the workflow. Does not belong here: the answer (machine/why).
import { EngineError } from '../base/errors.ts';
import type { StepId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { didYouMean } from '../definition/nearest.ts';
import { explainStep, explainWorkflow } from '../machine/why/explain.ts';
import type {
  Explanation,
  Presence,
  RootPath,
  Surroundings,
  Trouble,
  WorkflowExplanation,
} from '../machine/why/types.ts';
import { notFound } from './absorb.ts';
import type { Engine } from './engine.ts';
import type { LiveWorkflow } from './live.ts';

/** What is known of agents. */
export interface Known {
  presence(agent: string): Presence;
  /** What keeps the engine from speaking with any of them. */
  trouble?(): Trouble | undefined;
}

/** EngineError `not_found`, with the nearest name, when there is no such workflow or step; the store's when it cannot be read. */
export async function explainFor(
  engine: Engine,
  known: Known,
  id: string,
  step: StepId | undefined,
): Promise<Explanation | WorkflowExplanation> {
  try {
    const found = await engine.find(id);
    if (found === undefined) throw notFound(id);
    return await withChildren(explanation(found, step, surroundings(engine, known, id)), async child => {
      const inner = await engine.find(child);
      return inner && explanation(inner, undefined, surroundings(engine, known, child));
    });
  } catch (thrown) {
    throw whileUnread(thrown, id);
  }
}

function surroundings(engine: Engine, known: Known, id: string): Surroundings {
  const setAside = engine.setAside(id);
  const store = engine.storeTrouble;
  const broker = known.trouble?.();
  return {
    now: engine.clock.now(),
    presence: agent => known.presence(agent),
    ...(setAside !== undefined && { setAside }),
    ...(store !== undefined && { store }),
    ...(broker !== undefined && { broker }),
    word: (step, record) => engine.word(id, step, record),
  };
}

/** Goes on into the children that roots run, and into theirs; `ofChild`: undefined where there is none (any more). */
async function withChildren<Answer extends Explanation | WorkflowExplanation>(
  answer: Answer,
  ofChild: (id: string) => Promise<Explanation | WorkflowExplanation | undefined>,
  depth = 1,
): Promise<Answer> {
  const roots: RootPath[] = [];
  for (const root of answer.roots) {
    const cause = root.path.at(-1)?.told.cause;
    const id = cause?.kind === 'child' && depth <= LIMITS.childDepth ? cause.child : undefined;
    const found = id === undefined ? undefined : await ofChild(id);
    if (id === undefined || found === undefined || 'step' in found) roots.push(root);
    else roots.push({ ...root, child: { id, explanation: await withChildren(found, ofChild, depth + 1) } });
  }
  return { ...answer, roots };
}

/** EngineError `not_found`, with the nearest name, when the workflow has no such step. */
function explanation(
  { id, graph, state }: LiveWorkflow,
  step: StepId | undefined,
  around: Surroundings,
): Explanation | WorkflowExplanation {
  if (step === undefined) return explainWorkflow(graph, state, around);
  const number = graph.stepById.get(step);
  if (number === undefined) throw noSuchStep(id, step, graph.stepById.keys());
  return explainStep(graph, state, number, around);
}

/** A store that cannot even be read is the answer, too: the same as the cause `store`. */
function whileUnread(thrown: unknown, id: string): unknown {
  if (!(thrown instanceof EngineError) || !thrown.code.startsWith('store_')) return thrown;
  const message = `The workflow ${id} goes no further, and the engine's store does not tell where it stands: ${thrown.message}`;
  return new EngineError(thrown.code, message, thrown.next, { cause: thrown });
}

function noSuchStep(workflow: string, step: StepId, known: Iterable<string>): EngineError {
  const hint = didYouMean(step, [...known]);
  return new EngineError(
    'not_found',
    `The workflow ${workflow} has no step '${step.slice(0, 200)}'.`,
    hint ?? `See: murano-workflow status ${workflow}`,
  );
}
