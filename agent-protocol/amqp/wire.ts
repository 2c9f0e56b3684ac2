// Our own messages as AMQP messages: the signed bytes are the body, id and signature stand beside it.
// Belongs here: that mapping. Does not belong here: what the bytes mean (codec.ts), other protocols' messages.
//
// What has no signature is a message too: who judges it refuses it by name, counted and within a budget.
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
  fromAmqp({ content, properties }: ConsumeMessage): WireMessage {
    const { headers = {} } = properties;
    const signature = Buffer.from(textOf(headers[SIGNATURE]), 'base64');
    return {
      body: content,
      messageId: textOf(properties.messageId),
      headers: { key: textOf(headers[KEY]), signature },
    };
  },
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
