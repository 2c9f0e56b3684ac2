// What those outside ask for: why a step stands where it stands, or what the whole workflow waits for.
// Belongs here: finding the step by its name. Does not belong here: the answer (machine/why).
import { EngineError } from '../base/errors.ts';
import type { StepId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { didYouMean } from '../definition/nearest.ts';
import { explainStep, explainWorkflow } from '../machine/why/explain.ts';
import type { Explanation, RootPath, Surroundings, WorkflowExplanation } from '../machine/why/types.ts';
import type { LiveWorkflow } from './live.ts';

/** Goes on into the children that roots run, and into theirs; `ofChild`: undefined where there is none (any more). */
export async function withChildren<Answer extends Explanation | WorkflowExplanation>(
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
export function explanation(
  { id, graph, state }: LiveWorkflow,
  step: StepId | undefined,
  around: Surroundings,
): Explanation | WorkflowExplanation {
  if (step === undefined) return explainWorkflow(graph, state, around);
  const number = graph.stepById.get(step);
  if (number === undefined) throw noSuchStep(id, step, graph.stepById.keys());
  return explainStep(graph, state, number, around);
}

function noSuchStep(workflow: string, step: StepId, known: Iterable<string>): EngineError {
  const hint = didYouMean(step, [...known]);
  return new EngineError(
    'not_found',
    `The workflow ${workflow} has no step '${step.slice(0, 200)}'.`,
    hint ?? `See: murano-workflow status ${workflow}`,
  );
}
