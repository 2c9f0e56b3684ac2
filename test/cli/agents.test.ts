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
      '2 messages were refused and are kept in the queue dead-letters; the log of the',
      'engine says why.',
      '',
    ]);
  });

  it('says that the broker is away, that its management is, and that nobody is there', async () => {
    const { out } = await called({
      agents: [],
      bus: { state: 'down', place: 'amqp://b:5672', reason: 'ECONNREFUSED' },
      trouble: 'The management does not answer.',
    });
    expect(out).to.equal(
      'No agents here.\n\nBroker amqp://b:5672: down.\nECONNREFUSED\nThe management does not answer.\n',
    );
    expect((await called({ agents: [], bus: { state: 'none' } })).out).to.include('No engine runs here');
  });

  it('gives programs all of it', async () => {
    expect(JSON.parse((await called(VIEW, '--json')).out)).to.deep.equal(VIEW);
  });
});
