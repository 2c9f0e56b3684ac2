import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { language } from '../../engine/cli/language.ts';
import { rangeText } from '../../engine/cli/views/runs.ts';
import { type Called, callCli, FakeEngine } from '../support/fake-engine.ts';
import { inProject } from '../support/project.ts';
import type { StepRecord } from '../../engine/machine/types.ts';
import type { LogEntry } from '../../engine/runtime/ports.ts';
import { stepRecord, workflowView } from '../support/workflow-views.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const cluster = inProject('docs', 'examples', 'sql-server-always-on', 'sql-cluster.workflow.yaml');
const hello = inProject('docs', 'examples', 'hello', '4-role-and-once.workflow.yaml');

const SMALL = `
workflow_version: 2026-11-01
inputs: {edition: {type: integer}, password: {type: string, hidden: true}}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 1000}
    states:
      online: {action: {online: {}}}
      installed:
        requires: [online]
        action: {script: {bash: 'true'}}
        outputs: {version: {type: string}}
        retry: {attempts: 2}
      checked:
        requires: [db.installed]
        action: {script: {bash: 'true'}}
        on_failure: {then: pause}
  service:
    type: service
    states:
      agreed: {action: {approval: {message: 'Go on?'}}}
      licensed: {action: {signal: {name: licence_bought}}}
goal: db.checked
`;

async function small(files: { readonly [name: string]: string } = {}): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, text] of Object.entries({ 'cluster.workflow.yaml': SMALL, ...files }))
    await writeFile(path.join(directory, name), text);
  return directory;
}

const simulate = (directory: string, ...words: readonly string[]): Promise<Called> =>
  callCli({ engine: new FakeEngine(), language, directory }, 'simulate', ...words);
const given = ['cluster.workflow.yaml', '--inputs', 'edition=1'];

