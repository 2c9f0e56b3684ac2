// Asks the agents for their hello when an engine takes over: those that are connected already said theirs to another.
// Belongs here: whom to greet, how often. Does not belong here: hellos and welcomes (reception.ts).
//
// A greeting can be lost like any message, so it is repeated; a few times only, because it waits in the queue of an
// agent that is not there, and a hello comes by itself when it connects.
import type { Clock } from '../runtime/ports.ts';
import type { EngineKeys } from './keys.ts';
import type { AgentDirectory } from './ports.ts';
import type { Post } from './post.ts';
import type { Presence } from './presence.ts';

/** Milliseconds between the first two greetings; each further pause is twice as long. */
const FIRST_PAUSE = 15_000;
const GREETINGS = 6;

export interface GreeterParts {
  readonly post: Post;
  readonly keys: Pick<EngineKeys, 'keySet'>;
  readonly directory: Pick<AgentDirectory, 'list'>;
  readonly presence: Pick<Presence, 'of'>;
  readonly clock: Clock;
  readonly term: () => number;
}

export class Greeter {
  readonly #parts: GreeterParts;
  #cancel = (): void => {};

  constructor(parts: GreeterParts) {
    this.#parts = parts;
  }

  /** Greets every agent that this engine has not heard of, now and a few times more. */
  start(round = 0): void {
    const { directory, presence, clock } = this.#parts;
    const silent = directory.list().filter(({ id }) => presence.of(id) === undefined);
    for (const { id } of silent) this.greet(id);
    if (silent.length === 0 || round + 1 >= GREETINGS) return;
    this.#cancel = clock.at(clock.now() + FIRST_PAUSE * 2 ** round, () => this.start(round + 1));
  }

  /** Says so to every agent, also those that are there: after a rotation they learn the new key by it. */
  all(): void {
    for (const { id } of this.#parts.directory.list()) this.greet(id);
  }

  stop(): void {
    this.#cancel();
  }

  greet(agent: string): void {
    const { post, term, keys } = this.#parts;
    const letter = post.letter(
      { kind: 'greet', agent, term: term(), keys: keys.keySet },
      `greet/${agent}`,
      true,
    );
    post.send(letter).catch(() => undefined);
  }
}
