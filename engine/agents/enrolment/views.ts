// Agents and members as they are shown: plain values, nothing that is secret.
// Belongs here: what an answer holds. Does not belong here: layout (cli/), Heat's attributes (heat-resource/).
import type { JsonObject } from '../../base/json.ts';
import type { Presence } from '../presence.ts';
import type { Account } from './accounts.ts';
import type { MemberRecord } from './members.ts';

export function viewOf(
  account: Account,
  seen: ReturnType<Presence['of']>,
  memberServer: string | undefined,
): JsonObject {
  const { agent, name, format, reenrolment, bound, pending } = account;
  return {
    agent,
    name,
    state: stateOf(account),
    online: seen?.state === 'online',
    user_data_format: format,
    reenrolment,
    ...(memberServer !== undefined && { member_server: memberServer }),
    ...(bound !== undefined && { server: bound.server, enrolled_at: bound.at, key: bound.key }),
    ...(pending !== undefined && {
      pending: { server: pending.server, key: pending.key, at: pending.at, why: pending.why },
    }),
    ...(seen?.facts !== undefined && { host: seen.facts.hostname, version: seen.facts.agentVersion }),
  };
}

/** For people: what keeps it out, or wants to be in its place, and who can act. */
export function reasonOf({ agent, pending, revoked }: Account): string | undefined {
  if (revoked === true)
    return `an operator took its rights away; murano-workflow agents approve ${agent} gives them back`;
  if (pending === undefined) return undefined;
  const which = `${agent} --key ${pending.key}`;
  const how = `murano-workflow agents approve ${which}, or refuse ${which}`;
  return `server ${pending.server} wants to enrol in its place with another key: ${how}`;
}

function stateOf({
  bound,
  pending,
  revoked,
}: Account): 'revoked' | 'waits_for_approval' | 'enrolled' | 'created' {
  if (revoked === true) return 'revoked';
  if (pending !== undefined) return 'waits_for_approval';
  return bound === undefined ? 'created' : 'enrolled';
}

/** `member` is what a workflow's `members` takes. */
export function memberView({ member, agent, server, name, data, leavingSince }: MemberRecord): JsonObject {
  return {
    id: member,
    server,
    leaving: leavingSince !== undefined,
    member: { agent, name, ...(data !== undefined && { data }) },
  };
}
