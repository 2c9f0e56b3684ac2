// `plan` and `update --dry-run`: what is asked of the engine, and how the answer looks.
// Belongs here: words, layout, exit codes. Does not belong here: what a plan says (test/plan).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { language } from '../../engine/cli/language.ts';
import { planLines } from '../../engine/cli/views/plan.ts';
import { paintLine } from '../../engine/cli/views/style.ts';
import type { Plan, PlannedStep } from '../../engine/plan/types.ts';
import type { WorkflowView } from '../../engine/runtime/api.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { reached, stepView, workflowView } from '../support/workflow-views.ts';

const NONE = { run: 0, run_again: 0, cancel: 0, undo: 0, maybe: 0, keep: 0 };
const EMPTY: Plan = {
  generation: 2,
  joins: [],
  leaves: [],
  steps: [],
  roles: [],
  warnings: [],
  counts: NONE,
};

const STEPS: readonly PlannedStep[] = [
  { step: 'db[0].configured', fate: 'run_again', reason: 'input port 1 → 2', unsafe: true },
  { step: 'db[0].started', fate: 'maybe', reason: 'depends on db[0].configured' },
  { step: 'db[1].joined', fate: 'undo', reason: 'db-1 leaves' },
  { step: 'db[0].initialised', fate: 'keep', reason: 'nothing of it changes' },
];
const PLAN: Plan = {
  ...EMPTY,
  leaves: ['db db-1'],
  steps: STEPS,
  roles: [{ role: 'db.primary', from: ['db-1'], to: ['db-0'], reason: 'its holder leaves' }],
  warnings: ['db.a is undone, and db.b, which does the same, runs.'],
  counts: { ...NONE, run_again: 1, maybe: 1, undo: 1, keep: 1 },
};

const PLAIN = { colour: false, unicode: true };
const textOf = (plan: Plan, verbose = false): readonly string[] =>
  planLines('prod, generation 2', plan, { verbose }).map(line => paintLine(line, 200, PLAIN));

function engineWith(plan: Plan): FakeEngine {
  const engine = new FakeEngine();
  engine.workflows.set('w', workflowView([stepView('db[0].ready', reached())], { status: 'complete' }));
  engine.planAnswer = { plan, problems: [] };
  return engine;
}

describe('a plan on the screen', () => {
  it('has a sign, a fate and a reason for each step that does not stay, and the numbers', () => {
    expect(textOf(PLAN)).to.eql([
      'prod, generation 2',
      '',
      '  - db db-1 leaves',
      '',
      '  ~ db[0].configured  runs again     not declared idempotent; input port 1 → 2',
      '  ? db[0].started     perhaps        depends on db[0].configured',
      '  - db[1].joined      is undone      db-1 leaves',
      '',
      '  ~ db.primary moves from db-1 to db-0: its holder leaves',
      '',
      '  ! db.a is undone, and db.b, which does the same, runs.',
      '',
      'Plan: 1 to run again (1 not declared idempotent), 1 to undo, 1 perhaps, 1 kept.',
    ]);
    expect(textOf(PLAN, true).join()).to.contain('= db[0].initialised  is kept        nothing of it changes');
  });

  it('says the same of many members once', () => {
    const steps = [0, 1, 2, 3, 4].map(
      (index): PlannedStep => ({ step: `db[${index}].up`, fate: 'run_again', reason: 'its script changed' }),
    );
    expect(textOf({ ...EMPTY, steps })[2]).to.equal('  ~ db[*].up (5)  runs again     its script changed');
  });

  it('tells why it would be refused, and what to do', () => {
    const refused = { message: 'db has none.', next: 'Give it some.' };
    expect(textOf({ ...EMPTY, refused }).at(-1)).to.equal('Refused: db has none. Give it some.');
  });
});

describe('plan', () => {
  it('asks the engine what an update would do, as update --dry-run does, and changes nothing', async () => {
    const engine = engineWith(PLAN);
    for (const words of [
      ['plan', 'w'],
      ['update', 'w', '--dry-run'],
    ]) {
      const { code, out } = await callCli({ engine }, ...words, '--inputs', 'port=2', '--members', 'db=1');
      expect(code, out).to.equal(0);
      expect(out).to.contain('~ db[0].configured').and.to.contain('w, generation 2');
    }
    expect(engine.acted).to.eql([]);
    expect(engine.planned).to.have.length(2);
    expect(engine.planned[0]).to.deep.include({ workflow: 'w', inputs: { port: '2' } });
    expect(engine.planned[1]).to.eql(engine.planned[0]);
  });

  it('takes inputs by the types of the definition that the workflow has, where none comes with them', async () => {
    const engine = engineWith(PLAN);
    const view = engine.workflows.get('w') as WorkflowView;
    const inputTypes = {
      ports: 'list',
      tags: 'map',
      on: 'boolean',
      size: 'integer',
      note: 'string',
    } as const;
    engine.workflows.set('w', { ...view, inputTypes });
    const words = ['ports=[1, 2]', 'tags={a: b}', 'on=true', 'size=3', 'note=7', 'unknown=7'];
    await callCli({ engine }, 'plan', 'w', '--inputs', ...words);
    const inputs = { ports: [1, 2], tags: { a: 'b' }, on: true, size: 3, note: '7', unknown: '7' };
    expect(engine.planned[0]).to.deep.include({ workflow: 'w', inputs });
    await callCli({ engine }, 'update', 'w', '--inputs', ...words);
    expect(engine.acted.at(-1)).to.deep.include({ kind: 'update', inputs });
  });

  it('answers programs with one document, and 6 where the update would be refused', async () => {
    const engine = engineWith({ ...EMPTY, refused: { message: 'No.', next: 'Wait.' } });
    const { code, out } = await callCli({ engine }, 'plan', 'w', '--unset', 'port', '--json');
    expect(code).to.equal(6);
    expect(JSON.parse(out)).to.deep.include({ workflow: 'w', refused: { message: 'No.', next: 'Wait.' } });
  });

  it('tells the problems of what is asked, with exit code 2', async () => {
    const engine = engineWith(PLAN);
    const message = "There is no input 'prot'.";
    engine.planAnswer = {
      problems: [
        {
          code: 'inputs_invalid',
          pointer: '/prot',
          message,
          hint: "Did you mean 'port'?",
          severity: 'error',
        },
      ],
    };
    const { code, err } = await callCli({ engine }, 'plan', 'w', '--inputs', 'prot=1');
    expect(code).to.equal(2);
    expect(err).to.contain(message).and.to.contain("Did you mean 'port'?");
  });

  it('plans a new workflow from files alone', async () => {
    const directory = await temporaryDirectory();
    const file = path.join(directory, 'a.workflow.yaml');
    writeFileSync(
      file,
      `workflow_version: 2026-11-01
entities:
  web: {type: vm_group, members: {min: 1, max: 9}, states: {up: {action: {script: {bash: up.sh}}}}}
goal: web.up
`,
    );
    const surroundings = { engine: new FakeEngine(), language, directory };
    const { code, out } = await callCli(surroundings, 'plan', '--definition', file, '--members', 'web=2');
    expect(code, out).to.equal(0);
    expect(out).to.contain('+ web[1].up  runs').and.to.contain('Plan: 2 to run.');
    expect((await callCli(surroundings, 'plan')).code).to.equal(2);
  });
});
