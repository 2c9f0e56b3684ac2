// Dead letters as they are answered.
// Belongs here: their shape. Does not belong here: what is kept of them (runtime/dead-letters.ts).
import { z } from 'zod';
import { count, text, time } from './common.ts';
import { named } from './names.ts';

export const deadLetter = named(
  'DeadLetter',
  z.strictObject({
    number: count.describe('Counted from 1, and never given twice.'),
    at: time.describe('When the engine got it first.'),
    lastAt: time,
    times: count.describe('How often the same came.'),
    diedAt: time.optional().describe("By the broker's clock."),
    queue: text.describe('Where it was given up.'),
    why: text.describe('`rejected`, `expired`, `maxlen` or `delivery_limit`, as the broker says it.'),
    reason: text.optional().describe('What is wrong with it, as far as the engine knows.'),
    agent: text.optional(),
    direction: z.enum(['from_agent', 'to_agent']).optional(),
    signer: z.enum(['agent', 'engine', 'nobody']).describe('Whose signature holds.'),
    kind: text.optional().describe('As its command: only where a signature holds.'),
    workflow: text.optional(),
    step: text.optional(),
    project: text.optional(),
    bytes: count,
    digest: text.describe('SHA-256 of its body, which is not kept.'),
  }),
);

export const deadLetters = named(
  'DeadLetters',
  z.strictObject({
    letters: z.array(deadLetter),
    next: count.optional(),
    kept: count,
    dropped: count.optional().describe('Those that made room for others since the engine was set up.'),
  }),
);

export const discarded = named('Discarded', z.strictObject({ discarded: count }));
