// The agent desk: everything that agents say to the engine comes in here, is judged, reported, and only then acked.
// Belongs here: hello and welcome, reports and receipts, what is refused and counted. Does not belong here: judging
// bytes (judge.ts), outcomes (outcome.ts), sending commands (engine/drivers/), workflow decisions (the machine).
//
// D1 A result is acked only after its report was committed; then its receipt is sent (I4).
// D2 A command is reported only by the agent and the incarnation it was sent to.
// D3 What cannot be taken is refused once: dead-lettered within a budget, dropped beyond it; never requeued.
// D4 Messages of one agent are handled in their order; a hello keeps the ones after it waiting.
// D5 A replaced engine answers nobody: a hello, and a result that it does not know, wait until its store owns up (P2).
// D6 Live output reaches a listener or nobody; it decides nothing.
import { createOpener, type Opener } from '../../agent-protocol/sealing.ts';
import type {
  Accepted,
  Finished,
  FromAgent,
  Interrupted,
  Output,
  Receipt,
  Refused,
  Started,
} from '../../agent-protocol/messages.ts';
import { commandKey } from '../../agent-protocol/messages.ts';
import { RESULTS_QUEUE, type Delivery } from '../../agent-protocol/transport.ts';
import type { Link } from '../bus/link.ts';
import type { Report } from '../machine/types.ts';
import type { NewSecret } from '../runtime/ports.ts';
import { ALLOWANCES, Budget } from './budget.ts';
import { Judge } from './judge.ts';
import type { CommandOut } from './ledger.ts';
import { endOf } from './outcome.ts';
import type { LiveOutput, Vault } from './ports.ts';
import { Reception, type ReceptionOptions } from './reception.ts';

/** Just before a message goes to the dead letters: why, as a clause. */
export type OnRefused = (delivery: Pick<Delivery, 'message' | 'routingKey'>, reason: string) => void;

export interface DeskOptions extends ReceptionOptions {
  readonly link: Pick<Link, 'read'>;
  readonly vault: Vault;
  readonly onOutput?: (output: LiveOutput) => void;
  readonly onRefused?: OnRefused;
}

/** Reports that wait for their commit at once: bounds memory, and is the back-pressure when the store is slow. */
const PREFETCH = 500;
/** Milliseconds until a message that could not be reported is taken again. */
const HOLD = 1_000;

type Told = Exclude<FromAgent, { kind: 'hello' | 'output' }>;

