// Actions that an agent carries out, `script`, `file` and `reboot`: sends their commands and calls them back.
// Belongs here: when a command is sent and sent again. Does not belong here: what is in it (render.ts), what the agent
// answers (engine/agents/desk.ts), how letters survive a lost connection (engine/bus/link.ts).
//
// AD1 A command is sent again, under the same id, until its agent accepted it: at every hello, and after ACCEPTANCE
//     without an answer while the agent is online (a confirmed message can still be lost, B3).
// AD2 What was sent once is never reported as failed by this driver: only its agent knows.
// AD3 Nothing is sent before the agent's incarnation is known: it is sealed to it.
import type { CommandOut, Ledger } from '../agents/ledger.ts';
import { failure } from '../agents/outcome.ts';
import type { AgentDirectory, AgentRecord } from '../agents/ports.ts';
import type { Post } from '../agents/post.ts';
import type { Presence } from '../agents/presence.ts';
import { EngineError, errorText } from '../base/errors.ts';
import { effectKey, type EffectId } from '../base/ids.ts';
import type { Command, Outcome } from '../machine/types.ts';
import type { Word } from '../machine/why/types.ts';
import type { Clock, Driver, DriverContext } from '../runtime/ports.ts';
import { renderCommand } from './render.ts';
import { RenderFailure } from './reveal.ts';
import type { Teller } from './tell.ts';

export interface AgentDriverDeps {
  readonly post: Post;
  readonly directory: AgentDirectory;
  readonly presence: Presence;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly teller: Teller;
  /** The engine's current term, for cancels. */
  readonly term: () => number;
}

/** Milliseconds that an online agent has for accepting a command before it is sent again. */
const ACCEPTANCE = 30_000;
/** Characters of a reason that fit a cancel message. */
const WHY = 2_000;

type BoundRecord = AgentRecord & { readonly incarnation: string };

export class AgentDriver implements Driver {
  readonly #deps: AgentDriverDeps;
  readonly #timers = new Set<() => void>();
  #closed = false;

  constructor(deps: AgentDriverDeps) {
    this.#deps = deps;
  }

