// What each user of an agent may do on the broker, as data: names, patterns, limits.
// Belongs here: who may read and write what. Does not belong here: how the broker is told (definitions.ts).
//
// | user         | configure | write                                   | read          |
// |--------------|-----------|-----------------------------------------|---------------|
// | enrol.<id>   | nothing   | from-agents, key <id>.enrol             | enrol.<id>    |
// | agent.<id>   | nothing   | from-agents, keys <id>.hello …output    | agent.<id>    |
import { commandQueue, enrolmentQueue, FROM_AGENTS } from '../../agent-protocol/transport.ts';

/** RabbitMQ matches a pattern anywhere in a name: all are anchored. */
export interface Rights {
  readonly user: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
  /** Routing keys that it may publish to FROM_AGENTS. */
  readonly keys: string;
}

/** With one, a hard reboot would lock the agent out until the broker notices that the old connection is dead. */
export const MAX_CONNECTIONS = 3;
const NOTHING = '^$';

export const agentUser = (agent: string): string => `agent.${agent}`;
export const enrolmentUser = (agent: string): string => `enrol.${agent}`;

/** The agent to which a user or queue belongs; undefined: to none. */
export function agentOf(name: string): string | undefined {
  return /^(?:agent|enrol)\.(.+)$/.exec(name)?.[1];
}

export function agentRights(agent: string): Rights {
  const keys = `^${escape(agent)}\\.(hello|result|output)$`;
  return rights(agentUser(agent), commandQueue(agent), keys);
}

export function enrolmentRights(agent: string): Rights {
  return rights(enrolmentUser(agent), enrolmentQueue(agent), `^${escape(agent)}\\.enrol$`);
}

const rights = (user: string, queue: string, keys: string): Rights => ({
  user,
  configure: NOTHING,
  write: `^${escape(FROM_AGENTS)}$`,
  read: `^${escape(queue)}$`,
  keys,
});

const escape = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
