// Starts what a step does next: a command to its VM, a wait, a question, or a value computed at once.
// Belongs here: the start of an attempt of any phase. Does not belong here: whether it is its turn (readiness.ts,
// settle.ts), how it ended (outcomes.ts).
import type { Phase } from '../base/ids.ts';
import { EngineError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { Action } from '../definition/types.ts';
import { readEncodedOutputs } from '../definition/outputs.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import { ask, type AskingAction, isAsking, takeKept } from './asking.ts';
import { actionOf, agentFor, expressionError, isComputed, makeCommand, travels, viewFor } from './command.ts';
import type { Draft } from './draft.ts';
import { ATTEMPT_OVER, NO_OUTPUTS, type Patch } from './records.ts';
import { failAttempt } from './retry.ts';
import { rescueFailed } from './spent.ts';
import { commandDue } from './timing.ts';
import type { StepError } from './types.ts';
import { fingerprintIn, givenIn, otherChild } from './update/judge.ts';
import { rerunOf } from './update/rerun-after.ts';

/** The phase a step begins with: its probe, if it has one, looks before anything is done. Or what it waits to do. */
export const firstPhase = (draft: Draft, number: number): Phase =>
  draft.record(number).phase ?? (draft.step(number).state.probe ? 'probe' : 'action');

/** Starts the phase now. A command that can't be made counts as a failed attempt that no retry can help. */
export function startPhase(draft: Draft, number: number, phase: Phase): void {
  const action = actionOf(draft.step(number).state, phase, draft.record(number)) as Action;
  if (action.kind === 'wait') startWait(draft, number, phase, action.duration);
  else if (isAsking(action)) startAsking(draft, number, phase, action);
  else if (isComputed(action)) startSet(draft, number, phase);
  else startCommand(draft, number, phase, travels(action));
}

function startCommand(draft: Draft, number: number, phase: Phase, travels: boolean): void {
  const step = draft.step(number);
  const refused = phase === 'action' ? otherChild(draft, number) : undefined;
  if (refused) return failAttempt(draft, number, refused, 'final');
  const agent = travels ? (draft.record(number).agent ?? agentFor(draft, step)) : undefined;
  try {
    const command = makeCommand(draft, step, phase, agent);
    const { action } = command;
    draft.send(number, {
      ...begun(draft, number, phase),
      ...(agent !== undefined && { agent }),
      ...(action.kind === 'workflow' && { child: action.child }),
      command,
      due: commandDue(draft.at, command),
    });
  } catch (thrown) {
    failToMake(draft, number, phase, thrown);
  }
}

function startWait(draft: Draft, number: number, phase: Phase, duration: number): void {
  draft.write(number, {
    ...ATTEMPT_OVER,
    ...begun(draft, number, phase),
    due: { at: draft.at + duration, for: 'wait' },
  });
}

/** Paused until somebody answers; R9 says when that holds the whole workflow. */
function startAsking(draft: Draft, number: number, phase: Phase, action: AskingAction): void {
  try {
    ask(draft, number, action, { ...ATTEMPT_OVER, ...begun(draft, number, phase) });
    takeAnswer(draft, number, phase);
  } catch (thrown) {
    failToMake(draft, number, phase, thrown);
  }
}

/** A signal that came early answers at once. */
function takeAnswer(draft: Draft, number: number, phase: Phase): void {
  const taken = takeKept(draft, number);
  if (!taken) return;
  const { outputs, problem, by } = taken;
  if (outputs) return reach(draft, number, { outputs, answeredBy: by });
  failAttempt(draft, number, { kind: 'outputs', message: problem ?? 'no outputs', phase }, 'final');
}

/** Computed in the same decision: there is nothing to wait for. */
function startSet(draft: Draft, number: number, phase: Phase): void {
  const step = draft.step(number);
  const action = actionOf(step.state, phase, draft.record(number));
  if (action?.kind !== 'set') return;
  draft.write(number, { ...ATTEMPT_OVER, ...begun(draft, number, phase) });
  try {
    const values = evaluateTemplate(action.outputs, viewFor(draft, step, draft.record(number).attempt));
    const { outputs, problem } = readEncodedOutputs(step.state, isObject(values) ? values : {});
    if (outputs) return reach(draft, number, { outputs });
    failAttempt(draft, number, { kind: 'outputs', message: problem ?? 'no outputs', phase }, 'final');
  } catch (thrown) {
    failToMake(draft, number, phase, thrown);
  }
}

function begun(draft: Draft, number: number, phase: Phase) {
  const { attempt, touched, startedAt, again } = draft.record(number);
  const acts = phase === 'action';
  const { source } = draft.workflow;
  const forward = acts || phase === 'probe';
  return {
    status: phase === 'undo' || phase === 'verify' ? 'undoing' : 'running',
    phase,
    attempt: attempt + Number(acts),
    touched: touched || acts,
    startedAt: startedAt ?? draft.at,
    cause: undefined,
    ...(forward && source !== undefined && { source }),
    ...(forward &&
      draft.state.hash && { fingerprint: fingerprintIn(draft, draft.step(number), draft.state.hash) }),
    ...(forward && draft.step(number).state.changeAction && { given: givenIn(draft, draft.step(number)) }),
    ...(again && { again: { ...again, begun: true as const } }),
  } as const;
}

/** Only faults of expressions are the author's; anything else is a bug and must not pass for one. */
function failToMake(draft: Draft, number: number, phase: Phase, thrown: unknown): void {
  if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
  const error: StepError = expressionError(thrown, phase);
  const { tries, error: before } = draft.record(number);
  if (phase === 'rescue' && before) rescueFailed(draft, number, { tries, error: before }, error.message);
  else failAttempt(draft, number, error, 'final');
}

/** The step has reached its state. */
export const reach = (draft: Draft, number: number, patch: Patch = {}): void =>
  draft.write(number, reached(draft, number, patch));

/** What is written then. */
export function reached(draft: Draft, number: number, patch: Patch): Patch {
  const outputs = patch.outputs && Object.keys(patch.outputs).length > 0 ? patch.outputs : NO_OUTPUTS;
  return {
    ...ATTEMPT_OVER,
    ...patch,
    ...rerunOf(draft, number),
    outputs,
    status: 'reached',
    again: undefined,
    unverified: undefined,
    look: undefined,
    error: undefined,
    cause: undefined,
    interruptions: undefined,
  };
}
