// How much of one agent's talk the engine listens to: token buckets, filled by the clock (S5, S14).
// Belongs here: counting. Does not belong here: what happens to what is too much (desk.ts).

export interface Allowance {
  /** At once, after a pause. */
  readonly burst: number;
  readonly perSecond: number;
}

/** Per agent and kind of talk. What is dropped beyond it is sent again by an honest agent, or is live output. */
export const ALLOWANCES = {
  messages: { burst: 20_000, perSecond: 5_000 },
  hellos: { burst: 20, perSecond: 1 },
  /** Characters of live output passed on. */
  output: { burst: 1024 * 1024, perSecond: 128 * 1024 },
  /** Answers to results that nobody waits for: they must not fill the agent's queue. */
  receipts: { burst: 10_000, perSecond: 200 },
  /** Refused messages kept as dead letters for people to look at. */
  refusals: { burst: 50, perSecond: 0.1 },
} as const satisfies Record<string, Allowance>;

export type Allowances = { readonly [K in keyof typeof ALLOWANCES]: Allowance };

interface Bucket {
  tokens: number;
  at: number;
}

export class Budget {
  readonly #allowance: Allowance;
  readonly #buckets = new Map<string, Bucket>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Whether the agent may spend so much now; takes it if so. A clock that steps back gives nothing. */
  spend(agent: string, now: number, amount = 1): boolean {
    const { burst, perSecond } = this.#allowance;
    const bucket = this.#buckets.get(agent) ?? { tokens: burst, at: now };
    const gained = (Math.max(0, now - bucket.at) / 1_000) * perSecond;
    bucket.tokens = Math.min(burst, bucket.tokens + gained);
    bucket.at = now;
    this.#buckets.set(agent, bucket);
    if (bucket.tokens < amount) return false;
    bucket.tokens -= amount;
    return true;
  }

  forget(agent: string): void {
    this.#buckets.delete(agent);
  }
}
