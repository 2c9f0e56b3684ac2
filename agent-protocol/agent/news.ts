// News that a script has started, held back for a moment: of one that ends within it, only the end is said.
// Belongs here: which news waits, and for how long. Does not belong here: what is news (agent-machine.ts), sending (link.ts).
//
// Nothing depends on it: a start may be lost on its way at any time, and is told again after the next welcome.
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import { commandKey } from '../messages.ts';
import type { FromAgent } from '../messages.ts';

/** Calls back in a moment; returns how to take that back. */
type Later = (callback: () => void) => () => void;

const later: Later = callback => {
  const timer = setTimeout(callback, LIMITS.startedWaitMs);
  return () => clearTimeout(timer);
};

export class News {
  readonly #send: (message: FromAgent) => void;
  readonly #later: Later;
  /** By command, in order. */
  readonly #held = new Map<string, FromAgent>();
  #cancel: (() => void) | undefined;

  /** `wait` is replaced in tests. */
  constructor(send: (message: FromAgent) => void, wait = later) {
    this.#send = send;
    this.#later = wait;
  }

  hold(message: FromAgent): void {
    this.#held.set(keyOf(message), message);
    this.#cancel ??= this.#later(() => this.tellAll());
  }

  /** Something later is said of the same command. */
  overtake(message: FromAgent): void {
    if (this.#held.size > 0 && this.#held.delete(keyOf(message))) this.#rest();
  }

  /** Says what is held of this message's command: something that only makes sense after it follows. */
  tell(message: FromAgent): void {
    const held = this.#held.get(keyOf(message));
    if (held === undefined) return;
    this.overtake(message);
    this.#send(held);
  }

  tellAll(): void {
    const all = [...this.#held.values()];
    this.drop();
    for (const message of all) this.#send(message);
  }

  drop(): void {
    this.#held.clear();
    this.#rest();
  }

  #rest(): void {
    if (this.#held.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

const keyOf = (message: FromAgent): string => ('id' in message ? commandKey(message.id) : '');
