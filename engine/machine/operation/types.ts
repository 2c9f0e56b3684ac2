// What is remembered of operations: the one that runs, and those that ended.
// Belongs here: types only, plain JSON. Does not belong here: their course (begin.ts, course.ts).
import type { JsonObject } from '../../base/json.ts';

/** `id`: as whoever started it called it; the same twice is once. */
interface Called {
  readonly name: string;
  readonly id: string;
  readonly by: string;
  /** Ms since the epoch. */
  readonly startedAt: number;
}

export interface RunningOperation extends Called {
  /** Values of all its inputs, defaults filled in; hidden ones as `{"$secret": ref}`. */
  readonly inputs: JsonObject;
  /** Which of its steps runs, from 0; their number: its goal is awaited. */
  readonly index: number;
  /** What failed so far. */
  readonly failure?: string;
  /** It has been stopped, so it ends as soon as nothing runs. */
  readonly stopped?: true;
  /** All of its step has ended: then the next begins, or the operation ends. Ms since the epoch. */
  readonly due?: number;
}

export const OPERATION_ENDS = ['done', 'failed', 'stopped'] as const;

export interface PastOperation extends Called {
  readonly status: (typeof OPERATION_ENDS)[number];
  /** Why it was not done; empty when it was. */
  readonly reason: string;
  readonly endedAt: number;
}