describe('simulate', () => {
  it('shows lanes, order, critical path and the end of a run to the goal', async () => {
    const { code, out } = await simulate('/', hello, '--members', 'web=3');
    expect(code).to.equal(0);
    for (const title of ['Machines over time', 'Order', 'Critical path', 'The end', 'Assumed'])
      expect(out).to.include(`\n${title}\n`);
    expect(out)
      .to.match(/✓ .* would be complete after \d/)
      .and.include('web[0..2].online');
    expect(out).not.to.include('An operator would be asked');
  });

  it('keeps to the width of the terminal', async () => {
    for (const width of [60, 80, 120]) {
      const terminal = { size: () => ({ width, height: 24 }) };
      const words = [
        'simulate',
        cluster,
        '--guess-inputs',
        '--members',
        'sql=3',
        '--fail',
        'sql[1].prerequisites_installed',
      ];
      const { out } = await callCli({ engine: new FakeEngine(), language, terminal }, ...words);
      const lines = out.split('\n');
      expect(lines.length).to.be.greaterThan(10);
      expect(lines.filter(line => line.length > width)).to.deep.equal([]);
    }
  });

  it('draws in ASCII where nothing else can be shown', async () => {
    const terminal = { style: { colour: false, unicode: false } };
    const { out } = await callCli({ engine: new FakeEngine(), language, terminal }, 'simulate', hello);
    expect(out)
      .to.match(/^[\n -~]+$/)
      .and.include('###');
  });

  it('asks for inputs, or makes them up and says so; hidden ones are never needed', async () => {
    const directory = await small();
    const asked = await simulate(directory, 'cluster.workflow.yaml');
    expect(asked.code).to.equal(2);
    expect(asked.err).to.include("'edition' is required").and.include('--guess-inputs');
    expect(asked.out).not.to.include("'password'");
    const guessed = await simulate(directory, 'cluster.workflow.yaml', '--guess-inputs');
    expect(guessed.code).to.equal(0);
    expect(guessed.out).to.include('Inputs made up: edition, password.');
  });

  it('answers 1 when the goal is not reached and 3 when an operator would be asked', async () => {
    const directory = await small();
    const failed = await simulate(directory, ...given, '--fail', 'db[0].installed');
    expect(failed.code).to.equal(1);
    expect(failed.out).to.include('would fail after').and.include('db[0].installed  exit code 1');
    const held = await simulate(directory, ...given, '--fail', 'db.checked');
    expect(held.code).to.equal(3);
    expect(held.out).to.include("murano-workflow retry cluster 'db[0].checked'");
  });

  it('says how an operator would answer an approval', async () => {
    const directory = await small({
      'asks.workflow.yaml': `
workflow_version: 2026-11-01
entities: {s: {type: service, states: {agreed: {action: {approval: {message: Switch now?}}}}}}
goal: s.agreed
`,
    });
    const { code, out } = await simulate(directory, 'asks.workflow.yaml');
    expect(code).to.equal(3);
    expect(out).to.include('murano-workflow approve asks s.agreed').and.include('murano-workflow reject');
  });

  it('says how a signal would be sent', async () => {
    const directory = await small({
      'asks.workflow.yaml': `
workflow_version: 2026-11-01
entities: {s: {type: service, states: {licensed: {action: {signal: {name: licence_bought}}}}}}
goal: s.licensed
`,
    });
    const { code, out } = await simulate(directory, 'asks.workflow.yaml');
    expect(code).to.equal(3);
    expect(out).to.match(/it has come: +murano-workflow signal asks licence_bought$/m);
  });

  it('reads durations and outputs from files and pairs, later ones over earlier ones', async () => {
    const directory = await small({
      'times.yaml': 'script: 10s\ndb.installed: 20s\n',
      'outputs.yaml': 'db.installed: {version: "16.4"}\n',
    });
    const words = [
      '--durations',
      'times.yaml',
      'online=1s',
      'db[0].installed=40s',
      '--outputs',
      'outputs.yaml',
      '--json',
    ];
    const { code, out } = await simulate(directory, ...given, ...words);
    const course = JSON.parse(out);
    expect(code).to.equal(0);
    expect(course).to.include({ status: 'complete', makespan: 51_000, goalAt: 51_000 });
    expect(course.criticalPath.map((link: { step: string }) => link.step)).to.deep.equal([
      'db[0].online',
      'db[0].installed',
      'db[0].checked',
    ]);
    expect(course.inputsMadeUp).to.deep.equal(['password']);
  });

  for (const [words, said] of [
    [['--fail', 'db.instaled'], "There is no step 'db.instaled'. Did you mean 'db.installed'?"],
    [['--lose', 'db[4]'], "There is no member 'db[4]'. db has 1 here"],
    [['--durations', 'db.installed=fast'], 'is no length of time'],
    [['--durations', 'nothing.yaml'], 'cannot read nothing.yaml: there is no such file'],
    [['--outputs', 'cluster.workflow.yaml'], 'what stands for workflow_version is no map'],
    [['--members', 'db=2000'], 'the limit is 1000'],
  ] as const)
    it(`refuses ${words.join(' ')}`, async () => {
      const { code, err } = await simulate(await small(), ...given, ...words);
      expect(code).to.equal(2);
      expect(err).to.include(said);
    });

  it('shows a thousand machines that do the same as one lane', async () => {
    const { code, out } = await simulate(
      await small(),
      ...given,
      '--members',
      'db=1000',
      '--lose',
      'db[7]@10s',
    );
    expect(code).to.equal(1);
    expect(out).to.include('db[0..6,8..999]').and.include('db[7]');
    expect(out.split('\n').length).to.be.lessThan(60);
  });

  it('takes every option that the page on CI shows', async () => {
    const page = readFileSync(inProject('docs', 'how-to', 'ci.md'), 'utf8');
    const shown = [...page.matchAll(/murano-workflow simulate cluster\.workflow\.yaml (.*?)(?:;| >|$)/gm)];
    expect(shown.length).to.be.greaterThan(4);
    const directory = await small({ 'next.workflow.yaml': SMALL });
    for (const [, words = ''] of shown) {
      const { code } = await simulate(
        directory,
        'cluster.workflow.yaml',
        ...words.replaceAll("'", '').split(' '),
      );
      expect(code, words).to.be.oneOf([0, 1, 3]);
    }
  });

  it('takes durations from a workflow that has run, and says so; what is said by hand wins', async () => {
    const directory = await small();
    const engine = new FakeEngine();
    engine.workflows.set('prod', workflowView([], { id: 'prod' }));
    const running = stepRecord({ status: 'running', phase: 'action', dispatch: 1, attempt: 1 });
    const entry = (seq: number, at: number, record: StepRecord): LogEntry => ({
      seq,
      at,
      change: { kind: 'step', step: 'db[0].installed', from: 'waiting', record },
    });
    engine.log.push(entry(1, 0, running), entry(2, 600_000, { ...running, status: 'reached' }));
    const words = ['simulate', ...given, '--durations-from', 'prod'];
    const surroundings = { engine, language, directory, kind: 'attached' } as const;
    const { out } = await callCli(surroundings, ...words);
    expect(out).to.include('+10m00s').and.include('Durations of 1 state as prod took');
    const said = await callCli(surroundings, ...words, '--durations', 'db.installed=20m');
    expect(said.out).to.include('+20m00s').and.not.include('+10m00s');
    expect(JSON.parse((await callCli(surroundings, ...words, '--json')).out)).to.include({
      status: 'complete',
    });
  });

  it('gives the answers that people would give, and says so', async () => {
    const directory = await small();
    const held = [...given, '--fail', 'db.checked'];
    const { out } = await simulate(directory, ...held, '--answer', 'db.checked=skip@3m');
    expect(out).to.match(/Answered, as was said\n +5m30s db\[0\]\.checked: skip\n/);
    const { code, err } = await simulate(directory, ...held, '--answer', 'db.checked=yes');
    expect(code).to.equal(2);
    expect(err).to.include("never asks for 'yes'");
  });
});

describe('ranges of members', () => {
  it('join neighbours and leave out the rest of many', () => {
    expect(rangeText([2, 0, 1, 4])).to.equal('0..2,4');
    expect(rangeText([0, 2, 4, 6, 8, 10])).to.equal('0,2,4,6,…');
  });
});
