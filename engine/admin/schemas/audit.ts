// The audit log as it is answered.
// Belongs here: its shape. Does not belong here: what it says (runtime/audit.ts).
import { z } from 'zod';
import { count, text, time } from './common.ts';
import { named } from './names.ts';

const actor = z.strictObject({
  user: text,
  project: text.optional(),
  roles: z.array(text),
  address: text,
});

export const auditPage = named(
  'AuditPage',
  z.strictObject({
    entries: z.array(
      z.strictObject({
        number: count,
        at: time,
        requestId: text,
        kind: text,
        workflow: text.optional().describe('Absent: it is about an agent, or the engine.'),
        project: text.optional(),
        step: text.optional(),
        agent: text.optional(),
        by: text,
        actor: actor.optional().describe('Absent: it came another way than over HTTP.'),
        asked: text.describe('SHA-256 of what was asked, hidden values by reference.'),
        before: text.optional().describe('Status of the step that was named, or of the workflow.'),
        after: text.optional(),
        result: z.enum(['applied', 'rejected', 'begun']),
        code: text.optional().describe('Why it was rejected.'),
        left: z
          .strictObject({ from: count, before: text })
          .optional()
          .describe(
            'What came before the entry `from` is forgotten; `before`: the hash that it follows from.',
          ),
        hash: text.describe('Over this entry and the hash of the one before it.'),
      }),
    ),
    next: count.optional().describe('The `after` of the page that follows; absent: this was the last.'),
  }),
);

export const auditCheck = named(
  'AuditCheck',
  z.strictObject({
    entries: count.describe('How many there are.'),
    intact: z.boolean(),
    brokenAt: count.optional().describe('The first entry that does not follow from the one before it.'),
    head: text
      .optional()
      .describe('Hash of the last entry: whoever keeps it elsewhere sees whether the end was cut off.'),
  }),
);
