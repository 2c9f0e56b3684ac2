// What will go wrong with the agents' broker, or does so unseen, said before it is too late.
// Belongs here: what is warned of, and in which words; when it is said again. Does not belong here: how it is found out
// (engine/broker/, agent-protocol/amqp/), where it is shown.
import { type Minority, minorityClause } from '../broker/majority.ts';
import type { Losing } from '../broker/policies.ts';
import type { Survey } from '../broker/survey.ts';

export interface Warning {
  /** Told once in the log for each. */
  readonly key: string;
  readonly sentence: string;
}

const DAY_MS = 86_400_000;
/** Days before the end of the broker's certificate at which the log says so (B20). */
const REMINDERS = [30, 7, 1];

/** `ends`: ms since the epoch, the end of the broker's certificate; `vhost`: where the agents are. */
export function brokerWarnings(
  { losing, minority }: Pick<Survey, 'losing' | 'minority'>,
  ends: number | undefined,
  vhost: string,
  now: number,
): readonly Warning[] {
  const certificate = ends === undefined ? undefined : certificateWarning(ends, now);
  return [
    ...(minority === undefined ? [] : [minorityWarning(minority)]),
    ...(certificate === undefined ? [] : [certificate]),
    ...losing.map(one => policyWarning(one, vhost)),
  ];
}

/** Nodes that are away for long are told once, whichever queues it is about meanwhile. */
function minorityWarning(minority: Minority): Warning {
  return {
    key: `minority ${minority.away.join()}`,
    sentence: `The agents' broker stores nothing that agents and engine send: ${minorityClause(minority)}. Nothing is lost: start enough of them again, and it goes on by itself.`,
  };
}

function certificateWarning(ends: number, now: number): Warning | undefined {
  const left = ends - now;
  const reached = REMINDERS.filter(days => left <= days * DAY_MS).at(-1);
  if (reached === undefined) return undefined;
  const date = new Date(ends).toISOString().replace('T', ' ').slice(0, 16);
  const when = left <= 0 ? `ended on ${date} UTC` : `ends on ${date} UTC, in ${lengthOf(left)}`;
  return {
    key: `certificate ${ends} ${left <= 0 ? 0 : reached}`,
    sentence: `The certificate of the agents' broker ${when}: from then on neither agents nor engine connect. Put a new one on the broker, of the same authority; agents keep the authority that they were made with.`,
  };
}

const lengthOf = (left: number): string => {
  const days = Math.floor(left / DAY_MS);
  if (days >= 2) return `${days} days`;
  return days === 1 ? '1 day' : 'less than a day';
};

function policyWarning({ policies, keys, queues, example }: Losing, vhost: string): Warning {
  const names = policies.map(name => `'${name}'`).join(' and ');
  const many = queues === 1 ? `the queue ${example}` : `${queues} queues, such as ${example}`;
  return {
    key: `policy ${names} ${keys.join()}`,
    sentence: `The policy ${names} of the agents' broker (${keys.join(', ')}) drops messages, or queues, that nobody has read yet: ${many}. What is lost is sent again, later. Let it leave out the vhost '${vhost}', or these queues; rabbitmqctl list_policies -p ${vhost} shows it.`,
  };
}
