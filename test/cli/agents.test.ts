// `agents`: what a person reads of them, and what a program gets.
import { expect } from 'chai';
import type { AgentsView } from '../../engine/runtime/api.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { START } from '../support/workflow-views.ts';

const VIEW: AgentsView = {
  agents: [
    { id: 'a1', state: 'online', lastSeen: START, version: '1.2.3', host: 'db-1', bootId: 'b-1', waiting: 0 },
    { id: 'a2', state: 'never_seen', reason: 'it has never logged in at amqp://broker:5672', waiting: 12 },
    { id: 'a3', state: 'offline', reason: 'its VM is off', host: 'evil\u001b[31m', bootId: 'b-3' },
  ],
  bus: { state: 'connected', place: 'amqps://broker:5671/agents' },
  deadLetters: 2,
};

const called = async (view: AgentsView, ...words: readonly string[]) => {
  const engine = new FakeEngine();
  engine.agentsView = view;
  return callCli({ engine, kind: 'attached' }, 'agents', ...words);
};

describe('agents', () => {
  it('shows each with what is known, and why it is not there', async () => {
    const { code, out } = await called(VIEW);
    expect(code).to.equal(0);
    expect(out.split('\n')).to.deep.equal([
      'AGENT  STATE      SEEN    VERSION  HOST  WAITING  BOOT',
      'a1     online     5s      1.2.3    db-1  0        b-1',
      'a2     never seen -       -        -     12       -',
      '    it has never logged in at amqp://broker:5672',
      'a3     offline    -       -        evil  -        b-3',
      '    its VM is off',
      '',
      'Broker amqps://broker:5671/agents: connected.',
      '2 messages were refused and are kept: murano-workflow agents dead-letters',
      '',
    ]);
  });

  it('says that the broker is away, that its management is, and that nobody is there', async () => {
    const { out } = await called({
      agents: [],
      bus: { state: 'down', place: 'amqp://b:5672', reason: 'ECONNREFUSED' },
      trouble: 'The management does not answer.',
      warnings: ['Its certificate ends.'],
    });
    expect(out).to.equal(
      'No agents here.\n\nBroker amqp://b:5672: down.\nECONNREFUSED\nThe management does not answer.\nIts certificate ends.\n',
    );
    expect((await called({ agents: [], bus: { state: 'none' } })).out).to.include('No engine runs here');
  });

  it('lists dead letters, the newest first, with what is wrong with each', async () => {
    const engine = new FakeEngine();
    const letter = {
      at: START,
      lastAt: START,
      times: 1,
      queue: 'engine.results',
      why: 'rejected',
      digest: 'd',
    };
    engine.letters = {
      letters: [
        { ...letter, number: 7, agent: 'a1', signer: 'nobody', bytes: 12, reason: 'signature does not fit' },
        {
          ...letter,
          number: 3,
          times: 4,
          queue: 'agent.a2',
          why: 'expired',
          agent: 'a2',
          direction: 'to_agent',
          bytes: 900,
          signer: 'engine',
          kind: 'command',
          workflow: 'prod',
          step: 'db[0].up',
        },
      ],
      kept: 2,
      dropped: 1,
    };
    const { out } = await callCli({ engine, kind: 'attached' }, 'agents', 'dead-letters');
    expect(out.split('\n')).to.deep.equal([
      'NUMBER  SEEN    TIMES  QUEUE           WHY             BYTES',
      '7       5s      1      engine.results  rejected        12',
      '    from a1: signature does not fit; signed by nobody whom the engine knows',
      '3       5s      4      agent.a2        expired         900',
      '    to a2: command about db[0].up of prod, signed by the engine',
      '1 older one made room for others and is gone.',
      '',
    ]);
  });

  it('discards dead letters that are named, or all up to one', async () => {
    const engine = new FakeEngine();
    const call = (...words: readonly string[]) =>
      callCli({ engine, kind: 'attached' }, 'agents', 'discard', ...words);
    expect((await call('3', '7')).out).to.equal('2 dead letters discarded.\n');
    await call('--up-to', '9', '--agent', 'a1');
    const asked = engine.discarded.map(({ requestId, by, ...rest }) => [requestId !== '' && by !== '', rest]);
    expect(asked).to.deep.equal([
      [true, { number: 3 }],
      [true, { number: 7 }],
      [true, { upTo: 9, agent: 'a1' }],
    ]);
    for (const words of [[], ['3', '--up-to', '9'], ['--agent', 'a1']])
      expect((await call(...words)).code, words.join(' ')).to.equal(2);
    expect(engine.discarded).to.have.length(3);
  });

  it('gives programs all of it', async () => {
    expect(JSON.parse((await called(VIEW, '--json')).out)).to.deep.equal(VIEW);
  });
});
