// Judges what comes over the socket: methods are a closed list, parameters have a shape.
// Belongs here: method → parameters → call of the EngineApi. Does not belong here: whether a request makes sense (service.ts).
import { z } from 'zod';
import { EngineError } from '../base/errors.ts';
import type { AgentRequest } from '../runtime/agents-api.ts';
import type { DeadLetterFilter, Discard } from '../runtime/dead-letters.ts';
import type { ActRequest, CreateRequest, EngineApi, PlanRequest } from '../runtime/api.ts';
import { actShape, CHANGE, CREATION, EXPECTATION } from '../runtime/request-shapes.ts';

const text = z.string();

const create = z.strictObject({ requestId: text, id: text, ...CREATION, by: text });
const act = actShape({ requestId: text, workflow: text, by: text, expect: EXPECTATION.optional() });
const plan = z.strictObject({ workflow: text, ...CHANGE });

const agent = { by: text, agent: text };
/** What operators may ask of single agents; the rest is Heat's. */
const administration = z.discriminatedUnion('kind', [
  z.strictObject({ ...agent, kind: z.enum(['show_agent', 'delete_agent', 'revoke']) }),
  z.strictObject({ ...agent, kind: z.enum(['approve', 'refuse']), key: text.optional() }),
  z.strictObject({ by: text, kind: z.literal('rotate_keys'), drop: z.boolean() }),
]);

const count = z.int().min(0);
const letters = z.strictObject({
  agent: text.optional(),
  before: count.optional(),
  limit: count.max(100_000),
});
const discard = z.union([
  z.strictObject({ requestId: text, by: text, number: count, times: count.optional() }),
  z.strictObject({ requestId: text, by: text, upTo: count, agent: text.optional() }),
]);

const PARAMS = {
  create: z.tuple([create]),
  act: z.tuple([act]),
  rehearse: z.tuple([act]),
  plan: z.tuple([plan]),
  list: z.tuple([z.strictObject({ children: z.boolean().optional() }).optional()]),
  ofStack: z.tuple([text]),
  workflow: z.tuple([text]),
  explain: z.tuple([text, text.optional()]),
  graph: z.tuple([text]),
  outline: z.tuple([text]),
  timeline: z.tuple([text]),
  agents: z.tuple([]),
  administer: z.tuple([administration]),
  deadLetters: z.tuple([letters]),
  discardDeadLetters: z.tuple([discard]),
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
    case 'rehearse':
      return api.rehearse(call.params[0] as ActRequest);
    case 'plan':
      return api.plan(call.params[0] as PlanRequest);
    case 'list':
      return api.list();
    case 'ofStack':
      return api.ofStack(call.params[0]);
    case 'workflow':
      return api.workflow(call.params[0]);
    case 'explain':
      return api.explain(call.params[0], call.params[1]);
    case 'graph':
      return api.graph(call.params[0]);
    case 'outline':
      return api.outline(call.params[0]);
    case 'timeline':
      return api.timeline(call.params[0]);
    case 'administer':
      return api.administer(call.params[0] as AgentRequest);
    case 'agents':
      return api.agents();
    case 'deadLetters':
      return api.deadLetters(call.params[0] as DeadLetterFilter);
    case 'discardDeadLetters':
      return api.discardDeadLetters(call.params[0] as Discard);
    case 'events':
      return api.events(...call.params);
    default:
      return call satisfies never;
  }
}

function refused(message: string): EngineError {
  return new EngineError('usage', message, 'Use a client of the same version as the engine.');
}
