// What can be said of a dead letter without believing it.
// Belongs here: whose it is, whether its signature holds, what it is about. Does not belong here: its body, which goes nowhere.
//
// The queue where it was given up and its key are the broker's word. Kind and command are read only once a signature holds (J2).
import { createHash } from 'node:crypto';
import { decode } from '../../../agent-protocol/codec.ts';
import { AGENT_LIMITS } from '../../../agent-protocol/limits.ts';
import { keyRing, verify } from '../../../agent-protocol/signing.ts';
import { type Delivery, ENROLMENTS_QUEUE, RESULTS_QUEUE } from '../../../agent-protocol/transport.ts';
import { ID } from '../../base/ids.ts';
import { agentOf } from '../../broker/rights.ts';
import { Judge } from '../judge.ts';
import type { EngineKeys } from '../keys.ts';
import type { AgentDirectory } from '../ports.ts';
import type { NewLetter } from './letters.ts';

export interface DescribeParts {
  readonly keys: Pick<EngineKeys, 'signing'>;
  readonly directory: Pick<AgentDirectory, 'get'>;
}

type Letter = Pick<Delivery, 'message' | 'routingKey' | 'died'>;
type Said = Pick<NewLetter, 'agent' | 'direction' | 'signer' | 'kind' | 'workflow' | 'step' | 'reason'>;

/** Characters of what a stranger may have chosen. */
const SHOWN = 255;

/** `reason`: why the engine refused it, if it remembers. `now`: ms since the epoch. */
export function describe(
  letter: Letter,
  parts: DescribeParts,
  now: number,
  reason: string | undefined,
): NewLetter {
  const { message, died } = letter;
  const diedAt = died?.at === undefined ? undefined : Math.min(died.at, now);
  return {
    at: now,
    ...(diedAt !== undefined && { diedAt }),
    queue: plain(died?.queue ?? 'unknown'),
    why: plain(died?.why ?? 'unknown'),
    ...saidBy(letter, parts),
    ...(reason !== undefined && { reason }),
    bytes: message.body.length,
    digest: createHash('sha256').update(message.body).digest('hex'),
  };
}

function saidBy(letter: Letter, parts: DescribeParts): Said {
  const queue = letter.died?.queue;
  if (queue === RESULTS_QUEUE) return fromAgent(letter, parts);
  if (queue === ENROLMENTS_QUEUE) return { signer: 'nobody', ...sender(letter) };
  const to = queue === undefined ? undefined : agentOf(queue);
  return to === undefined || !ID.test(to) ? { signer: 'nobody' } : toAgent(to, letter, parts);
}

function fromAgent(letter: Letter, { directory }: DescribeParts): Said {
  const judgement = new Judge(directory).judge(letter);
  if (judgement.kind === 'refused') return { signer: 'nobody', ...sender(letter), reason: judgement.reason };
  const { message, record } = judgement;
  const about = 'id' in message ? { workflow: message.id.workflow, step: message.id.step } : {};
  return { agent: record.id, direction: 'from_agent', signer: 'agent', kind: message.kind, ...about };
}

function toAgent(agent: string, { message }: Letter, { keys }: DescribeParts): Said {
  const to = { agent, direction: 'to_agent' } as const;
  if (message.body.length > AGENT_LIMITS.messageBytes) return { ...to, signer: 'nobody' };
  const verdict = verify(keyRing([keys.signing.publicKey]), 'from_engine', agent, message);
  if (verdict.kind === 'refused') return { ...to, signer: 'nobody', reason: verdict.reason };
  const decoded = decode(message.body, 'from_engine');
  if ('refused' in decoded) return { ...to, signer: 'engine', reason: decoded.refused };
  const { message: said } = decoded;
  const about = 'id' in said ? { workflow: said.id.workflow, step: said.id.step } : {};
  return { ...to, signer: 'engine', kind: said.kind, ...about };
}

/** The broker lets an agent publish under its own keys alone. */
function sender({ routingKey }: Letter): Pick<Said, 'agent' | 'direction'> {
  const agent = routingKey.split('.')[0] ?? '';
  return ID.test(agent) ? { agent, direction: 'from_agent' } : {};
}

const plain = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, SHOWN);
