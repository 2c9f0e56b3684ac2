// `simulate --update` and `--operate`: what is asked of a workflow while it is played through, and what comes of it.
// Belongs here: words and files, when each comes, what ran then, refusals, the end. Does not belong here: a play without them
// (simulate.test.ts), what an update or an operation does (test/machine).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { language } from '../../engine/cli/language.ts';
import { type Called, callCli, FakeEngine } from '../support/fake-engine.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const SOURCE = `workflow_version: 2026-11-01
inputs:
  port: {type: integer, default: 1}
  password: {type: string, hidden: true}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      installed: {action: {script: {bash: install}}, undo: {script: {bash: remove}}}
      configured:
        requires: [installed]
        action: {script: {bash: configure, inputs: {port: <% inputs.port %>}}}
      secured: {requires: [installed], action: {script: {bash: secure, inputs: {word: <% inputs.password %>}}}}
      ready: {requires: [configured, secured]}
      saved: {requires: [ready], action: {script: {bash: save}}}
  service:
    type: service
    states:
      agreed: {action: {approval: {message: Shall it be?}}}
operations:
  backup: {inputs: {label: {type: string}}, steps: [{rerun: [db.saved]}]}
  ask: {steps: [{rerun: [service.agreed]}, {rerun: [db.saved]}]}
goal: db.ready
`;
const NEXT = SOURCE.replace('goal: db.ready', 'goal: db.grown').replace(
  '      saved:',
  '      grown: {requires: [ready], action: {script: {bash: grow}}}\n      saved:',
);
const MINUTE = 60_000;

interface Phase {
  readonly says: string;
  readonly at: number;
  readonly status: string;
  readonly makespan: number;
  readonly steps: readonly {
    readonly id: string;
    readonly status: string;
    readonly start?: number;
    readonly attempts: number;
  }[];
  readonly criticalPath: readonly { readonly step: string }[];
  readonly asked: readonly string[];
  readonly operation?: object;
}
interface Document extends Phase {
  readonly later?: readonly Phase[];
  readonly refused?: readonly object[];
}

describe('simulate, with what is asked later', () => {
  let directory: string;

  const simulate = (...words: readonly string[]): Promise<Called> =>
    callCli({ engine: new FakeEngine(), language, directory }, 'simulate', 'a.yaml', ...words);
  const played = async (...words: readonly string[]): Promise<Document & { readonly code: number }> => {
    const { code, out, err } = await simulate('--members', 'db=2', '--json', ...words);
    expect(out, err).to.not.equal('');
    return { code, ...(JSON.parse(out) as Document) };
  };
  /** Steps that ran or were undone in it, each with when it began. */
  const ran = ({ steps }: Phase): { readonly [step: string]: number } =>
    Object.fromEntries(steps.flatMap(({ id, start }) => (start === undefined ? [] : [[id, start / MINUTE]])));

  beforeEach(async () => {
    directory = await temporaryDirectory();
    for (const [name, text] of Object.entries({ 'a.yaml': SOURCE, 'next.yaml': NEXT }))
      writeFileSync(path.join(directory, name), text);
  });

  it('is as ever where nothing is', async () => {
    const course = await played();
    expect(course).to.not.have.any.keys('later', 'refused');
    // One machine takes one script at a time.
    expect(course).to.include({ code: 0, status: 'complete', makespan: 3 * MINUTE });
  });

  it('runs again what another input changes, once all else has ended, and nothing else', async () => {
    const { code, later = [] } = await played('--update', 'port=2');
    expect(code).to.equal(0);
    expect(later).to.have.length(1);
    expect(later[0]).to.include({
      says: 'update port=2',
      at: 3 * MINUTE,
      status: 'complete',
      makespan: MINUTE,
    });
    expect(ran(later[0] as Phase)).to.eql({ 'db[0].configured': 0, 'db[1].configured': 0 });
    expect((await played('--update', 'port=1')).later?.map(ran)).to.eql([{}]);
  });

  it('takes a hidden input that is given again for another one', async () => {
    const { later = [] } = await played('--inputs', 'password=a', '--update', 'password=b', 'port=2');
    expect(later.map(ran)).to.eql([
      { 'db[0].secured': 0, 'db[1].secured': 0 },
      { 'db[0].configured': 0, 'db[1].configured': 0 },
    ]);
  });

  it('comes at its time, while what runs goes on, in the order of time whatever stands first', async () => {
    const { makespan, status, later = [] } = await played('--update', 'next.yaml', 'db=3@90s');
    expect([makespan, status]).to.eql([1.5 * MINUTE, 'running']);
    expect(later.map(({ says, at }) => [says, at])).to.eql([
      ['update db=3', 1.5 * MINUTE],
      ['update next.yaml', 4.5 * MINUTE],
    ]);
    expect(ran(later[0] as Phase)).to.eql({
      'db[0].configured': 0,
      'db[0].secured': 0.5,
      'db[1].configured': 0,
      'db[1].secured': 0.5,
      'db[2].installed': 0,
      'db[2].configured': 1,
      'db[2].secured': 2,
    });
    expect(later[0]?.criticalPath.map(({ step }) => step)).to.eql([
      'db[2].installed',
      'db[2].configured',
      'db[2].secured',
    ]);
    expect(Object.keys(ran(later[1] as Phase))).to.eql(['db[0].grown', 'db[1].grown', 'db[2].grown']);
  });

  it('goes on with a state that is called otherwise meanwhile: what runs, and what waits for its time', async () => {
    const text = (name: string, was: string): string => `workflow_version: 2026-11-01
