// The engine's signing key is rotated: what stays valid, what a crash leaves, and what needs the root key.
// Belongs here: rotation on the disk. Does not belong here: making keys (directory.test.ts), agents that learn (rotation.test.ts).
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { judgeKeySet } from '../../agent-protocol/enrolment/key-set.ts';
import { rootTrust } from '../../agent-protocol/enrolment/trust.ts';
import { publicKeyText, readPublicKey, sign } from '../../agent-protocol/signing.ts';
import { type EngineKeys, openEngineKeys } from '../../engine/agents/keys.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const body = Buffer.from('{}');
const root = (keys: EngineKeys) => {
  const key = readPublicKey(keys.rootKeyText, 'ed25519');
  if (key === undefined) throw new Error('no root key');
  return key;
};
const ids = (keys: EngineKeys): readonly string[] => {
  const judged = judgeKeySet(root(keys), keys.keySet);
  return 'set' in judged ? [...judged.set.ring.keys()] : [];
};
const refusal = async (what: Promise<unknown>): Promise<string> =>
  what.then(
    () => 'none',
    (thrown: unknown) =>
      thrown instanceof EngineError ? `${thrown.code}: ${thrown.message}` : String(thrown),
  );

describe("rotation of the engine's signing key", () => {
  let folder: string;
  const file = (name: string): string => path.join(folder, name);
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });

  it('signs with a new one, leaves the former valid, and the root is the same', async () => {
    const keys = await openEngineKeys(folder);
    const [before, rootKey] = [keys.signing.id, keys.rootKeyText];
    const set = await keys.rotate();
    expect(set.version).to.equal(2);
    expect(keys.signing.id).to.not.equal(before);
    expect(ids(keys)).to.deep.equal([keys.signing.id, before]);
    const again = await openEngineKeys(folder);
    expect([again.signing.id, again.keySet, again.rootKeyText]).to.deep.equal([
      keys.signing.id,
      keys.keySet,
      rootKey,
    ]);
  });

  it('drops all former ones when it is told to', async () => {
    const keys = await openEngineKeys(folder);
    await keys.rotate();
    await keys.rotate({ drop: true });
    expect(ids(keys)).to.deep.equal([keys.signing.id]);
  });

  it('a crash after the new set was written is ended by the next start', async () => {
    const keys = await openEngineKeys(folder);
    const former = await readFile(file('signing.pem'), 'utf8');
    await keys.rotate();
    await rename(file('signing.pem'), file('signing-next.pem'));
    await writeFile(file('signing.pem'), former, { mode: 0o600 });
    const again = await openEngineKeys(folder);
    expect(again.signing.id).to.equal(keys.signing.id);
    expect((await openEngineKeys(folder)).signing.id).to.equal(keys.signing.id);
  });

  it('a crash before the new set was written leaves the former key in use', async () => {
    const keys = await openEngineKeys(folder);
    const [set, former, id] = [
      await readFile(file('key-set.json'), 'utf8'),
      await readFile(file('signing.pem'), 'utf8'),
      keys.signing.id,
    ];
    await keys.rotate();
    await rename(file('signing.pem'), file('signing-next.pem'));
    await writeFile(file('signing.pem'), former, { mode: 0o600 });
    await writeFile(file('key-set.json'), set, { mode: 0o600 });
    const again = await openEngineKeys(folder);
    expect(again.signing.id).to.equal(id);
    expect((await again.rotate()).version).to.equal(2);
  });

  it('needs the root key, which may be kept elsewhere between rotations; another one is refused', async () => {
    await openEngineKeys(folder);
    const pem = await readFile(file('root.pem'), 'utf8');
    await rm(file('root.pem'));
    const keys = await openEngineKeys(folder);
    expect(await refusal(keys.rotate())).to.match(/^key_missing: The root key .* is not there/);
    await openEngineKeys(await temporaryDirectory());
    await writeFile(file('root.pem'), await readFile(file('signing.pem')), { mode: 0o600 });
    expect(await refusal(keys.rotate())).to.match(/is not the root key that the agents know/);
    await writeFile(file('root.pem'), pem, { mode: 0o600 });
    expect((await keys.rotate()).version).to.equal(2);
  });

  it('a key set that the root did not sign is not taken for one', async () => {
    await openEngineKeys(folder);
    const text = await readFile(file('key-set.json'), 'utf8');
    for (const wrong of ['{', '[]', text.replace('version', 'Version'), '{"root":1}']) {
      await writeFile(file('key-set.json'), wrong, { mode: 0o600 });
      expect(await refusal(openEngineKeys(folder)), wrong).to.match(
        /holds no key set that the root key signed/,
      );
    }
  });

  it('two engines on one set of keys are believed alike, also the one that has not heard of the rotation', async () => {
    const one = await openEngineKeys(folder);
    const two = await openEngineKeys(folder);
    await one.rotate();
    const trust = rootTrust(root(one), undefined, () => undefined);
    const says = (keys: EngineKeys): string => {
      const headers = sign(keys.signing, 'from_engine', 'a1', body);
      return trust.verify('from_engine', 'a1', { body, headers }, keys.keySet).kind;
    };
    expect([says(one), says(two)]).to.deep.equal(['valid', 'valid']);
    expect(publicKeyText(one.signing.publicKey)).to.not.equal(publicKeyText(two.signing.publicKey));
    await one.rotate({ drop: true });
    expect([says(one), says(two)]).to.deep.equal(['valid', 'refused']);
    expect((await two.rotate()).version, 'goes on from what the other kept').to.equal(4);
    expect([says(one), says(two)]).to.deep.equal(['valid', 'valid']);
  });
});
