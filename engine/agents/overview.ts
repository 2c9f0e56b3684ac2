// Every agent for people: is it there, since when, and if not, why not.
// Belongs here: putting together what directory, presence, broker and link know. Does not belong here: layout (cli/).
//
// The nearest reason counts: what somebody has to decide of its enrolment, our own way to the broker, then what we refused,
// then what the broker sees of it.
import { agentUser, enrolmentUser } from '../broker/rights.ts';
import { minorityClause } from '../broker/majority.ts';
import type { ConnectionSeen, Survey } from '../broker/survey.ts';
import type { LinkState } from '../bus/link.ts';
import type { AgentsView, AgentView } from '../runtime/api.ts';
import { commandQueue } from '../../agent-protocol/transport.ts';
import type { AgentRecord } from './ports.ts';
import { type Presence, SILENT } from './presence.ts';

export interface OverviewParts {
  /** Without an incarnation: never said hello, or has still to enrol. */
  readonly agents: readonly Pick<AgentRecord, 'id' | 'incarnation'>[];
  readonly presence: Presence;
  readonly link: LinkState;
  /** Hosts and vhost; absent: the broker in the process, of which nothing else is known. */
  readonly place?: string;
  readonly survey?: Survey;
  /** Why the broker's management does not answer. */
  readonly trouble?: string;
  /** As of `AgentsView`. */
  readonly warnings?: readonly string[];
  /** Kept; absent: nobody reads them. */
  readonly deadLetters?: number;
  /** What of its enrolment keeps an agent out, or wants to be in its place; undefined: nothing. */
  readonly enrolment?: (agent: string) => string | undefined;
}

export function overview(parts: OverviewParts): AgentsView {
  const { agents, link, place, deadLetters, trouble, warnings = [] } = parts;
  return {
    agents: agents.map(record => viewOf(record, parts)),
    bus: {
      state: link.kind,
      ...(link.kind !== 'connected' && { reason: link.reason }),
      ...(place !== undefined && { place }),
    },
    ...(deadLetters !== undefined && { deadLetters }),
    ...(trouble !== undefined && { trouble }),
    ...(warnings.length > 0 && { warnings }),
  };
}

export function viewOf(record: OverviewParts['agents'][number], parts: OverviewParts): AgentView {
  const { presence, survey } = parts;
  const seen = presence.of(record.id);
  const state = seen?.state ?? (record.incarnation === undefined ? 'never_seen' : 'offline');
  const ofEnrolment = parts.enrolment?.(record.id);
  const reason = ofEnrolment ?? (state === 'online' ? undefined : whyNot(record, parts));
  const lastSeen = presence.lastHeard(record.id);
  const waiting = survey?.queues.get(commandQueue(record.id))?.messages;
  return {
    id: record.id,
    state,
    ...(reason !== undefined && { reason }),
    ...(lastSeen !== undefined && { lastSeen }),
    ...(seen?.facts !== undefined && { version: seen.facts.agentVersion, host: seen.facts.hostname }),
    ...(seen !== undefined && { bootId: seen.bootId }),
    ...(waiting !== undefined && { waiting }),
  };
}

function whyNot(
  record: OverviewParts['agents'][number],
  { presence, link, place, survey, trouble }: OverviewParts,
): string {
  if (link.kind === 'down') return `the engine itself has no connection to the broker: ${link.reason}`;
  if (survey?.minority !== undefined)
    return `the broker stores nothing that it says: ${minorityClause(survey.minority)}`;
  const refusal = presence.refusal(record.id);
  if (refusal !== undefined) return refusal;
  const known = presence.of(record.id)?.reason;
  if (survey === undefined) return known ?? trouble ?? SILENT;
  const [connection] = survey.connections.get(agentUser(record.id)) ?? [];
  if (connection !== undefined) return `it is connected ${from(connection)}, and has not said hello`;
  const [enrolling] = survey.connections.get(enrolmentUser(record.id)) ?? [];
  if (enrolling !== undefined) return `it is connected ${from(enrolling)} to enrol`;
  const where = place ?? 'the broker';
  if (record.incarnation === undefined)
    return `it has never logged in at ${where}; what its first look at name, port, TLS and login found stands on the console of its VM`;
  return `it has no connection to ${where}: its VM is off, or the network between is`;
}

const from = ({ host, since }: ConnectionSeen): string =>
  `from ${host} since ${new Date(since).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
