// `within`: a requirement that must be met in time, counted from when the rest of what the step requires was met.
// Belongs here: setting that time, and what its end means. Does not belong here: other requirements (readiness.ts).
//
// The time stands in the step's one `due`, with when it began; whoever goes on from a failure starts it anew. It ends
// only by its timer: what is met in the same moment is met in time.
import { durationText } from '../definition/durations.ts';
import { demandText } from '../graph/references.ts';
import type { Gate, Step } from '../graph/types.ts';
import { gateVerdict, unmetOf } from './counters.ts';
import type { Draft } from './draft.ts';
import type { StepError, StepRecord } from './types.ts';

type Timed = NonNullable<Step['within']>[number];

/** Waits for others, not for a time of its own. */
export const isAwaiting = ({ status, due }: StepRecord): boolean =>
  status === 'waiting' && (!due || due.for === 'within');

/** Sets, moves or takes away the time of a step that waits. Nothing is timed once the workflow has halted. */
export function timeRequirements(draft: Draft, number: number): void {
  const step = draft.step(number);
  if (!step.within) return;
  const { due } = draft.record(number);
  const open = openOf(draft, step);
  const isRest = open.length > 0 && unmetOf(draft.cells, draft.graph, number) === open.length;
  if (!isRest || draft.isHalted) {
    if (due) draft.write(number, { due: undefined });
    return;
  }
  const since = due?.since ?? draft.at;
  const at = since + Math.min(...open.map(({ within }) => within));
  if (due?.at !== at) draft.write(number, { due: { at, for: 'within', since } });
}

/** Its time has come: what is still not met has failed (`within`). */
export function tooLate(draft: Draft, number: number): void {
  const { due } = draft.record(number);
  const step = draft.step(number);
  const late = openOf(draft, step).find(({ within }) => (due?.since ?? 0) + within <= draft.at);
  if (!late || !draft.forward) return;
  draft.write(number, { status: 'blocked', cause: 'too_late', due: undefined, error: errorOf(draft, late) });
}

const openOf = (draft: Draft, { within = [] }: Step): readonly Timed[] =>
  within.filter(({ gate }) => gateVerdict(draft.cells, draft.graph, gate) !== 'met');

function errorOf(draft: Draft, { gate, within }: Timed): StepError {
  const { target, requirement, outcome, inputs } = draft.graph.gates[gate] as Gate;
  const demand = inputs.length === 1 && !outcome ? '' : ` (${demandText(requirement, outcome)})`;
  const message = `It requires ${target.entity}.${target.state}${demand} within ${durationText(within)} of the rest; it did not come.`;
  return { kind: 'timeout', message, phase: 'action' };
}
