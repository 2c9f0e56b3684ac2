// How an attempt ended, by phase: action and probe. (The ends of undo and its check are in undo/undo.ts.)
// Belongs here: what an outcome means for the step. Does not belong here: stale reports (on/report.ts), retries.
import { isObject, type JsonObject } from '../base/json.ts';
import { readEncodedOutputs, type ReadOutputs, readOutputs } from '../definition/outputs.ts';
import type { State } from '../definition/types.ts';
import { endWithout } from './applies.ts';
import { reach } from './attempts.ts';
import { isChange } from './command.ts';
import type { Draft } from './draft.ts';
import { ATTEMPT_OVER, type Patch } from './records.ts';
import { failAttempt, interruptAttempt } from './retry.ts';
import type { Outcome, RawOutput, StepError, StepRecord } from './types.ts';

type Succeeded = Extract<Outcome, { kind: 'succeeded' }>;
type Unsuccessful = Exclude<Outcome, { kind: 'succeeded' }>;

/** The action ended. What was called back and did not succeed is interrupted: whoever called it back decides on. */
export function endAction(draft: Draft, number: number, outcome: Outcome): void {
  if (outcome.kind === 'succeeded') return actionSucceeded(draft, number, outcome);
  if (draft.record(number).cancel !== undefined) return calledBack(draft, number, outcome);
  switch (outcome.kind) {
    case 'failed':
      return failAttempt(draft, number, { ...outcome.error, phase: 'action' });
    case 'interrupted':
      return interruptAttempt(draft, number, outcome.evidence);
    case 'refused':
      return failAttempt(draft, number, { kind: 'refused', message: outcome.message, phase: 'action' });
    default:
      return outcome satisfies never;
  }
}

/** What makes the step reached, by the definition under which its attempt began; undefined: the attempt did not. */
export function reachedBy(draft: Draft, number: number, outcome: Outcome): Patch | undefined {
  if (outcome.kind !== 'succeeded') return undefined;
  const record = draft.record(number);
  const { phase, outputs: stored } = record;
  const { state } = draft.asRun(number);
  if (phase === 'probe') {
    const outputs = readOutputs(state, outcome.outputs).outputs ?? stored;
    return outputs && { outputs };
  }
  const { outputs } = outputsOf(state, record, outcome);
  const facts = state.action?.kind === 'online' ? factsIn(outcome.outputs) : undefined;
  return outputs && { outputs, ...(facts && { facts }) };
}

function actionSucceeded(draft: Draft, number: number, outcome: Succeeded): void {
  const { state } = draft.asRun(number);
  const { outputs, problem } = outputsOf(state, draft.record(number), outcome);
  if (!outputs) {
    return failAttempt(draft, number, {
      kind: 'outputs',
      message: problem ?? 'no outputs',
      phase: 'action',
      ...(outcome.tail && { tail: outcome.tail }),
    });
  }
  const facts = state.action?.kind === 'online' ? factsIn(outcome.outputs) : undefined;
  reach(draft, number, { outputs, ...(facts && { facts }) });
}

/** Of a `set`: what was computed when it was sent, and the references of what was made. */
function outputsOf(state: State, record: StepRecord, { outputs }: Succeeded): ReadOutputs {
  const { action } = record.command ?? {};
  if (isChange(state, record)) return changedOutputs(state, record.again?.previous?.outputs ?? {}, outputs);
  if (action?.kind !== 'generate') return readOutputs(state, outputs);
  const made = action.secrets.flatMap(({ name }) => {
    const given = outputs[name];
    return given && 'secret' in given ? [[name, { $secret: given.secret }] as const] : [];
  });
  return readEncodedOutputs(state, { ...action.values, ...Object.fromEntries(made) });
}

/** What `on_change` does not give stays as it was. */
function changedOutputs(state: State, before: JsonObject, given: Succeeded['outputs']): ReadOutputs {
  const named = [...state.outputs].filter(([name]) => Object.hasOwn(given, name));
  const read = readOutputs({ ...state, outputs: new Map(named) }, given);
  return read.outputs ? readEncodedOutputs(state, { ...before, ...read.outputs }) : read;
}

