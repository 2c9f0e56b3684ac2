// What the broker's management sees of the agents: their queues and connections, and the dead letters.
// Belongs here: asking and reading that. Does not belong here: what follows from it (mender.ts, engine/agents/).
import { DEAD_LETTERS } from '../../agent-protocol/transport.ts';
import { isMap } from './definitions.ts';
import type { Management } from './management.ts';

/** The broker renews its numbers every five seconds: a moment's picture, never exact. */
export interface Survey {
  /** Queues of the vhost by name. */
  readonly queues: ReadonlyMap<string, QueueSeen>;
  /** Connections to the vhost, by user. */
  readonly connections: ReadonlyMap<string, readonly ConnectionSeen[]>;
  /** Messages that somebody refused, kept for people to look at. */
  readonly deadLetters: number;
}

export interface QueueSeen {
  readonly messages: number;
  readonly consumers: number;
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
    management.list(`/queues/${place}?columns=name,messages,consumers`),
    management.list(`/vhosts/${place}/connections?columns=user,peer_host,connected_at`),
  ]);
  const seen = new Map(queues.filter(isMap).map(queue => [textOf(queue['name']), queueOf(queue)]));
  return {
    queues: seen,
    connections: connectionsOf(connections),
    deadLetters: seen.get(DEAD_LETTERS)?.messages ?? 0,
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
const queueOf = (queue: { readonly [key: string]: unknown }): QueueSeen => ({
  messages: numberOf(queue['messages']),
  consumers: numberOf(queue['consumers']),
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
