// What many schemas are made of.
// Belongs here: ids, times, pages, problem details. Does not belong here: one resource's own shape.
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { JSON_VALUE } from '../../runtime/request-shapes.ts';
import { named } from './names.ts';

export const text = z.string();
export const json = named('Json', JSON_VALUE);
export const object = z.record(z.string(), json);
export const time = z.number().describe('Milliseconds since the epoch.');
export const count = z.int().min(0);

/** Whole numbers come as text in a query. */
const digits = z.string().regex(/^\d{1,15}$/, 'must be a whole number');
export const number = digits.transform(Number);
export const pageSize = digits
  .transform(Number)
  .pipe(z.int().min(1).max(LIMITS.adminPage))
  .optional()
  .describe(`How many at most; ${LIMITS.adminPage} at most.`);
export const flag = z
  .enum(['true', 'false'])
  .transform(word => word === 'true')
  .optional();

export const workflowParams = z.strictObject({ id: text.describe("The workflow's id.") });
export const stepParams = z.strictObject({
  id: text.describe("The workflow's id."),
  step: text.describe("The step's id, such as `sql[0].prepared`, percent-encoded."),
});

export const problemDetails = named(
  'Problem',
  z.strictObject({
    type: z.literal('about:blank'),
    status: z.int(),
    title: text,
    detail: text.describe('What happened, and where.'),
    code: text.describe('One of the codes of docs/reference/errors.md, or of docs/reference/api.md.'),
    next: text.describe('What to do about it.'),
    details: json.optional().describe('What is wrong with a definition, or what is now, as the code says.'),
  }),
);
