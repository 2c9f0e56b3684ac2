// `suspend`: what is asked of the engine, what is shown of a suspended workflow, and the command as a process.
// Belongs here: words, exit codes, views. Does not belong here: what holds while it is suspended (test/machine).
import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { endingLines, commandLine } from '../../engine/cli/views/ending.ts';
import { explanationLines } from '../../engine/cli/views/explanation.ts';
import { listLines } from '../../engine/cli/views/status.ts';
import { type Line, paintLine } from '../../engine/cli/views/style.ts';
import { workflowNews } from '../../engine/cli/views/transition.ts';
import { standsStill } from '../../engine/cli/watch.ts';
import { Workplace } from '../support/cli-process.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { START, stepView, workflowView } from '../support/workflow-views.ts';

const STYLE = { colour: false, unicode: true };
const suspended = { at: START, by: 'ann', rests: true } as const;
const waiting = stepView('db[0].ready', { status: 'waiting' });
const view = workflowView([waiting], { status: 'running', suspended });
const text = (lines: readonly Line[]): string => lines.map(line => paintLine(line, 200, STYLE)).join('\n');

describe('suspend', () => {
  it('asks for it, and answers 0 once nothing runs; who watches is told with 3', async () => {
    const engine = new FakeEngine();
    engine.workflows.set('w', view);
    const asked = await callCli({ engine }, 'suspend', 'w');
    expect(engine.acted.at(-1)).to.deep.include({ kind: 'suspend', workflow: 'w', by: 'tester' });
    expect(asked.code).to.equal(0);
    expect(asked.out).to.include('w is suspended by ann: nothing begins.').and.include('resume w');
    const watched = await callCli({ engine }, 'retry', 'w');
    expect(watched.code).to.equal(3);
  });

  it('is ended by `resume`, although the workflow is running', async () => {
    const engine = new FakeEngine();
    engine.workflows.set('w', view);
    await callCli({ engine }, 'resume', 'w');
    expect(engine.acted.at(-1)).to.deep.include({ kind: 'resume' });
  });
});

describe('a suspended workflow on the screen', () => {
  it('stands still once no attempt is under way', () => {
    expect(standsStill(view)).to.equal(true);
    const busy = workflowView([waiting], { status: 'running', suspended: { at: START, by: 'ann' } });
    expect(standsStill(busy)).to.equal(false);
    expect(standsStill(workflowView([waiting], { status: 'running' }))).to.equal(false);
  });

  it('says by whom, in the list, at the end, in the log and when asked why', () => {
    expect(text(listLines([view.record], START))).to.include('suspended by ann');
    const options = { width: 100, style: STYLE, command: commandLine() };
    expect(text(endingLines(view, options))).to.include('murano-workflow resume');
    const before = workflowView([waiting], { status: 'running' }).record;
    expect(workflowNews(before, view.record, id => id)).to.eql(['suspended by ann']);
    expect(workflowNews(view.record, before, id => id)).to.eql(['no longer suspended']);
    const answer = {
      status: 'running',
      reason: '',
      since: START,
      suspended,
      roots: [],
      moreRoots: 0,
    } as const;
    const told = { ...options, workflow: 'w', now: START + 60_000, engineRuns: true };
    expect(text(explanationLines(answer, told))).to.include('It is suspended by ann since 1m00s');
  });
});

/** Two scripts, the first of which waits until it is told to end. */
const twoSteps = (directory: string): string => `
workflow_version: 2026-11-01
entities:
  web:
    type: vm
    states:
      first:
        action:
          script:
            bash: |
              until [ -e "${directory}/go" ]; do echo at work; sleep 0.05; done
              echo first >>"${directory}/ran"
      second: {requires: [first], action: {script: {bash: 'echo second >>"${directory}/ran"'}}}
goal: web.second
`;

describe('suspend, as a process', () => {
  it('holds back the second of two steps until it is resumed, in another process each time', async () => {
    const place = await Workplace.make();
    await writeFile(place.path('two.yaml'), twoSteps(place.directory));
    const state = ['--state-dir', 'state'];
    const run = place.start('run', 'two.yaml', '--name', 'two', '--verbose', ...state);
    await run.said('at work');
    const asked = await place.run('suspend', 'two', ...state);
    expect([asked.code, asked.err]).to.eql([0, '']);
    expect(asked.out).to.include('two is suspended: what runs may end');
    await writeFile(place.path('go'), '');
    const ended = await run.ended;
    expect(ended.code).to.equal(3);
    expect(place.lines('ran')).to.eql(['first']);
    const status = await place.run('status', 'two', ...state);
    expect(status.out).to.include('suspended by').and.include('a resume: suspended by');
    const idle = await place.run('suspend', 'two', ...state);
    expect(idle.code, 'without an engine').to.equal(0);
    const resumed = await place.run('resume', 'two', ...state);
    expect([resumed.code, resumed.err]).to.eql([0, '']);
    expect(place.lines('ran')).to.eql(['first', 'second']);
  }).timeout(60_000);
});
