// What may be asked, and what is answered to it.
// Belongs here: bodies of requests, outcomes. Does not belong here: fields that the local socket has too (runtime/request-shapes.ts).
import { z } from 'zod';
import { STEP_STATUSES } from '../../machine/types.ts';
import { FATES } from '../../plan/types.ts';
import { actShape, CHANGE, CREATION, EXPECTATION } from '../../runtime/request-shapes.ts';
import { count, text } from './common.ts';
import { named } from './names.ts';
import { status, summary } from './workflow.ts';

const expect = EXPECTATION.optional().describe(
  'What was seen; when it is otherwise by now, nothing is done, and the answer is 412.',
);

export const action = named('Action', actShape({ expect }));
export const creation = named('Creation', z.strictObject({ id: text.optional(), ...CREATION }));
export const change = named('Change', z.strictObject(CHANGE));

const problem = z.looseObject({ code: text, pointer: text, message: text, severity: text });
const problems = z.array(problem).describe('Warnings: what is wrong for good is an error.');

export const created = named('Created', z.strictObject({ workflow: summary, problems }));

const planned = z.strictObject({
  step: text,
  fate: z.enum(FATES),
  reason: text,
  unsafe: z.literal(true).optional(),
});

export const plan = named(
  'Plan',
  z.strictObject({
    plan: z
      .strictObject({
        generation: count,
        refused: z.strictObject({ message: text, next: text }).optional(),
        joins: z.array(text),
        leaves: z.array(text),
        steps: z.array(planned),
        roles: z.array(z.looseObject({ role: text, from: z.array(text), reason: text })),
        warnings: z.array(text),
        counts: z.record(text, count),
      })
      .optional(),
    problems: z.array(problem),
  }),
);

const stepStatus = z.enum(STEP_STATUSES);
const result = z.union([
  z.strictObject({ status: z.literal('applied') }),
  z.looseObject({ status: z.literal('rejected'), code: text, message: text, next: text }),
]);

export const rehearsal = named(
  'Rehearsal',
  z.strictObject({
    result,
    from: status,
    to: status,
    steps: z.array(z.strictObject({ step: text, from: stepStatus, to: stepStatus })),
    starts: z.array(text).describe('Steps whose commands would go out.'),
    stops: z.array(text).describe('Steps whose attempts would be called back.'),
    undoes: z
      .array(z.array(text))
      .optional()
      .describe(
        'Of an `undo`: what is taken back, those in one list at the same time, the first list first.',
      ),
  }),
);

export const acted = named(
  'Acted',
  z.strictObject({
    result: z.strictObject({ status: z.literal('applied') }),
    workflow: summary.optional().describe('As it is now; absent: it is gone.'),
  }),
);
