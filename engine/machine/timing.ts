// How long the engine waits, beyond what the definition says.
// Belongs here: graces and the delay before a retry. Does not belong here: clocks: every time here is given.
import { createHash } from 'node:crypto';
import type { Retry } from '../definition/types.ts';
import type { Command, StepRecord } from './types.ts';

/**
 * Ms beyond an attempt's own timeout, armed anew when the command is sent, accepted and started. The agent keeps the
 * timeout itself on its own clock; this net only catches an agent that never answers.
 */
export const COMMAND_GRACE = 60_000;

/** By when a command must have moved. One to a child has no time: the child's own end is awaited (C2 of child.ts). */
export function commandDue(at: number, { action, timeout }: Command): StepRecord['due'] {
  return action.kind === 'workflow' ? undefined : { at: at + timeout + COMMAND_GRACE, for: 'deadline' };
}

/** Ms for the answer to a cancel; after that the attempt counts as interrupted. */
export const CANCEL_GRACE = 120_000;

/**
 * Ms before the next attempt: `delay × backoff^(failed − 1)`, at most `maxDelay`, moved by up to ±`jitter` of itself.
 * The share is a hash of the failed command's key, so a replay waits exactly as long (rule P10).
 */
export function retryDelay(retry: Retry, failed: number, key: string): number {
  const grown = Math.min(retry.delay * retry.backoff ** (failed - 1), retry.maxDelay);
  const moved = grown * (1 + retry.jitter * (2 * fraction(key) - 1));
  return Math.min(Math.round(moved), retry.maxDelay);
}

/** 0 ≤ x < 1, the same for the same text. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
