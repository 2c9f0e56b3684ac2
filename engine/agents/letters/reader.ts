// Reads the queue of dead letters, so that they can be listed: on the broker every look would count as a delivery.
// Belongs here: taking, keeping, acking, remembering why the engine refused. Does not belong here: what is said of one (describe.ts),
// the bounds (letters.ts).
//
// LR1 A letter is acked only after it is kept; one that comes again because of a crash between is known by its content.
// LR2 What was read together is one write. While one is under way, the broker hands out no more than PREFETCH.
// LR3 What cannot be kept waits here and is not given back: a broker counts that as a delivery, too.
import { DEAD_LETTERS, type Delivery } from '../../../agent-protocol/transport.ts';
import { errorText } from '../../base/errors.ts';
import type { Link } from '../../bus/link.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/ports.ts';
import { describe, type DescribeParts } from './describe.ts';
import type { Letters } from './letters.ts';

export interface ReaderParts extends DescribeParts {
  readonly letters: Letters;
  readonly link: Pick<Link, 'read'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The project whose workflows alone an agent serves; undefined: several, none, or the operator's own. */
  readonly projectOf: (agent: string) => Promise<string | undefined>;
}

const PREFETCH = 50;
/** Milliseconds until what could not be kept is tried again. */
const HOLD = 1_000;
/** Reasons that are remembered until their letter comes by: as many as the desk refuses in a moment. */
const REASONS = 1_000;

export class LetterReader {
  readonly #parts: ReaderParts;
  /** Why the engine refused a message; the broker tells only that it did. */
  readonly #reasons = new Map<string, string>();
  #waiting: Delivery[] = [];
  /** Taken before, though it could not be written then. */
  readonly #taken = new WeakSet<Delivery>();
  #taking: Promise<void> | undefined;
  #closed = false;
  #cancel: () => void = () => undefined;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** As of `ReaderParts`. */
  projectOf(agent: string): Promise<string | undefined> {
    return this.#parts.projectOf(agent);
  }

  /** After the recovery: an engine that is replaced by then takes nothing. */
  start(): Promise<void> {
    return this.#parts.link.read(DEAD_LETTERS, PREFETCH, delivery => {
      if (this.#closed) return;
      this.#waiting.push(delivery);
      this.#begin();
    });
  }

  /** Told by who refuses a message, just before: a clause. */
  readonly refused = (delivery: Pick<Delivery, 'message' | 'routingKey'>, reason: string): void => {
    this.#reasons.set(keyOf(delivery), reason);
    const [oldest] = this.#reasons.keys();
    if (this.#reasons.size > REASONS && oldest !== undefined) this.#reasons.delete(oldest);
  };

  /** What is not kept yet stays with the broker. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#taking;
  }

  #begin(): void {
    this.#taking ??= this.#takeAll().finally(() => {
      this.#taking = undefined;
    });
  }

  /** Nothing leaves `#waiting` before it is kept. */
  async #takeAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closed) {
      const taken = [...this.#waiting];
      try {
        await this.#take(taken);
      } catch (thrown) {
        return this.#hold(thrown);
      }
      this.#waiting = this.#waiting.slice(taken.length);
    }
  }

  async #take(deliveries: readonly Delivery[]): Promise<void> {
    const { letters, clock } = this.#parts;
    const described = deliveries.map(one => {
      const letter = describe(one, this.#parts, clock.now(), this.#reasons.get(keyOf(one)));
      return { letter, again: one.redelivered || this.#taken.has(one) };
    });
    const agents = new Set(described.flatMap(({ letter: { agent } }) => agent ?? []));
    const projects = new Map<string, string | undefined>();
    for (const agent of agents) projects.set(agent, await this.projectOf(agent));
    for (const one of deliveries) this.#taken.add(one);
    await letters.add(
      described.map(({ letter, again }) => {
        const project = letter.agent === undefined ? undefined : projects.get(letter.agent);
        return { letter: { ...letter, ...(project !== undefined && { project }) }, again };
      }),
    );
    for (const delivery of deliveries) {
      this.#reasons.delete(keyOf(delivery));
      delivery.ack();
    }
  }

  #hold(thrown: unknown): void {
    const { clock, log } = this.#parts;
    log.warn(`Dead letters cannot be kept, tried again: ${errorText(thrown)}`);
    if (this.#closed) return;
    this.#cancel = clock.at(clock.now() + HOLD, () => this.#begin());
  }
}

const keyOf = ({ message, routingKey }: Pick<Delivery, 'message' | 'routingKey'>): string =>
  `${routingKey}\n${message.messageId.slice(0, 255)}\n${message.body.length}`;
