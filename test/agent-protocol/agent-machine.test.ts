// Behaviour of the agent's decisions: rules by example, and the invariants in worlds of crashes and lost messages.
import { expect } from 'chai';
import fc from 'fast-check';
import { advance } from '../../agent-protocol/agent-machine.ts';
import type { AgentEvent } from '../../agent-protocol/agent-machine.ts';
import { applyRecord, newState, shortForm } from '../../agent-protocol/agent-records.ts';
import type { AgentState } from '../../agent-protocol/agent-records.ts';
import { commandKey } from '../../agent-protocol/messages.ts';
import type { CommandMessage, FromEngine } from '../../agent-protocol/messages.ts';
import { ending, World } from './agent-model.ts';
import { AGENT, COMMAND, ID, INCARNATION, SAMPLES } from './samples.ts';

const KEY = commandKey(ID);
const message = (content: FromEngine, space = true): AgentEvent => ({
  kind: 'message',
  message: content,
  token: 7,
  space,
});
const booted = (bootId: string): AgentEvent => ({ kind: 'boot', bootId, mayReboot: true });
const welcome = (live = [ID]): AgentEvent => message({ ...SAMPLES.welcome, live });

/** Runs events; returns, for the last one, effects in short: `send finished`, `start`, `ack`. */
function play(state: AgentState, ...events: AgentEvent[]): string[] {
  const decisions = events.map(event => advance(state, event));
  return (decisions.at(-1)?.effects ?? []).map(effect => {
    if (effect.kind !== 'send') return effect.kind;
    return effect.message.kind === 'refused'
      ? `refused ${effect.message.reason}`
      : `send ${effect.message.kind}`;
  });
}

/** The last decision's message, and whether it may be said a moment later. */
function lastSaid(state: AgentState, ...events: AgentEvent[]): unknown {
  const effect = events.map(event => advance(state, event)).at(-1)?.effects[0];
  return effect?.kind === 'send' && [effect.message.kind, effect.soon ?? false];
}

function connected(): AgentState {
  const state = newState(AGENT, INCARNATION);
  play(state, booted('b1'), { kind: 'connected', nonce: 'n-1' });
  return state;
}

function ready(): AgentState {
  const state = connected();
  play(state, welcome([]));
  return state;
}

/** The agent's next life, from its journal. */
function restarted(bootId: string, from: AgentState): AgentState {
  const again = newState(AGENT, INCARNATION);
  for (const record of shortForm(from)) applyRecord(again, record);
  play(again, booted(bootId), { kind: 'connected', nonce: 'n-1' });
  return again;
}

const with_ = (changes: Partial<CommandMessage>): CommandMessage => ({ ...COMMAND, ...changes });
const ended = (code: number, run = 1): AgentEvent => ({
  kind: 'ended',
  key: KEY,
  run,
  ending: ending(code),
  spent: 5,
});
const REBOOT = with_({ id: { ...ID, step: 'a.restarted' }, task: { kind: 'reboot' } });
const running = (run = 1): AgentEvent => ({ kind: 'running', key: KEY, run });

