// Each cause of the closed list, in a workflow that is really in that situation.
// Belongs here: causes, chains, and what finding them costs. Does not belong here: the situations (why-onward.ts, why-roots.ts),
// what holds of all (properties.test.ts), a whole story (test/scenarios/why-a-cluster-waits.txt).
import { expect } from 'chai';
import type { State } from '../../engine/definition/types.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { apply } from '../../engine/machine/apply.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { decide } from '../../engine/machine/decide.ts';
import { initialState } from '../../engine/machine/state.ts';
import { explainStep, explainWorkflow } from '../../engine/machine/why/explain.ts';
import type { Presence } from '../../engine/machine/why/types.ts';
import { definition, entity, join, membership, script, state } from '../support/definitions.ts';
import { around, explain } from '../support/why.ts';
import { Workflow } from '../support/workflow.ts';
import { ONWARD } from './why-onward.ts';
import { ROOTS } from './why-roots.ts';
import { group } from './why-situations.ts';
import { TROUBLES } from './why-troubles.ts';

const SITUATIONS = { ...ONWARD, ...ROOTS, ...TROUBLES };

describe('why a workflow that has undone what it did stands still', () => {
  it('a resume begins anew', () => {
    const made = definition([entity('g', { states: [state('g', 'a')] })], ['g.a'], {
      onWorkflowFailure: 'undo',
    });
    const w = new Workflow(made, membership({ g: 1 })).create();
    w.exit('g[0].a', 1);
    const { roots } = explain(w, 'g[0].a');
    expect(w.status('g[0].a')).to.equal('undone');
    expect(roots[0]).to.deep.include({ who: 'operator', answers: [{ act: 'resume' }] });
  });
});

describe('why a workflow has undone what it did', () => {
  it('names what had failed, not what was taken back because of that', () => {
    const undo = { action: script() };
    const states = [state('g', 'a', { undo }), state('g', 'b', { undo })];
    const made = definition([entity('g', { states })], ['g.a', 'g.b'], { onWorkflowFailure: 'undo' });
    const w = new Workflow(made, membership({ g: 2 })).create();
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.succeed('g[0].b');
    w.exit('g[1].b', 3, 'no licence');
    for (let [step] = w.out(); step !== undefined; [step] = w.out()) w.succeed(step);
    expect(w.over).to.equal('failed');
    const { roots, moreRoots } = explainWorkflow(w.graph, w.state, around(w));
    expect(roots.map(({ path }) => path.at(-1)?.step)).to.deep.equal(['g[1].b']);
    expect(moreRoots).to.equal(0);
  });
});

