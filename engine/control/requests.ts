// Judges what comes over the socket: methods are a closed list, parameters have a shape.
// Belongs here: method → parameters → call of the EngineApi. Does not belong here: whether a request makes sense (service.ts).
import { z } from 'zod';
import { EngineError } from '../base/errors.ts';
import type { AgentRequest } from '../runtime/agents-api.ts';
import type { ActRequest, CreateRequest, EngineApi, PlanRequest } from '../runtime/api.ts';

const json = z.json();
const object = z.record(z.string(), json);
const text = z.string();
const milliseconds = z.int().min(0);

const member = z.strictObject({ agent: text, name: text, data: json.optional() });
const groups = z.record(text, z.array(member));
const document = z.strictObject({ source: json, fileName: text, files: z.record(z.string(), text) });
const create = z.strictObject({
  requestId: text,
  id: text,
  stackName: text,
  document,
  inputs: object,
  members: groups,
  allowed: milliseconds.optional(),
  credential: object.optional(),
  by: text,
});

const common = { requestId: text, workflow: text, by: text };
const act = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('retry'), step: text.optional(), attempt: z.int().optional() }),
  z.strictObject({ ...common, kind: z.literal('skip'), step: text, outputs: object }),
  z.strictObject({ ...common, kind: z.literal('fail'), step: text }),
  z.strictObject({ ...common, kind: z.enum(['approve', 'reject']), step: text }),
  z.strictObject({ ...common, kind: z.literal('signal'), name: text, data: object }),
  z.strictObject({
    ...common,
    kind: z.literal('resume'),
    allowed: milliseconds.optional(),
    credential: object.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('cancel') }),
  z.strictObject({
    ...common,
    kind: z.literal('update'),
    members: groups.optional(),
    join: groups.optional(),
    leave: z.record(text, z.array(text)).optional(),
    abandon: z.boolean().optional(),
    allowed: milliseconds.optional(),
    document: document.optional(),
    inputs: object.optional(),
    unset: z.array(text).optional(),
    whole: z.literal(true).optional(),
    credential: object.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('operate'),
    operation: text,
    id: text,
    inputs: object,
    allowed: milliseconds.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('delete'),
    abandon: z.boolean(),
    credential: object.optional(),
  }),
]);

const plan = z.strictObject({
  workflow: text,
  members: groups.optional(),
  join: groups.optional(),
  leave: z.record(text, z.array(text)).optional(),
  abandon: z.boolean().optional(),
  allowed: milliseconds.optional(),
  document: document.optional(),
  inputs: object.optional(),
  unset: z.array(text).optional(),
  whole: z.literal(true).optional(),
  credential: object.optional(),
});

const agent = { by: text, agent: text };
/** What operators may ask of single agents; the rest is Heat's. */
const administration = z.discriminatedUnion('kind', [
  z.strictObject({ ...agent, kind: z.enum(['show_agent', 'delete_agent', 'approve', 'refuse', 'revoke']) }),
  z.strictObject({ by: text, kind: z.literal('rotate_keys'), drop: z.boolean() }),
]);

const PARAMS = {
  create: z.tuple([create]),
  act: z.tuple([act]),
  plan: z.tuple([plan]),
  list: z.tuple([z.strictObject({ children: z.boolean().optional() }).optional()]),
  workflow: z.tuple([text]),
  explain: z.tuple([text, text.optional()]),
  graph: z.tuple([text]),
  agents: z.tuple([]),
  administer: z.tuple([administration]),
  events: z.tuple([text, z.int().min(0), z.int().min(0).max(100_000)]),
  follow: z.tuple([text]),
} as const;

export type Method = keyof typeof PARAMS;
export type Call = {
  readonly [M in Method]: { readonly method: M; readonly params: z.infer<(typeof PARAMS)[M]> };
}[Method];

/** EngineError `usage` for an unknown method or parameters of another shape. */
export function judge(method: unknown, params: unknown): Call {
  if (typeof method !== 'string' || !Object.hasOwn(PARAMS, method)) {
    throw refused(`There is no method '${String(method).slice(0, 80)}'.`);
  }
  const judged = PARAMS[method as Method].safeParse(params);
  if (judged.success) return { method, params: judged.data } as Call;
  const [issue] = judged.error.issues;
  throw refused(`${method}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong parameters'}`);
}

/** Everything but `follow`, which answers more than once. */
export function answer(api: EngineApi, call: Exclude<Call, { readonly method: 'follow' }>): Promise<unknown> {
  switch (call.method) {
    case 'create':
      return api.create(call.params[0] as CreateRequest);
    case 'act':
      return api.act(call.params[0] as ActRequest);
    case 'plan':
      return api.plan(call.params[0] as PlanRequest);
    case 'list':
      return api.list();
    case 'workflow':
      return api.workflow(call.params[0]);
    case 'explain':
      return api.explain(call.params[0], call.params[1]);
    case 'graph':
      return api.graph(call.params[0]);
    case 'administer':
      return api.administer(call.params[0] as AgentRequest);
    case 'agents':
      return api.agents();
    case 'events':
      return api.events(...call.params);
    default:
      return call satisfies never;
  }
}

function refused(message: string): EngineError {
  return new EngineError('usage', message, 'Use a client of the same version as the engine.');
}
