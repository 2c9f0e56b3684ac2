// Policies of the broker that take away messages or queues before they are read: an administrator's, often meant for others.
// Belongs here: finding them in the list of queues. Does not belong here: asking for that list (survey.ts), the sentence
// (engine/agents/broker-warnings.ts).
//
// RabbitMQ says of each queue which policy and which operator policy it is under, and what follows from both: so what counts
// is judged by the broker itself, priorities and patterns included.
import { DEAD_LETTERS } from '../../agent-protocol/transport.ts';
import { isMap } from './definitions.ts';

export interface Losing {
  /** As `rabbitmqctl list_policies` names it; several may be behind one queue. */
  readonly policies: readonly string[];
  /** What of them takes something away. */
  readonly keys: readonly string[];
  /** Queues that are under them, and one of them. */
  readonly queues: number;
  readonly example: string;
}

const TAKING = ['expires', 'message-ttl', 'max-length', 'max-length-bytes'];

/** `queues`: of one vhost, with the columns `name`, `policy`, `operator_policy` and `effective_policy_definition`. */
export function losingPolicies(queues: readonly { readonly [key: string]: unknown }[]): readonly Losing[] {
  const found = new Map<string, Losing>();
  for (const queue of queues) {
    const one = losingOf(queue);
    if (one === undefined) continue;
    const key = JSON.stringify([one.policies, one.keys]);
    found.set(key, { ...one, ...found.get(key), queues: (found.get(key)?.queues ?? 0) + 1 });
  }
  return [...found.values()];
}

/** Dead letters are for people: whoever bounds them loses nothing that is waited for. */
function losingOf(queue: { readonly [key: string]: unknown }): Losing | undefined {
  const { name, effective_policy_definition: effective } = queue;
  if (typeof name !== 'string' || name === DEAD_LETTERS || !isMap(effective)) return undefined;
  const keys = TAKING.filter(key => effective[key] !== undefined);
  if (keys.length === 0) return undefined;
  const policies = [queue['policy'], queue['operator_policy']].filter(isName);
  return { policies, keys, queues: 1, example: name };
}

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
