// What random draws found about definitions that change, each as the smallest case of its fault.
// Belongs here: single cases that once went wrong. Does not belong here: the rules as such (source.test.ts).
import { expect } from 'chai';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { planUpdate } from '../../engine/plan/plan.ts';
import { definition, entity, literal, membership, rolling, script, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const undo = { action: script(), onFailure: 'fail' as const };

describe('definitions that change, as random draws found it', () => {
  const conditional = (holds: boolean, digest: string): WorkflowDefinition =>
    definition(
      [
        entity('g', {
          states: [
            state('g', 'a', { undo, action: script({ holds }), condition: literal(holds) }),
            state('g', 'b', { needs: ['a'] }),
          ],
        }),
      ],
      ['g.b'],
      { digest },
    );

  it('row 23: what had failed is undone, and does not run again, where its condition no longer holds', () => {
    const w = new Workflow(conditional(true, 'one'), membership({ g: 1 })).create();
    w.exit('g[0].a', 1);
    expect(w.over).to.equal('failed');
    const next = conditional(false, 'two');
    const { steps } = planUpdate(w.graph, w.state, { source: { definition: next.digest, inputs: {} } }, next);
    expect(steps.find(({ step }) => step === 'g[0].a')?.fate).to.equal('undo');
    w.update(next);
    expect(w.record('g[0].a')).to.include({ status: 'undoing', phase: 'undo' });
    w.succeed('g[0].a');
    expect([w.status('g[0].a'), w.out()]).to.eql(['skipped', ['g[0].b']]);
  });

  it('row 23: nor does an attempt that ended without its state begin anew', () => {
    const w = new Workflow(conditional(true, 'one'), membership({ g: 1 })).create();
    w.update(conditional(false, 'two'));
    w.interrupt('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'undoing', phase: 'undo' });
  });

  it('row 9: who is inside a rolling stays so while what it reached is compared with what is asked now', () => {
    const turns = rolling(['s'], { serial: { kind: 'batches', sizes: [{ count: 2 }] } });
    const rolled = (n: number): WorkflowDefinition =>
      definition(
        [entity('g', { states: [state('g', 's', { action: script({ n }), rolling: turns })] })],
        ['g.s'],
        { digest: `${n}` },
      );
    const w = new Workflow(rolled(1), membership({ g: 2 })).create();
    w.update(rolled(2));
    w.succeed('g[0].s');
    expect(w.out()).to.eql(['g[0].s', 'g[1].s']);
    expect(w.record('g[0].s')?.command?.reason).to.equal('changed');
  });

  it('row 5: a plan does not take for lost what may turn out not to apply', () => {
    const roles = [{ name: 'boss', choose: 'first_ready' as const, among: 'a' }];
    const failing = state('e', 'never', { condition: literal(false) });
    const one = (goal: string, digest: string): WorkflowDefinition =>
      definition(
        [
          entity('e', { states: [failing] }),
          entity('g', {
            roles,
            states: [
              state('g', 'a'),
              state('g', 'b', { needs: ['e.never@1'], except: ['boss'] }),
              state('g', 'c', { needs: ['b'] }),
            ],
          }),
        ],
        [goal],
        { digest },
      );
    const w = new Workflow(one('g.a', 'one'), membership({ e: 1, g: 2 })).create();
    const next = one('g.c', 'two');
    const change = { source: { definition: next.digest, inputs: {} } };
    const { steps } = planUpdate(w.graph, w.state, change, next);
    expect(steps.find(({ step }) => step === 'g[0].c')?.fate).to.equal('maybe');
    w.update(next);
    w.succeed('g[0].a');
    expect([w.status('g[0].b'), w.out().includes('g[0].c')]).to.eql(['skipped', true]);
  });

  it('a plan of what is suspended leaves open what came meanwhile', () => {
    const one = (n: number): WorkflowDefinition =>
      definition(
        [
          entity('g', {
            states: [state('g', 'a', { interruptible: true, idempotent: true, action: script({ n }) })],
          }),
        ],
        ['g.a'],
        { digest: `${n}` },
      );
    const w = new Workflow(one(1), membership({ g: 1 })).create();
    w.send({ kind: 'suspend', by: 'ann' });
    w.interrupt('g[0].a');
    const change = { source: { definition: '2', inputs: {} } };
    expect(planUpdate(w.graph, w.state, change, one(2)).steps.map(({ fate }) => fate)).to.eql(['maybe']);
    const { effects } = w.update(one(2));
    expect(effects.map(({ kind }) => kind)).to.eql(['start']);
  });

  it('R3: what was tolerated keeps its error where the goal holds before it is looked at', () => {
    const roles = [{ name: 'boss', choose: 'lowest_index' as const, among: 'a' }];
    const said = (digest: string): WorkflowDefinition =>
      definition(
        [
          entity('g', {
            roles,
            states: [
              state('g', 'a', { onFailure: 'continue', needs: ['g.z'] }),
              state('g', 'b', { except: ['boss'] }),
              state('g', 'z'),
            ],
          }),
        ],
        ['g.b'],
        { digest },
      );
    const w = new Workflow(said('one'), membership({ g: 1 })).create();
    w.succeed('g[0].z');
    w.exit('g[0].a', 3);
    expect(w.over).to.equal('complete');
    const before = w.record('g[0].a');
    expect(before?.error?.exitCode).to.equal(3);
    w.update(said('two'));
    expect([w.over, w.record('g[0].a')]).to.eql(['complete', before]);
  });

  it('row 18: what ended late is judged by the definition that had come meanwhile, when it is resumed', () => {
    const said = (holds: boolean, digest: string): WorkflowDefinition =>
      definition([entity('g', { states: [state('g', 'a', { undo, condition: literal(holds) })] })], ['g.a'], {
        digest,
        deadline: 60_000,
      });
    const w = new Workflow(said(true, 'one'), membership({ g: 1 })).create();
    w.update(said(false, 'two'));
    w.ownTime();
    w.interrupt('g[0].a');
    expect(w.over).to.equal('failed');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.record('g[0].a')?.phase).to.equal('undo');
    w.succeed('g[0].a');
    expect([w.over, w.status('g[0].a'), w.record('g[0].a')?.cause]).to.eql([
      'complete',
      'skipped',
      'condition_false',
    ]);
  });
});
