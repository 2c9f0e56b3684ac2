// The agent's decisions: an event in; records to journal and effects to let out. Pure but for the state it owns.
// Belongs here: every rule on what an agent does. Does not belong here: how it is done (agent/).
//
// AM1 Effects are let out after the records of the same decision are on disk: journal before ack, before start.
// AM2 A script starts at most once per command, run and incarnation: `starting` is journaled before, and after a
//     crash only proof that it never started puts it back.
// AM3 Every accepted command gets exactly one answer, sent again until its receipt.
// AM4 Nothing starts before this connection's welcome; what is held and not live is refused as superseded.
// AM5 A term lower than the highest seen for the workflow starts and stops nothing.
// AM6 A cancel is answered, whether its command was seen or not; the command can start no more.
// AM7 One exclusive script at a time; nothing starts beside a reboot.
// AM8 The machine is asked to reboot only when nothing runs; a reboot is over under another boot id alone, however
//     often its command comes (agent-schedule.ts).
import { AGENT_LIMITS as LIMITS } from './limits.ts';
import { stepKey } from './agent-records.ts';
import { isRebooted, REBOOTED, schedule } from './agent-schedule.ts';
import { Work } from './agent-work.ts';
import type { AgentDecision } from './agent-work.ts';
import type { AgentState, Answer, Ending, Held } from './agent-records.ts';
import { commandKey, PROTOCOL_VERSION } from './messages.ts';
import type { Cancel, CommandMessage, FromEngine, Greet, Receipt, Refused, Welcome } from './messages.ts';

export type { AgentDecision, AgentEffect } from './agent-work.ts';

export type AgentEvent =
  /** Once, after the journal was read. */
  | { readonly kind: 'boot'; readonly bootId: string; readonly mayReboot: boolean }
  /** The shell sends the hello that `helloOf` and the facts make. */
  | { readonly kind: 'connected'; readonly nonce: string }
  | { readonly kind: 'disconnected' }
  /**
   * `space`: whether a new command and its outcome would fit on the disk. `token` names the delivery. `forbidden`: why the
   * machine's policy does not let this command be done.
   */
  | {
      readonly kind: 'message';
      readonly message: FromEngine;
      readonly token: number;
      readonly space: boolean;
      readonly forbidden?: string;
    }
  /** The script runs: just started, or adopted. */
  | { readonly kind: 'running'; readonly key: string; readonly run: number }
  /** `spent`: milliseconds this and all earlier runs took. */
  | {
      readonly kind: 'ended';
      readonly key: string;
      readonly run: number;
      readonly ending: Ending;
      readonly spent: number;
    }
  /** Proven dead, end unknown. */
  | { readonly kind: 'dead'; readonly key: string; readonly run: number; readonly evidence: string }
  /** Proven never to have started, and that it cannot start any more under this run. */
  | { readonly kind: 'never_started'; readonly key: string; readonly run: number }
  /** Cannot be started; nothing ran. */
  | { readonly kind: 'start_failed'; readonly key: string; readonly run: number; readonly reason: string }
  /** Time to send again what has no receipt. */
  | { readonly kind: 'resend' };

/** Exit codes that mean: reboot the machine and run me again. */
export const REBOOT_CODES: ReadonlySet<number> = new Set([194, 3010]);

/**
 * Decides on one event and applies the records to `state` at once. If they cannot be written, the state must be
 * rebuilt from the journal and nothing of `effects` may be let out.
 */
export function advance(state: AgentState, event: AgentEvent): AgentDecision {
  const work = new Work(state);
  handle(work, event);
  schedule(work);
  work.leaveOutAccepted();
  return work;
}

function handle(work: Work, event: AgentEvent): void {
  const { state } = work;
  switch (event.kind) {
    case 'boot':
      return onBoot(work, event.bootId, event.mayReboot);
    case 'connected':
      state.nonce = event.nonce;
      state.welcomed = false;
      return;
    case 'disconnected':
      state.nonce = undefined;
      state.welcomed = false;
      return;
    case 'message':
      onMessage(work, event);
      return work.let({ kind: 'ack', token: event.token });
    case 'resend':
      return resend(work);
    case 'running':
    case 'ended':
    case 'dead':
    case 'never_started':
    case 'start_failed':
      return onScript(work, event);
    default: {
      const unknown: never = event;
      throw new TypeError(`Unknown event ${JSON.stringify(unknown)}`);
    }
  }
}

