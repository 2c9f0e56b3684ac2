// The command where people are waited for: what it shows, and the words that answer.
// Belongs here: approve, reject, signal, and the views of a step that asks. Does not belong here: the machine's rules.
import { expect } from 'chai';
import { stepDetail } from '../../engine/cli/views/lanes.ts';
import { endingLines } from '../../engine/cli/views/ending.ts';
import { commandLine } from '../../engine/cli/views/ending.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { START, stepView, workflowView } from '../support/workflow-views.ts';

const asked = stepView('db[0].agreed', {
  status: 'paused',
  cause: 'waits_for_approval',
  asks: { kind: 'approval', message: 'Switch over now?' },
});
const told = stepView('service.paid', {
  status: 'paused',
  cause: 'waits_for_signal',
  asks: { kind: 'signal', name: 'paid' },
});
const moment = { now: START, offline: new Map<string, string>(), workflow: 'w', nameOf: (id: string) => id };

function held(...steps: Parameters<typeof workflowView>[0]): FakeEngine {
  const engine = new FakeEngine();
  engine.workflows.set('w', workflowView(steps, { status: 'held', reason: 'somebody is waited for' }));
  return engine;
}

const ending = (...steps: Parameters<typeof workflowView>[0]): string =>
  endingLines(workflowView(steps, { status: 'held', reason: 'r' }), {
    width: 100,
    style: { colour: false, unicode: true },
    command: commandLine(),
  })
    .map(line => line.map(({ text }) => text).join(''))
    .join('\n');

describe('a step whose child waits for a person', () => {
  const running = stepView('shop.up', {
    status: 'running',
    child: 'w-1',
    held: 'site.agreed waits for a yes',
  });

  it('is shown with the id of the child, and with the command that says who can answer', () => {
    expect(stepDetail(running, moment)).to.contain('child w-1 is held: site.agreed waits for a yes');
    expect(ending(running)).to.contain('See who can answer, and how:\n    murano-workflow why w');
  });
});

describe('a step that is taken back', () => {
  const undone = stepView('db[0].up', { status: 'undone', cause: 'undone_by_operator', answeredBy: 'ann' });

  it('is asked for once, and has come when it is undone, though the workflow has failed by that', async () => {
    const engine = new FakeEngine();
    engine.workflows.set('w', workflowView([undone], { status: 'failed', reason: 'db[0].up is undone' }));
    const called = await callCli({ engine }, 'undo', 'w', 'db[0].up');
    expect(engine.acted[0]).to.deep.include({ kind: 'undo', step: 'db[0].up', by: 'tester' });
    expect(called.code).to.equal(0);
    expect((await callCli({ engine }, 'undo', 'w', 'db[0].upp')).code).to.equal(5);
    const failed = stepView('db[0].up', { status: 'failed', cause: 'undo_failed' });
    engine.workflows.set('w', workflowView([failed], { status: 'failed', reason: 'r' }));
    expect((await callCli({ engine }, 'undo', 'w', 'db[0].up')).code).to.equal(1);
  });

  it('is shown with all that would go before it, and nothing is done', async () => {
    const engine = new FakeEngine();
    const steps = ['db[0].up', 'db[0].joined', 'db[1].joined'].map(id => stepView(id, { status: 'reached' }));
    engine.workflows.set('w', workflowView(steps, { status: 'complete' }));
    engine.rehearsal = {
      ...engine.rehearsal,
      undoes: [['db[0].joined', 'db[1].joined'], ['db[0].up']],
    };
    const { out, code } = await callCli({ engine }, 'undo', 'w', 'db[0].up', '--dry-run');
    expect(code).to.equal(0);
    expect(out).to.match(
      /^3 steps would be undone, in this order:\n {2}1\. db\[0\]\.joined.*\n {5}db\[1\]\.joined.*\n {2}2\. db\[0\]\.up/,
    );
    const { out: json } = await callCli({ engine }, 'undo', 'w', 'db[0].up', '--dry-run', '--json');
    expect(JSON.parse(json)).to.deep.equal({ undoes: engine.rehearsal.undoes });
    engine.rehearsal = {
      ...engine.rehearsal,
      result: { status: 'rejected', code: 'not_allowed', message: 'It runs.', next: 'Wait.' },
    };
    expect((await callCli({ engine }, 'undo', 'w', 'db[0].up', '--dry-run')).code).to.equal(6);
  });
});

describe('a step that asks', () => {
  it('is shown with who is waited for, and with the command to type', () => {
    expect(stepDetail(asked, moment)).to.equal(
      "waits for your yes or no: Switch over now? · murano-workflow approve w 'db[0].agreed'",
    );
    expect(stepDetail(told, moment)).to.equal('waits for the signal paid · murano-workflow signal w paid');
  });

  it('ends a run with the commands that answer it', () => {
    expect(ending(asked))
      .to.include('waits for a yes or no: Switch over now?')
      .and.include("murano-workflow approve w 'db[0].agreed'")
      .and.include("murano-workflow reject w 'db[0].agreed'");
    expect(ending(told)).to.include('murano-workflow signal w paid').and.include('skip w service.paid');
  });

  it('is answered by approve and reject; while others wait the code stays 3', async () => {
    for (const kind of ['approve', 'reject'] as const) {
      const engine = held(asked, told);
      const called = await callCli({ engine }, kind, 'w', 'db[0].agreed');
      expect(engine.acted[0]).to.deep.include({ kind, step: 'db[0].agreed', by: 'tester' });
      expect(called.code).to.equal(3);
      expect((await callCli({ engine }, kind, 'w', 'db[0].agred')).code).to.equal(5);
    }
  });

  it('gets its signal, with data read as YAML', async () => {
    const engine = held(told);
    await callCli({ engine }, 'signal', 'w', 'paid', '--data', 'amount=40', 'by="7"');
    expect(engine.acted[0]).to.deep.include({ kind: 'signal', name: 'paid', data: { amount: 40, by: '7' } });
    await callCli({ engine }, 'signal', 'w', 'paid');
    expect(engine.acted[1]).to.deep.include({ data: {} });
  });
});
