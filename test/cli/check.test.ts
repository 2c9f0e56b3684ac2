// `check` and `converge`: what is asked of the engine, what is shown of what they find, and both as processes.
// Belongs here: words, exit codes, views. Does not belong here: what a check looks at (test/machine, test/scenarios).
import { rm, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { commandLine, endingLines } from '../../engine/cli/views/ending.ts';
import { stepsLines } from '../../engine/cli/views/status.ts';
import { type Line, paintLine } from '../../engine/cli/views/style.ts';
import { transitionLine, workflowNews } from '../../engine/cli/views/transition.ts';
import { Workplace } from '../support/cli-process.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { START, stepView, workflowView } from '../support/workflow-views.ts';

const STYLE = { colour: false, unicode: true };
const text = (lines: readonly Line[]): string => lines.map(line => paintLine(line, 200, STYLE)).join('\n');
const error = { kind: 'probe', message: 'The probe denies it: exit 1', phase: 'probe' } as const;
const drifted = stepView('db[0].ready', {
  status: 'reached',
  unverified: { why: 'drifted', since: START },
  look: { at: START, found: 'drifted', error },
});
const checked = { by: 'ann', at: START, holds: 2, drifted: 1, unknown: 0, unchecked: 3 };
const view = workflowView([drifted], { status: 'complete', checked });

describe('check', () => {
  it('asks for it, names what has drifted, and answers 1; 0 when all holds', async () => {
    const engine = new FakeEngine();
    engine.workflows.set('w', view);
    const asked = await callCli({ engine }, 'check', 'w');
    expect(engine.acted.at(-1)).to.deep.include({ kind: 'check', workflow: 'w', by: 'tester' });
    expect(asked.code).to.equal(1);
    expect(asked.out)
      .to.include('checked: 2 hold, 1 drifted')
      .and.include('db[0].ready')
      .and.include('drifted');
    const sound = stepView('db[0].ready', { status: 'reached', look: { at: START, found: 'holds' } });
    engine.workflows.set(
      'w',
      workflowView([sound], { status: 'complete', checked: { ...checked, drifted: 0 } }),
    );
    expect((await callCli({ engine }, 'check', 'w')).code).to.equal(0);
    engine.workflows.set(
      'w',
      workflowView([sound], {
        status: 'complete',
        checked: { ...checked, drifted: 0, stopped: 'update by bob' },
      }),
    );
    const stopped = await callCli({ engine }, 'check', 'w');
    expect(stopped.code).to.equal(1);
    expect(stopped.out).to.include('the check was given up: update by bob');
  });

  it('tells it in JSON with the doubts', async () => {
    const engine = new FakeEngine();
    engine.workflows.set('w', view);
    const asked = await callCli({ engine }, 'check', 'w', '--json');
    const end = JSON.parse(asked.out.trim().split('\n').at(-1) ?? '') as { doubts: unknown };
    expect(end.doubts).to.eql([
      { step: 'db[0].ready', unverified: drifted.record.unverified, look: drifted.record.look },
    ]);
  });
});

describe('what is unverified, on the screen', () => {
  it('stands beside its step, at the end, and in the log', () => {
    const moment = { now: START, offline: new Map(), workflow: 'w', nameOf: (agent: string) => agent };
    const options = { width: 100, style: STYLE, command: commandLine() };
    expect(text(stepsLines(view, moment, STYLE)))
      .to.include('‖')
      .and.include('has drifted');
    expect(text(endingLines(view, options)))
      .to.include('1 state is unverified')
      .and.include('murano-workflow converge');
    const before = workflowView([drifted], { status: 'checking' }).record;
    expect(workflowNews(before, view.record, id => id)[0]).to.include('1 drifted');
    const change = { kind: 'step', step: 'db[0].ready', from: 'reached', record: drifted.record } as const;
    expect(text([transitionLine({ seq: 1, at: START, change }, START, id => id, STYLE)])).to.include(
      'has drifted',
    );
  });
});

/** A file that a script writes and a probe looks for, and something that stands on it. */
const guarded = (directory: string): string => `
workflow_version: 2026-11-01
entities:
  web:
    type: vm
    states:
      configured:
        action: {script: {bash: 'echo "$WORKFLOW_REASON" >>"${directory}/ran"; echo good >"${directory}/conf"'}}
        probe: {script: {bash: '[ -e "${directory}/conf" ] || exit 1'}}
      started: {requires: [configured], action: {script: {bash: 'echo started >>"${directory}/ran"'}}}
goal: web.started
`;

describe('check and converge, as processes', () => {
  it('find a file that somebody removed, and bring it back; nothing else runs', async () => {
    const place = await Workplace.make();
    await writeFile(place.path('guarded.yaml'), guarded(place.directory));
    const state = ['--state-dir', 'state'];
    expect((await place.run('run', 'guarded.yaml', '--name', 'g', ...state)).code).to.equal(0);
    const good = await place.run('check', 'g', ...state);
    expect([good.code, good.err]).to.eql([0, '']);
    expect(good.out).to.include('1 hold, 0 drifted, 0 could not be told, 1 without a probe');
    await rm(place.path('conf'));
    const found = await place.run('check', 'g', ...state);
    expect(found.code).to.equal(1);
    expect(found.out).to.include('web.configured').and.include('has drifted');
    const status = await place.run('status', 'g', ...state);
    expect(status.out).to.include('has drifted');
    expect(place.lines('ran')).to.eql(['first', 'started']);
    const again = await place.run('converge', 'g', ...state);
    expect([again.code, again.err]).to.eql([0, '']);
    expect(place.lines('ran')).to.eql(['first', 'started', 'verify']);
    expect((await place.run('check', 'g', ...state)).code).to.equal(0);
    expect((await place.run('converge', 'g', ...state)).code, 'nothing to do').to.equal(6);
  }).timeout(60_000);
});