function onBoot(work: Work, bootId: string, mayReboot: boolean): void {
  Object.assign(work.state, { bootId, mayReboot });
  for (const [key, held] of work.state.held) {
    if (held.status === 'started') work.let({ kind: 'look', key, held });
    else if (isRebooted(work.state, held)) work.answer(key, REBOOTED);
  }
}

function resend(work: Work): void {
  if (!work.state.welcomed) return;
  for (const [key, held] of work.state.held) if (held.answer !== undefined) work.tell(key);
}

type Received = Extract<AgentEvent, { kind: 'message' }>;

function onMessage(work: Work, { message, space, forbidden }: Received): void {
  switch (message.kind) {
    case 'greet':
      return onGreet(work, message);
    case 'welcome':
      return onWelcome(work, message);
    case 'command':
      return onCommand(work, message, { space, forbidden });
    case 'cancel':
      return onCancel(work, message);
    case 'receipt':
      return onReceipt(work, message);
    default: {
      const unknown: never = message;
      throw new TypeError(`Unknown message ${JSON.stringify(unknown)}`);
    }
  }
}

function isForUs(work: Work, message: Exclude<FromEngine, Greet>): boolean {
  return message.agent === work.state.agent && message.incarnation === work.state.incarnation;
}

/** A new engine: until it has said what is live, nothing is started, and the hello is said again (AM4). */
function onGreet(work: Work, greet: Greet): void {
  const { state } = work;
  if (greet.agent !== state.agent || state.nonce === undefined) return;
  state.welcomed = false;
  work.let({ kind: 'hello', nonce: state.nonce });
}

function onWelcome(work: Work, welcome: Welcome): void {
  const { state } = work;
  if (!isForUs(work, welcome) || welcome.nonce !== state.nonce || state.welcomed) return;
  if (welcome.protocol !== PROTOCOL_VERSION) return;
  if (welcome.sealingKey !== state.sealingKey) work.write({ kind: 'engine', sealingKey: welcome.sealingKey });
  const live = new Set(welcome.live.map(commandKey));
  for (const [key, held] of state.held) {
    // A command of a higher term is newer than this welcome, whose engine does not know of it.
    if (!live.has(key) && held.command.term <= welcome.term) supersede(work, key, held);
  }
  state.welcomed = true;
  for (const key of state.held.keys()) work.tell(key);
}

/** What runs goes on until it is cancelled; what does not run will not. */
function supersede(work: Work, key: string, held: Held): void {
  if (held.status === 'queued') {
    const message = 'The engine no longer waits for it: it was not in the welcome.';
    work.write({ kind: 'answered', key, answer: { kind: 'refused', reason: 'superseded', message } });
  } else if (held.status === 'rebooting') work.write({ kind: 'answered', key, answer: CANCELLED });
}

const CANCELLED: Extract<Answer, { kind: 'finished' }> = {
  kind: 'finished',
  result: { kind: 'cancelled' },
  outputs: {},
  stdout: '',
  stderr: '',
};

/** What the shell knows of a command: is there space, does the policy forbid it. */
type Outlook = Pick<Received, 'space'> & { readonly forbidden: string | undefined };

function onCommand(work: Work, command: CommandMessage, outlook: Outlook): void {
  const { state } = work;
  const key = commandKey(command.id);
  if (isForUs(work, command) && state.held.has(key)) {
    raiseTerm(work, command);
    return work.tell(key);
  }
  const refusal = refusalOf(state, command, outlook);
  if (refusal !== undefined) return work.refuse(command.id, refusal[0], refusal[1]);
  raiseTerm(work, command);
  work.write({ kind: 'accepted', command });
  work.tell(key);
}

function refusalOf(
  state: AgentState,
  command: CommandMessage,
  { space, forbidden }: Outlook,
): [Refused['reason'], string] | undefined {
  const { id, term } = command;
  if (command.agent !== state.agent) return ['wrong_agent', `It is for agent ${command.agent}.`];
  if (command.incarnation !== state.incarnation) {
    return [
      'wrong_incarnation',
      `It is for incarnation ${command.incarnation}; this is ${state.incarnation}.`,
    ];
  }
  if (state.damaged !== undefined) return ['journal_damaged', state.damaged];
  if (state.tombstones.has(commandKey(id))) return ['cancelled', 'It was cancelled before it arrived.'];
  const highest = state.terms.get(id.workflow) ?? 0;
  if (term < highest)
    return ['old_term', `Its term ${term} is lower than ${highest}, seen before for this workflow.`];
  const seen = state.seen.get(stepKey(id));
  if (seen !== undefined && id.dispatch <= seen) {
    return ['superseded', `Command ${seen} of this step was taken already.`];
  }
  if (forbidden !== undefined) return ['policy', forbidden];
  if (!space) return ['no_space', 'The disk that holds the journal is full. Free some space and retry.'];
  if (state.held.size >= LIMITS.heldCommands) {
    return ['no_space', `${LIMITS.heldCommands} commands are held already; wait until some have ended.`];
  }
  return undefined;
}

