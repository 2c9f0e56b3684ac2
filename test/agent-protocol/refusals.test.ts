// The table of trouble on the wire in docs/reference/messages.md, row by row, done to a real agent with real scripts.
// Belongs here: one test per row. Does not belong here: the same towards the engine (test/agents/hostile.test.ts, desk.test.ts).
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { RunningAgent } from '../../agent-protocol/agent/agent.ts';
import type { Direction } from '../../agent-protocol/codec.ts';
import { encode } from '../../agent-protocol/codec.ts';
import { AGENT_LIMITS } from '../../agent-protocol/limits.ts';
import type { CommandMessage, Message } from '../../agent-protocol/messages.ts';
import { newSigningKey, sign, type SigningKey } from '../../agent-protocol/signing.ts';
import { commandQueue, type Connection, DEAD_LETTERS } from '../../agent-protocol/transport.ts';
import { until } from '../agents/world.ts';
import { inProject } from '../support/project.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { FakeEngine, LOGIN } from './fake-engine.ts';

const page = readFileSync(inProject('docs', 'reference', 'messages.md'), 'utf8');
const table = page.split('\n## Trouble on the wire\n')[1]?.split('\n## ')[0] ?? '';
const documented = [...table.matchAll(/^\| ([a-z][a-z -]+) \|/gm)].map(match => match[1] as string).slice(1);

interface Sent {
  readonly key?: SigningKey;
  readonly direction?: Direction;
  /** Whom the signature is for. */
  readonly agent?: string;
  readonly body?: Uint8Array;
}

describe('trouble on the wire', () => {
  let engine: FakeEngine;
  let agent: RunningAgent;
  let wire: Connection;
  let directory: string;
  let log: string;
  const rows: string[] = [];

  beforeEach(async () => {
    engine = new FakeEngine();
    await engine.start();
    directory = await temporaryDirectory();
    log = path.join(directory, 'ran');
    agent = await engine.startAgent(path.join(directory, 'agent'));
    wire = await engine.broker.transport.connect(LOGIN);
    await engine.until(() => engine.heard.find(message => message.kind === 'hello'));
  });
  afterEach(async () => {
    await agent.stop();
    await wire.close();
    await engine.stop();
  });

  const counting = (changes: Partial<CommandMessage> = {}): CommandMessage => {
    const text = `echo ran >> ${log}`;
    return engine.command({ kind: 'script', interpreter: 'sh', text, inputs: {}, reboots: 0 }, changes);
  };
  const send = async (message: Message, sent: Sent = {}): Promise<void> => {
    const { key = engine.signing, direction = 'from_engine', agent: to = engine.agent } = sent;
    const body = sent.body ?? encode(message);
    const headers = sign(key, direction, to, body);
    await wire.publish('', commandQueue(engine.agent), { body, messageId: 'm', headers });
  };
  const runs = (): number => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0);
  const dead = (count: number): Promise<void> =>
    until(() => engine.broker.depth(DEAD_LETTERS)?.ready === count, `${count} dead letters`);
  const reasonOf = async (command: CommandMessage): Promise<string> => {
    const answer = await engine.answer(command.id);
    return answer.kind === 'refused' ? answer.reason : answer.kind;
  };
  /** What was not taken leaves no trace, and what comes after it is taken. */
  const goesOn = async (before = 0): Promise<void> => {
    const next = counting();
    await engine.give(next);
    expect(await reasonOf(next)).to.equal('finished');
    expect(runs()).to.equal(before + 1);
  };
  const row = (name: string, what: string, test: () => Promise<void>): void => {
    rows.push(name);
    it(`${name}: ${what}`, test);
  };

  row('forged', 'to the dead letters, unanswered', async () => {
    await send(counting(), { key: newSigningKey() });
    const changed = Buffer.from(encode(counting()));
    const body = encode(counting());
    const headers = sign(engine.signing, 'from_engine', engine.agent, body);
    await wire.publish('', commandQueue(engine.agent), { body: changed, messageId: 'm', headers });
    await dead(2);
    await goesOn();
  });

  row('turned round', "an agent's own message is none of the engine's", async () => {
    await send(engine.hello, { direction: 'from_agent' });
    await send(engine.hello);
    await dead(2);
    await goesOn();
  });

  row('redirected', 'signed for another agent, or naming one, or another incarnation', async () => {
    await send(counting({ agent: 'agent-2' }), { agent: 'agent-2' });
    await dead(1);
    const other = counting({ agent: 'agent-2' });
    await send(other);
    expect(await reasonOf(other)).to.equal('wrong_agent');
    const former = counting({ incarnation: 'i-of-before' });
    await send(former);
    expect(await reasonOf(former)).to.equal('wrong_incarnation');
    await goesOn();
  });

  row('replayed', 'after its receipt it is refused, and ran once', async () => {
    const command = await engine.give(counting());
    expect(await reasonOf(command)).to.equal('finished');
    await until(() => engine.live.size === 0, 'the receipt');
    // On the engine's own connection, so that it comes after the receipt.
    await engine.send(command);
    await engine.until(() => engine.answers(command.id).find(answer => answer.kind === 'refused'));
    expect(engine.answers(command.id).map(answer => answer.kind === 'refused' && answer.reason)).to.include(
      'superseded',
    );
    expect(runs()).to.equal(1);
    await goesOn(1);
  });

  row('duplicate', 'one run, and the same answer', async () => {
    engine.receipts = false;
    const command = counting();
    await engine.give(command);
    for (let copy = 0; copy < 5; copy += 1) await send(command);
    expect(await reasonOf(command)).to.equal('finished');
    await send(command);
    await engine.until(() => (engine.answers(command.id).length > 1 ? true : undefined));
    const answers = new Set(engine.answers(command.id).map(answer => JSON.stringify(answer)));
    expect([answers.size, runs()]).to.deep.equal([1, 1]);
  });

  row('superseded', 'an earlier dispatch of a step after a later one', async () => {
    const later = counting();
    const earlier = { ...later, id: { ...later.id, dispatch: 0 } };
    await engine.give(later);
    expect(await reasonOf(later)).to.equal('finished');
    await send(earlier);
    expect(await reasonOf(earlier)).to.equal('superseded');
    expect(runs()).to.equal(1);
  });

  row('old term', 'of an engine that was replaced', async () => {
    const now = counting({ term: 5 });
    await engine.give(now);
    expect(await reasonOf(now)).to.equal('finished');
    const old = counting({ term: 4 });
    await send(old);
    expect(await reasonOf(old)).to.equal('old_term');
    expect(runs()).to.equal(1);
  });

  row('oversized', 'to the dead letters, unread', async () => {
    const body = Buffer.alloc(AGENT_LIMITS.messageBytes + 1, ' ');
    await send(counting(), { body });
    await dead(1);
    await goesOn();
  });

  row('reordered', 'a cancel that overtook its command: that one never starts', async () => {
    const command = counting();
    await engine.cancel(command.id);
    await engine.give(command);
    expect(await reasonOf(command)).to.equal('cancelled');
    await goesOn();
  });

  row('hour-late', 'what the welcome does not list any more never starts', async () => {
    await agent.stop();
    const late = counting();
    await send(late);
    agent = await engine.startAgent(path.join(directory, 'agent'));
    expect(await reasonOf(late)).to.equal('superseded');
    await goesOn();
  });

  it('has a test for each row of the table', () => {
    expect(rows).to.deep.equal(documented);
  });
});
