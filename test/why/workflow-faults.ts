// Faults that lie in a workflow and its VMs: scripts, people, rollings, roles, undo.
// Belongs here: rows that a single engine with agents of its own shows. Does not belong here: brokers, stores, clouds.
import { FAILS, group, HANGS, PAUSE, second, service, sh } from './definitions.ts';
import { ADVICE, type Fault } from './fault.ts';
import type { WholeEngine } from './whole-engine.ts';

const RETRY = /murano-workflow retry/;

export const workflowFaults = (engine: WholeEngine): readonly Fault[] => [
  {
    name: 'a script fails, and another step requires it',
    path: ['step', 'failure'],
    says: /failed: .*exit code 7: no licence here/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const id = await engine.create(group({ a: { action: FAILS }, b: { requires: ['a'] } }, 'g.b'));
      await engine.until(id, 'g[0].a', 'failed');
      return engine.asked(id, 'g[0].b');
    },
  },
  {
    name: 'one of three hangs before a barrier',
    path: ['barrier', 'running'],
    says: /runs on why-\d+-1/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const hangs = second('[ "$INDEX" = 2 ] || sleep 3600');
      const states = { a: { action: hangs }, b: { requires: ['g.a'] } };
      return engine.asked(await engine.create(group(states, 'g.b'), { members: 3 }), 'g[0].b');
    },
  },
  {
    name: 'a quorum is lost',
    path: ['barrier', 'failure'],
    says: /failed: .*exit code 3/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const majority = { requires: [{ state: 'g.a', members: 'majority' }] };
      const states = { a: { action: second('exit 3') }, b: majority };
      return engine.asked(await engine.create(group(states, 'g.b'), { members: 3 }), 'g[0].b');
    },
  },
  {
    name: 'a role cannot be chosen yet, for a candidate hangs',
    path: ['role', 'running'],
    says: /runs on why-\d+-1/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const states = { a: { action: second('sleep 3600') }, b: { once: 'first', action: sh('true') } };
      const roles = { roles: { first: { choose: 'lowest_index', among: 'a' } } };
      return engine.asked(await engine.create(group(states, 'g.b', roles), { members: 2 }), 'g.b');
    },
  },
  {
    name: 'nobody qualifies for a role',
    path: ['vacant_role'],
    says: /cannot go on: g\.first is vacant|nobody could be chosen as g\.first/,
    who: 'author',
    advice: ADVICE.author,
    inject: async () => {
      const states = { a: {}, b: { once: 'first', action: sh('true') } };
      const roles = { roles: { first: { where: '<% member.index > 5 %>', among: 'a' } } };
      return engine.asked(await engine.create(group(states, 'g.b', roles), { members: 2 }), 'g.b');
    },
  },
  {
    name: 'the VM is busy with another step',
    path: ['machine_busy', 'running'],
    says: /runs on why-\d+-0/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const states = { a: { action: HANGS }, b: { action: sh('true') } };
      const id = await engine.create(group(states, ['g.a', 'g.b']));
      return engine.asked(id, 'g[0].b');
    },
  },
  {
    name: "the VM is busy with another workflow's attempt",
    path: ['agent'],
    says: /waits for its turn on shared-0, where something else runs/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const hangs = group({ a: { action: HANGS } }, 'g.a');
      const first = await engine.create(hangs, { agents: 'shared' });
      await engine.until(first, 'g[0].a', 'running');
      return engine.asked(await engine.create(hangs, { agents: 'shared' }), 'g[0].a');
    },
  },
  {
    name: 'another member is inside its rolling',
    path: ['turn', 'running'],
    says: /runs on why-\d+-0/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const id = await engine.create(group({ a: { action: HANGS, serial: 1 } }, 'g.a'), { members: 2 });
      return engine.asked(id, 'g[1].a');
    },
  },
  {
    name: 'its rolling stopped at a failure',
    path: ['rolling_stopped', 'failure'],
    says: /failed: .*exit code 7/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const id = await engine.create(group({ a: { action: FAILS, serial: 1 } }, 'g.a'), { members: 2 });
      return engine.asked(id, 'g[1].a');
    },
  },
  {
    name: 'the workflow halted at a failure',
    path: ['step', 'halted', 'failure'],
    says: /failed: .*exit code 7/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const states = {
        a: { action: FAILS },
        b: { action: sh('true') },
        c: { requires: ['b'], action: sh('true') },
      };
      const top = { failure_mode: 'halt' };
      return engine.asked(await engine.create(group(states, ['g.a', 'g.c'], {}, top)), 'g[0].c');
    },
  },
  {
    name: 'an attempt failed and the next one has its time',
    path: ['retry'],
    says: /waits for the time of attempt 2 of 3, in \d+.*no licence here/,
    who: 'time',
    advice: ADVICE.time,
    inject: async () => {
      const retry = { attempts: 3, delay: '1h' };
      return engine.asked(await engine.create(group({ a: { action: FAILS, retry } }, 'g.a')), 'g[0].a');
    },
  },
  {
    name: 'a script runs longer than its timeout',
    path: ['failure'],
    says: /failed: It ran longer than its timeout/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const id = await engine.create(group({ a: { action: HANGS, timeout: '1s' } }, 'g.a'));
      return engine.asked(id, 'g[0].a');
    },
  },
  {
    name: 'a script does not give an output that it declares',
    path: ['failure'],
    says: /failed: .*'port'/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const outputs = { port: { type: 'integer' } };
      return engine.asked(
        await engine.create(group({ a: { action: sh('true'), outputs } }, 'g.a')),
        'g[0].a',
      );
    },
  },
  {
    name: 'an expression cannot be computed',
    path: ['failure'],
    says: /failed: .*(zero|modulus|divi)/i,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const action = sh('true', { N: '<% string(1 / member.index) %>' });
      return engine.asked(await engine.create(group({ a: { action } }, 'g.a')), 'g[0].a');
    },
  },
  {
    name: 'what ran in the VM was killed, and nobody knows how far it came',
    path: ['failure'],
    says: /failed: process \d+, which supervised it, is gone and left no exit record/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const id = await engine.create(group({ a: { action: sh('kill -9 $PPID; sleep 3600') } }, 'g.a'));
      return engine.asked(id, 'g[0].a');
    },
  },
  {
    name: 'a requirement comes too late',
    path: ['failure'],
    says: /failed: .*within/i,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const states = { a: { action: HANGS }, b: { requires: [{ state: 'a', within: '1s' }] } };
      return engine.asked(await engine.create(group(states, 'g.b')), 'g[0].b');
    },
  },
  {
    name: 'none of several ways is there yet',
    path: ['any_of', 'running'],
    says: /runs on/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const states = {
        a: { action: HANGS },
        b: { action: HANGS },
        c: { requires: [{ any_of: ['a', 'b'] }] },
      };
      return engine.asked(await engine.create(group(states, 'g.c')), 'g[0].c');
    },
  },
  {
    name: 'it waits for a time',
    path: ['wait'],
    says: /waits for a time, in \d/,
    who: 'time',
    advice: ADVICE.time,
    inject: async () => {
      const id = await engine.create(service({ a: { action: { wait: { for: '1h' } } } }, 's.a'));
      return engine.asked(id, 's.a');
    },
  },
];