entities:
  service:
    type: service
    states:
      ${name}: {${was}action: {wait: {for: 10m}}}
      done: {requires: [${name}], action: {wait: {for: 1m}}}
goal: service.done
`;
    writeFileSync(path.join(directory, 'a.yaml'), text('rested', ''));
    writeFileSync(path.join(directory, 'next.yaml'), text('waited', 'was: rested, '));
    const { code, out } = await simulate('--update', 'next.yaml@4m', '--json');
    const { later = [] } = JSON.parse(out) as Document;
    expect(code).to.equal(0);
    expect(later[0]).to.include({ status: 'complete', makespan: 7 * MINUTE });
    expect(ran(later[0] as Phase)).to.eql({ 'service.waited': 0, 'service.done': 6 });
  });

  it('undoes what leaves, and knows wishes for what comes later only', async () => {
    writeFileSync(path.join(directory, 'change.yaml'), 'definition: next.yaml\nmembers: {db: 1}\n');
    const { code, later = [] } = await played('--update', 'change.yaml', '--fail', 'db.grown');
    expect(code).to.equal(1);
    expect(ran(later[0] as Phase)).to.eql({ 'db[0].grown': 0, 'db[1].installed': 0 });
    expect(later[0]?.steps.find(({ id }) => id === 'db[1].installed')?.status).to.equal('undone');
    const { err } = await simulate('--update', 'change.yaml', '--fail', 'db.gron');
    expect(err).to.contain("There is no step 'db.gron'");
  });

  it('plays operations: with inputs, at a time, asking as they do', async () => {
    const { code, later = [] } = await played('--operate', 'backup={"label": "x"}', 'ask');
    expect(code).to.equal(3);
    expect(later.map(({ says, status, operation }) => [says, status, operation])).to.eql([
      ['operate backup', 'complete', { status: 'done', reason: '' }],
      ['operate ask', 'held', undefined],
    ]);
    expect(ran(later[0] as Phase)).to.eql({ 'db[0].saved': 0, 'db[1].saved': 0 });
    expect(later[1]?.asked).to.eql(['service.agreed']);
    const answered = await played('--operate', 'ask@10m', '--answer', 'service.agreed=yes@5m');
    expect(answered.code).to.equal(0);
    expect(answered.later?.[0]).to.include({ at: 10 * MINUTE, makespan: 6 * MINUTE });
    expect(ran(answered.later?.[0] as Phase)).to.include({ 'db[0].saved': 5 });
  });

  it('fails with an operation that does, and is refused with the reason what may not be done then', async () => {
    const failed = await played('--operate', 'backup={"label": "x"}', '--fail', 'db[1].saved');
    expect(failed.code).to.equal(1);
    expect(failed.later?.[0]?.operation).to.include({ status: 'failed' });
    const early = await played('--operate', 'backup={"label": "x"}@1m', 'backup@1m', 'bakcup');
    expect(early.code).to.equal(2);
  });

  it('tells what is refused, and goes on', async () => {
    const { code, later, refused, makespan } = await played('--operate', 'backup@1m', 'ask@90s', 'bakcup');
    expect([code, later, makespan]).to.eql([6, undefined, 3 * MINUTE]);
    expect(refused?.map(one => ({ ...one, next: '' }))).to.eql([
      { says: 'operate backup', at: MINUTE, message: "The input 'label' is required.", next: '' },
      { says: 'operate ask', at: 1.5 * MINUTE, message: 'The workflow is running.', next: '' },
      {
        says: 'operate bakcup',
        at: 3 * MINUTE,
        message: "The workflow has no operation 'bakcup'.",
        next: '',
      },
    ]);
    const { out } = await simulate('--operate', 'bakcup');
    expect(out.replaceAll(/\s+/g, ' ')).to.contain(
      "operate bakcup, at 3m00s: The workflow has no operation 'bakcup'. Did you mean 'backup'?",
    );
  });

  it('shows each with its lanes, order and critical path, in times of its own', async () => {
    const { out } = await simulate('--members', 'db=2', '--update', 'port=2@90s');
    const [first = '', second = ''] = out.split('\nAt 1m30s: update port=2\n');
    expect(first).to.contain('a would still run after 1m30s.');
    expect(second).to.match(/^✓ a would be complete after 2m30s\.\n/);
    expect(second).to.match(/\nOrder\n +0s +\+2m30s +✓ db\[0\.\.1\]\.configured +2 steps, 2 attempts\n/);
  });

  it('row 29: goes on with what runs and waits when it is renamed, also twice', async () => {
    const calling = (name: string, was: string): string => `workflow_version: 2026-11-01
