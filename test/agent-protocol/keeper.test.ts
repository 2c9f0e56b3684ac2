// The order of journal and effects in the agent's keeper, and what costs a sync.
import type { FileHandle } from 'node:fs/promises';
import { expect } from 'chai';
import { openJournal, type Journal } from '../../agent-protocol/agent/journal.ts';
import { Keeper, replay } from '../../agent-protocol/agent/keeper.ts';
import type { AgentEffect } from '../../agent-protocol/agent-machine.ts';
import { commandKey, type FromEngine } from '../../agent-protocol/messages.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { AGENT, COMMAND, ID, INCARNATION, SAMPLES } from './samples.ts';

const KEY = commandKey(ID);

const ENDING = { result: { kind: 'exit', code: 0 }, outputs: {}, stdout: '', stderr: '' } as const;

describe('keeper of the agent', () => {
  let syncs = 0;
  const kept: Keeper[] = [];

  const open = async (
    directory: string,
  ): Promise<{ keeper: Keeper; effects: AgentEffect[]; told(): number }> => {
    const opened = await openJournal(directory, {
      write: (handle: FileHandle, bytes, position) => handle.write(bytes, 0, bytes.length, position),
      sync: async handle => {
        syncs += 1;
        await handle.datasync();
      },
    });
    if ('damaged' in opened) throw new Error(opened.damaged);
    const journal: Journal = opened.journal;
    const effects: AgentEffect[] = [];
    const letOut = (effect: AgentEffect): void => void effects.push(effect);
    const keeper = new Keeper(replay(AGENT, INCARNATION, opened.records), journal, {
      letOut,
      log: () => undefined,
      retryAfter: 10,
    });
    kept.push(keeper);
    keeper.push({ kind: 'boot', bootId: 'b1', mayReboot: true });
    keeper.push({ kind: 'connected', nonce: 'n-1' });
    const told = (): number => effects.filter(effect => effect.kind === 'send').length;
    return { keeper, effects, told };
  };

  const message = (content: FromEngine, token = 1) =>
    ({ kind: 'message', message: content, token, space: true }) as const;
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise(resolve => setImmediate(resolve));
  };

  afterEach(async () => {
    for (const keeper of kept.splice(0)) await keeper.stop();
  });

  it('syncs twice for a command, before its start and after its end; the receipt waits for what comes next', async () => {
    const { keeper, effects } = await open(await temporaryDirectory());
    const has = (kind: AgentEffect['kind']) => (): boolean => effects.some(effect => effect.kind === kind);
    keeper.push(message({ ...SAMPLES.welcome, live: [] }));
    await until(has('ack'));
    syncs = 0;
    keeper.push(message(COMMAND, 2));
    await until(has('start'));
    expect(syncs).to.equal(1);
    keeper.push({ kind: 'running', key: KEY, run: 1 });
    keeper.push({ kind: 'ended', key: KEY, run: 1, ending: ENDING, spent: 1 });
    await until(() => effects.some(effect => effect.kind === 'send' && effect.message.kind === 'finished'));
    expect(syncs).to.equal(2);
    keeper.push(message(SAMPLES.receipt, 3));
    await until(has('forget'));
    expect(syncs).to.equal(2);
    expect(keeper.state.held.size).to.equal(0);
  });

  it('says an answer again when the crash took its receipt along, and counts no record twice or back', async () => {
    const directory = await temporaryDirectory();
    const { keeper, effects } = await open(directory);
    keeper.push(message({ ...SAMPLES.welcome, live: [] }));
    keeper.push(message(COMMAND, 2));
    keeper.push({ kind: 'running', key: KEY, run: 1 });
    keeper.push({ kind: 'ended', key: KEY, run: 1, ending: ENDING, spent: 1 });
    await until(() => effects.some(effect => effect.kind === 'send' && effect.message.kind === 'finished'));
    keeper.push(message(SAMPLES.receipt, 3));
    await until(() => effects.some(effect => effect.kind === 'forget'));
    const { written } = keeper.state;
    // The first keeper is not stopped: what it had not synced is gone, as after a power cut.
    const again = await open(directory);
    expect(again.keeper.state.written).to.equal(written);
    again.keeper.push(message(SAMPLES.welcome, 4));
    await until(() => again.told() > 0);
    expect(again.effects.find(effect => effect.kind === 'send')).to.have.nested.property(
      'message.kind',
      'finished',
    );
  });
});
