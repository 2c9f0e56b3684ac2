// One decision of the agent's machine while it is made: records applied at once, effects gathered.
// Belongs here: what a decision holds, and what is told of a held command. Does not belong here: rules on when
// (agent-machine.ts). Pure.
import { applyRecord } from './agent-records.ts';
import type { AgentState, Answer, Held, JournalRecord } from './agent-records.ts';
import { commandKey } from './messages.ts';
import type { CommandId, FromAgent, Refused } from './messages.ts';

export type AgentEffect =
  /** `soon`: nothing is lost when it is said a moment later, or not at all because the answer comes before. */
  | { readonly kind: 'send'; readonly message: FromAgent; readonly soon?: true }
  /** Say hello again on this connection. */
  | { readonly kind: 'hello'; readonly nonce: string }
  | { readonly kind: 'ack'; readonly token: number }
  | { readonly kind: 'start'; readonly key: string; readonly held: Held }
  /** Find out what became of a script started before: adopt it, collect its end, or prove it dead. */
  | { readonly kind: 'look'; readonly key: string; readonly held: Held }
  | { readonly kind: 'kill'; readonly key: string; readonly held: Held }
  | { readonly kind: 'reboot' }
  /** Its files may go. */
  | { readonly kind: 'forget'; readonly key: string; readonly held: Held };

export interface AgentDecision {
  readonly records: readonly JournalRecord[];
  readonly effects: readonly AgentEffect[];
}

/** Collects a decision while applying its records. */
export class Work implements AgentDecision {
  readonly records: JournalRecord[] = [];
  readonly effects: AgentEffect[] = [];
  readonly state: AgentState;

  constructor(state: AgentState) {
    this.state = state;
  }

  write(record: JournalRecord): void {
    applyRecord(this.state, record);
    this.records.push(record);
  }

  let(effect: AgentEffect): void {
    this.effects.push(effect);
  }

  send(message: FromAgent): void {
    this.let({ kind: 'send', message });
  }

  /** What starts at once is told as started; `accepted` is for what has to wait. */
  leaveOutAccepted(): void {
    const starting = new Set(this.effects.flatMap(startedBy));
    const said = (effect: AgentEffect): boolean =>
      effect.kind !== 'send' ||
      effect.message.kind !== 'accepted' ||
      !starting.has(commandKey(effect.message.id));
    if (starting.size > 0) this.effects.splice(0, this.effects.length, ...this.effects.filter(said));
  }

  /** Sends what is known of a held command: the last word on it. `soon`: a start may be told a moment later. */
  tell(key: string, soon = false): void {
    const held = this.state.held.get(key);
    if (held === undefined) return;
    const from = { agent: this.state.agent, incarnation: this.state.incarnation, id: held.command.id };
    if (held.answer !== undefined) this.send({ ...held.answer, ...from });
    else if (this.state.running.has(key) || held.status === 'rebooting') {
      const message = { kind: 'started', ...from, bootId: held.bootId ?? this.state.bootId } as const;
      this.let({ kind: 'send', message, ...(soon && { soon }) });
    } else this.send({ kind: 'accepted', ...from });
  }

  answer(key: string, answer: Answer): void {
    this.write({ kind: 'answered', key, answer });
    this.tell(key);
  }

  /** A refusal of what is not held: nothing is remembered of it. */
  refuse(id: CommandId, reason: Refused['reason'], message: string): void {
    this.send({
      kind: 'refused',
      agent: this.state.agent,
      incarnation: this.state.incarnation,
      id,
      reason,
      message,
    });
  }
}

function startedBy(effect: AgentEffect): string[] {
  if (effect.kind === 'start') return [effect.key];
  const started = effect.kind === 'send' && effect.message.kind === 'started';
  return started ? [commandKey(effect.message.id)] : [];
}