  start(id: EffectId, command: Command, context: DriverContext): Promise<void> {
    const known = this.#deps.ledger.get(id);
    if (known !== undefined) {
      if (!known.accepted) known.resend();
      return Promise.resolve();
    }
    const { agent } = command;
    if (agent === undefined || this.#deps.directory.get(agent) === undefined) {
      this.#deps.teller.end(id, unreachable(agent));
      return Promise.resolve();
    }
    const out = new Outgoing(this.#deps, this.#timers, id, agent, { command, context });
    if (this.#deps.ledger.add(out)) return out.send();
    return Promise.resolve();
  }

  async cancel(id: EffectId, agent: string | undefined, why: string): Promise<void> {
    const { ledger, directory, teller } = this.#deps;
    const known = ledger.get(id);
    if (known !== undefined && known.incarnation === undefined) {
      ledger.remove(known);
      return teller.end(id, { kind: 'refused', message: `It was called back before it was sent: ${why}` });
    }
    if (known === undefined && (agent === undefined || directory.get(agent)?.incarnation === undefined)) {
      return teller.end(id, { kind: 'refused', message: 'No agent holds it, and it will never be started.' });
    }
    const out = known ?? new Outgoing(this.#deps, this.#timers, id, agent as string);
    out.cancelled = why.slice(0, WHY);
    if (known === undefined && !ledger.add(out)) return;
    out.withdraw();
    out.resend();
  }

  word(id: EffectId): Word | undefined {
    const says = this.#deps.post.stuck(commandKey(id));
    return says === undefined ? undefined : { kind: 'stuck', says };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#deps.teller.close();
  }
}

/** One command that is out. */
class Outgoing implements CommandOut {
  readonly id: EffectId;
  readonly agent: string;
  readonly outputs: ReadonlyMap<string, boolean>;
  incarnation: string | undefined;
  accepted = false;
  cancelled: string | undefined;
  readonly #deps: AgentDriverDeps;
  readonly #timers: Set<() => void>;
  /** Absent when only its cancel is known here. */
  readonly #order: { readonly command: Command; readonly context: DriverContext } | undefined;
  #sending = false;
  /** Asked to send while a send was being made. */
  #again = false;
  #stopTimer: () => void = () => undefined;

  constructor(
    deps: AgentDriverDeps,
    timers: Set<() => void>,
    id: EffectId,
    agent: string,
    order?: { readonly command: Command; readonly context: DriverContext },
  ) {
    this.#deps = deps;
    this.#timers = timers;
    this.id = id;
    this.agent = agent;
    this.#order = order;
    this.outputs = new Map(order?.command.outputs.map(({ name, hidden }) => [name, hidden]));
  }

  resend(): void {
    void this.send();
  }

  withdraw(): void {
    this.#stopTimer();
    this.#deps.post.withdraw(this.#key('command'));
    this.#deps.post.withdraw(this.#key('cancel'));
  }

  /** Resolves when it is handed to the link, which sends it until it is confirmed. Never rejects. */
  async send(): Promise<void> {
    this.#again = true;
    if (this.#sending) return;
    this.#sending = true;
    while (this.#again) {
      this.#again = false;
      await this.#sendNow().catch((thrown: unknown) => this.#failed(thrown));
    }
    this.#sending = false;
  }

  async #sendNow(): Promise<void> {
    const record = this.#deps.directory.get(this.agent);
    if (record === undefined) return this.#end(unreachable(this.agent));
    if (this.#deps.ledger.held(this.agent) || !isBound(record)) return;
    if (this.incarnation !== undefined && this.incarnation !== record.incarnation) return;
    const cancelling = this.cancelled !== undefined;
    const letter = cancelling ? this.#cancelLetter(record) : await this.#commandLetter(record);
    if (letter === undefined || !this.#current(record)) return;
    if (!cancelling && this.cancelled !== undefined) return;
    this.incarnation = record.incarnation;
    this.#deps.post.send(letter).then(
      () => this.#awaitAnswer(),
      (thrown: unknown) => this.#notSent(thrown),
    );
  }

  #cancelLetter({ incarnation }: BoundRecord): ReturnType<Post['letter']> {
    const { id, agent } = this;
    const cancel = {
      kind: 'cancel',
      agent,
      incarnation,
      term: this.#deps.term(),
      id,
      why: this.cancelled ?? '',
    } as const;
    return this.#deps.post.letter(cancel, this.#key('cancel'));
  }

  async #commandLetter(record: BoundRecord): Promise<ReturnType<Post['letter']> | undefined> {
    if (this.#order === undefined) return undefined;
    const message = await renderCommand(this.id, this.#order.command, record, this.#order.context);
    return this.#deps.post.letter(message, this.#key('command'));
  }

  /** Still waited for, and its agent still the one it was rendered for. */
  #current(record: BoundRecord): boolean {
    const { ledger, directory } = this.#deps;
    const now = directory.get(this.agent);
    return (
      ledger.get(this.id) === this && !ledger.held(this.agent) && now?.incarnation === record.incarnation
    );
  }

  /** Confirmed messages can be lost too: asks again while the agent is there and says nothing. */
  #awaitAnswer(): void {
    this.#stopTimer();
    const { clock, ledger, presence } = this.#deps;
    if (ledger.get(this.id) !== this) return;
    const stop = clock.at(clock.now() + ACCEPTANCE, () => {
      this.#timers.delete(stop);
      const open = ledger.get(this.id) === this && (!this.accepted || this.cancelled !== undefined);
      if (!open) return;
      if (presence.online(this.agent)) this.resend();
      else this.#awaitAnswer();
    });
    this.#timers.add(stop);
    this.#stopTimer = () => {
      stop();
      this.#timers.delete(stop);
    };
  }

  /** It could not be rendered. */
  #failed(thrown: unknown): void {
    if (this.incarnation !== undefined) return;
    const understood = thrown instanceof RenderFailure || thrown instanceof EngineError;
    const what = understood ? errorText(thrown) : `The command cannot be made: ${errorText(thrown)}`;
    this.#end(failure('refused', what));
  }

  /** The link gave up: withdrawn, the engine is stopping, or the broker refuses it for good. */
  #notSent(thrown: unknown): void {
    if (!(thrown instanceof EngineError) || thrown.code !== 'transport_refused') return;
    this.#end(failure('unreachable', `${thrown.message} ${thrown.next}`));
  }

  #end(outcome: Outcome): void {
    const { ledger, teller } = this.#deps;
    if (ledger.get(this.id) !== this) return;
    ledger.remove(this);
    teller.end(this.id, outcome);
  }

  #key(kind: 'command' | 'cancel'): string {
    return kind === 'command' ? commandKey(this.id) : `${kind}/${effectKey(this.id)}`;
  }
}

const commandKey = (id: EffectId): string => `command/${effectKey(id)}`;

const isBound = (record: AgentRecord): record is BoundRecord => record.incarnation !== undefined;

function unreachable(agent: string | undefined): Outcome {
  const who = agent === undefined ? 'The command names no agent' : `There is no agent '${agent}'`;
  return failure(
    'unreachable',
    `${who}: nothing was sent. Register the agent, or correct the member, and retry.`,
  );
}
