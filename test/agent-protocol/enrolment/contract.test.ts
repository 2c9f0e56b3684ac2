// Behaviour of the enrolment's contract: golden bytes, what is refused, and what each signature and proof covers.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { type AgentConfig, decodeConfig, encodeConfig } from '../../../agent-protocol/enrolment/config.ts';
import {
  judgeKeySet,
  type KeySet,
  type SignedKeySet,
  signKeySet,
} from '../../../agent-protocol/enrolment/key-set.ts';
import {
  decodeAnswer,
  decodeEnrol,
  encodeEnrolment,
  type Enrol,
  ENROLMENT_REFUSALS,
} from '../../../agent-protocol/enrolment/messages.ts';
import { proofOf, provesToken } from '../../../agent-protocol/enrolment/proof.ts';
import { hashPassword } from '../../../agent-protocol/password-hash.ts';
import { asSigningKey, newSigningKey, type Purpose, sign, verify } from '../../../agent-protocol/signing.ts';
import { keyRing } from '../../../agent-protocol/signing.ts';
import { inProject } from '../../support/project.ts';

interface Vectors {
  readonly root: string;
  readonly rootKey: string;
  readonly token: string;
  readonly password: { readonly password: string; readonly salt: string; readonly hash: string };
  readonly keySets: readonly (KeySet & { readonly signed: SignedKeySet })[];
  readonly messages: readonly {
    readonly privateKey: string;
    readonly purpose: Purpose;
    readonly text: string;
    readonly signature: string;
  }[];
}
const vectors = JSON.parse(
  readFileSync(inProject('agent-protocol', 'vectors', 'enrolment.json'), 'utf8'),
) as Vectors;
const judge = (text: string): { message?: unknown; refused?: string } =>
  text.includes('"kind":"enrol"') ? decodeEnrol(Buffer.from(text)) : decodeAnswer(Buffer.from(text));
const [enrolText = ''] = vectors.messages.map(one => one.text);
const enrol = JSON.parse(enrolText) as Enrol;

describe('enrolment: golden vectors', () => {
  it('messages are read as written and signed to the byte', () => {
    for (const { text, privateKey, purpose, signature } of vectors.messages) {
      const { message, refused } = judge(text);
      expect(refused).to.equal(undefined);
      expect(Buffer.from(encodeEnrolment(message as Enrol)).toString()).to.equal(text);
      const headers = sign(asSigningKey(privateKey), purpose, 'agent-1', Buffer.from(text));
      expect(Buffer.from(headers.signature).toString('base64')).to.equal(signature);
    }
  });

  it('key sets, password hash and proof come out the same', () => {
    const root = asSigningKey(vectors.root);
    for (const { version, keys, signed } of vectors.keySets)
      expect(signKeySet(root, { version, keys })).to.deep.equal(signed);
    const { password, salt, hash } = vectors.password;
    expect(hashPassword(password, Buffer.from(salt, 'hex'))).to.equal(hash);
    expect(proofOf(vectors.token, enrol)).to.equal(enrol.proof);
  });
});

describe('enrolment: messages', () => {
  it('are refused with any field missing, unknown or of a wrong type, and never throw', () => {
    for (const { text } of vectors.messages) {
      const whole = JSON.parse(text) as Record<string, unknown>;
      for (const field of Object.keys(whole)) {
        const { [field]: _, ...rest } = whole;
        expect(judge(JSON.stringify(rest)).refused, `without ${field}`).to.be.a('string');
        const wrongs = [null, -1, { x: 1 }, ...(field === 'message' ? [] : ['ÿ\0 '])];
        for (const wrong of wrongs)
          expect(judge(JSON.stringify({ ...whole, [field]: wrong })).refused, field).to.be.a('string');
      }
      expect(judge(JSON.stringify({ ...whole, extra: 1 })).refused).to.equal('message.extra: unknown field');
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(decodeEnrol(bytes)).to.have.property('refused');
        expect(decodeAnswer(bytes)).to.have.property('refused');
      }),
    );
  });

  it('are refused unread when they are larger than any enrolment', () => {
    expect(decodeEnrol(Buffer.alloc(65 * 1024, ' '))).to.deep.equal({
      refused: 'has 66560 bytes, at most 65536 are allowed',
    });
  });

  it('each reason of a refusal can be told', () => {
    const refused = JSON.parse(vectors.messages[2]?.text ?? '') as Record<string, unknown>;
    for (const reason of ENROLMENT_REFUSALS)
      expect(judge(JSON.stringify({ ...refused, reason })).refused).to.equal(undefined);
    expect(judge(JSON.stringify({ ...refused, reason: 'other' })).refused).to.match(/reason: must be one of/);
  });
});