describe('agent machine', () => {
  it('journals a command before the ack, and starts it', () => {
    const { records, effects } = advance(ready(), message(COMMAND));
    expect(records.map(record => record.kind)).to.deep.equal(['term', 'accepted', 'starting']);
    expect(effects.map(effect => effect.kind)).to.deep.equal(['ack', 'start']);
  });

  it('starts nothing before the welcome of this connection', () => {
    const state = connected();
    expect(play(state, message(COMMAND))).to.deep.equal(['send accepted', 'ack']);
    expect(play(state, message({ ...SAMPLES.welcome, nonce: 'other' }))).to.deep.equal(['ack']);
    expect(play(state, welcome())).to.deep.equal(['ack', 'start']);
  });

  it('refuses what it holds and the welcome does not list', () => {
    const state = connected();
    play(state, message(COMMAND));
    expect(play(state, welcome([]))).to.deep.equal(['refused superseded', 'ack']);
    expect(play(state, message(COMMAND))).to.deep.equal(['refused superseded', 'ack']);
  });

  it('says hello again when a new engine greets it, and starts nothing until that one has welcomed it', () => {
    const state = ready();
    expect(play(state, message(SAMPLES.greet))).to.deep.equal(['hello', 'ack']);
    expect(play(state, message(COMMAND))).to.deep.equal(['send accepted', 'ack']);
    expect(play(state, welcome())).to.deep.equal(['ack', 'start']);
    expect(play(state, message({ ...SAMPLES.greet, agent: 'agent-2' }))).to.deep.equal(['ack']);
  });

  it('keeps a command of a higher term than the welcome that does not list it', () => {
    const state = connected();
    play(state, message(with_({ term: 4 })));
    expect(play(state, welcome([]))).to.deep.equal(['ack', 'start']);
  });

  it('may hold back that a script has started, but neither an answer, nor that the machine is to reboot', () => {
    expect(lastSaid(ready(), message(COMMAND), running())).to.deep.equal(['started', true]);
    expect(lastSaid(ready(), message(COMMAND), running(), ended(0))).to.deep.equal(['finished', false]);
    const told = advance(ready(), message(REBOOT)).effects.find(effect => effect.kind === 'send');
    expect([told?.message.kind, told?.soon ?? false]).to.deep.equal(['started', false]);
    expect(lastSaid(ready(), message(COMMAND), running(), message(COMMAND))).to.deep.equal([
      'started',
      false,
    ]);
  });

  it('answers a repeated command with what it knows', () => {
    const state = ready();
    play(state, message(COMMAND), running());
    expect(play(state, message(COMMAND))).to.deep.equal(['send started', 'ack']);
    expect(play(state, ended(0))).to.deep.equal(['send finished']);
    expect(play(state, message(with_({ term: 1 })))).to.deep.equal(['send finished', 'ack']);
    expect(play(state, { kind: 'resend' })).to.deep.equal(['send finished']);
    expect(play(state, message(SAMPLES.receipt))).to.deep.equal(['forget', 'ack']);
    expect(play(state, message(COMMAND))).to.deep.equal(['refused superseded', 'ack']);
  });

  it('refuses by table', () => {
    const other = { ...ID, step: 'a.b' };
    const refusals: readonly [Partial<CommandMessage>, boolean, string][] = [
      [{ agent: 'agent-2' }, true, 'wrong_agent'],
      [{ incarnation: 'inc-0' }, true, 'wrong_incarnation'],
      [{ id: other, term: 2 }, true, 'old_term'],
      [{ id: { ...ID, dispatch: 0 } }, true, 'superseded'],
      [{ id: other }, false, 'no_space'],
    ];
    for (const [changes, space, reason] of refusals) {
      const state = ready();
      play(state, message(COMMAND), running());
      expect(play(state, message(with_(changes), space)), reason).to.deep.equal([`refused ${reason}`, 'ack']);
      expect(state.held.size).to.equal(1);
    }
    const damaged = newState(AGENT, INCARNATION, 'byte 12');
    expect(play(damaged, message(COMMAND))).to.deep.equal(['refused journal_damaged', 'ack']);
  });

  it('answers every cancel: queued, running, ended, unseen; an old term stops nothing', () => {
    const cancel = message(SAMPLES.cancel);
    const state = connected();
    play(state, message(COMMAND));
    expect(play(state, cancel)).to.deep.equal(['refused cancelled', 'ack']);
    const runs = ready();
    play(runs, message(COMMAND), running());
    expect(play(runs, message({ ...SAMPLES.cancel, term: 1 }))).to.deep.equal(['ack']);
    expect(play(runs, cancel)).to.deep.equal(['kill', 'ack']);
    expect(play(runs, ended(0), cancel)).to.deep.equal(['send finished', 'ack']);
    const unseen = ready();
    expect(play(unseen, cancel)).to.deep.equal(['refused cancelled', 'ack']);
    expect(play(unseen, message(COMMAND))).to.deep.equal(['refused cancelled', 'ack']);
  });

  it('kills after a restart what was cancelled before', () => {
    const state = ready();
    play(state, message(COMMAND), running(), message(SAMPLES.cancel));
    const again = newState(AGENT, INCARNATION);
    for (const record of shortForm(state)) applyRecord(again, record);
    expect(play(again, booted('b1'))).to.deep.equal(['look']);
    expect(play(again, running())).to.deep.equal(['send started', 'kill']);
  });

  it('row 31: runs one exclusive script at a time, and others beside it', () => {
    const state = ready();
    const second = with_({ id: { ...ID, step: 'a.b' } });
    const beside = with_({ id: { ...ID, step: 'a.c' }, exclusive: false });
    play(state, message(COMMAND), running());
    expect(play(state, message(second))).to.deep.equal(['send accepted', 'ack']);
    expect(play(state, message(beside))).to.deep.equal(['ack', 'start']);
    expect(play(state, ended(0))).to.deep.equal(['send finished', 'start']);
  });

  it('row 46: reboots when asked, runs again only after another boot id, and counts', () => {
    const state = ready();
    const command = with_({ task: { ...COMMAND.task, reboots: 1 } as CommandMessage['task'] });
    play(state, message(command), running());
    expect(play(state, ended(194))).to.deep.equal(['reboot']);
    expect(play(state, message(with_({ id: { ...ID, step: 'a.b' } })))).to.deep.equal([
      'send accepted',
      'ack',
    ]);
    expect(play(restarted('b1', state), welcome())).not.to.include('start');
    const after = restarted('b2', state);
    expect(play(after, welcome([ID]))).to.include('start');
    play(after, running(2));
    advance(after, ended(3010, 2));
    expect(after.held.get(KEY)?.answer).to.deep.include({ result: { kind: 'reboots', count: 2 } });
  });

  it('AM8: journals a reboot before it asks for it, and says it is done only under another boot id', () => {
    const state = ready();
    const { records, effects } = advance(state, message(REBOOT));
    expect(records.map(record => record.kind)).to.deep.equal(['term', 'accepted', 'reboot']);
    expect(effects.map(effect => (effect.kind === 'send' ? effect.message.kind : effect.kind))).to.deep.equal(
      ['ack', 'started', 'reboot'],
    );
    const same = restarted('b1', state);
    expect(play(same, welcome([REBOOT.id]))).to.deep.equal(['send started', 'ack']);
    const back = newState(AGENT, INCARNATION);
    for (const record of shortForm(state)) applyRecord(back, record);
    expect(play(back, booted('b2'))).to.deep.equal(['send finished']);
    const answer = back.held.get(commandKey(REBOOT.id))?.answer;
    expect(answer).to.deep.include({ result: { kind: 'exit', code: 0 } });
  });

  it('AM8: asks again after a crash before the reboot, and never for a command that comes again after it', () => {
    const state = ready();
    play(state, message(REBOOT));
    expect(play(state, message(REBOOT))).to.deep.equal(['send started', 'ack']);
    const crashed = newState(AGENT, INCARNATION);
    for (const record of shortForm(state)) applyRecord(crashed, record);
    expect(play(crashed, booted('b1'))).to.deep.equal(['reboot']);
    const back = restarted('b2', crashed);
    expect(play(back, welcome([REBOOT.id]))).to.deep.equal(['send finished', 'ack']);
    expect(play(back, message(REBOOT))).to.deep.equal(['send finished', 'ack']);
    play(back, message({ ...SAMPLES.receipt, id: REBOOT.id }));
    expect(play(back, message(REBOOT))).to.deep.equal(['refused superseded', 'ack']);
  });

  it('R5: nothing runs beside a reboot, nor overtakes one that waits its turn, whether exclusive or not', () => {
    const state = ready();
    const beside = (step: string): CommandMessage => with_({ id: { ...ID, step }, exclusive: false });
    play(state, message(beside('sql[0].prepared')), running());
    expect(play(state, message(REBOOT))).to.deep.equal(['send accepted', 'ack']);
    expect(play(state, message(beside('a.c')))).to.deep.equal(['send accepted', 'ack']);
    expect(play(state, ended(0))).to.deep.equal(['send finished', 'send started', 'reboot']);
    expect(play(state, message(beside('a.d')))).to.deep.equal(['send accepted', 'ack']);
    const back = restarted('b2', state);
    expect(play(back, welcome([ID, REBOOT.id, { ...ID, step: 'a.c' }]))).to.include('start');
  });

  it('answers a cancel of a reboot, and asks again for the next one', () => {
    const state = ready();
    play(state, message(REBOOT));
    expect(play(state, message({ ...SAMPLES.cancel, id: REBOOT.id }))).to.deep.equal([
      'send finished',
      'ack',
    ]);
    const again = with_({ ...REBOOT, id: { ...REBOOT.id, dispatch: 2 } });
    expect(play(state, message(again))).to.deep.equal(['ack', 'send started', 'reboot']);
  });

  it('refuses to reboot a machine that is not its own to reboot, in a sentence, and goes on', () => {
    const state = newState(AGENT, INCARNATION);
    const inProcess = { kind: 'boot', bootId: 'b1', mayReboot: false } as const;
    play(state, inProcess, { kind: 'connected', nonce: 'n-1' }, welcome([]));
    expect(play(state, message(REBOOT))).to.deep.equal(['send accepted', 'ack', 'send finished']);
    const answer = state.held.get(commandKey(REBOOT.id))?.answer;
    expect(JSON.stringify(answer)).to.contain("one inside the engine's process never may");
    expect(play(state, message(COMMAND))).to.deep.equal(['ack', 'start']);
  });

  it('says interrupted only with evidence, and starts again only what never started', () => {
    const dead = ready();
    play(dead, message(COMMAND));
    expect(play(dead, { kind: 'dead', key: KEY, run: 1, evidence: 'gone' })).to.deep.equal([
      'send interrupted',
    ]);
    const never = ready();
    play(never, message(COMMAND));
    expect(play(never, { kind: 'never_started', key: KEY, run: 1 })).to.deep.equal(['start']);
    expect(play(never, ended(0, 1))).to.deep.equal([]);
    expect(play(never, ended(0, 2))).to.deep.equal(['send finished']);
  });

  it('keeps its invariants in any world: one start per run, every accepted command answered', () => {
    const action = fc.tuple(
      fc.nat({ max: 15 }),
      fc.nat({ max: 50 }),
      fc.option(fc.integer({ min: -1, max: 3 }), { freq: 4 }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), actions => {
        const world = new World();
        world.connect();
        for (const [what, number, crash] of actions) act(world, what, number, crash ?? undefined);
        settle(world);
        check(world);
      }),
      { numRuns: 400 },
    );
  });
});

