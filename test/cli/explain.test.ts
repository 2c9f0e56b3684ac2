// `explain`, from a workflow in a real situation to what a person reads.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { explainStep, explainWorkflow } from '../../engine/machine/why/explain.ts';
import { CAUSE_KINDS } from '../../engine/machine/why/words.ts';
import { child, join, state } from '../support/definitions.ts';
import { type Called, callCli, FakeEngine } from '../support/fake-engine.ts';
import { inProject } from '../support/project.ts';
import { around } from '../support/why.ts';
import { workflowView } from '../support/workflow-views.ts';
import { group } from '../machine/why-situations.ts';
import type { Workflow } from '../support/workflow.ts';

function held(members: number): Workflow {
  const w = group(members, [
    state('g', 'a', { onFailure: 'pause' }),
    state('g', 'b', { needs: ['g.a'] }),
    join('g', 'c', { needs: ['b'] }),
  ]);
  w.exit('g[1].a', 3, 'no licence');
  return w;
}

async function explained(
  w: Workflow,
  step: string | undefined,
  ...words: readonly string[]
): Promise<Called> {
  const engine = new FakeEngine();
  engine.workflows.set('prod', workflowView([], { id: 'prod', status: 'running' }));
  engine.explanation =
    step === undefined
      ? explainWorkflow(w.graph, w.state, around(w))
      : explainStep(w.graph, w.state, w.graph.stepById.get(step) as number, around(w));
  const asked = step === undefined ? [] : [step];
  return callCli({ engine, kind: 'attached' }, 'explain', 'prod', ...asked, ...words);
}

describe('explain', () => {
  it('says what a step waits for, shows the chain to each root once, and the commands for those who can act', async () => {
    const { code, out } = await explained(held(2), 'g[0].c');
    expect(code).to.equal(0);
    expect(out).to.match(/^⧗ g\[0\]\.c on g-0 is waiting, for \S+\.\n {2}It waits for g\[0\]\.b\.\n/);
    expect(out).to.include('‖ g[1].a on g-1 has failed and is held for an operator');
    expect(out).to.include("Try it again: murano-workflow retry prod 'g[1].a'");
    expect(out).to.include('Nobody has to act: a machine is at work.');
    expect(out.match(/g\[0\]\.b on g-0 waits/g)).to.have.length(1);
  });

  it('answers to `why`, and without a step says what the whole workflow comes down to', async () => {
    const { out } = await explained(held(2), undefined);
    expect(out).to.match(/^prod is running, the last change \S+ ago\.\n {2}What it lacks comes down to:\n/);
    const engine = new FakeEngine();
    engine.workflows.set('prod', workflowView([], { id: 'prod' }));
    expect((await callCli({ engine, kind: 'attached' }, 'why', 'prod', 'g[0].x')).code).to.equal(5);
  });

  it('keeps to the width of the terminal, and shortens a long chain in its middle', async () => {
    const links = Array.from({ length: 25 }, (_, at) =>
      state('g', `s${at}`, at === 0 ? {} : { needs: [`s${at - 1}`] }),
    );
    const { out } = await explained(group(1, links), 'g[0].s24');
    for (const line of out.split('\n')) expect(line.length).to.be.at.most(80);
    expect(out).to.include('… 16 steps between:\n').and.include("murano-workflow explain prod 'g[0].s21'\n");
    expect(out).to.include('g[0].s22 ').and.include('g[0].s0 ').and.not.include('g[0].s12 ');
  });

  it('says so when no engine runs: then nothing moves', async () => {
    const w = held(2);
    const engine = new FakeEngine();
    engine.workflows.set('prod', workflowView([], { id: 'prod', status: 'running' }));
    engine.explanation = explainStep(w.graph, w.state, 0, around(w));
    const { out } = await callCli({ engine, kind: 'embedded' }, 'explain', 'prod', 'g[0].a');
    expect(out).to.include('No engine runs here, so nothing moves.\n  murano-workflow resume prod\n');
    expect(out).not.to.include('Nobody has to act');
  });

  it('gives one document with --json', async () => {
    const { out } = await explained(held(2), 'g[0].b', '--json');
    const { step, causes, roots, engineRuns } = JSON.parse(out);
    expect({ step, engineRuns }).to.eql({ step: 'g[0].b', engineRuns: true });
    expect(causes[0].cause).to.include({ kind: 'barrier', state: 'g.a', counts: 0, needed: 2 });
    expect(roots[0].answers[0]).to.eql({ act: 'retry', step: 'g[1].a' });
  });

  it('goes on into a child, whose own id is in the commands', async () => {
    const w = group(1, [state('g', 'a', { action: child() })]);
    w.report('g[0].a', { kind: 'held', reason: 'g[1].a waits for an operator' });
    const engine = new FakeEngine();
    engine.workflows.set('prod', workflowView([], { id: 'prod', status: 'held' }));
    const inner = held(2);
    const answer = explainStep(w.graph, w.state, 0, around(w));
    const explanation = explainWorkflow(inner.graph, inner.state, around(inner));
    const roots = answer.roots.map(root => ({ ...root, child: { id: 'prod-1', explanation } }));
    engine.explanation = { ...answer, roots };
    const called = await callCli({ engine, kind: 'attached' }, 'why', 'prod', 'g[0].a');
    const out = called.out.replaceAll(/\s+/g, ' ');
    expect(out).to.include('which is held: g[1].a waits for an operator');
    expect(out).to.include("Try it again: murano-workflow retry prod-1 'g[1].a'");
    expect(out).not.to.include("retry prod 'g[1].a'");
  });

  it('has every cause in its reference', () => {
    const page = readFileSync(inProject('docs', 'reference', 'why.md'), 'utf8');
    const told = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
    expect(told).to.have.members(CAUSE_KINDS);
  });
});
