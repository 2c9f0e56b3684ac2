// Queues of the broker of which too few nodes are up: neither agents nor engine get anything into them or out of them.
// Belongs here: finding them in the list of queues, and the clause that says so. Does not belong here: asking for that list
// (survey.ts), queues that have all their nodes and yet no leader (leaderless.ts).
//
// A node that is left alone goes on taking connections: so a peer's connection stands while nothing that it sends is stored.

export interface Minority {
  /** Quorum queues with half of their nodes up, or fewer, and one of them. */
  readonly queues: number;
  readonly example: string;
  /** Nodes that hold these queues and are down, as the broker names them, in the order of names. */
  readonly away: readonly string[];
}

/** `queues`: of one vhost, with the columns `name`, `type`, `members` and `online`. Undefined: there is none such. */
export function minorityOf(queues: readonly { readonly [key: string]: unknown }[]): Minority | undefined {
  const found = queues.filter(({ type, ...queue }) => type === 'quorum' && isOutvoted(queue));
  const [first] = found;
  if (first === undefined) return undefined;
  const away = found.flatMap(queue => missing(queue));
  return { queues: found.length, example: String(first['name']), away: [...new Set(away)].toSorted() };
}

/** As a clause: `its queues …`. */
export function minorityClause({ queues, example, away }: Minority): string {
  const which =
    queues === 1 ? `its queue ${example} has` : `${queues} of its queues, such as ${example}, have`;
  return `${which} no majority of nodes while ${away.join(' and ')} ${away.length === 1 ? 'is' : 'are'} down`;
}

function isOutvoted(queue: { readonly [key: string]: unknown }): boolean {
  const members = listOf(queue['members']);
  return missing(queue).length >= members.length / 2 && members.length > 0;
}

function missing(queue: { readonly [key: string]: unknown }): readonly string[] {
  const online = listOf(queue['online']);
  return listOf(queue['members']).filter(node => !online.includes(node));
}

/** A broker that knows of no nodes, as before 3.8, says nothing of them. */
const listOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter(one => typeof one === 'string') : [];
