// A workflow in each situation that a cause of the closed list tells of.
// Belongs here: the situations and the words expected. Does not belong here: the tests (why.test.ts).
import { EngineError } from '../../engine/base/errors.ts';
import type { Action, State } from '../../engine/definition/types.ts';
import type { Cause } from '../../engine/machine/why/types.ts';
import {
  definition,
  entity,
  expression,
  join,
  literal,
  membership,
  script,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const MASTER = { name: 'master', choose: 'lowest_index', among: 'a' } as const;

/** A group `g` of `members` with these states; the last one is the goal. */
export function group(
  members: number,
  states: readonly State[],
  roles: readonly [] | readonly [object] = [],
): Workflow {
  const last = states.at(-1)?.name ?? '';
  const g = entity('g', { states, roles: roles as never });
  return new Workflow(definition([g], [`g.${last}`]), membership({ g: members })).create();
}

interface Situation {
  readonly step: string;
  readonly says: string;
  readonly workflow: () => Workflow;
  readonly offline?: string;
}

const approval: Action = { kind: 'approval', message: literal('Go on?'), timeout: 30_000 };
const failed = (): Workflow => {
  const w = group(1, [state('g', 'a'), state('g', 'b', { needs: ['a'] })]);
  w.exit('g[0].a', 3, 'no licence\n');
  return w;
};
const unwilling = expression(() => {
  throw new EngineError('expression_failed', 'No number.', 'Give one.');
});

export const SITUATIONS: { readonly [kind in Cause['kind']]?: readonly Situation[] } = {
  step: [
    {
      step: 'g[0].b',
      says: 'waits for g[0].a',
      workflow: () => group(1, [state('g', 'a'), state('g', 'b', { needs: ['a'] })]),
    },
    {
      step: 'g[0].b',
      says: 'cannot go on: it requires that g[0].a is reached, and that will not happen',
      workflow: failed,
    },
    {
      step: 'g[0].b',
      says: 'waits for g[0].a to fail',
      workflow: () => group(1, [state('g', 'a'), state('g', 'b', { needs: ['a!failed'] })]),
    },
  ],
  barrier: [
    {
      step: 'g[0].b',
      says: 'waits for all 12 of g.a: none is there; missing: g[0].a, g[1].a, g[2].a, g[3].a, g[4].a, g[5].a, g[6].a, g[7].a and 4 more',
      workflow: () => group(12, [state('g', 'a'), state('g', 'b', { needs: ['g.a'] })]),
    },
    {
      step: 'g[0].b',
      says: 'waits for 60% (2) of g.a: 1 is there; missing: g[1].a, g[2].a',
      workflow: () => {
        const w = group(3, [state('g', 'a'), state('g', 'b', { needs: ['g.a@60%'] })]);
        w.succeed('g[0].a');
        return w;
      },
    },
    {
      step: 's.b',
      says: 'cannot go on: it requires any of g.a: none is there',
      workflow: () => {
        const entities = [
          entity('g', { states: [state('g', 'a')] }),
          entity('s', { type: 'service', states: [join('s', 'b', { needs: ['g.a@any'] })] }),
        ];
        return new Workflow(definition(entities, ['s.b']), membership({ g: 0 })).create();
      },
    },
  ],
  any_of: [
    {
      step: 'g[0].c',
      says: 'waits for one of: g[0].a (no longer possible), or g[0].b',
      workflow: () => {
        const w = group(1, [
          state('g', 'a', { exclusive: false }),
          state('g', 'b', { exclusive: false }),
          state('g', 'c', { needs: ['0? a', '0? b'] }),
        ]);
        w.exit('g[0].a', 1);
        return w;
      },
    },
  ],
  role: [
    {
      step: 'g[1].b',
      says: 'waits for the choice of g.master, which waits until these are final: g[1].a',
      workflow: () => {
        const w = group(2, [state('g', 'a'), state('g', 'b', { only: ['master'] })], [MASTER]);
        w.succeed('g[0].a');
        return w;
      },
    },
  ],
  vacant_role: [
    {
      step: 'g[0].b',
      says: 'cannot go on: g.master is vacant; lost: g[0].a',
      workflow: () => {
        const w = group(1, [state('g', 'a'), state('g', 'b', { only: ['master'] })], [MASTER]);
        w.exit('g[0].a', 1);
        return w;
      },
    },
    {
      step: 'g[0].b',
      says: 'cannot go on: nobody could be chosen as g.master: highest of g.master for g-0: No number. Give one.',
      workflow: () => {
        const role = { ...MASTER, choose: 'highest', rule: unwilling } as const;
        const w = group(1, [state('g', 'a'), state('g', 'b', { only: ['master'] })], [role]);
        w.succeed('g[0].a');
        return w;
      },
    },
  ],
  machine_busy: [
    {
      step: 'g[0].c',
      says: 'is ready and waits for its machine: g-0 is busy with g[0].a; 1 more before it',
      workflow: () => {
        const states = [state('g', 'a'), state('g', 'b'), state('g', 'c')];
        return group(1, [...states, join('g', 'd', { needs: ['a', 'b', 'c'] })]);
      },
    },
  ],
  undo_order: [
    {
      step: 'g[0].a',
      says: 'is undone after what stands on it: g[0].b',
      workflow: () => {
        const undo = { action: script() };
        const w = group(1, [state('g', 'a', { undo }), state('g', 'b', { needs: ['a'], undo })]);
        w.succeed('g[0].a');
        w.succeed('g[0].b');
        w.send({ kind: 'delete', abandon: false, by: 'ann' });
        return w;
      },
    },
  ],
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
  ],
  not_wanted: [
    {
      step: 'g[0].a',
      says: 'is never run: the goal does not need it',
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