entities:
  db:
    type: vm
    states:
      installed: {action: {script: {bash: install}}}
      ${name}: {requires: [installed], ${was}action: {wait: {for: 10m}}}
goal: db.${name}
`;
    for (const [file, text] of Object.entries({
      'first.yaml': calling('rested', ''),
      'second.yaml': calling('settled', 'was: rested, '),
      'third.yaml': calling('calmed', 'was: settled, '),
    }))
      writeFileSync(path.join(directory, file), text);
    const words = ['first.yaml', '--json', '--update', 'second.yaml@30s', 'third.yaml@3m'];
    const { out } = await callCli({ engine: new FakeEngine(), language, directory }, 'simulate', ...words);
    const { later = [] } = JSON.parse(out) as Document;
    expect(later.map(({ status, at, makespan }) => [status, (at + makespan) / MINUTE])).to.eql([
      ['running', 3],
      ['complete', 11],
    ]);
    expect(later.at(-1)?.criticalPath.map(({ step }) => step)).to.eql(['db.calmed']);
  });

  it('refuses words that say nothing', async () => {
    writeFileSync(path.join(directory, 'odd.yaml'), 'inptus: {a: 1}\n');
    for (const [words, said] of [
      [['--update', 'nothing.yaml'], 'cannot read nothing.yaml'],
      [['--update', 'odd.yaml'], 'odd.yaml says no change'],
      [['--update', 'prot=2'], "Did you mean 'port'?"],
      [['--update', 'db=12'], 'db'],
      [['--operate', '9'], '--operate 9 names no operation'],
      [['--operate', 'backup=x'], '--operate backup=x names no operation'],
    ] as const) {
      const { code, err } = await simulate(...words);
      expect([code, err.includes(said)], err).to.eql([2, true]);
    }
  });
});
