// Tells presence of agents whose connection the broker no longer has.
// Belongs here: who counts as gone, by what the broker sees. Does not belong here: asking the broker (engine/broker/).
import { agentUser } from '../broker/rights.ts';
import type { Survey } from '../broker/survey.ts';
import type { AgentDirectory } from './ports.ts';
import type { Presence } from './presence.ts';

/** Milliseconds: the broker's list lags behind by some seconds. */
const LAG_MS = 10_000;

/** Gone is who is missing in the list for longer than it may lag behind. */
export class Absence {
  readonly #directory: Pick<AgentDirectory, 'list'>;
  readonly #presence: Presence;
  /** Since when, ms since the epoch. */
  #missed: ReadonlyMap<string, number> = new Map();

  constructor(directory: Pick<AgentDirectory, 'list'>, presence: Presence) {
    this.#directory = directory;
    this.#presence = presence;
  }

  /** `now`: ms since the epoch. */
  seen({ connections }: Survey, now: number): void {
    const online = this.#directory.list().filter(({ id }) => this.#presence.online(id));
    const missing = online.map(({ id }) => id).filter(id => !connections.has(agentUser(id)));
    this.#missed = new Map(missing.map(id => [id, this.#missed.get(id) ?? now]));
    for (const [id, since] of this.#missed)
      if (now - since >= LAG_MS) this.#presence.lost(id, 'it has no connection to the broker');
  }
}
