// Golden vectors: bytes of protocol version 1 that every later version must still read and make.
// They were made once, with fixed keys; a change here is a change of the protocol.
import { readFileSync } from 'node:fs';
import { createPrivateKey } from 'node:crypto';
import { expect } from 'chai';
import { decode, encode } from '../../agent-protocol/codec.ts';
import type { Message, SealedBox } from '../../agent-protocol/messages.ts';
import { open } from '../../agent-protocol/sealing.ts';
import type { SealContext } from '../../agent-protocol/sealing.ts';
import { asSigningKey, keyRing, sign, verify } from '../../agent-protocol/signing.ts';
import type { Direction } from '../../agent-protocol/codec.ts';
import { inProject } from '../support/project.ts';
import { SAMPLES } from './samples.ts';

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(inProject('agent-protocol', 'vectors', `${name}.json`), 'utf8')) as T;

interface MessageVector {
  readonly direction: Direction;
  readonly text: string;
  readonly refused?: string;
}
interface SignatureVector {
  readonly privateKey: string;
  readonly keyId: string;
  readonly direction: Direction;
  readonly agent: string;
  readonly body: string;
  readonly signature: string;
}
interface BoxVector {
  readonly privateKey: string;
  readonly context: SealContext;
  readonly box: SealedBox;
  readonly plaintext: string | null;
}
const judge = ({ direction, text }: MessageVector): { message?: Message; refused?: string } =>
  direction === 'from_agent'
    ? decode(Buffer.from(text), 'from_agent')
    : decode(Buffer.from(text), 'from_engine');

describe('golden vectors', () => {
  it('messages are read as written, or refused as written', () => {
    const kinds = new Set<string>();
    for (const vector of read<MessageVector[]>('messages')) {
      const verdict = judge(vector);
      expect(verdict.refused).to.equal(vector.refused);
      if (verdict.message === undefined) continue;
      kinds.add(verdict.message.kind);
      expect(Buffer.from(encode(verdict.message)).toString()).to.equal(vector.text);
    }
    expect([...kinds].sort()).to.deep.equal(Object.keys(SAMPLES).sort());
  });

  it('signatures are made and verified to the byte', () => {
    for (const vector of read<SignatureVector[]>('signatures')) {
      const key = asSigningKey(vector.privateKey);
      const body = Buffer.from(vector.body);
      const headers = sign(key, vector.direction, vector.agent, body);
      expect(headers.key).to.equal(vector.keyId);
      expect(Buffer.from(headers.signature).toString('base64')).to.equal(vector.signature);
      expect(
        verify(keyRing([key.publicKey]), vector.direction, vector.agent, { body, headers }).kind,
      ).to.equal('valid');
    }
  });

  it('sealed boxes open to what was sealed, and the spoilt one does not', () => {
    for (const vector of read<BoxVector[]>('sealed')) {
      const opened = open(createPrivateKey(vector.privateKey), vector.context, vector.box);
      expect(opened === undefined ? null : Buffer.from(opened).toString()).to.equal(vector.plaintext);
    }
  });
});
