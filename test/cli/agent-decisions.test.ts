// `agents approve`, `refuse`, `revoke`, `forget` and `keys rotate`: what the engine is asked, and what is said.
import { expect } from 'chai';
import { callCli, FakeEngine } from '../support/fake-engine.ts';

const called = async (answer: FakeEngine['administration'], ...words: readonly string[]) => {
  const engine = new FakeEngine();
  engine.administration = answer;
  const { code, out } = await callCli({ engine, kind: 'attached' }, ...words);
  return { code, out, asked: engine.administered };
};

describe('decisions on agents', () => {
  it('are handed to the running engine, with who asks', async () => {
    for (const [word, kind] of [
      ['approve', 'approve'],
      ['refuse', 'refuse'],
      ['revoke', 'revoke'],
      ['forget', 'delete_agent'],
    ] as const) {
      const { code, asked, out } = await called({ state: 'enrolled' }, 'agents', word, 'a1');
      expect(code).to.equal(0);
      expect(asked).to.deep.equal([{ kind, agent: 'a1', by: 'tester' }]);
      expect(out).to.match(/a1/);
    }
    const keyed = await called({ state: 'enrolled' }, 'agents', 'approve', 'a1', '--key', '-k9');
    expect(keyed.asked).to.deep.equal([{ kind: 'approve', agent: 'a1', key: '-k9', by: 'tester' }]);
    const again = await called({ state: 'created' }, 'agents', 'approve', 'a1');
    expect(again.out).to.equal('Agent a1 may enrol again.\n');
  });

  it('keys rotate tells the number of the new set, and may drop the former keys', async () => {
    const { asked, out } = await called({ version: 3, keys: 1 }, 'keys', 'rotate', '--drop');
    expect(asked).to.deep.equal([{ kind: 'rotate_keys', drop: true, by: 'tester' }]);
    expect(out).to.match(/new key \(key set 3\)/);
  });

  it('programs get the answer, wherever --json stands', async () => {
    for (const words of [
      ['agents', 'revoke', 'a1', '--json'],
      ['agents', '--json', 'revoke', 'a1'],
      ['keys', 'rotate', '--json'],
    ]) {
      const { out } = await called({ state: 'revoked' }, ...words);
      expect(out).to.equal('{"state":"revoked"}\n');
    }
  });

  it('without a running engine nobody can decide, and that is said', async () => {
    const engine = new FakeEngine();
    const { code, err } = await callCli({ engine }, 'agents', 'approve', 'a1');
    expect(code).to.not.equal(0);
    expect(err).to.match(/No engine runs on \/nowhere/);
    expect(engine.administered).to.deep.equal([]);
  });
});