/** What the agent told of its machine travels as the output `facts` of an `online` action. */
function factsIn(outputs: { readonly [name: string]: RawOutput }): JsonObject | undefined {
  const { facts } = outputs;
  return facts && 'json' in facts && isObject(facts.json) ? facts.json : undefined;
}

/** The probe ended: exit 0 holds, 1 doesn't, anything else can't tell (row 36). */
export function endProbe(draft: Draft, number: number, outcome: Outcome): void {
  if (outcome.kind === 'succeeded') return probeHolds(draft, number, outcome);
  if (draft.record(number).cancel !== undefined) return calledBack(draft, number, outcome);
  if (outcome.kind === 'interrupted') return interruptAttempt(draft, number, outcome.evidence);
  if (!deniesState(outcome)) return failAttempt(draft, number, cannotTell(outcome, 'probe'));
  startAction(draft, number);
}

/** Holds, but required outputs are missing: the stored ones are kept, or else the action runs and writes them. */
function probeHolds(draft: Draft, number: number, outcome: Succeeded): void {
  const { outputs, problem } = readOutputs(draft.step(number).state, outcome.outputs);
  if (outputs) return reach(draft, number, { outputs });
  const { outputs: stored, cancel } = draft.record(number);
  if (stored) return reach(draft, number, { outputs: stored });
  if (cancel === undefined) return startAction(draft, number);
  calledBack(draft, number, { kind: 'refused', message: problem ?? 'no outputs' });
}

/** Goes on with the action at once, keeping the VM. While nothing may start, the step is left as interrupted. */
function startAction(draft: Draft, number: number): void {
  const { probeRunOn } = draft.step(number).state;
  if (draft.mayGoOn(number))
    draft.starts.push({ step: number, phase: 'action', anew: probeRunOn !== undefined });
  else
    draft.write(number, {
      ...ATTEMPT_OVER,
      status: endWithout(draft, number, 'interrupted'),
      cause: draft.step(number).wanted ? 'cancelled' : undefined,
    });
}

/** Exit code 1; of a service an answer that is not as expected, unless it says that it could give none. */
export function deniesState(outcome: Outcome): boolean {
  if (outcome.kind !== 'failed') return false;
  const { exitCode, kind, status } = outcome.error;
  return exitCode === 1 || (kind === 'http' && status !== undefined && !isPassing(status));
}

/** HTTP status codes that say: not now (408, 425, 429), or that the service is in trouble (5xx). */
export const isPassing = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status);

/** The error of a look that gave no answer. */
export function cannotTell(outcome: Unsuccessful, phase: 'probe' | 'verify'): StepError {
  switch (outcome.kind) {
    case 'failed':
      return {
        ...outcome.error,
        kind: outcome.error.kind === 'exit' ? 'probe' : outcome.error.kind,
        message:
          outcome.error.kind === 'child'
            ? outcome.error.message
            : `The probe can't tell: ${outcome.error.message}`,
        phase,
      };
    case 'interrupted':
      return { kind: 'probe', message: `The probe was interrupted: ${outcome.evidence}`, phase };
    case 'refused':
      return { kind: 'refused', message: outcome.message, phase };
    default:
      return outcome satisfies never;
  }
}

/** What was called back and did not succeed: whoever called it back decides on. */
export function calledBack(draft: Draft, number: number, outcome: Unsuccessful): void {
  const { cancel, phase = 'action' } = draft.record(number);
  draft.write(number, {
    ...ATTEMPT_OVER,
    status: 'interrupted',
    cause: 'cancelled',
    error: {
      kind: 'cancelled',
      message: `Called back: ${cancel ?? 'no reason given'}. ${sentence(outcome)}`,
      phase,
    },
  });
}

function sentence(outcome: Unsuccessful): string {
  switch (outcome.kind) {
    case 'failed':
      return outcome.error.message;
    case 'interrupted':
      return outcome.evidence;
    case 'refused':
      return outcome.message;
    default:
      return outcome satisfies never;
  }
}
