// Judges what arrives before anything believes it: who says it, whether they signed it, and whether it can be read.
// Belongs here: size, routing key, signature, table, identity. Does not belong here: what it means (desk.ts).
//
// J1 The agent in the routing key (which the broker guards), in the signature and in the body are the same.
// J2 Nothing of a message is believed, nor any JSON parsed, before its signature was verified.
import { decode } from '../../agent-protocol/codec.ts';
import { AGENT_LIMITS } from '../../agent-protocol/limits.ts';
import type { FromAgent } from '../../agent-protocol/messages.ts';
import { keyRing, readPublicKey, verify, type KeyRing } from '../../agent-protocol/signing.ts';
import type { AgentKey, Delivery } from '../../agent-protocol/transport.ts';
import type { AgentDirectory, AgentRecord } from './ports.ts';

export type Judgement =
  | { readonly kind: 'taken'; readonly record: AgentRecord; readonly message: FromAgent }
  /** `agent`: absent when not even that is known. */
  | { readonly kind: 'refused'; readonly agent?: string; readonly reason: string };

const KEYS: { readonly [K in FromAgent['kind']]: AgentKey } = {
  hello: 'hello',
  accepted: 'result',
  started: 'result',
  finished: 'result',
  interrupted: 'result',
  refused: 'result',
  output: 'output',
};

/** Verifies with registered keys; remembers them read, as reading a key costs more than using it. */
export class Judge {
  readonly #directory: Pick<AgentDirectory, 'get'>;
  readonly #rings = new Map<string, { readonly text: string; readonly ring: KeyRing }>();

  constructor(directory: Pick<AgentDirectory, 'get'>) {
    this.#directory = directory;
  }

  judge({ message, routingKey }: Pick<Delivery, 'message' | 'routingKey'>): Judgement {
    const [agent, key, ...more] = routingKey.split('.');
    const record = agent === undefined ? undefined : this.#directory.get(agent);
    if (record === undefined || more.length > 0)
      return { kind: 'refused', reason: 'comes from an unknown agent' };
    const refused = (reason: string): Judgement => ({ kind: 'refused', agent: record.id, reason });
    if (message.body.length > AGENT_LIMITS.messageBytes) {
      return refused(`has ${message.body.length} bytes, at most ${AGENT_LIMITS.messageBytes} are allowed`);
    }
    const verdict = verify(this.#ring(record), 'from_agent', record.id, message);
    if (verdict.kind === 'refused') return refused(verdict.reason);
    const decoded = decode(message.body, 'from_agent');
    if ('refused' in decoded) return refused(decoded.refused);
    return this.#identity(record, decoded.message, key, refused);
  }

  #identity(
    record: AgentRecord,
    message: FromAgent,
    key: string | undefined,
    refused: (reason: string) => Judgement,
  ): Judgement {
    if (message.agent !== record.id) return refused('speaks for another agent');
    if (KEYS[message.kind] !== key) return refused(`is a ${message.kind} under the key of another kind`);
    return { kind: 'taken', record, message };
  }

  #ring(record: AgentRecord): KeyRing {
    const known = this.#rings.get(record.id);
    if (known?.text === record.signingKey) return known.ring;
    const key = readPublicKey(record.signingKey, 'ed25519');
    const ring = keyRing(key === undefined ? [] : [key]);
    this.#rings.set(record.id, { text: record.signingKey, ring });
    return ring;
  }
}
