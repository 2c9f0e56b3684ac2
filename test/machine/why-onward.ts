// A workflow in each situation in which a step waits for others.
// Belongs here: the situations and the words expected. Does not belong here: roots (why-roots.ts), tests (why.test.ts).
import { EngineError } from '../../engine/base/errors.ts';
import type { Onward } from '../../engine/machine/why/types.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  rolling,
  script,
  state,
} from '../support/definitions.ts';
import { failed, group, MASTER, type Situations } from './why-situations.ts';
import { Workflow } from '../support/workflow.ts';

const unwilling = expression(() => {
  throw new EngineError('expression_failed', 'No number.', 'Give one.');
});

/** `b` gets ready when `a` is too old. */
function aged(): Workflow {
  const w = group(1, [
    state('g', 'a', { validFor: 60_000 }),
    state('g', 'slow'),
    state('g', 'b', { needs: ['a', 'slow'] }),
  ]);
  w.succeed('g[0].a');
  w.now += 61_000;
  w.succeed('g[0].slow');
  return w;
}

export const ONWARD: Situations<Onward> = {
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
  renewal: [
    {
      step: 'g[0].b',
      says: 'waits until what was too old has run again: g[0].a',
      workflow: aged,
    },
    {
      step: 'g[0].b',
      says: 'cannot go on: it was too old and could not be renewed: g[0].a',
      workflow: () => {
        const w = aged();
        w.exit('g[0].a', 1);
        return w;
      },
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
      says: 'cannot go on: nobody could be chosen as g.master: highest of g.master for g-0: No number. Give one',
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
  halted: [
    {
      step: 'g[1].b',
      says: 'is not started: the workflow halted when g[0].a failed',
      workflow: () => {
        const g = entity('g', { states: [state('g', 'a'), state('g', 'b', { needs: ['a'] })] });
        const halting = definition([g], ['g.b'], { failureMode: 'halt' });
        const w = new Workflow(halting, membership({ g: 2 })).create();
        w.exit('g[0].a', 1);
        w.succeed('g[1].a');
        return w;
      },
    },
  ],
  turn: [
    {
      step: 'g[2].a',
      says: 'waits for its turn in rolling g.r, after g[0].a, g[1].a',
      workflow: () => {
        const r = rolling(['a'], { serial: { kind: 'window', size: { count: 2 } } });
        return group(3, [state('g', 'a', { rolling: r })]);
      },
    },
    {
      step: 'g[1].b',
      says: 'waits for its turn in rolling g.r, after g[0].b',
      workflow: () => {
        const w = group(2, [state('g', 'a'), state('g', 'b', { needs: ['a'], rolling: rolling(['b']) })]);
        w.succeed('g[1].a');
        return w;
      },
    },
  ],
  rolling_stopped: [
    {
      step: 'g[1].a',
      says: 'is not started: rolling g.r stopped before its turn, when g[0].a failed',
      workflow: () => {
        const w = group(2, [state('g', 'a', { rolling: rolling(['a']) })]);
        w.exit('g[0].a', 1);
        return w;
      },
    },
  ],
  undo_order: [
    {
      step: 'g[0].a',
      says: 'is undone after what stands on it: g[1].a',
      workflow: () => {
        const w = group(2, [state('g', 'a', { rolling: rolling(['a']), undo: { action: script() } })]);
        w.succeed('g[0].a');
        w.succeed('g[1].a');
        w.send({ kind: 'delete', abandon: false, by: 'ann' });
        return w;
      },
    },
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
};
