// An agent's way to its own login: says who it is, repeats it until it is answered, and believes only what the root
// key vouches for.
// Belongs here: the conversation of an enrolment. Does not belong here: who may enrol (engine/agents/), what is kept
// (enrolment-files.ts), when it is needed (enrolled.ts).
//
// EN1 Keys and password are on the disk before anything of them is said; the answer is before it is acked.
// EN2 Everything may be repeated: the same keys, the same hash, another nonce.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentConfig } from '../enrolment/config.ts';
import { decodeAnswer, encodeEnrolment, type Enrol, type EnrolmentAnswer } from '../enrolment/messages.ts';
import { proofOf } from '../enrolment/proof.ts';
import type { Trust } from '../enrolment/trust.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import { PROTOCOL_VERSION } from '../messages.ts';
import { publicKeyText, sign } from '../signing.ts';
import { agentKey, enrolmentQueue, FROM_AGENTS, TransportError } from '../transport.ts';
import type { Connection, Delivery, Transport } from '../transport.ts';
import type { BrokerPassword } from './enrolment-files.ts';
import { gatherFacts } from './facts.ts';
import type { Identity } from './identity.ts';

export interface EnrollingContext {
  readonly directory: string;
  readonly config: AgentConfig;
  readonly transport: Transport;
  readonly identity: Identity;
  readonly password: BrokerPassword;
  readonly trust: Trust;
  readonly bootId: string;
  /** UUID of this server; undefined: nobody tells it yet. */
  readonly server: () => Promise<string | undefined>;
  readonly resendMs: number;
  readonly reconnectMs: number;
  /** Aborted when the agent stops. */
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
  /** What an enrolment comes to, but for a broker that is not reached; repeated as often as it happens. */
  readonly told: (news: string) => void;
}

/** Answers to earlier sendings may stand before ours. */
const PREFETCH = 4;

/** Resolves when the engine has bound the identity's key; rejects only when the signal is aborted. */
export async function enrol(context: EnrollingContext): Promise<void> {
  for (let failures = 0; ; ) {
    context.signal.throwIfAborted();
    const pause = await attempt(context).catch((thrown: unknown) => {
      context.signal.throwIfAborted();
      failures += 1;
      context.log(`Agent ${context.config.agent}: not enrolled yet: ${textOf(thrown)}`);
      if (!(thrown instanceof TransportError)) context.told(`is not enrolled yet: ${textOf(thrown)}`);
      return Math.min(LIMITS.reconnectMaxMs, context.reconnectMs * 2 ** Math.min(failures - 1, 16));
    });
    if (pause === undefined) return;
    await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: context.signal });
  }
}

/** Undefined: enrolled. A number: refused, ask again after so many milliseconds. */
async function attempt(context: EnrollingContext): Promise<number | undefined> {
  const { config, transport, log } = context;
  const server = config.server ?? (await context.server());
  if (server === undefined)
    throw new Error('neither metadata service nor config drive tells which server this is');
  const { user, password } = config.enrol;
  const connection = await transport.connect({ user, password, name: `enrolment of ${config.agent}` });
  try {
    const answer = await ask(context, connection, enrolOf(context, server));
    if (answer.kind === 'enrolled') return undefined;
    log(`Agent ${config.agent}: enrolment refused (${answer.reason}): ${answer.message}`);
    context.told(`is refused its enrolment (${answer.reason}): ${answer.message}`);
    return answer.retryAfter * 1_000;
  } finally {
    await connection.close().catch(() => undefined);
  }
}

function enrolOf({ config, directory, identity, password, bootId }: EnrollingContext, server: string): Enrol {
  const claimed = {
    agent: config.agent,
    signingKey: publicKeyText(identity.signing.publicKey),
    sealingKey: publicKeyText(identity.sealing.publicKey),
    passwordHash: password.hash,
    server,
  };
  return {
    kind: 'enrol',
    protocol: PROTOCOL_VERSION,
    ...claimed,
    bootId,
    facts: gatherFacts(directory),
    nonce: randomBytes(12).toString('hex'),
    proof: proofOf(config.token, claimed),
  };
}

/** Rejects when the connection ends before an answer came, or the agent stops. */
async function ask(
  context: EnrollingContext,
  connection: Connection,
  asked: Enrol,
): Promise<EnrolmentAnswer> {
  const { config, identity, resendMs, signal } = context;
  const body = encodeEnrolment(asked);
  const headers = sign(identity.signing, 'enrolment', config.agent, body);
  const message = { body, messageId: asked.nonce, headers };
  const publish = (): Promise<void> =>
    connection.publish(FROM_AGENTS, agentKey(config.agent, 'enrol'), message);
  const ending = new AbortController();
  try {
    return await new Promise<EnrolmentAnswer>((resolve, reject) => {
      const once = { once: true, signal: ending.signal };
      signal.addEventListener('abort', () => reject(signal.reason as Error), once);
      void connection.closed.then(why => reject(new Error(`the connection was closed: ${why}`)));
      const take = (delivery: Delivery): void => {
        const answer = answerIn(context, delivery, asked.nonce);
        if (answer !== undefined) resolve(answer);
      };
      connection.consume(enrolmentQueue(config.agent), PREFETCH, take).then(publish).catch(reject);
      // Sent again on the same connection: the engine may have been away, or its queue emptied.
      const repeat = setInterval(() => void publish().catch(reject), resendMs);
      ending.signal.addEventListener('abort', () => clearInterval(repeat));
    });
  } finally {
    ending.abort();
  }
}

/** Undefined: an answer to an earlier sending, or none that is to be believed. */
function answerIn(context: EnrollingContext, delivery: Delivery, nonce: string): EnrolmentAnswer | undefined {
  const { config, identity } = context;
  const decoded = decodeAnswer(delivery.message.body);
  if ('refused' in decoded) return disbelieve(context, delivery, decoded.refused);
  const { message } = decoded;
  const verdict = context.trust.verify('enrolment_answer', config.agent, delivery.message, message.keys);
  if (verdict.kind === 'refused') return disbelieve(context, delivery, verdict.reason);
  delivery.ack();
  if (message.agent !== config.agent || message.nonce !== nonce) return undefined;
  return message.kind === 'enrolled' && message.key !== identity.signing.id ? undefined : message;
}

function disbelieve({ config, log }: EnrollingContext, delivery: Delivery, why: string): undefined {
  delivery.nack({ requeue: false });
  log(`Agent ${config.agent}: an answer to the enrolment is not believed: ${why}`);
}

const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
