// What the broker's management sees of the agents: their queues and connections.
// Belongs here: asking and reading that. Does not belong here: what follows from it (mender.ts, engine/agents/).
import { isMap } from './definitions.ts';
import { type Minority, minorityOf } from './majority.ts';
import type { Management } from './management.ts';
import { type Losing, losingPolicies } from './policies.ts';

/** The broker renews its numbers every five seconds: a moment's picture, never exact. */
export interface Survey {
  /** Queues of the vhost by name. */
  readonly queues: ReadonlyMap<string, QueueSeen>;
  /** Connections to the vhost, by user. */
  readonly connections: ReadonlyMap<string, readonly ConnectionSeen[]>;
  /** Policies by which the broker drops what agents and engine have not read yet (B17). */
  readonly losing: readonly Losing[];
  /** Absent: every quorum queue has a majority of its nodes (B15). */
  readonly minority?: Minority;
}

export interface QueueSeen {
  readonly messages: number;
  readonly consumers: number;
  /** A quorum queue whose nodes are all up, of which there are no numbers though there are of others: new, or without a leader. */
  readonly silent: boolean;
}

interface Entry {
  readonly [key: string]: unknown;
}

export interface ConnectionSeen {
  readonly host: string;
  /** Ms since the epoch, by the broker's clock. */
  readonly since: number;
}

/** Rejects as `Management.call`. */
export async function survey(management: Management, vhost: string): Promise<Survey> {
  const place = encodeURIComponent(vhost);
  const [queues, connections] = await Promise.all([
    management.list(
      `/queues/${place}?columns=name,type,members,online,messages,consumers,policy,operator_policy,effective_policy_definition`,
    ),
    management.list(`/vhosts/${place}/connections?columns=user,peer_host,connected_at`),
  ]);
  const maps = queues.filter(isMap);
  // Where a broker's management keeps no numbers at all, that there are none says nothing.
  const counts = maps.some(hasNumbers);
  const minority = minorityOf(maps);
  return {
    queues: new Map(maps.map(queue => [textOf(queue['name']), queueOf(queue, counts)])),
    connections: connectionsOf(connections),
    losing: losingPolicies(maps),
    ...(minority !== undefined && { minority }),
  };
}

function connectionsOf(list: readonly unknown[]): Survey['connections'] {
  const byUser = new Map<string, ConnectionSeen[]>();
  for (const one of list.filter(isMap)) {
    const user = textOf(one['user']);
    const seen = { host: textOf(one['peer_host']), since: numberOf(one['connected_at']) };
    byUser.set(user, [...(byUser.get(user) ?? []), seen]);
  }
  return byUser;
}

/** A queue that was declared a moment ago has no numbers yet. */
const queueOf = (queue: Entry, counts: boolean): QueueSeen => ({
  messages: numberOf(queue['messages']),
  consumers: numberOf(queue['consumers']),
  silent: counts && !hasNumbers(queue) && queue['type'] === 'quorum' && isWhole(queue),
});

const hasNumbers = (queue: Entry): boolean => typeof queue['messages'] === 'number';

function isWhole(queue: Entry): boolean {
  const [members, online] = [listOf(queue['members']), listOf(queue['online'])];
  return members.length > 0 && members.every(node => online.includes(node));
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
