// Keeps the broker as the records say it must be: looks again and again, puts back what is missing, sweeps what is left.
// Belongs here: when that happens, and what is told of it. Does not belong here: how users are made (rabbitmq-users.ts),
// the link and its topology (engine/bus/, engine/agents/).
//
// MN1 It looks after every change of the link and every LOOK_MS; it mends after every change of the link, after a look
//     that found something missing, and every MEND_MS: a broker that came back empty is whole again without a hand (B2).
// MN2 One round at a time. A round that fails changes nothing for agents that are connected; it is tried again.
// MN3 A queue that has had no leader for half a minute is removed and made anew. What was in it nobody could have read; who
//     sent it gives it again, as after a broker that came back empty (B2).
import { errorText } from '../base/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/ports.ts';
import type { AgentBus } from './agent-bus.ts';
import { Leaderless } from './leaderless.ts';
import type { BrokerRecord } from './ports.ts';
import type { Survey } from './survey.ts';

export interface MenderParts {
  readonly bus: Pick<AgentBus, 'prepare' | 'users' | 'survey' | 'removeQueue'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Every agent whose users must be there (U1). */
  records(): readonly BrokerRecord[];
  /** Ids of all agents, also of those without users: what is of none of them is swept. */
  agents(): readonly string[];
  /** Names of all queues that must be there. */
  queues(): readonly string[];
  /** Declares them, where there is a connection. */
  declare(): Promise<void>;
  /** Of every look that succeeded. */
  seen(survey: Survey): void;
}

const LOOK_MS = 15_000;
const MEND_MS = 300_000;
const FIRST_RETRY_MS = 1_000;

export class Mender {
  readonly #parts: MenderParts;
  readonly #leaderless = new Leaderless();
  #round: Promise<void> | undefined;
  #wanted = false;
  #closed = false;
  #mended = -Infinity;
  #retry = FIRST_RETRY_MS;
  /** What the last round failed with: each failure is told once. */
  #trouble: string | undefined;
  #cancel: () => void = () => undefined;

  constructor(parts: MenderParts) {
    this.#parts = parts;
  }

  /** Mends now, or once the round that runs is over. */
  soon(): void {
    if (this.#closed) return;
    this.#wanted = true;
    this.#begin();
  }

  /** Why the broker's management could not be asked; undefined: it answered. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#round;
  }

  #begin(): void {
    if (this.#closed) return;
    this.#cancel();
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined;
      if (this.#wanted && this.#trouble === undefined) this.#begin();
      else this.#later(this.#trouble === undefined ? LOOK_MS : this.#retry);
    });
  }

  #later(pause: number): void {
    if (this.#closed) return;
    this.#cancel = this.#parts.clock.at(this.#parts.clock.now() + pause, () => this.#begin());
  }

  async #run(): Promise<void> {
    const { bus, clock, log } = this.#parts;
    const mend = this.#wanted || clock.now() - this.#mended >= MEND_MS;
    this.#wanted = false;
    try {
      if (mend) await this.#mend();
      const survey = await bus.survey();
      this.#parts.seen(survey);
      await this.#removeLeaderless(survey);
      await this.#declareMissing(survey);
      if (this.#trouble !== undefined) log.info("The management of the agents' broker answers again.");
      this.#trouble = undefined;
      this.#retry = FIRST_RETRY_MS;
    } catch (thrown) {
      this.#wanted ||= mend;
      this.#failed(errorText(thrown));
    }
  }

  async #mend(): Promise<void> {
    const { bus, clock, log } = this.#parts;
    const made = await bus.prepare();
    if (made.length > 0) log.warn(`The agents' broker lacked ${made.join(', ')}: made.`);
    const restored = await bus.users.restore(this.#parts.records());
    if (restored.length > 0)
      log.warn(`The agents' broker lacked ${restored.length} users of agents, or their rights: made.`, {
        users: restored.slice(0, SHOWN),
      });
    let known: ReadonlySet<string> | undefined;
    const swept = await bus.users.sweep(agent => (known ??= new Set(this.#parts.agents())).has(agent));
    if (swept.length > 0)
      log.warn(
        `The agents' broker had users or queues of ${swept.length} agents that are no more: removed.`,
        {
          agents: swept.slice(0, SHOWN),
        },
      );
    this.#mended = clock.now();
  }

  /** One that cannot be removed is tried again when it was without a leader for as long once more. */
  async #removeLeaderless(survey: Survey): Promise<void> {
    const { bus, clock, log } = this.#parts;
    for (const name of this.#leaderless.seen(survey, this.#parts.queues(), clock.now())) {
      this.#leaderless.forget(name);
      log.warn(
        `The queue '${name}' of the agents' broker has no leader, so that nothing goes in or out: it is made anew. What was in it is sent again.`,
      );
      await bus.removeQueue(name);
      await this.#parts.declare();
    }
  }

  async #declareMissing(survey: Survey): Promise<void> {
    const missing = this.#parts.queues().filter(name => !survey.queues.has(name));
    if (missing.length > 0) await this.#parts.declare();
  }

  #failed(why: string): void {
    if (why !== this.#trouble) this.#parts.log.warn(why);
    this.#trouble = why;
    this.#retry = Math.min(this.#retry * 2, LOOK_MS);
  }
}

/** Names in one line of the log. */
const SHOWN = 20;
