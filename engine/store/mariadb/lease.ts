// Who is active among engines that share a database: a lease by the database's clock.
// Belongs here: taking, renewing, waiting for and giving back the lease. Does not belong here: safety, which is the fencing write's alone
// (commit.ts): an engine that lost the lease without noticing commits nothing once another has acquired the store.
import { EngineError, errorText } from '../../base/errors.ts';
import type { Connections } from './connection.ts';

/** Milliseconds that a lease lasts without being renewed: so long after a crash another engine takes over. */
export const LEASE_TIME = 15_000;

/** The database's clock: those of the engines' machines may differ. */
const NOW = 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)';
const SQL = {
  take: `UPDATE engine SET lease_owner = ?, lease_until = ${NOW} + ?, lease_seq = lease_seq + 1
    WHERE id = 1 AND (lease_until <= ${NOW} OR lease_owner = ?)`,
  holder: `SELECT lease_owner AS owner FROM engine WHERE id = 1`,
  release: `UPDATE engine SET lease_until = 0, lease_seq = lease_seq + 1 WHERE id = 1 AND lease_owner = ?`,
} as const;

export interface LeaseParts {
  /** Of this process alone, such as `HOST:PID:RANDOM`. */
  readonly owner: string;
  /** Milliseconds; LEASE_TIME unless said. */
  readonly time?: number;
  /** Resolves after so many milliseconds, or rejects when the signal is given. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Told once who holds it, where it is not free at once; and of tries that failed. */
  readonly onWait: (holder: string) => void;
  readonly onTrouble: (message: string) => void;
}

export class Lease {
  readonly #connections: Connections;
  readonly #parts: LeaseParts;
  readonly #time: number;
  readonly #ending = new AbortController();
  #renewing: Promise<void> | undefined;
  #lose: (error: EngineError) => void = () => undefined;
  /** Resolves once another engine holds it. */
  readonly lost: Promise<EngineError>;

  constructor(connections: Connections, parts: LeaseParts) {
    this.#connections = connections;
    this.#parts = parts;
    this.#time = parts.time ?? LEASE_TIME;
    this.lost = new Promise(resolve => {
      this.#lose = resolve;
    });
  }

  /** Resolves once this engine holds it; from then on it is renewed. Rejects when `signal` is given. */
  async wait(signal: AbortSignal): Promise<void> {
    let told = false;
    while (!(await this.#take())) {
      if (!told) this.#parts.onWait(await this.#holder());
      told = true;
      await this.#parts.pause(this.#time / 5, signal);
    }
    this.#renewing = this.#renew();
  }

  /** Another may take it at once. */
  async release(): Promise<void> {
    this.#ending.abort();
    await this.#renewing;
    await this.#connections.run(SQL.release, this.#parts.owner).catch((thrown: unknown) => {
      // It ends by itself.
      this.#parts.onTrouble(`The lease was not given back: ${errorText(thrown)}`);
    });
  }

  async #renew(): Promise<void> {
    const { signal } = this.#ending;
    for (;;) {
      await this.#parts.pause(this.#time / 3, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (!(await this.#take().catch((thrown: unknown) => this.#unanswered(thrown))))
        return this.#lose(await this.#taken());
    }
  }

  /** A database that does not answer gives the lease to nobody else either. */
  #unanswered(thrown: unknown): boolean {
    this.#parts.onTrouble(`The lease was not renewed: ${errorText(thrown)}`);
    return true;
  }

  async #take(): Promise<boolean> {
    const { owner } = this.#parts;
    return (await this.#connections.run(SQL.take, owner, this.#time, owner)) === 1;
  }

  async #holder(): Promise<string> {
    const [row] = await this.#connections.rows(SQL.holder);
    return String(row?.['owner'] ?? '');
  }

  async #taken(): Promise<EngineError> {
    const holder = await this.#holder().catch(() => 'another engine');
    return new EngineError(
      'fenced',
      `${holder} took over ${this.#connections.where}: the lease of this engine had run out.`,
      'This engine ends; started again it stands by. See why it could not renew its lease in time.',
    );
  }
}