function act(world: World, what: number, number: number, crash: number | undefined): void {
  world.crashAfter = crash;
  if (what < 3) world.send(number % 3, number % 4 !== 0, number % 2, number % 5 === 4);
  else if (what < 8) world.deliver(number, what === 7, number % 9 !== 0);
  else if (what < 10) world.exit(number, number % 3 === 0 ? 194 : 0);
  else if (what === 10) world.cancel(number);
  else if (what === 11) world.receipt(number);
  else if (what === 12) world.connect();
  else if (what === 13) world.reboot();
  else if (what === 14) world.queue.splice(number % (world.queue.length + 1), 1);
  else world.handle({ kind: 'resend' });
  world.crashAfter = undefined;
}

/** No more faults: everything is delivered, every script ends, every wished reboot happens. */
function settle(world: World): void {
  for (let round = 0; round < 12; round += 1) {
    world.reboot();
    world.connect();
    while (world.queue.length > 0) world.deliver(0, false);
    for (let at = 0; at < 60; at += 1) world.exit(0, 0);
  }
}

function check(world: World): void {
  expect(world.besides, 'AM8: something ran when the machine was asked to reboot').to.deep.equal([]);
  expect(new Set(world.starts).size, 'a run was started twice').to.equal(world.starts.length);
  for (const command of world.commands) {
    const key = commandKey(command.id);
    const most = command.task.kind === 'script' ? 1 + command.task.reboots : 1;
    expect(world.starts.filter(start => start.startsWith(`${key}#`)).length, key).to.be.at.most(most);
    const accepted = world.journal.some(
      record => record.kind === 'accepted' && commandKey(record.command.id) === key,
    );
    const reboots = world.journal.filter(record => record.kind === 'reboot' && record.key === key);
    if (command.task.kind === 'reboot') expect(reboots.length, `${key} rebooted twice`).to.be.at.most(1);
    if (accepted) expect(world.answered(command), `${key} was never answered`).to.equal(true);
  }
  const replayed = newState(AGENT, INCARNATION);
  for (const record of world.journal) applyRecord(replayed, record);
  expect(shortForm(replayed)).to.deep.equal(shortForm(world.state));
}
