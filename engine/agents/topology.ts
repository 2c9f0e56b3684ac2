// The engine's part of the agent bus, as data: declared on every connection, so that a broker that comes back empty
// is whole again (B2).
// Belongs here: names, bindings, limits of queues. Does not belong here: who may use them.
import {
  commandQueue,
  DEAD_LETTERS,
  FROM_AGENTS,
  RESULTS_QUEUE,
  type Topology,
} from '../../agent-protocol/transport.ts';

/** An agent that fails this often on one command is not helped by getting it again. */
const COMMAND_DELIVERIES = 100;

/** Exchanges, the engine's queues, and the command queue of each agent. */
export function engineTopology(agents: readonly string[]): Topology {
  const own: Topology = {
    exchanges: [
      { name: FROM_AGENTS, type: 'topic' },
      { name: DEAD_LETTERS, type: 'fanout' },
    ],
    // No delivery limit on results: they come back while the store is away, and poison is refused by name.
    queues: [{ name: RESULTS_QUEUE, deadLetterExchange: DEAD_LETTERS }, { name: DEAD_LETTERS }],
    bindings: [
      { exchange: FROM_AGENTS, queue: RESULTS_QUEUE, routingKey: '*.hello' },
      { exchange: FROM_AGENTS, queue: RESULTS_QUEUE, routingKey: '*.result' },
      { exchange: FROM_AGENTS, queue: RESULTS_QUEUE, routingKey: '*.output' },
      { exchange: DEAD_LETTERS, queue: DEAD_LETTERS, routingKey: '' },
    ],
  };
  return { ...own, queues: [...own.queues, ...agents.map(queueOf)] };
}

/** What one agent needs to be there before it connects. */
export function agentTopology(agent: string): Topology {
  return { exchanges: [{ name: DEAD_LETTERS, type: 'fanout' }], queues: [queueOf(agent)], bindings: [] };
}

const queueOf = (agent: string): Topology['queues'][number] => ({
  name: commandQueue(agent),
  deadLetterExchange: DEAD_LETTERS,
  deliveryLimit: COMMAND_DELIVERIES,
});
