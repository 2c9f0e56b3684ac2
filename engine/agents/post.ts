// Letters to agents: encoded, signed, addressed to the agent's command queue.
// Belongs here: how a message becomes a letter. Does not belong here: what is said (desk.ts, engine/drivers/), how it
// gets there (engine/bus/link.ts).
import { decode, encode } from '../../agent-protocol/codec.ts';
import type { FromEngine } from '../../agent-protocol/messages.ts';
import { sign } from '../../agent-protocol/signing.ts';
import { commandQueue } from '../../agent-protocol/transport.ts';
import { EngineError, errorText } from '../base/errors.ts';
import type { Letter, Link } from '../bus/link.ts';
import type { EngineKeys } from './keys.ts';
import { agentTopology, type QueueKind } from './topology.ts';

export class Post {
  readonly #link: Pick<Link, 'send' | 'withdraw' | 'stuck'>;
  readonly #keys: Pick<EngineKeys, 'signing'>;
  readonly #queueKind: QueueKind | undefined;

  /** `queueKind`: as of `agentTopology`. */
  constructor(
    link: Pick<Link, 'send' | 'withdraw' | 'stuck'>,
    keys: Pick<EngineKeys, 'signing'>,
    queueKind?: QueueKind,
  ) {
    this.#link = link;
    this.#keys = keys;
    this.#queueKind = queueKind;
  }

  /**
   * A letter that the agent will take. Throws EngineError `limit_exceeded` when the message is larger or other than
   * agents accept: they would refuse it without an answer.
   */
  letter(message: FromEngine, key: string, once = false): Letter {
    const body = judged(message);
    const headers = sign(this.#keys.signing, 'from_engine', message.agent, body);
    return {
      key,
      exchange: '',
      routingKey: commandQueue(message.agent),
      message: { body, messageId: key, headers },
      topology: agentTopology(message.agent, this.#queueKind),
      once,
    };
  }

  /** As `Link.send`. */
  send(letter: Letter): Promise<void> {
    return this.#link.send(letter);
  }

  /** As `Link.stuck`. */
  stuck(key: string): string | undefined {
    return this.#link.stuck(key);
  }

  withdraw(key: string): void {
    this.#link.withdraw(key);
  }
}

function judged(message: FromEngine): Uint8Array {
  const next = 'Make its texts and inputs smaller, or its names plain.';
  const where = `The ${message.kind} for agent '${message.agent}'`;
  let body: Uint8Array;
  try {
    body = encode(message);
  } catch (cause) {
    throw new EngineError('limit_exceeded', `${where} cannot be sent: ${errorText(cause)}`, next, { cause });
  }
  const verdict = decode(body, 'from_engine');
  if (!('refused' in verdict)) return body;
  throw new EngineError(
    'limit_exceeded',
    `${where} would be refused by the agent: ${verdict.refused}.`,
    next,
  );
}
