// What events cost: linear in the size of the graph over a whole life (P7), counted, not timed.
// Belongs here: counts. Does not belong here: times (test/bench).
import { expect } from 'chai';
import sinon from 'sinon';
import { Ages } from '../../engine/machine/ages.ts';
import { LiveCells } from '../../engine/machine/cells.ts';
import { apply } from '../../engine/machine/apply.ts';
import type { Share } from '../../engine/definition/types.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { decide } from '../../engine/machine/decide.ts';
import { initialState } from '../../engine/machine/state.ts';
import type { EffectId } from '../../engine/base/ids.ts';
import type { MachineEvent } from '../../engine/machine/types.ts';
import {
  definition,
  entity,
  expression,
  membership,
  rolling,
  script,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

/** Barriers, bare requirements and undo over `members` members. */
const wide = definition(
  [
    entity('g', {
      states: [
        state('g', 'a', { undo: { action: script() } }),
        state('g', 'b', { needs: ['a', 'g.a'] }),
        state('g', 'c', { needs: ['b', 'g.b@majority'], undo: { action: script() } }),
      ],
    }),
  ],
  ['g.c'],
);

/** Two rollings, one in an order of its own, over `members` members, and back again. */
const rolled = (size: Share) => {
  const window = { kind: 'window', size } as const;
  const order = expression(({ member }) => -(member?.index ?? 0));
  const one = rolling(['a', 'b'], { name: 'one', serial: window, order });
  const two = rolling(['c'], { name: 'two', serial: { kind: 'batches', sizes: [{ count: 1 }, size] } });
  return definition(
    [
      entity('g', {
        states: [
          state('g', 'a', { rolling: one, undo: { action: script() } }),
          state('g', 'b', { rolling: one, needs: ['a'] }),
          state('g', 'c', { rolling: two, needs: ['g.b'], undo: { action: script() } }),
        ],
      }),
    ],
    ['g.c'],
  );
};

interface Cost {
  readonly reads: number;
  readonly changes: number;
}

/** Numbers read and changes made from create to deleted. */
function lifeOf(members: number, of = wide): Cost {
  const graph = compileGraph(of, membership({ g: members }));
  const machine = initialState(graph, { id: 'w', stackName: 's', generation: 1, at: 0, inputs: {} });
  const out: EffectId[] = [];
  let changes = 0;
  const send = (event: MachineEvent): void => {
    const decision = decide(graph, machine, event);
    apply(graph, machine, decision.changes);
    changes += decision.changes.length;
    for (const effect of decision.effects) out.push(effect.id);
  };
  const answerAll = (): void => {
    for (let id = out.shift(); id; id = out.shift()) {
      const outcome = { kind: 'succeeded', outputs: {} } as const;
      send({ kind: 'report', at: 1, id, report: { kind: 'finished', outcome } });
    }
  };
  // Not a spy: it would keep every one of millions of calls.
  let reads = 0;
  sinon.replace(LiveCells.prototype, 'get', function (this: LiveCells, index: number) {
    reads += 1;
    return this.values[index] as number;
  });
  try {
    send({ kind: 'create', at: 1 });
    answerAll();
    expect(machine.workflow.status).to.equal('complete');
    send({ kind: 'delete', at: 2, abandon: false, by: 'ann' });
    answerAll();
    expect(machine.workflow.status).to.equal('deleted');
    return { reads, changes };
  } finally {
    sinon.restore();
  }
}

/** Views of members that are made while `members` of them read who holds a role. */
function viewsOf(members: number): number {
  const boss = { name: 'boss', choose: 'lowest_index', among: 'a' } as const;
  const reads = expression(
    data => ({ boss: data.role('g', 'boss')?.name ?? '' }),
    [{ kind: 'role', entity: 'g', role: 'boss' }],
  );
  const states = [state('g', 'a'), state('g', 'b', { needs: ['a'], action: script(reads) })];
  let views = 0;
  const group = Array.from({ length: members }, (_, index) => ({
    agent: `g-${index}`,
    index,
    data: {},
    get name(): string {
      views += 1;
      return `g-${index}`;
    },
  }));
  const w = new Workflow(
    definition([entity('g', { states, roles: [boss] })], ['g.b']),
    new Map([['g', group]]),
  ).create();
  for (const state of ['a', 'b']) for (let at = 0; at < members; at += 1) w.succeed(`g[${at}].${state}`);
  expect(w.over).to.equal('complete');
  return views;
}

/** Members ask one after the other for tokens of all, which are young enough. */
const ageing = definition(
  [
    entity('g', {
      states: [
        state('g', 'token', { validFor: 60_000 }),
        state('g', 'own', { needs: ['g.token'] }),
        state('g', 'used', { needs: ['own', 'g.token'] }),
      ],
    }),
  ],
  ['g.used'],
);

/** Records whose age is judged in a life. */
function judgedIn(members: number): number {
  const kept = sinon.spy(Ages.prototype, 'keep');
  lifeOf(members, ageing);
  return kept.callCount * members;
}

describe('a whole life', () => {
  it('looks at the ages of a barrier once, however many ask one after the other', () => {
    expect(judgedIn(20)).to.be.within(20, 40);
    expect(judgedIn(200)).to.be.within(200, 400);
  });

  it('views a member when it is read, and not whenever another one is', () => {
    expect(viewsOf(40) / viewsOf(20)).to.be.within(1.8, 2.2);
  });

  it('costs in proportion to its steps', () => {
    const [n, twice, four] = [lifeOf(25), lifeOf(50), lifeOf(100)] as [Cost, Cost, Cost];
    expect(twice.reads / n.reads).to.be.within(1.9, 2.15);
    expect(four.reads / n.reads).to.be.within(3.7, 4.4);
  });

  for (const [what, size] of [
    ['one at a time', { count: 1 }],
    ['half at a time', { percent: 50 }],
    ['all at a time', { percent: 100 }],
  ] as const) {
    it(`R4: costs in proportion to its members where they take turns, ${what}`, () => {
      const [n, twice, four] = [250, 500, 1_000].map(members => lifeOf(members, rolled(size)).reads) as [
        number,
        number,
        number,
      ];
      expect(twice / n).to.be.within(1.9, 2.15);
      expect(four / n).to.be.within(3.7, 4.4);
    });
  }

  it('changes a step once per event that concerns it', () => {
    // Per member: start and end of three steps, undo and its end of two, `nothing to undo` of one; the workflow: created,
    // complete, deleting, deleted.
    expect(lifeOf(10).changes).to.equal(10 * (3 * 2 + 2 * 2 + 1) + 4);
  });
});
