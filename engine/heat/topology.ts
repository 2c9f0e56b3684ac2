// The queues of an oslo.messaging RPC server, as data, and how its messages look in AMQP.
// Belongs here: names and flags, which must be those that Heat's side declares. Does not belong here: connecting
// (bus/), what is in a message (envelope.ts).
import type { Mapping } from '../../agent-protocol/amqp/connection.ts';
import type { Topology } from '../../agent-protocol/transport.ts';

/** How Heat's own oslo.messaging is set up; an exchange declared with other flags is refused by the broker. */
export interface RpcTarget {
  /** `control_exchange` of Heat. */
  readonly exchange: string;
  readonly topic: string;
  /** Name of this engine among those that serve the topic. */
  readonly server: string;
  /** `amqp_durable_queues`: exchange and queues survive a restart of the broker. */
  readonly durable: boolean;
  /** `amqp_auto_delete`. */
  readonly autoDelete: boolean;
  /** `rabbit_quorum_queue`: the topic's queue is replicated. Makes it and the exchange durable. */
  readonly quorum: boolean;
}

/** Milliseconds; oslo's `rabbit_transient_queues_ttl`. */
const FANOUT_EXPIRES = 30 * 60_000;

/**
 * What an RPC server of oslo.messaging 14 declares, seen on the wire: the topic's queue, which all servers share; the
 * server's own; and a fanout queue that goes when the server has been away for half an hour.
 */
export function rpcTopology(target: RpcTarget): {
  readonly topology: Topology;
  readonly queues: readonly string[];
} {
  const { exchange, topic, server, autoDelete, quorum } = target;
  const durable = target.durable || quorum;
  const own = `${topic}.${server}`;
  const fanout = `${topic}_fanout`;
  const heard = `${topic}_fanout_${server}`;
  const kind = quorum ? 'quorum' : 'classic';
  const topology: Topology = {
    exchanges: [
      { name: exchange, type: 'topic', durable, autoDelete },
      { name: fanout, type: 'fanout', durable: false, autoDelete: true },
    ],
    queues: [
      { name: topic, kind, durable, autoDelete: autoDelete && !quorum },
      { name: own, kind, durable, autoDelete: autoDelete && !quorum },
      { name: heard, kind: 'classic', durable: false, expires: FANOUT_EXPIRES },
    ],
    bindings: [
      { exchange, queue: topic, routingKey: topic },
      { exchange, queue: own, routingKey: own },
      { exchange: fanout, queue: heard, routingKey: topic },
    ],
  };
  return { topology, queues: [topic, own, heard] };
}

/** The body is all there is; properties as oslo.messaging sets them. */
export const rpcMapping: Mapping<Uint8Array> = {
  toAmqp: body => ({
    body,
    properties: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 0,
      headers: {},
    },
  }),
  fromAmqp: ({ content }) => content,
};
