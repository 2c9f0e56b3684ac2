// The engine's part of the agent bus, as data: declared on every connection, so that a broker that comes back empty
// is whole again (B2).
// Belongs here: names, bindings, limits of queues. Does not belong here: who may use them.
import {
  commandQueue,
  DEAD_LETTERS,
  ENROLMENTS_QUEUE,
  enrolmentQueue,
  FROM_AGENTS,
  RESULTS_QUEUE,
  type Topology,
} from '../../agent-protocol/transport.ts';

/** An agent that fails this often on one command is not helped by getting it again. */
const COMMAND_DELIVERIES = 100;

/** Enough to see what goes wrong; a flood of poison must not fill the broker's disk. */
const DEAD_LETTERS_KEPT = 10_000;

/** Of the agents' queues: on one node, or replicated where the broker is a cluster. */
export type QueueKind = 'classic' | 'quorum';

/** Exchanges, the engine's queues, and the queues of each agent. */
export function engineTopology(agents: readonly string[], kind: QueueKind = 'quorum'): Topology {
  const own: Topology = {
    exchanges: [
      { name: FROM_AGENTS, type: 'topic' },
      { name: DEAD_LETTERS, type: 'fanout' },
    ],
    // No delivery limit on results: they come back while the store is away, and poison is refused by name.
    queues: [
      { name: RESULTS_QUEUE, deadLetterExchange: DEAD_LETTERS },
      { name: ENROLMENTS_QUEUE, deadLetterExchange: DEAD_LETTERS },
      { name: DEAD_LETTERS, maxLength: DEAD_LETTERS_KEPT },
    ],
    bindings: [
      { exchange: FROM_AGENTS, queue: RESULTS_QUEUE, routingKey: '*.hello' },
      { exchange: FROM_AGENTS, queue: RESULTS_QUEUE, routingKey: '*.result' },
      { exchange: FROM_AGENTS, queue: RESULTS_QUEUE, routingKey: '*.output' },
      { exchange: FROM_AGENTS, queue: ENROLMENTS_QUEUE, routingKey: '*.enrol' },
      { exchange: DEAD_LETTERS, queue: DEAD_LETTERS, routingKey: '' },
    ],
  };
  return { ...own, queues: [...own.queues, ...agents.flatMap(agent => queuesOf(agent, kind))] };
}

/** What one agent needs to be there before it connects: where its commands come, and the answers to its enrolment. */
export function agentTopology(agent: string, kind: QueueKind = 'quorum'): Topology {
  return { exchanges: [{ name: DEAD_LETTERS, type: 'fanout' }], queues: queuesOf(agent, kind), bindings: [] };
}

const queuesOf = (agent: string, kind: QueueKind): Topology['queues'] =>
  [commandQueue(agent), enrolmentQueue(agent)].map(name => ({
    name,
    kind,
    deadLetterExchange: DEAD_LETTERS,
    deliveryLimit: COMMAND_DELIVERIES,
  }));
