// Shapes of what may be asked of the engine from outside, as schemas: the local socket and HTTP judge by the same.
// Belongs here: fields of requests. Does not belong here: envelopes (control/requests.ts, admin/schemas/), whether a request makes sense
// (service.ts).
import { z } from 'zod';
import { STEP_STATUSES, WORKFLOW_STATUSES } from '../machine/types.ts';

/** One for all, so that who documents these shapes can give it a name. */
export const JSON_VALUE = z.json();
const json = JSON_VALUE;
const object = z.record(z.string(), json);
const text = z.string();
const milliseconds = z.int().min(0);
const member = z.strictObject({ agent: text, name: text, data: json.optional() });
const groups = z.record(text, z.array(member));
const document = z.strictObject({ source: json, fileName: text, files: z.record(z.string(), text) });
const credential = object.optional();
const allowed = milliseconds.optional();

/** What a new workflow is made of, but for its ids. */
export const CREATION = {
  stackName: text,
  resource: text.optional(),
  project: text.optional(),
  document,
  inputs: object,
  members: groups,
  allowed,
  credential,
};

/** What an update, or its plan, may change. */
export const CHANGE = {
  members: groups.optional(),
  join: groups.optional(),
  leave: z.record(text, z.array(text)).optional(),
  abandon: z.boolean().optional(),
  allowed,
  document: document.optional(),
  inputs: object.optional(),
  unset: z.array(text).optional(),
  whole: z.literal(true).optional(),
  credential,
};

const seen = z.strictObject({
  status: z.enum(STEP_STATUSES).optional(),
  attempt: z.int().min(0).optional(),
  since: z.number().optional(),
});

/** What whoever asks has seen. */
export const EXPECTATION = z.strictObject({
  seq: z.int().min(0).optional(),
  status: z.enum(WORKFLOW_STATUSES).optional(),
  generation: z.int().min(0).optional(),
  step: seen.optional(),
});

/** Every kind of request that is about a workflow, with its own fields. */
export const ACTS = {
  retry: { step: text.optional(), attempt: z.int().optional() },
  skip: { step: text, outputs: object },
  fail: { step: text },
  undo: { step: text },
  approve: { step: text },
  reject: { step: text },
  signal: { name: text, data: object },
  resume: { allowed, credential },
  cancel: {},
  suspend: {},
  check: { allowed },
  converge: { allowed, credential },
  update: { ...CHANGE, resource: text.optional() },
  operate: { operation: text, id: text, inputs: object, allowed },
  delete: { abandon: z.boolean(), credential },
} as const;

type Kinds = typeof ACTS;
type Act<Common extends z.core.$ZodLooseShape, Kind extends keyof Kinds> = z.ZodObject<
  Common & { kind: z.ZodLiteral<Kind> } & Kinds[Kind]
>;

/** One schema for all kinds, told apart by `kind`; `common`: fields that all of them have. */
export function actShape<Common extends z.core.$ZodLooseShape>(common: Common) {
  const kinds = Object.keys(ACTS) as (keyof Kinds)[];
  const shapes = kinds.map(kind => z.strictObject({ ...common, kind: z.literal(kind), ...ACTS[kind] }));
  return z.discriminatedUnion(
    'kind',
    shapes as unknown as [{ [Kind in keyof Kinds]: Act<Common, Kind> }[keyof Kinds]],
  );
}