describe('why', () => {
  for (const [kind, situations] of Object.entries(SITUATIONS)) {
    for (const { step, says, workflow, offline, around: more } of situations) {
      it(`tells ${kind}: ${says.slice(0, 90)}`, () => {
        const w = workflow();
        const { causes } = explain(w, step, offline, more?.(w.now));
        expect(causes[0]?.says).to.equal(says);
        expect(causes[0]?.cause.kind).to.equal(kind);
      });
    }
  }

  it('says of what is set aside that nothing moves it, and why', () => {
    const w = group(1, [state('g', 'a')]);
    const { causes, roots } = explainStep(w.graph, w.state, 0, { ...around(w), setAside: 'a bug' });
    expect(causes[0]?.says).to.equal('waits because the engine has set the workflow aside: a bug');
    expect(roots[0]?.who).to.equal('engine');
  });

  it('follows the chain to its root, with the machine and the time of each link', () => {
    const w = group(1, [
      state('g', 'a'),
      state('g', 'b', { needs: ['a'] }),
      join('g', 'c', { needs: ['b'] }),
    ]);
    w.now += 5_000;
    w.exit('g[0].a', 3, 'no licence');
    const { roots } = explain(w, 'g[0].c');
    expect(roots).to.have.length(1);
    const [{ path, who, answers }] = roots as [(typeof roots)[number]];
    expect(path.map(link => link.step)).to.eql(['g[0].c', 'g[0].b', 'g[0].a']);
    expect(path.at(-1)).to.include({ machine: 'g-0', status: 'failed', since: w.now });
    expect({ who, answers }).to.eql({
      who: 'operator',
      answers: [
        { act: 'retry', step: 'g[0].a' },
        { act: 'skip', step: 'g[0].a' },
      ],
    });
  });

  it('gives roots for which somebody has to act first, and says how many there are beyond its bound', () => {
    const w = group(9, [state('g', 'a', { onFailure: 'pause' }), state('g', 'b', { needs: ['g.a'] })]);
    w.exit('g[7].a', 1);
    const { roots, moreRoots } = explain(w, 'g[0].b');
    expect(roots[0]?.path.at(-1)?.step).to.equal('g[7].a');
    expect(roots).to.have.length(5);
    expect(moreRoots).to.equal(4);
  });

  it('tells both ends of a long chain, and which step tells what lies between', () => {
    const names = Array.from({ length: 100 }, (_, place) => `s${String(place).padStart(2, '0')}`);
    const chain = names.map((name, place) =>
      state('g', name, place === 0 ? {} : { needs: [names[place - 1] ?? ''] }),
    );
    const w = group(1, chain);
    w.exit('g[0].s00', 1);
    const told: string[] = [];
    for (let step: string | undefined = 'g[0].s99'; step !== undefined; ) {
      const { roots } = explain(w, step);
      const [{ path, omitted }] = roots as [(typeof roots)[number]];
      expect(path.length).to.be.at.most(LIMITS.linksTold);
      expect(path.at(-1)?.step).to.equal('g[0].s00');
      const first = path.slice(0, omitted?.after ?? path.length);
      told.push(...first.map(link => link.step));
      expect(told.length + (omitted?.links ?? 0) + path.length - first.length).to.equal(100);
      step = omitted?.next;
    }
    expect(told).to.deep.equal(names.toReversed().map(name => `g[0].${name}`));
  });

  it('ends no phrase with the full stop of what a script said', () => {
    const w = group(1, [state('g', 'a')]);
    w.exit('g[0].a', 1, 'the port is taken.');
    expect(explain(w, 'g[0].a').causes[0]?.says).to.match(/the port is taken$/);
  });

  it('tells of a workflow by when it is to be complete, as long as it can be', () => {
    const states = [state('g', 'a', { onFailure: 'pause' })];
    const timed = definition([entity('g', { states })], ['g.a'], { deadline: 3_600_000 });
    const w = new Workflow(timed, membership({ g: 1 })).create();
    expect(explainWorkflow(w.graph, w.state, around(w)).deadline).to.equal(w.now + 3_600_000);
    w.succeed('g[0].a');
    expect(explainWorkflow(w.graph, w.state, around(w))).to.not.have.property('deadline');
  });

  it('follows what is undone because the workflow failed', () => {
    const undo = { action: script() };
    const states = [
      state('g', 'a', { undo }),
      state('g', 'b', { needs: ['a'], undo }),
      state('g', 'c', { needs: ['b'] }),
    ];
    const undoing = definition([entity('g', { states })], ['g.c'], { onWorkflowFailure: 'undo' });
    const w = new Workflow(undoing, membership({ g: 1 })).create();
    w.succeed('g[0].a');
    w.succeed('g[0].b');
    w.exit('g[0].c', 1);
    expect(w.over).to.equal('undoing');
    expect(explain(w, 'g[0].a').causes[0]?.says).to.equal('is undone after what stands on it: g[0].b');
  });

  it('costs in proportion to the graph, through any number of diamonds', () => {
    const cost = (depth: number, members: number): number => {
      const level = (at: number): State[] =>
        ['l', 'r'].map(side =>
          state('g', `${side}${at}`, at === 0 ? {} : { needs: [`g.l${at - 1}`, `g.r${at - 1}`] }),
        );
      const states = Array.from({ length: depth }, (_, at) => level(at)).flat();
      const graph = compileGraph(
        definition([entity('g', { states })], [`g.l${depth - 1}`]),
        membership({ g: members }),
      );
      const machine = initialState(graph, { id: 'w', stackName: 's', generation: 1, at: 0, inputs: {} });
      apply(graph, machine, decide(graph, machine, { kind: 'create', at: 1 }).changes);
      const count = { operations: 0 };
      const presence = (): Presence => ({ kind: 'online' });
      const last = graph.stepById.get(`g[0].l${depth - 1}`) as number;
      const { roots, moreRoots } = explainStep(graph, machine, last, { now: 1, presence }, count);
      // Of each machine one step runs and the other waits for it.
      expect(roots.length + moreRoots).to.equal(members);
      return count.operations;
    };
    const [n, deeper, wider] = [cost(10, 10), cost(20, 10), cost(10, 20)] as const;
    expect(deeper / n).to.be.within(1.8, 2.3);
    expect(wider / n).to.be.within(1.8, 2.2);
  });
});