/** Where a person has to act, or has acted. */
export const peopleFaults = (engine: WholeEngine): readonly Fault[] => [
  {
    name: 'it is held for an operator',
    path: ['operator'],
    says: /has failed and is held for an operator.*no licence here/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const held = { action: FAILS, on_failure: PAUSE };
      return engine.asked(await engine.create(group({ a: held }, 'g.a')), 'g[0].a');
    },
  },
  {
    name: 'nobody has said yes or no',
    path: ['approval'],
    says: /waits for an operator's yes or no: Go on\?/,
    who: 'operator',
    advice: /murano-workflow approve/,
    inject: async () => {
      const asks = { action: { approval: { message: 'Go on?' } } };
      return engine.asked(await engine.create(service({ a: asks }, 's.a')), 's.a');
    },
  },
  {
    name: 'a signal does not come',
    path: ['signal'],
    says: /waits for the signal 'licence'/,
    who: 'operator',
    advice: /murano-workflow signal why-\d+ licence/,
    inject: async () => {
      const waits = { action: { signal: { name: 'licence' } } };
      return engine.asked(await engine.create(service({ a: waits }, 's.a')), 's.a');
    },
  },
  {
    name: 'a child waits for a person',
    path: ['child', 'approval'],
    says: /waits for an operator's yes or no: Go on\?/,
    who: 'operator',
    advice: /murano-workflow approve why-\d+-[0-9a-f]{16}/,
    inject: async () => {
      const inner = service({ a: { action: { approval: { message: 'Go on?' } } } }, 's.a');
      const outer = service({ b: { action: { workflow: { definition: inner } } } }, 's.b');
      return engine.asked(await engine.create(outer), 's.b');
    },
  },
  {
    name: 'a child failed',
    path: ['failure'],
    says: /failed: .*exit code 7/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const inner = group({ a: { action: FAILS } }, 'g.a');
      const child = { workflow: { definition: inner, members: { g: '<% g.members %>' } } };
      const outer = group({ b: { once: 'any', action: child } }, 'g.b');
      return engine.asked(await engine.create(outer), 'g.b');
    },
  },
  {
    name: 'the workflow is suspended',
    path: ['suspended'],
    says: /goes no further: the workflow is suspended by tester/,
    who: 'operator',
    advice: /murano-workflow resume/,
    inject: async () => {
      const states = { a: { action: sh('sleep 1') }, b: { requires: ['a'], action: sh('true') } };
      const id = await engine.create(group(states, 'g.b'));
      await engine.act(id, { kind: 'suspend' });
      return engine.asked(id);
    },
  },
  {
    name: 'what runs is called back, and does not end at once',
    path: ['called_back'],
    says: /is being called back \(cancelled by tester\)/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const deaf = sh("trap '' TERM; while :; do sleep 1; done");
      const id = await engine.create(group({ a: { action: deaf } }, 'g.a'));
      await engine.until(id, 'g[0].a', 'running');
      await engine.act(id, { kind: 'cancel' });
      return engine.asked(id, 'g[0].a');
    },
  },
  {
    name: 'it cannot be undone',
    path: ['undo_failure'],
    says: /could not be undone: .*exit code 7/,
    who: 'operator',
    advice: /murano-workflow delete/,
    inject: async () => {
      const undo = { ...FAILS, on_failure: 'fail' };
      const id = await engine.create(group({ a: { action: sh('true'), undo } }, 'g.a'));
      await engine.until(id, 'g[0].a', 'reached');
      await engine.act(id, { kind: 'delete', abandon: false });
      return engine.asked(id, 'g[0].a');
    },
  },
  {
    name: 'what stands on it is being undone first',
    path: ['undo_order', 'running'],
    says: /is being undone on/,
    who: 'machine',
    advice: ADVICE.machine,
    inject: async () => {
      const states = {
        a: { action: sh('true'), undo: sh('true') },
        b: { requires: ['a'], action: sh('true'), undo: HANGS },
      };
      const id = await engine.create(group(states, 'g.b'));
      await engine.until(id, 'g[0].b', 'reached');
      await engine.act(id, { kind: 'delete', abandon: false });
      return engine.asked(id, 'g[0].a');
    },
  },
];
