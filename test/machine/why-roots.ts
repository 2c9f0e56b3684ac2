// A workflow in each situation in which a step is a root: nobody else has to move first.
// Belongs here: the situations and the words expected. Does not belong here: waiting for others (why-onward.ts), tests.
import type { Action } from '../../engine/definition/types.ts';
import type { Root } from '../../engine/machine/why/types.ts';
import {
  call,
  child,
  definition,
  entity,
  join,
  literal,
  membership,
  script,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';
import { failed, group, MASTER, type Situations } from './why-situations.ts';

const approval: Action = { kind: 'approval', message: literal('Go on?'), timeout: 30_000 };

/** `set_aside` and `engine` are told by the engine around the machine; the rest is in why-troubles.ts. */
export const ROOTS: Situations<
  Exclude<Root, { readonly kind: 'set_aside' | 'engine' | 'broker' | 'store' | 'quota' }>
> = {
  running: [
    {
      step: 'g[0].a',
      says: 'runs on g-0, attempt 1 of at most 3; times out in 10m00s',
      workflow: () => {
        const w = group(1, [state('g', 'a', { retry: { attempts: 3 } })]);
        w.report('g[0].a', { kind: 'started' });
        return w;
      },
    },
    {
      step: 'g[0].a',
      says: 'is being rescued on g-0, for it failed: exit 3: no space; times out in 10m00s',
      workflow: () => {
        const rescue = { action: script(), times: 1 };
        const w = group(1, [state('g', 'a', { onFailure: 'retry', rescue })]);
        w.exit('g[0].a', 3, 'no space');
        w.report('g[0].a', { kind: 'started' });
        return w;
      },
    },
    {
      step: 'g[0].a',
      says: 'is being undone on g-0, for it failed: exit 3: no space; times out in 10m00s',
      workflow: () => {
        const w = group(1, [state('g', 'a', { onFailure: 'undo', undo: { action: script() } })]);
        w.exit('g[0].a', 3, 'no space');
        w.report('g[0].a', { kind: 'started' });
        return w;
      },
    },
    {
      step: 'g[0].a',
      says: 'runs: GET https://x.org/a until it answers as wanted; times out in 10m00s',
      workflow: () =>
        group(1, [
          state('g', 'a', { action: call('https://x.org/a?key=1', '<% response.status == 200 %>') }),
        ]),
    },
    {
      step: 'g[0].a',
      says: 'runs: GET https://x.org/a until it answers as wanted; last seen: GET answered 503; times out in 10m00s',
      workflow: () =>
        group(1, [state('g', 'a', { action: call('https://x.org/a', '<% response.status == 200 %>') })]),
      around: () => ({ word: () => ({ kind: 'seen', says: 'GET answered 503' }) }),
    },
    {
      step: 'g[0].a',
      says: 'runs: GET; times out in 10m00s',
      workflow: () => group(1, [state('g', 'a', { action: call({ $secret: 'input/address' }) })]),
    },
  ],
  child: [
    {
      step: 'g[0].a',
      says: 'runs its child w-6d3dc4670b7e92aa',
      workflow: () => group(1, [state('g', 'a', { action: child() })]),
    },
    {
      step: 'g[0].a',
      says: 'waits for its child w-6d3dc4670b7e92aa, which is held: x.y waits for an operator',
      workflow: () => {
        const w = group(1, [state('g', 'a', { action: child() })]);
        w.report('g[0].a', { kind: 'held', reason: 'x.y waits for an operator' });
        return w;
      },
    },
    {
      step: 'g[0].a',
      says: 'waits for its child w-6d3dc4670b7e92aa, which is being called back (cancelled by ann)',
      workflow: () => {
        const w = group(1, [state('g', 'a', { action: child() })]);
        w.send({ kind: 'cancel', by: 'ann' });
        return w;
      },
    },
    {
      step: 'g[0].a',
      says: 'waits for its child w-6d3dc4670b7e92aa to be deleted',
      workflow: () => {
        const undo = { action: child(), onFailure: 'fail' } as const;
        const w = group(1, [state('g', 'a', { action: child(), undo })]);
        w.succeed('g[0].a');
        w.send({ kind: 'delete', abandon: false, by: 'ann' });
        return w;
      },
    },
  ],
  agent: [
    {
      step: 'g[0].a',
      says: 'waits for the agent of g-0: it is offline, last greeted 1m00s ago (its connection is gone); times out in 10m00s',
      workflow: () => group(1, [state('g', 'a', { action: { kind: 'online' } })]),
      offline: 'g-0',
    },
    {
      step: 'g[0].a',
      says: 'waits for g-0 to take the command: it is online; times out in 10m00s',
      workflow: () => group(1, [state('g', 'a')]),
    },
    {
      step: 'g[0].a',
      says: 'waits for its turn on g-0, where something else runs: it is online; times out in 10m00s',
      workflow: () => {
        const w = group(1, [state('g', 'a')]);
        w.report('g[0].a', { kind: 'accepted' });
        return w;
      },
    },
  ],
  called_back: [
    {
      step: 'g[0].a',
      says: 'is being called back (cancelled by ann): waits for g-0 to end it; times out in 2m00s',
      workflow: () => {
        const w = group(1, [state('g', 'a')]);
        w.send({ kind: 'cancel', by: 'ann' });
        return w;
      },
    },
  ],
  retry: [
    {
      step: 'g[0].a',
      says: 'waits for the time of attempt 2 of 3, in 30s; the last one failed: exit 7: busy',
      workflow: () => {
        const w = group(1, [state('g', 'a', { retry: { attempts: 3, delay: 30_000 } })]);
        w.exit('g[0].a', 7, 'one\nbusy\n');
        return w;
      },
    },
  ],
  wait: [
    {
      step: 'g[0].a',
      says: 'waits for a time, in 1m30s',
      workflow: () => group(1, [state('g', 'a', { action: { kind: 'wait', duration: 90_000 } })]),
    },
  ],
  operator: [
    {
      step: 'g[0].a',
      says: 'has failed and is held for an operator: retry, skip or fail it (exit 3: no licence)',
      workflow: () => {
        const w = group(1, [state('g', 'a', { onFailure: 'pause' })]);
        w.exit('g[0].a', 3, 'no licence');
        return w;
      },
    },
  ],
  approval: [
    {
      step: 'g[0].a',
      says: "waits for an operator's yes or no: Go on?; times out in 30s",
      workflow: () => group(1, [state('g', 'a', { action: approval })]),
    },
  ],
  signal: [
    {
      step: 'g[0].a',
      says: "waits for the signal 'go'",
      workflow: () => group(1, [state('g', 'a', { action: { kind: 'signal', name: 'go' } })]),
    },
  ],
  interrupted: [
    {
      step: 'g[0].a',
      says: 'was interrupted and waits for a resume (Called back: cancelled by ann. too late)',
      workflow: () => {
        const w = group(1, [state('g', 'a')]);
        w.send({ kind: 'cancel', by: 'ann' });
        w.finish('g[0].a', { kind: 'refused', message: 'too late' });
        return w;
      },
    },
  ],
  failure: [
    { step: 'g[0].a', says: 'failed: exit 3: no licence', workflow: failed },
    {
      step: 'g[0].a',
      says: 'failed by the word of an operator: exit 1',
      workflow: () => {
        const w = group(1, [state('g', 'a', { onFailure: 'pause' })]);
        w.exit('g[0].a', 1);
        w.send({ kind: 'fail', step: 'g[0].a', by: 'ann' });
        return w;
      },
    },
  ],
  undo_failure: [
    {
      step: 'g[0].a',
      says: 'could not be undone: exit 2',
      workflow: () => {
        const w = group(1, [state('g', 'a', { undo: { action: script(), onFailure: 'fail' } })]);
        w.succeed('g[0].a');
        w.send({ kind: 'delete', abandon: false, by: 'ann' });
        w.exit('g[0].a', 2);
        return w;
      },
    },
    {
      step: 'g[1].a',
      says: 'could not be undone: exit 2',
      workflow: () => {
        const w = group(2, [state('g', 'a', { undo: { action: script() } })]);
        w.succeed('g[0].a');
        w.succeed('g[1].a');
        w.send({ kind: 'update', change: { leave: { g: ['g-1'] } }, by: 'ann' });
        w.exit('g[1].a', 2);
        return w;
      },
    },
  ],
  leaves: [
    {
      step: 'g[1].a',
      says: 'is no more: its member leaves',
      workflow: () => {
        const w = group(2, [state('g', 'a')]);
        w.send({ kind: 'update', change: { leave: { g: ['g-1'] } }, by: 'ann' });
        w.succeed('g[1].a');
        return w;
      },
    },
  ],
  stopped: [
    {
      step: 'g[0].b',
      says: 'is not started: the workflow is failed',
      workflow: () => {
        const w = group(1, [state('g', 'a'), state('g', 'b'), join('g', 'c', { needs: ['a', 'b'] })]);
        w.send({ kind: 'cancel', by: 'ann' });
        w.succeed('g[0].a');
        return w;
      },
    },
    {
      step: 'g[0].a',
      says: 'is undone, as ann asked, and is not begun again before somebody goes on',
      workflow: () => {
        const w = group(1, [state('g', 'a'), join('g', 'c', { needs: ['a'] })]);
        w.succeed('g[0].a');
        w.send({ kind: 'undo', step: 'g[0].a', by: 'ann' });
        return w;
      },
    },
  ],
  not_wanted: [
    {
      step: 'g[0].a',
      says: 'is not run: the goal does not need it',
      workflow: () => group(1, [state('g', 'a'), state('g', 'b')]),
    },
  ],
  condition_false: [
    {
      step: 'g[0].a',
      says: 'is skipped: its condition is false',
      workflow: () => group(1, [state('g', 'a', { condition: literal(false) })]),
    },
  ],
  not_the_role: [
    {
      step: 'g[1].b',
      says: 'is not for this member: g.master is g-0',
      workflow: () => {
        const w = group(2, [state('g', 'a'), state('g', 'b', { only: ['master'] })], [MASTER]);
        w.succeed('g[0].a');
        w.succeed('g[1].a');
        return w;
      },
    },
  ],
  vouched: [
    {
      step: 'g[0].a',
      says: 'is skipped: an operator vouched for it',
      workflow: () => {
        const w = failed();
        w.send({ kind: 'skip', step: 'g[0].a', outputs: {}, by: 'ann' });
        return w;
      },
    },
  ],
  suspended: [
    {
      step: 'g[0].b',
      says: 'goes no further: the workflow is suspended by ann since 1m00s; resume it',
      workflow: () => {
        const w = group(1, [state('g', 'a'), state('g', 'b', { needs: ['a'] })]);
        w.send({ kind: 'suspend', by: 'ann' });
        w.succeed('g[0].a');
        w.now += 60_000;
        return w;
      },
    },
    {
      step: 'g[0].a',
      says: 'goes no further: the workflow is suspended by ann since 0s; resume it',
      workflow: () => {
        const w = group(1, [state('g', 'a', { probe: script() })]);
        w.send({ kind: 'suspend', by: 'ann' });
        w.exit('g[0].a', 1);
        return w;
      },
    },
  ],
  goal_holds: [
    {
      step: 's.a',
      says: 'is not needed: the goal came to hold without it',
      workflow: () => {
        const entities = [
          entity('s', {
            type: 'service',
            states: [
              state('s', 'a', { action: approval }),
              state('s', 'b', { action: { kind: 'signal', name: 'go' } }),
              join('s', 'c', { needs: ['0? s.a', '0? s.b'] }),
            ],
          }),
        ];
        const w = new Workflow(definition(entities, ['s.c']), membership({ s: 0 })).create();
        w.send({ kind: 'signal', name: 'go', data: {}, by: 'ann' });
        return w;
      },
    },
  ],
  did_not_fail: [
    {
      step: 'g[0].b',
      says: 'is not needed: it is for a failure of g.a, which did not come',
      workflow: () => {
        const w = group(1, [state('g', 'a'), state('g', 'b', { needs: ['a!failed'] })]);
        w.succeed('g[0].a');
        return w;
      },
    },
  ],
  reached: [
    {
      step: 'g[0].a',
      says: 'failed, which its state tolerates: exit 1',
      workflow: () => {
        const w = group(1, [state('g', 'a', { onFailure: 'continue' })]);
        w.exit('g[0].a', 1);
        return w;
      },
    },
  ],
  undone: [
    {
      step: 'g[0].a',
      says: 'is undone: there was nothing to undo',
      workflow: () => {
        const w = group(1, [state('g', 'a')]);
        w.succeed('g[0].a');
        w.send({ kind: 'delete', abandon: false, by: 'ann' });
        return w;
      },
    },
  ],
};
