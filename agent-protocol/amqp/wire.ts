// Our own messages as AMQP messages: the signed bytes are the body, id and signature stand beside it.
// Belongs here: that mapping. Does not belong here: what the bytes mean (codec.ts), other protocols' messages.
import type { ConsumeMessage } from 'amqplib';
import type { WireMessage } from '../transport.ts';
import type { Mapping } from './connection.ts';

const KEY = 'x-key';
const SIGNATURE = 'x-signature';

export const wireMapping: Mapping<WireMessage> = {
  toAmqp: ({ body, messageId, headers }) => ({
    body,
    properties: {
      messageId,
      persistent: true,
      contentType: 'application/json',
      headers: { [KEY]: headers.key, [SIGNATURE]: Buffer.from(headers.signature).toString('base64') },
    },
  }),
  fromAmqp({ content, properties }: ConsumeMessage): WireMessage | undefined {
    const { headers = {} } = properties;
    const [key, signature]: unknown[] = [headers[KEY], headers[SIGNATURE]];
    const id: unknown = properties.messageId;
    if (typeof key !== 'string' || typeof signature !== 'string' || typeof id !== 'string') return undefined;
    return { body: content, messageId: id, headers: { key, signature: Buffer.from(signature, 'base64') } };
  },
};
