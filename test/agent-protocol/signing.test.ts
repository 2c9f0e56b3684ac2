// Behaviour of signatures: what they cover, and that nothing else passes.
import { expect } from 'chai';
import fc from 'fast-check';
import {
  keyRing,
  newSigningKey,
  publicKeyText,
  readPublicKey,
  sign,
  verify,
} from '../../agent-protocol/signing.ts';

describe('signing', () => {
  const key = newSigningKey();
  const ring = keyRing([key.publicKey]);
  const body = Buffer.from('{"kind":"cancel"}');
  const headers = sign(key, 'from_engine', 'agent-1', body);

  it('accepts what a trusted key signed', () => {
    expect(verify(ring, 'from_engine', 'agent-1', { body, headers })).to.deep.equal({ kind: 'valid' });
  });

  it('refuses another agent, another direction, another body, another key', () => {
    const reason = (verdict: ReturnType<typeof verify>): string =>
      verdict.kind === 'refused' ? verdict.reason : 'valid';
    expect(reason(verify(ring, 'from_engine', 'agent-2', { body, headers }))).to.equal(
      'signature does not fit',
    );
    expect(reason(verify(ring, 'from_agent', 'agent-1', { body, headers }))).to.equal(
      'signature does not fit',
    );
    expect(reason(verify(ring, 'from_engine', 'agent-1', { body: Buffer.from('{}'), headers }))).to.equal(
      'signature does not fit',
    );
    const other = keyRing([newSigningKey().publicKey]);
    expect(reason(verify(other, 'from_engine', 'agent-1', { body, headers }))).to.match(/not trusted/);
    const impostor = new Map([[key.id, newSigningKey().publicKey]]);
    expect(reason(verify(impostor, 'from_engine', 'agent-1', { body, headers }))).to.equal(
      'signature does not fit',
    );
  });

  it('never throws, whatever stands in the headers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.string(), (signature, id) => {
        for (const name of [key.id, id]) {
          const verdict = verify(ring, 'from_engine', 'agent-1', { body, headers: { key: name, signature } });
          expect(verdict.kind).to.equal('refused');
        }
      }),
      { numRuns: 50 },
    );
    const absent = { key: undefined, signature: undefined } as unknown as typeof headers;
    expect(verify(ring, 'from_engine', 'agent-1', { body, headers: absent }).kind).to.equal('refused');
  });

  it('reads back the text of a public key and refuses anything else', () => {
    expect(readPublicKey(publicKeyText(key.publicKey), 'ed25519')?.equals(key.publicKey)).to.equal(true);
    expect(readPublicKey(publicKeyText(key.publicKey), 'x25519')).to.equal(undefined);
    expect(readPublicKey('not a key', 'ed25519')).to.equal(undefined);
  });
});