function raiseTerm(work: Work, { id, term }: CommandMessage | Cancel): void {
  if (term > (work.state.terms.get(id.workflow) ?? 0))
    work.write({ kind: 'term', workflow: id.workflow, term });
}

function onCancel(work: Work, cancel: Cancel): void {
  const { state } = work;
  const { id } = cancel;
  if (!isForUs(work, cancel)) {
    return work.refuse(
      id,
      'wrong_incarnation',
      `This is incarnation ${state.incarnation} of agent ${state.agent}.`,
    );
  }
  if (cancel.term < (state.terms.get(id.workflow) ?? 0)) return;
  if (state.damaged !== undefined) return work.refuse(id, 'journal_damaged', state.damaged);
  raiseTerm(work, cancel);
  const key = commandKey(id);
  const held = state.held.get(key);
  if (held !== undefined) return cancelHeld(work, key, held, cancel.why);
  if ((state.seen.get(stepKey(id)) ?? -1) < id.dispatch) work.write({ kind: 'tombstone', id });
  work.refuse(id, 'cancelled', 'It is not held here and will never be started.');
}

function cancelHeld(work: Work, key: string, held: Held, why: string): void {
  switch (held.status) {
    case 'queued':
      return work.answer(key, {
        kind: 'refused',
        reason: 'cancelled',
        message: `Cancelled before its start: ${why}`,
      });
    case 'rebooting':
      return work.answer(key, CANCELLED);
    case 'answered':
      return work.tell(key);
    case 'started':
      if (held.cancel === undefined) work.write({ kind: 'cancel', key, why });
      work.let({ kind: 'kill', key, held });
      return;
  }
}

function onReceipt(work: Work, receipt: Receipt): void {
  if (!isForUs(work, receipt)) return;
  const key = commandKey(receipt.id);
  const held = work.state.held.get(key);
  if (held?.answer === undefined) return;
  work.write({ kind: 'forgotten', key });
  work.let({ kind: 'forget', key, held });
}

type ScriptEvent = Extract<AgentEvent, { key: string }>;

function onScript(work: Work, event: ScriptEvent): void {
  const { key, run } = event;
  const held = work.state.held.get(key);
  if (held?.status !== 'started' || held.run !== run) return;
  switch (event.kind) {
    case 'running':
      if (work.state.running.has(key)) return;
      work.state.running.add(key);
      work.tell(key, true);
      if (held.cancel !== undefined) work.let({ kind: 'kill', key, held });
      return;
    case 'ended':
      return onEnded(work, key, held, event.ending, event.spent);
    case 'dead':
      return work.answer(key, { kind: 'interrupted', evidence: event.evidence });
    case 'start_failed': {
      const result = { kind: 'error' as const, reason: event.reason };
      return work.answer(key, { kind: 'finished', result, outputs: {}, stdout: '', stderr: '' });
    }
    case 'never_started':
      work.write({ kind: 'requeued', key });
      if (held.cancel !== undefined) cancelHeld(work, key, work.state.held.get(key) as Held, held.cancel);
      return;
  }
}

function onEnded(work: Work, key: string, held: Held, ending: Ending, spent: number): void {
  const { task } = held.command;
  const { result } = ending;
  const wantsReboot =
    result.kind === 'exit' && REBOOT_CODES.has(result.code) && task.kind === 'script' && task.reboots > 0;
  if (!wantsReboot) return work.answer(key, { kind: 'finished', ...ending });
  if (held.cancel !== undefined)
    return work.answer(key, { ...CANCELLED, ...ending, result: { kind: 'cancelled' } });
  if (held.reboots >= task.reboots) {
    return work.answer(key, {
      kind: 'finished',
      ...ending,
      result: { kind: 'reboots', count: held.reboots + 1 },
    });
  }
  work.write({ kind: 'reboot', key, bootId: held.bootId ?? work.state.bootId, spent });
}
