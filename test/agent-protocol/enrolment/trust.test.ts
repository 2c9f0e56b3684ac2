// Behaviour of an agent's trust: what makes a message believed, and what a newer or an older key set changes.
import { expect } from 'chai';
import { signKeySet, type SignedKeySet } from '../../../agent-protocol/enrolment/key-set.ts';
import { fixedTrust, rootTrust, type Trust } from '../../../agent-protocol/enrolment/trust.ts';
import { newSigningKey, publicKeyText, sign, type SigningKey } from '../../../agent-protocol/signing.ts';

const root = newSigningKey();
const first = newSigningKey();
const second = newSigningKey();
const setOf = (version: number, ...keys: SigningKey[]): SignedKeySet =>
  signKeySet(root, { version, keys: keys.map(key => publicKeyText(key.publicKey)) });
const body = Buffer.from('{"kind":"greet"}');
const said = (trust: Trust, key: SigningKey, keys?: SignedKeySet): string => {
  const message = { body, headers: sign(key, 'from_engine', 'agent-1', body) };
  const verdict = trust.verify('from_engine', 'agent-1', message, keys);
  return verdict.kind === 'valid' ? 'valid' : verdict.reason;
};

describe('trust of an agent', () => {
  let kept: SignedKeySet[];
  const fresh = (held?: SignedKeySet): Trust => rootTrust(root.publicKey, held, set => kept.push(set));
  beforeEach(() => {
    kept = [];
  });

  it('begins with nobody but the root, and learns a set from the message that brings it', () => {
    const trust = fresh();
    expect(said(trust, first)).to.match(/not trusted/);
    expect(said(trust, first, setOf(1, first))).to.equal('valid');
    expect(said(trust, first)).to.equal('valid');
    expect(kept).to.deep.equal([setOf(1, first)]);
  });

  it('learns nothing from a set that the root did not sign, or from a message that no key of it signed', () => {
    const trust = fresh();
    const forged = signKeySet(second, { version: 9, keys: [publicKeyText(second.publicKey)] });
    expect(said(trust, second, forged)).to.match(/root key did not sign/);
    expect(said(trust, second, setOf(1, first))).to.match(/not trusted/);
    expect(kept).to.deep.equal([]);
    expect(said(trust, first)).to.match(/not trusted/);
  });

  it('after a rotation both keys count as long as both are in the set', () => {
    const trust = fresh(setOf(1, first));
    expect(said(trust, second, setOf(2, second, first))).to.equal('valid');
    expect(said(trust, first)).to.equal('valid');
    expect(said(trust, second, setOf(3, second))).to.equal('valid');
    expect(said(trust, first)).to.match(/not trusted/);
  });

  it('an older set is refused, so a key taken out does not come back; also after a restart', () => {
    const trust = fresh(setOf(1, first));
    expect(said(trust, second, setOf(2, second))).to.equal('valid');
    expect(said(trust, first, setOf(1, first))).to.match(/key set 1, and 2 is known/);
    expect(said(fresh(kept.at(-1)), first, setOf(1, first))).to.match(/key set 1, and 2 is known/);
  });

  it('what cannot be kept is not believed', () => {
    const trust = rootTrust(root.publicKey, undefined, () => {
      throw new Error('ENOSPC');
    });
    expect(said(trust, first, setOf(1, first))).to.match(/cannot be kept/);
    expect(said(trust, first)).to.match(/not trusted/);
  });

  it('keys given by hand are the only ones, whatever a message brings', () => {
    const trust = fixedTrust([first.publicKey]);
    expect(said(trust, first)).to.equal('valid');
    expect(said(trust, second, setOf(1, second))).to.match(/not trusted/);
  });
});
