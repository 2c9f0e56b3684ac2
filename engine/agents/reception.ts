// Answers a hello: checks who came back, binds the incarnation, welcomes it, and sends again what it may not have.
// Belongs here: incarnations, reverted and cloned VMs, the welcome. Does not belong here: results (desk.ts).
//
// R1 What was told to a journal that is gone is reported as interrupted before the new one is bound: a crash between
//    the two repeats the report, never the script.
//    In the same way, and after that, workflows are told that what was reached in its VM is in doubt (rows A12 to A14).
// R2 The hello is acked only after its welcome was confirmed by the broker.
// R3 A replaced engine binds and welcomes nobody.
// R4 Nothing is sent to an agent while its hello is judged.
import { PROTOCOL_VERSION, type Hello, type Welcome } from '../../agent-protocol/messages.ts';
import { AGENT_LIMITS } from '../../agent-protocol/limits.ts';
import type { Clock, Doubts, ReportSink } from '../runtime/ports.ts';
import { ALLOWANCES, type Allowances, Budget } from './budget.ts';
import type { EngineKeys } from './keys.ts';
import type { Ledger } from './ledger.ts';
import type { AgentDirectory, AgentRecord, Alarm } from './ports.ts';
import type { Post } from './post.ts';
import type { Presence } from './presence.ts';

/** Nonces remembered per agent: a hello delivered twice is no news. */
const NONCES = 32;

export interface ReceptionOptions {
  readonly post: Post;
  readonly keys: Pick<EngineKeys, 'sealing' | 'sealingKeyText' | 'keySet'>;
  readonly directory: AgentDirectory;
  readonly presence: Presence;
  readonly ledger: Ledger;
  readonly sink: ReportSink & Doubts;
  readonly clock: Clock;
  /** The engine's current term. */
  readonly term: () => number;
  /** Default: ALLOWANCES. */
  readonly allowances?: Allowances;
  readonly onAlarm?: (alarm: Alarm) => void;
}

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #hellos: Budget;
  readonly #nonces = new Map<string, string[]>();

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#hellos = new Budget((options.allowances ?? ALLOWANCES).hellos);
  }

  /** Undefined: answered. Text: why it is refused. Rejects when store, directory or link are away: try again. */
  async answer(hello: Hello): Promise<string | undefined> {
    const { directory, clock, ledger } = this.#options;
    const record = directory.get(hello.agent);
    if (record === undefined) return 'comes from an agent that was removed';
    const refusal = this.#refusal(record, hello, clock.now());
    if (refusal !== undefined) return refusal;
    await this.#options.sink.owned();
    ledger.hold(hello.agent);
    try {
      await this.#bind(record, hello);
    } finally {
      ledger.release(hello.agent);
    }
    await this.#welcome(hello);
    return undefined;
  }

  #refusal(record: AgentRecord, hello: Hello, now: number): string | undefined {
    if (!this.#hellos.spend(hello.agent, now)) return 'says hello too often';
    if (hello.protocol !== PROTOCOL_VERSION) {
      return `speaks version ${hello.protocol} of the protocol, this engine speaks ${PROTOCOL_VERSION}`;
    }
    if (!record.retired.includes(hello.incarnation)) return undefined;
    this.#alarm(
      hello,
      'retired_incarnation',
      'a journal that was given up before says hello again: a copy of the VM',
    );
    return 'comes from an incarnation of the past';
  }

  async #bind(record: AgentRecord, hello: Hello): Promise<void> {
    const { directory, clock, sink } = this.#options;
    const changed = record.incarnation !== undefined && record.incarnation !== hello.incarnation;
    const wentBack = !changed && hello.journal < record.journal && !this.#seen(hello);
    if (changed) {
      this.#alarm(
        hello,
        'new_incarnation',
        `its journal is a new one (${hello.incarnation}); what it did is unknown`,
      );
      await this.#interrupt(hello, `the agent came back with a new journal (${hello.incarnation})`);
      await sink.doubt(hello.agent, 'vm_replaced', hello.incarnation);
    } else if (wentBack) {
      const numbers = `${hello.journal} records, ${record.journal} were seen before`;
      this.#alarm(hello, 'journal_went_back', `its journal went back (${numbers}): the VM was reverted`);
      await this.#interrupt(hello, `the agent's journal went back: ${numbers}`);
      await sink.doubt(hello.agent, 'vm_reverted', hello.nonce);
    } else if (record.incarnation === undefined) {
      // Registered anew with other keys: what this engine told the one before it, nobody will ever answer.
      await this.#interrupt(hello, 'the agent was replaced by another with new keys', hello.incarnation);
      if (record.retired.length > 0) await sink.doubt(hello.agent, 'vm_replaced', hello.incarnation);
    }
    const journal = changed || wentBack ? hello.journal : Math.max(hello.journal, record.journal);
    await directory.bind(hello.agent, hello.incarnation, journal, clock.now());
    this.#remember(hello);
  }

  /** Every command that was told to the lost journal ends as interrupted; those told to `kept` go on. */
  async #interrupt({ agent }: Hello, evidence: string, kept?: string): Promise<void> {
    const { ledger, sink } = this.#options;
    const told = ledger
      .of(agent)
      .filter(({ incarnation }) => incarnation !== undefined && incarnation !== kept);
    const outcome = { kind: 'interrupted', evidence } as const;
    await Promise.all(
      told.map(async command => {
        await sink.report(command.id, { kind: 'finished', outcome });
        ledger.remove(command);
      }),
    );
  }

  async #welcome(hello: Hello): Promise<void> {
    const { post, presence, clock, ledger } = this.#options;
    const commands = ledger.of(hello.agent);
    const letter = post.letter(this.#welcomeOf(hello), `welcome/${hello.agent}`, true);
    await post.send(letter);
    presence.answered(hello.agent, hello.facts, hello.bootId, clock.now());
    for (const command of commands)
      if (!command.accepted || command.cancelled !== undefined) command.resend();
  }

  #welcomeOf({ agent, incarnation, nonce }: Hello): Welcome {
    const { keys, ledger, term } = this.#options;
    const live = ledger.of(agent).slice(0, AGENT_LIMITS.liveCommands);
    return {
      kind: 'welcome',
      protocol: PROTOCOL_VERSION,
      agent,
      incarnation,
      nonce,
      term: term(),
      live: live.map(command => command.id),
      sealingKey: keys.sealingKeyText,
      keys: keys.keySet,
    };
  }

  #seen({ agent, nonce }: Hello): boolean {
    return this.#nonces.get(agent)?.includes(nonce) === true;
  }

  #remember(hello: Hello): void {
    if (this.#seen(hello)) return;
    this.#nonces.set(hello.agent, [...(this.#nonces.get(hello.agent) ?? []), hello.nonce].slice(-NONCES));
  }

  #alarm(hello: Hello, kind: Alarm['kind'], what: string): void {
    this.#options.onAlarm?.({ agent: hello.agent, kind, message: `Agent '${hello.agent}': ${what}.` });
  }
}
