// Agents: to look at, and what an operator decides of them; and the engine's keys.
// Belongs here: requests → EngineApi, noted first. Does not belong here: who may enrol (agents/enrolment/).
//
// An agent may serve workflows of several projects: all of this is for who sees every project.
import { z } from 'zod';
import type { AgentRequest } from '../../runtime/agents-api.ts';
import { ofAllProjects } from '../problem.ts';
import { requestIdOf } from '../request-id.ts';
import { type Ask, type Reply, route, type Route } from '../route.ts';
import { agentAction, agents, agentShown, rotation } from '../schemas/agents.ts';
import { text } from '../schemas/common.ts';

const TAG = 'agents';
const agentParams = z.strictObject({ agent: text.describe("The agent's id.") });

type Kind = 'agent_approve' | 'agent_refuse' | 'agent_revoke' | 'agent_delete' | 'keys_rotate';

async function administer(
  ask: Ask<{ agent: string } | undefined, unknown, unknown>,
  kind: Kind,
  request: AgentRequest,
): Promise<Reply> {
  const { api, views, project, headers, who, actor, params } = ask;
  if (project !== undefined) throw ofAllProjects('Agents are');
  const requestId = requestIdOf(headers, who, [kind, params?.agent ?? '']);
  const about = params === undefined ? {} : { agent: params.agent };
  await views.note({ kind, ...about, by: who.by, actor, requestId });
  return { json: await api.administer(request) };
}

export const agentRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/agents',
    tag: TAG,
    summary: 'List the agents, and tell what is known of the way to them.',
    role: 'reader',
    answer: { says: 'All of them.', json: agents },
    handle: async ({ api, project }) => {
      if (project !== undefined) throw ofAllProjects('Agents are');
      return { json: await api.agents() };
    },
  }),
  route({
    method: 'get',
    path: '/v1/agents/{agent}',
    tag: TAG,
    summary: 'Show what is known of one agent and its enrolment.',
    role: 'reader',
    params: agentParams,
    answer: { says: 'The agent.', json: agentShown },
    handle: async ({ params, api, project, who }) => {
      if (project !== undefined) throw ofAllProjects('Agents are');
      return { json: await api.administer({ kind: 'show_agent', agent: params.agent, by: who.by }) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/agents/{agent}/actions',
    tag: TAG,
    summary: 'Approve or refuse what an agent asked for that may not enrol by the rules, or revoke its keys.',
    role: 'operator',
    params: agentParams,
    body: agentAction,
    answer: { says: 'What is now.', json: agentShown },
    handle: async ask => {
      const { body, params, who } = ask;
      return administer(ask, `agent_${body.kind}`, { ...body, agent: params.agent, by: who.by });
    },
  }),
  route({
    method: 'delete',
    path: '/v1/agents/{agent}',
    tag: TAG,
    summary: 'Forget an agent: its login ends, and nobody enrols in its place.',
    role: 'operator',
    params: agentParams,
    answer: { says: 'What is now.', json: agentShown },
    handle: async ask =>
      administer(ask, 'agent_delete', { kind: 'delete_agent', agent: ask.params.agent, by: ask.who.by }),
  }),
  route({
    method: 'post',
    path: '/v1/keys/rotation',
    tag: TAG,
    summary: 'Give the engine new keys for signing and sealing; with `drop`, earlier ones count no more.',
    role: 'operator',
    body: rotation,
    answer: { says: 'What is now.', json: agentShown },
    handle: async ask =>
      administer({ ...ask, params: undefined }, 'keys_rotate', {
        kind: 'rotate_keys',
        drop: ask.body.drop,
        by: ask.who.by,
      }),
  }),
];
