// What a failure means for the whole workflow, by the number of the row in the language's table of rules.
// Belongs here: the keys at the top of a definition that say so. Does not belong here: rules of single steps.
import { expect } from 'chai';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { definition, entity, join, membership, state, type StateSpec } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

type Modes = Partial<Pick<WorkflowDefinition, 'failureMode'>>;

/** A group `g` of three with these states; the goal is all that is named. */
function workflow(
  modes: Modes,
  states: { readonly [name: string]: StateSpec },
  goal: readonly string[],
): Workflow {
  const made = Object.entries(states).map(([name, spec]) => state('g', name, spec));
  const up = join('s', 'up', { needs: goal });
  const entities = [entity('g', { states: made }), entity('s', { type: 'service', states: [up] })];
  return new Workflow(definition(entities, ['s.up'], modes), membership({ g: 3 })).create();
}

describe('row 43: `failure_mode: halt`', () => {
  const halt: Modes = { failureMode: 'halt' };

  it('lets nothing start after a failure, retries go on, and a resume goes on', () => {
    const states = {
      a: { retry: { attempts: 2, delay: 1_000 } },
      b: { needs: ['a'] },
      c: { exclusive: false, needs: ['a'] },
    };
    const w = workflow(halt, states, ['g.b', 'g.c']);
    w.exit('g[0].a', 1);
    w.due('g[0].a');
    w.exit('g[1].a', 1);
    w.exit('g[0].a', 1);
    w.succeed('g[2].a');
    expect(w.out()).to.eql([]);
    expect(w.status('g[2].b')).to.equal('waiting');
    expect(w.over).to.equal('running');
    expect(w.reason).to.contain('Halted: g[0].a failed');
    w.due('g[1].a');
    w.succeed('g[1].a');
    expect(w.over).to.equal('failed');
    expect(w.reason).to.equal('g[0].a on g-0 failed: exit 1');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.state.workflow.halted).to.equal(undefined);
    expect(w.out()).to.eql(['g[0].a', 'g[1].b', 'g[2].b', 'g[1].c', 'g[2].c']);
  });

  it('halts nothing for a failure for which a state waits', () => {
    const w = workflow(halt, { a: {}, plan_b: { needs: ['g.a@any!failed'] } }, ['g.plan_b']);
    w.exit('g[0].a', 1);
    expect(w.out()).to.include('g[1].a').and.to.include('g[0].plan_b');
  });

  it('reaches a goal that is met by what runs', () => {
    const w = workflow(halt, { a: {} }, ['g.a@2']);
    w.exit('g[0].a', 1);
    w.succeed('g[1].a');
    w.succeed('g[2].a');
    expect(w.over).to.equal('complete');
  });

  it('takes back from being ready what had not begun', () => {
    const w = workflow(halt, { a: {}, b: {} }, ['g.a', 'g.b']);
    expect(w.status('g[0].b')).to.equal('ready');
    w.exit('g[1].a', 1);
    expect(w.status('g[0].b')).to.equal('waiting');
    w.succeed('g[0].a');
    expect(w.out()).to.eql(['g[2].a']);
  });

  it('asks nobody: a step that would pause fails, and the workflow is not held', () => {
    const w = workflow(halt, { a: { onFailure: 'pause' }, b: { exclusive: false } }, ['g.a', 'g.b']);
    w.exit('g[0].a', 1);
    expect(w.status('g[0].a')).to.equal('paused');
    for (const step of ['g[0].b', 'g[1].a', 'g[2].a', 'g[1].b', 'g[2].b']) w.exit(step, 1);
    expect(w.status('g[1].a')).to.equal('failed');
    expect(w.over).to.equal('failed');
    w.send({ kind: 'skip', step: 'g[0].a', outputs: {}, by: 'ann' });
    expect(w.over).to.equal('failed');
    expect(w.state.workflow.halted).to.equal(undefined);
  });
});