describe('enrolment: the proof', () => {
  it('holds for this token and these claims only', () => {
    expect(provesToken(vectors.token, enrol)).to.equal(true);
    expect(provesToken(`${vectors.token}x`, enrol)).to.equal(false);
    for (const field of ['agent', 'signingKey', 'sealingKey', 'passwordHash', 'server'] as const)
      expect(provesToken(vectors.token, { ...enrol, [field]: `${enrol[field]}x` }), field).to.equal(false);
    expect(provesToken(vectors.token, { ...enrol, proof: 'c2hvcnQ=' })).to.equal(false);
  });
});

describe('enrolment: key sets', () => {
  const root = asSigningKey(vectors.root);
  const [older, newer] = vectors.keySets.map(one => one.signed) as [SignedKeySet, SignedKeySet];

  it('are believed when the root signed them, whoever else signed another', () => {
    expect(judgeKeySet(root.publicKey, newer)).to.have.nested.property('set.version', 2);
    const other = newSigningKey();
    expect(judgeKeySet(other.publicKey, newer)).to.deep.equal({
      refused: 'brings a key set that the root key did not sign',
    });
    const forged = { ...newer, body: newer.body.replace('"version":2', '"version":3') };
    expect(judgeKeySet(root.publicKey, forged)).to.have.property('refused');
  });

  it('a lower number than the one held is refused: a key taken out does not come back', () => {
    expect(judgeKeySet(root.publicKey, older, 2)).to.deep.equal({
      refused: 'brings key set 1, and 2 is known already',
    });
    expect(judgeKeySet(root.publicKey, newer, 2)).to.have.property('set');
  });

  it('what the root signed for another purpose is no key set', () => {
    const { signature } = sign(root, 'enrolment_answer', '', Buffer.from(newer.body));
    const turned = { ...newer, signature: Buffer.from(signature).toString('base64') };
    expect(judgeKeySet(root.publicKey, turned)).to.have.property('refused');
  });

  it('an empty set and a set of what is no key are refused', () => {
    for (const keys of [[], ['MCowBQYDK2VuAyEA'], Array.from({ length: 17 }, () => vectors.rootKey)])
      expect(judgeKeySet(root.publicKey, signKeySet(root, { version: 1, keys }))).to.have.property('refused');
  });

  it('a signature of enrolment counts for no message, and the reverse', () => {
    const { text, privateKey } = vectors.messages[1] as Vectors['messages'][number];
    const ring = keyRing([createPublicKey(createPrivateKey(privateKey))]);
    const body = Buffer.from(text);
    const headers = sign(asSigningKey(privateKey), 'enrolment_answer', 'agent-1', body);
    expect(verify(ring, 'enrolment_answer', 'agent-1', { body, headers }).kind).to.equal('valid');
    expect(verify(ring, 'from_engine', 'agent-1', { body, headers }).kind).to.equal('refused');
  });
});

describe("the agent's configuration", () => {
  const config: AgentConfig = {
    version: 1,
    agent: 'a3f1',
    broker: { urls: ['amqps://broker.example:5671/agents'], ca: '-----BEGIN CERTIFICATE-----\n' },
    enrol: { user: 'enrol.a3f1', password: 'a-password-that-is-long' },
    token: vectors.token,
    root_key: vectors.rootKey,
  };
  const refusal = (value: unknown): string | undefined => {
    const verdict = decodeConfig(Buffer.from(JSON.stringify(value)));
    return 'refused' in verdict ? verdict.refused : undefined;
  };

  it('is read back as it was written', () => {
    expect(decodeConfig(Buffer.from(encodeConfig(config)))).to.deep.equal({ config });
    const bare = { ...config, broker: { urls: ['amqp://[fd00::1]/x'] }, server: enrol.server };
    expect(decodeConfig(Buffer.from(encodeConfig(bare)))).to.deep.equal({ config: bare });
  });

  it('is refused by field, and never shows what stands there', () => {
    expect(refusal({ ...config, version: 2 })).to.match(/^the configuration\.version:/);
    expect(refusal({ ...config, token: 'short' })).to.match(/\.token: does not match/);
    expect(refusal({ ...config, root_key: 'AAAA' })).to.match(/\.root_key: is no Ed25519 public key/);
    expect(refusal({ ...config, server: 'VM-1' })).to.match(/\.server:/);
    expect(refusal({ ...config, broker: { urls: [] } })).to.match(/\.broker\.urls: names no broker/);
    expect(refusal({ ...config, broker: { urls: ['http://x'] } })).to.match(
      /urls\[0\]: A transport URL begins/,
    );
    const login = refusal({ ...config, broker: { urls: ['amqp://u:S3CRET@x'] } });
    expect(login)
      .to.match(/holds a login/)
      .and.not.contain('S3CRET');
    expect(refusal({ ...config, password: 'x' })).to.match(/\.password: unknown field/);
  });
});