export class Desk {
  readonly counts = { taken: 0, refused: 0, dropped: 0, stale: 0, output: 0, outputDropped: 0 };
  readonly #options: DeskOptions;
  readonly #judge: Judge;
  readonly #opener: Opener;
  readonly #reception: Reception;
  /** The hello that is being answered, by agent. */
  readonly #hellos = new Map<string, Promise<void>>();
  readonly #messages: Budget;
  readonly #output: Budget;
  readonly #refusals: Budget;
  readonly #receipts: Budget;
  #closed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#judge = new Judge(options.directory);
    this.#opener = createOpener(options.keys.sealing.privateKey);
    this.#reception = new Reception(options);
    const allowances = options.allowances ?? ALLOWANCES;
    this.#messages = new Budget(allowances.messages);
    this.#output = new Budget(allowances.output);
    this.#refusals = new Budget(allowances.refusals);
    this.#receipts = new Budget(allowances.receipts);
  }

  /**
   * Begins to read the results queue. Call it after the runtime's recovery has handed every live command to the
   * drivers: a result of a command that is not known by then is answered as stale.
   */
  start(): Promise<void> {
    return this.#options.link.read(RESULTS_QUEUE, PREFETCH, delivery => this.#deliver(delivery));
  }

  /** Takes nothing more; what is not acked is delivered again to the next engine. */
  close(): void {
    this.#closed = true;
  }

  #deliver(delivery: Delivery): void {
    if (this.#closed) return;
    const now = this.#options.clock.now();
    const agent = delivery.routingKey.split('.')[0] ?? '';
    if (this.#options.directory.get(agent) !== undefined && !this.#messages.spend(agent, now)) {
      return this.#drop(delivery, agent);
    }
    const judgement = this.#judge.judge(delivery);
    if (judgement.kind === 'refused') return this.#refuse(delivery, judgement.agent ?? '', judgement.reason);
    const { message } = judgement;
    this.#options.presence.heard(message.agent, now);
    const before = this.#hellos.get(message.agent);
    if (message.kind === 'hello') return this.#queueHello(delivery, message, before);
    if (before === undefined) this.#take(delivery, message);
    else void before.then(() => this.#take(delivery, message));
  }

  // ---------------------------------------------------------------- hello

  #queueHello(
    delivery: Delivery,
    hello: Extract<FromAgent, { kind: 'hello' }>,
    before = Promise.resolve(),
  ): void {
    const answered = before
      .then(() => this.#reception.answer(hello))
      .then(refusal => {
        this.counts.taken += 1;
        if (refusal === undefined) return delivery.ack();
        this.#options.presence.refused(hello.agent, `the engine refuses its hello, which ${refusal}`);
        this.#refuse(delivery, hello.agent, refusal);
      })
      .catch(() => this.#hold(delivery))
      .finally(() => {
        if (this.#hellos.get(hello.agent) === answered) this.#hellos.delete(hello.agent);
      });
    this.#hellos.set(hello.agent, answered);
  }

  // ---------------------------------------------------------------- results

  #take(delivery: Delivery, message: Told | Output): void {
    const record = this.#options.directory.get(message.agent);
    if (record?.incarnation !== message.incarnation) {
      return this.#refuse(delivery, message.agent, 'comes from an incarnation that is not the bound one');
    }
    const command = this.#options.ledger.get(message.id);
    if (command !== undefined && command.agent !== message.agent) {
      return this.#refuse(
        delivery,
        message.agent,
        `reports ${commandKey(message.id)}, a command of another agent`,
      );
    }
    this.counts.taken += 1;
    if (message.kind === 'output') this.#passOn(delivery, message, command);
    else if (command === undefined) void this.#stale(delivery, message);
    else if (message.kind === 'refused' && message.reason === 'old_term') this.#outdated(delivery, message);
    else if (command.incarnation !== undefined && command.incarnation !== message.incarnation) {
      this.#refuse(delivery, message.agent, 'reports a command that was sent to another incarnation');
    } else void this.#report(delivery, message, command);
  }

  async #report(delivery: Delivery, message: Told, command: CommandOut): Promise<void> {
    command.accepted = true;
    try {
      const { report, secrets } = this.#reportOf(message, command);
      const verdict = await this.#options.sink.report(command.id, report, secrets);
      if (report.kind === 'finished' || verdict === 'unknown_workflow') this.#options.ledger.remove(command);
      delivery.ack();
      if (report.kind === 'finished') this.#receipt(message, verdict);
    } catch {
      this.#hold(delivery);
    }
  }

  #reportOf(message: Told, command: CommandOut): { report: Report; secrets: readonly NewSecret[] } {
    if (message.kind === 'accepted' || message.kind === 'started') {
      return { report: { kind: message.kind }, secrets: [] };
    }
    const { outcome, secrets } = this.#end(message, command);
    return { report: { kind: 'finished', outcome }, secrets };
  }

  #end(message: Exclude<Told, Accepted | Started>, command: CommandOut): ReturnType<typeof endOf> {
    const { agent, incarnation, id } = message;
    return endOf(message, {
      declared: command.outputs,
      open: (name, box) => this.#opener.open({ agent, incarnation, id, purpose: `output:${name}` }, box),
      vault: this.#options.vault,
    });
  }

  /** An engine that was replaced sent it: our own copy is out, or this store is older than what the agent has seen. */
  #outdated(delivery: Delivery, { agent, message }: Refused): void {
    delivery.ack();
    this.#options.onAlarm?.({
      agent,
      kind: 'refused_message',
      message: `Agent '${agent}' refused a command: ${message}`,
    });
  }

  /** Nobody here waits for it: the agent may forget it, if this engine is still the one to say so. */
  async #stale(delivery: Delivery, message: Told): Promise<void> {
    this.counts.stale += 1;
    if (message.kind === 'accepted' || message.kind === 'started') return delivery.ack();
    try {
      const verdict = await this.#options.sink.report(message.id, { kind: 'accepted' });
      delivery.ack();
      if (this.#receipts.spend(message.agent, this.#options.clock.now())) this.#receipt(message, verdict);
    } catch {
      this.#hold(delivery);
    }
  }

  /** Lost with the connection at worst: the agent sends its result again and is answered again. */
  #receipt(
    { agent, incarnation, id }: Finished | Interrupted | Refused | Told,
    verdict: Receipt['verdict'],
  ): void {
    const { post } = this.#options;
    const receipt = { kind: 'receipt', agent, incarnation, id, verdict } as const;
    void post.send(post.letter(receipt, `receipt/${agent}/${commandKey(id)}`, true)).catch(() => undefined);
  }

  // ---------------------------------------------------------------- the rest

  #passOn(delivery: Delivery, output: Output, command: CommandOut | undefined): void {
    delivery.ack();
    const { agent, id, stream, text, offset, skipped } = output;
    const allowed =
      command !== undefined && this.#output.spend(agent, this.#options.clock.now(), text.length);
    this.counts[allowed ? 'output' : 'outputDropped'] += 1;
    if (!allowed) return;
    try {
      this.#options.onOutput?.({ agent, id, stream, text, offset, skipped });
    } catch {
      this.counts.outputDropped += 1;
    }
  }

  #refuse(delivery: Delivery, agent: string, reason: string): void {
    this.counts.refused += 1;
    if (!this.#refusals.spend(agent, this.#options.clock.now())) {
      this.counts.dropped += 1;
      return delivery.ack();
    }
    this.#options.onRefused?.(delivery, reason);
    delivery.nack({ requeue: false });
    const who = agent === '' ? 'A message' : `A message of agent '${agent}'`;
    this.#options.onAlarm?.({ agent, kind: 'refused_message', message: `${who} was refused: it ${reason}.` });
  }

  #drop(delivery: Delivery, agent: string): void {
    this.counts.dropped += 1;
    delivery.ack();
    if (!this.#refusals.spend(agent, this.#options.clock.now())) return;
    const message = `Agent '${agent}' says more than the engine listens to; the rest is dropped.`;
    this.#options.onAlarm?.({ agent, kind: 'flood', message });
  }

  /**
   * The store or the link is away: not acked, and taken again in a while. Given back it would count as delivered once more, and
   * RabbitMQ from 4.0 on gives up what was delivered twenty times.
   */
  #hold(delivery: Delivery): void {
    const { clock } = this.#options;
    clock.at(clock.now() + HOLD, () => this.#deliver(delivery));
  }
}
