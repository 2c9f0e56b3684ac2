// Agents as they are answered.
// Belongs here: their shape. Does not belong here: what is asked of them (requests.ts).
import { z } from 'zod';
import { count, json, text, time } from './common.ts';
import { named } from './names.ts';

export const agents = named(
  'Agents',
  z.strictObject({
    agents: z.array(
      z.strictObject({
        id: text,
        state: z.enum(['online', 'offline', 'never_seen', 'unknown']),
        reason: text.optional(),
        lastSeen: time.optional(),
        version: text.optional(),
        host: text.optional(),
        bootId: text.optional(),
        waiting: count.optional().describe('Messages for it that it has not settled.'),
      }),
    ),
    bus: z.strictObject({
      state: z.enum(['connected', 'blocked', 'down', 'none']),
      reason: text.optional(),
      place: text.optional(),
    }),
    deadLetters: count.optional().describe('Messages that were refused and are kept for people to look at.'),
    trouble: text.optional(),
    warnings: z.array(text).optional(),
  }),
);

export const agentAction = named(
  'AgentAction',
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.enum(['approve', 'refuse']),
      key: text
        .optional()
        .describe('Of what was seen to wait: where another key asks by now, the answer is 412.'),
    }),
    z.strictObject({ kind: z.literal('revoke') }),
  ]),
);
export const rotation = named('Rotation', z.strictObject({ drop: z.boolean() }));

/** Differs by what was asked, and is told in docs/reference/enrolment.md. */
export const agentShown = named('AgentShown', z.record(z.string(), json));
