// What Heat's `Murano::Agent` and `Murano::Member` ask of the engine: methods, their parameters judged.
// Belongs here: method → parameters → one request. Does not belong here: workflows' methods (methods.ts), what a request does
// (engine/agents/enrolment/).
//
// H3. Each method converges: asked again, with the same id, it answers with what is.
import { z } from 'zod';
import { EngineError } from '../base/errors.ts';
import type { JsonValue } from '../base/json.ts';
import { type AgentRequest, type AgentsApi, REENROLMENTS, USER_DATA_FORMATS } from '../runtime/agents-api.ts';
import type { RpcRequest } from './envelope.ts';
import type { Endpoint } from './rpc-server.ts';

const text = z.string();

const PARAMETERS = {
  'agent.create': z.strictObject({
    agent_id: text,
    name: text,
    user_data_format: z.enum(USER_DATA_FORMATS).default('cloud-init'),
    reenrolment: z.enum(REENROLMENTS).default('approval'),
    /** The template author's own, kept as a part of its own. */
    user_data: text.nullish(),
  }),
  'agent.show': z.strictObject({ agent_id: text }),
  /** The only answer that holds it. */
  'agent.user_data': z.strictObject({ agent_id: text }),
  'agent.delete': z.strictObject({ agent_id: text }),
  /** Makes it, or gives it another server, name, data or manners. */
  'member.create': z.strictObject({
    member_id: text,
    agent_id: text,
    server_id: text,
    name: text,
    data: z.json().optional(),
    on_leave: z.enum(['undo', 'abandon']).default('undo'),
    /** Seconds. */
    leave_timeout: z.number().min(0).default(3_600),
  }),
  'member.show': z.strictObject({ member_id: text }),
  /** Ask again after `poll_after` seconds until it is gone. */
  'member.delete': z.strictObject({ member_id: text }),
} as const;

export type AgentMethod = keyof typeof PARAMETERS;
type Parameters = { readonly [M in AgentMethod]: z.infer<(typeof PARAMETERS)[M]> };

/** Each method's request. */
const REQUESTS: { readonly [M in AgentMethod]: (asked: Parameters[M], by: string) => AgentRequest } = {
  'agent.create': ({ agent_id, name, user_data_format, reenrolment, user_data }, by) => ({
    kind: 'create_agent',
    agent: agent_id,
    name,
    format: user_data_format,
    reenrolment,
    ...(typeof user_data === 'string' && user_data !== '' ? { userData: user_data } : {}),
    by,
  }),
  'agent.show': ({ agent_id }, by) => ({ kind: 'show_agent', agent: agent_id, by }),
  'agent.user_data': ({ agent_id }, by) => ({ kind: 'user_data', agent: agent_id, by }),
  'agent.delete': ({ agent_id }, by) => ({ kind: 'delete_agent', agent: agent_id, by }),
  'member.create': ({ member_id, agent_id, server_id, name, data, on_leave, leave_timeout }, by) => ({
    kind: 'put_member',
    member: member_id,
    agent: agent_id,
    server: server_id.toLowerCase(),
    name,
    ...(data === undefined || data === null ? {} : { data: data as JsonValue }),
    onLeave: on_leave,
    leaveTimeout: Math.round(leave_timeout * 1_000),
    by,
  }),
  'member.show': ({ member_id }, by) => ({ kind: 'show_member', member: member_id, by }),
  'member.delete': ({ member_id }, by) => ({ kind: 'delete_member', member: member_id, by }),
};

export function agentMethods(api: AgentsApi, byOf: (request: RpcRequest) => string): Endpoint['methods'] {
  const method = <M extends AgentMethod>(name: M) => {
    const shape: z.ZodType<Parameters[M]> = PARAMETERS[name] as unknown as z.ZodType<Parameters[M]>;
    return (request: RpcRequest): Promise<JsonValue> =>
      api.administer(REQUESTS[name](judged(name, shape, request), byOf(request)));
  };
  return Object.fromEntries((Object.keys(PARAMETERS) as AgentMethod[]).map(name => [name, method(name)]));
}

/** EngineError `usage` when the parameters have another shape. */
function judged<T>(method: string, shape: z.ZodType<T>, { args }: RpcRequest): T {
  const found = shape.safeParse(args);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new EngineError(
    'usage',
    `${method}: ${place === '' ? '' : `${place}: `}${issue?.message ?? 'wrong parameters'}.`,
    'Use a plugin of the same version as the engine.',
  );
}
