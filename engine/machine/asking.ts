// Waiting for people: an approval's yes or no, a signal by its name (R9, row 38).
// Belongs here: asking, giving the answer its effect, signals that come early. Does not belong here: whether an
// answer may be given now (on/approve.ts, on/reject.ts, on/signal.ts).
//
// A step that asks is `paused`: nothing of it runs, so it alone keeps a workflow `held`. One signal moves one step: the
// one that has waited longest. A signal for which nobody waits is kept, the last of each name, for the first that asks.
import { canonicalJson, type JsonObject, type JsonValue, tagOf } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import { type ReadOutputs, readOutputs } from '../definition/outputs.ts';
import type { Action, ApprovalAction, SignalAction, State } from '../definition/types.ts';
import { viewFor } from './command.ts';
import type { Draft } from './draft.ts';
import type { Patch } from './records.ts';
import { isBefore } from './state.ts';
import type { Question, RawOutput, StepCause } from './types.ts';

export type AskingAction = ApprovalAction | SignalAction;

export const isAsking = (action: Action | undefined): action is AskingAction =>
  action?.kind === 'approval' || action?.kind === 'signal';

const CAUSES = {
  approval: 'waits_for_approval',
  signal: 'waits_for_signal',
} as const satisfies { readonly [Kind in Question['kind']]: StepCause };

/** Asks. Throws EngineError `expression_failed`. */
export function ask(draft: Draft, number: number, action: AskingAction, begun: Patch): void {
  const asks = questionOf(draft, number, action);
  const due =
    action.timeout === undefined ? undefined : ({ at: draft.at + action.timeout, for: 'answer' } as const);
  draft.write(number, { ...begun, phase: undefined, status: 'paused', cause: CAUSES[asks.kind], asks, due });
}

function questionOf(draft: Draft, number: number, action: AskingAction): Question {
  if (action.kind === 'signal') return { kind: 'signal', name: action.name };
  const { attempt } = draft.record(number);
  const value = evaluateTemplate(action.message, viewFor(draft, draft.step(number), attempt + 1));
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return { kind: 'approval', message: text.slice(0, LIMITS.errorText) };
}

/**
 * The signal that was kept for a step that asks now: consumed once. What it carries was judged when it came, against
 * any state of its name; here against this one.
 */
export function takeKept(draft: Draft, number: number): (ReadOutputs & { readonly by: string }) | undefined {
  const { asks } = draft.record(number);
  const kept = asks?.kind === 'signal' ? draft.workflow.signals?.[asks.name] : undefined;
  if (asks?.kind !== 'signal' || !kept) return undefined;
  draft.keepSignal(asks.name, undefined);
  return { ...dataFor(draft.step(number).state, kept.data), by: kept.by };
}

/** The states that wait for a signal of this name, at any time. */
export function statesFor(draft: Draft, name: string): readonly State[] {
  return signalStates(draft).filter(({ action }) => action?.kind === 'signal' && action.name === name);
}

/** Names of all signals that some state waits for. */
export function signalNames(draft: Draft): readonly string[] {
  const names = signalStates(draft).map(({ action }) => (action?.kind === 'signal' ? action.name : ''));
  return [...new Set(names)].sort();
}

function signalStates(draft: Draft): readonly State[] {
  return [...draft.graph.definition.entities.values()].flatMap(({ states }) =>
    [...states.values()].filter(({ action }) => action?.kind === 'signal'),
  );
}

/** The step that has waited longest for the signal; ties by number. */
export function longestWaiting(draft: Draft, name: string): number | undefined {
  let best: number | undefined;
  for (const { number } of draft.graph.steps) {
    const record = draft.record(number);
    if (record.asks?.kind !== 'signal' || record.asks.name !== name) continue;
    if (best === undefined || isBefore(record, number, draft.record(best), best)) best = number;
  }
  return best;
}

/** The values that a person or a signal gives, as outputs of the state. */
export function dataFor(state: State, values: JsonObject): ReadOutputs {
  return readOutputs(
    state,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rawOf(value)])),
  );
}

/** A hidden value comes as a reference: the door has sealed it. */
function rawOf(value: JsonValue): RawOutput {
  return tagOf(value) === '$secret'
    ? { secret: (value as JsonObject)['$secret'] as string }
    : { json: value };
}
