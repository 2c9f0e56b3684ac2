// In which VM a phase of a step runs: its own, or the one that `run_on` names.
// Belongs here: the rules of `run_on`, and what a step remembers of it. Does not belong here: waiting for that VM (turns.ts).
//
// A phase with a `run_on` of its own runs there. The others share one VM, the step's *base*: what the state's `run_on`
// names, asked anew for each attempt; without one, the VM of the step's own member.
import { EngineError, errorText } from '../base/errors.ts';
import type { Phase } from '../base/ids.ts';
import type { Template } from '../definition/expressions/types.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { State } from '../definition/types.ts';
import type { Step } from '../graph/types.ts';
import { agentFor, expressionError, viewFor } from './command.ts';
import type { Draft } from './draft.ts';
import type { StepError } from './types.ts';

/** What is written to the record; without an agent there is no VM at all. */
export interface Place {
  readonly agent: string | undefined;
  readonly base?: string | undefined;
}

/** True when some phase of the state may run in another VM than its own. */
export const hasPlaces = ({ runOn, probeRunOn, undo }: State): boolean =>
  runOn !== undefined || probeRunOn !== undefined || undo?.runOn !== undefined;

/** True when the phase runs where a `run_on` says. */
export const runsElsewhere = (state: State, phase: Phase): boolean =>
  (ownRunOn(state, phase) ?? state.runOn) !== undefined;

/** `anew`: for the beginning of an attempt; `kept`: what follows in the same. Throws what `run_on` throws. */
export function placeOf(draft: Draft, step: Step, phase: Phase, asked: 'anew' | 'kept'): Place {
  const { state } = step;
  const record = draft.record(step.number);
  const kept = (agent: string | undefined) =>
    asked === 'kept' || isThere(draft, step, agent) ? agent : undefined;
  if (!hasPlaces(state)) return { agent: kept(record.agent) ?? agentFor(draft, step) };
  const own = ownRunOn(state, phase);
  if (own) return { agent: memberNamed(draft, step, phase, own), base: record.base };
  const isKnown = kept(record.base) !== undefined && (asked === 'kept' || !state.runOn);
  const base = isKnown
    ? record.base
    : state.runOn
      ? memberNamed(draft, step, phase, state.runOn)
      : agentFor(draft, step);
  return { agent: base, base };
}

/** What runs once for a group stays with the member that it began on, as long as that one does. */
const isThere = (draft: Draft, { member, entity }: Step, agent: string | undefined): boolean =>
  member !== undefined ||
  (draft.graph.membership.get(entity.name) ?? []).some(one => one.agent === agent && !one.leaving);

/** The error of a phase whose VM could not be told; that there is no such member may change until a later attempt. */
export function placeError(thrown: unknown, phase: Phase): StepError {
  if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
  const { absent } = (thrown.details ?? {}) as { readonly absent?: boolean };
  if (absent !== true) return expressionError(thrown, phase);
  return { kind: 'unreachable', message: `run_on names no member. ${errorText(thrown)}`, phase };
}

function ownRunOn({ probeRunOn, undo }: State, phase: Phase): Template | undefined {
  switch (phase) {
    case 'action':
    case 'rescue':
      return undefined;
    case 'probe':
    case 'verify':
      return probeRunOn;
    case 'undo':
      return undo?.runOn;
    default:
      return phase satisfies never;
  }
}

function memberNamed(draft: Draft, step: Step, phase: Phase, runOn: Template): string {
  const { attempt } = draft.record(step.number);
  const isForward = phase === 'action' || phase === 'probe';
  return evaluateTemplate(runOn, viewFor(draft, step, isForward ? attempt + 1 : attempt)) as string;
}
