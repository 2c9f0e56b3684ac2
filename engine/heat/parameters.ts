// The parameters of what Heat may ask: their shapes, judged before anything is done with them.
// Belongs here: one shape a method. Does not belong here: what is done (methods.ts), parameters of agents and members (agent-methods.ts).
import { z } from 'zod';
import { EngineError } from '../base/errors.ts';
import type { RpcRequest } from './envelope.ts';

const text = z.string();
const object = z.record(text, z.json());
/** Of an application credential; where its Keystone is, the engine's settings say. */
const credential = z.strictObject({ id: text, secret: text }).optional();
const member = z.strictObject({ agent: text, name: text, data: z.json().optional() });
/** One run of an operation; the same `id` twice is once. */
const operation = {
  operation: text,
  id: text,
  inputs: object.default({}),
};
const content = {
  definition: z.json(),
  file_name: text.default('definition'),
  files: z.record(text, text).default({}),
  inputs: object.default({}),
};

const PARAMETERS = {
  validate: z.strictObject({
    ...content,
    /** Inputs whose values are not known yet. */
    unknown_inputs: z.array(text).default([]),
    /** Absent: not known yet. */
    members: z.record(text, z.array(member)).nullish(),
    operations: z.array(z.strictObject(operation)).default([]),
  }),
  apply: z.strictObject({
    ...content,
    members: z.record(text, z.array(member)).default({}),
    workflow_id: text,
    request_id: text,
    stack_name: text,
    /** Its name in the template; a plugin before 1.4 does not say it. */
    resource_name: text.optional(),
    credential,
    /** Seconds that the resource waits at most; what runs then is called back. */
    deadline: z.number().min(0).optional(),
  }),
  status: z.strictObject({ workflow_id: text, after: z.int().min(0).default(0) }),
  show: z.strictObject({ workflow_id: text }),
  graph: z.strictObject({ workflow_id: text }),
  operate: z.strictObject({ ...operation, workflow_id: text, request_id: text }),
  cancel: z.strictObject({ workflow_id: text, request_id: text }),
  suspend: z.strictObject({ workflow_id: text, request_id: text }),
  resume: z.strictObject({ workflow_id: text, request_id: text }),
  check: z.strictObject({
    workflow_id: text,
    request_id: text,
    /** Seconds after which what has not answered counts as not told. */
    deadline: z.number().min(0).optional(),
  }),
  delete: z.strictObject({
    workflow_id: text,
    request_id: text,
    abandon: z.boolean().default(false),
    credential,
  }),
  signal: z.strictObject({ workflow_id: text, request_id: text, details: z.json() }),
} as const;
export type Parameters = { readonly [M in keyof typeof PARAMETERS]: z.infer<(typeof PARAMETERS)[M]> };

export type GivenMembers = { readonly [entity: string]: readonly z.infer<typeof member>[] };

/** EngineError `usage` when the parameters have another shape. */
export function judged<M extends keyof Parameters>(method: M, { args }: RpcRequest): Parameters[M] {
  const found = PARAMETERS[method].safeParse(args);
  if (found.success) return found.data as Parameters[M];
  const [issue] = found.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new EngineError(
    'usage',
    `${method}: ${place === '' ? '' : `${place}: `}${issue?.message ?? 'wrong parameters'}.`,
    'Use a plugin of the same version as the engine.',
  );
}
