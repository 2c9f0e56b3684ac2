// Dead letters as people are told of them: what neither the engine nor an agent took from the broker.
// Belongs here: their shape, what may be asked. Does not belong here: how they are gathered and kept (engine/agents/letters/), who may
// ask (admin/).
//
// No letter shows a body: it may hold what a script said, and sealed it is good for nobody. Its digest tells whether two are the same.
import type { Actor } from './ports.ts';

export interface DeadLetter {
  /** Counted from 1; never given twice, also when all were discarded. */
  readonly number: number;
  /** Ms since the epoch: when the engine got it, the first and the last time. */
  readonly at: number;
  readonly lastAt: number;
  /** How often the same came. */
  readonly times: number;
  /** Ms since the epoch, by the broker's clock: when it was given up. */
  readonly diedAt?: number;
  /** Where it was given up. */
  readonly queue: string;
  /** As the broker says it: `rejected`, `expired`, `maxlen`, `delivery_limit`; `unknown`: it does not say. */
  readonly why: string;
  /** What is wrong with it, as far as the engine knows: a clause such as `signature does not fit`. */
  readonly reason?: string;
  /** From whom or to whom, by the queue and the key, which the broker guards. Absent: nobody that the engine knows. */
  readonly agent?: string;
  readonly direction?: 'from_agent' | 'to_agent';
  /** Whose signature holds. */
  readonly signer: 'agent' | 'engine' | 'nobody';
  /** Kind of message, and the command that it is about; only where the signature holds. */
  readonly kind?: string;
  readonly workflow?: string;
  readonly step?: string;
  /** Of the agent's workflows, when all of them are of one project; absent: it is for who sees every project. */
  readonly project?: string;
  readonly bytes: number;
  /** SHA-256 of the body, hexadecimal. */
  readonly digest: string;
}

/** The newest first; `before`: number of a letter. All that are given hold. */
export interface DeadLetterFilter {
  readonly project?: string;
  readonly agent?: string;
  readonly before?: number;
  readonly limit: number;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** The `before` of the page that follows; absent: this was the last. */
  readonly next?: number;
  /** All that are kept and seen by who asks. */
  readonly kept: number;
  /** All there ever were that made room for others; absent for who sees one project. */
  readonly dropped?: number;
}

export type Discard = {
  readonly requestId: string;
  readonly by: string;
  readonly actor?: Actor;
  /** Only that project's. */
  readonly project?: string;
} /** `times`: only if it has not come again since. */ & (
  | { readonly number: number; readonly times?: number }
  /** All up to a number, of one agent, or of all. */
  | { readonly upTo: number; readonly agent?: string }
);

/** Those that are kept, without a word on who may ask. */
export interface DeadLettersKept {
  page(filter: DeadLetterFilter): DeadLetterPage;
  /** How many went. Errors as of `DeadLettersApi`. */
  discard(request: Discard): Promise<number>;
}

export interface DeadLettersApi {
  deadLetters(filter: DeadLetterFilter): Promise<DeadLetterPage>;
  /** How many went; none, where they were gone already. EngineError `not_found`: never there; `stale`: it came again. */
  discardDeadLetters(request: Discard): Promise<{ readonly discarded: number }>;
}
