// Single plans: what is said of each step, and why; what a plan costs.
// Belongs here: cases that a person would read. Does not belong here: that plans come true (equals.test.ts), layout (test/cli).
import { expect } from 'chai';
import type { JsonObject } from '../../engine/base/json.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { problemText } from '../../engine/definition/problems.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { planCreate, planUpdate } from '../../engine/plan/plan.ts';
import { summaryOf } from '../../engine/plan/summary.ts';
import type { Plan } from '../../engine/plan/types.ts';
import { membership } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const TEXT = `
workflow_version: 2026-11-01
inputs:
  listener: {type: map, schema: {name: string, port: integer}}
  password: {type: string, hidden: true}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 1000}
    roles:
      primary: {choose: lowest_index, among: prepared}
    states:
      prepared:
        action: {script: {bash: prepare.sh, inputs: {password: "<% inputs.password %>"}}}
        outputs: {version: {type: string}}
        idempotent: true
      started:
        only: primary
        requires: [db.prepared]
        action: {script: {bash: start.sh, inputs: {port: "<% inputs.listener.port %>"}}}
        undo: {script: {bash: stop.sh}}
      joined:
        except: primary
        requires: [db.started]
        action: {script: {bash: join.sh, inputs: {primary: "<% db.primary.name %>"}}}
        undo: {script: {bash: leave.sh}}
      checked:
        requires: [prepared]
        action: {script: {bash: check.sh, inputs: {version: "<% member.outputs.prepared.version %>"}}}
  service:
    type: service
    states:
      up: {requires: [db.started, db.joined, db.checked]}
goal: service.up
`;

const INPUTS: JsonObject = {
  listener: { name: 'a', port: { $integer: '5023' } },
  password: { $secret: 'w/password/1' },
};

function parsed(text: string): WorkflowDefinition {
  const { definition, problems } = parseDefinition(text, { fileName: 'a.yaml', files: {} });
  if (!definition) throw new Error(problems.map(problemText).join('\n'));
  return definition;
}

function complete(size = 3): Workflow {
  const w = new Workflow(parsed(TEXT), membership({ db: size }), INPUTS).create();
  for (let [out] = w.out(); out !== undefined; [out] = w.out()) w.succeed(out, { version: { text: '17' } });
  expect(w.over).to.equal('complete');
  return w;
}

/** Lines as `~ db[0].started: why`, without what is kept. */
const told = ({ steps }: Plan): readonly string[] =>
  steps.filter(({ fate }) => fate !== 'keep').map(({ step, fate, reason }) => `${fate} ${step}: ${reason}`);

function planned(w: Workflow, text: string, inputs = INPUTS): Plan {
  const definition = parsed(text);
  return planUpdate(w.graph, w.state, { source: { definition: definition.digest, inputs } }, definition);
}

describe('a plan', () => {
  it('says of a new workflow what runs, and whom a role falls on', () => {
    const plan = planCreate(compileGraph(parsed(TEXT), membership({ db: 2 })), INPUTS);
    expect(plan.steps.map(({ step, fate }) => `${fate} ${step}`)).to.eql([
      'run db[0].prepared',
      'run db[1].prepared',
      'run db[0].started',
      'run db[1].joined',
      'run db[0].checked',
      'run db[1].checked',
    ]);
  });

  it('names the input that changed, in depth, and what uses it', () => {
    const plan = planned(complete(), TEXT, {
      ...INPUTS,
      listener: { name: 'a', port: { $integer: '5024' } },
    });
    expect(told(plan)).to.eql([
      "run_again db[0].started: input listener.port 5023 → 5024, used by its input 'port'",
    ]);
    expect(plan.steps.find(({ fate }) => fate === 'run_again')?.unsafe).to.equal(true);
    expect(summaryOf(plan)).to.equal('1 to run again (1 not declared idempotent), 8 kept');
  });

  it('never shows a hidden value; what reads an output of what runs again is open', () => {
    const plan = planned(complete(2), TEXT, { ...INPUTS, password: { $secret: 'w/password/2' } });
    expect(told(plan)).to.eql([
      "run_again db[0].prepared: input password (hidden), used by its input 'password'",
      "run_again db[1].prepared: input password (hidden), used by its input 'password'",
      'maybe db[0].checked: depends on db[0].prepared',
      'maybe db[1].checked: depends on db[1].prepared',
    ]);
    expect(JSON.stringify(plan)).not.to.contain('w/password');
  });

  it('tells who joins and leaves, and that a role moves with its holder', () => {
    const w = complete();
    const plan = planUpdate(w.graph, w.state, { leave: { db: ['db-0'] } });
    expect(plan.leaves).to.eql(['db db-0']);
    expect(plan.roles).to.eql([
      { role: 'db.primary', from: ['db-0'], to: ['db-1'], reason: 'its holder leaves' },
    ]);
    expect(told(plan)).to.include.members([
      'run db[1].started: it has not been reached yet',
      'undo db[1].joined: another member has the role',
      'undo db[0].started: db-0 leaves',
      'undo db[0].prepared: db-0 leaves; it has no undo, so what it did stays',
    ]);
  });

  it('says what is new, what is gone, and row 29: what was perhaps only renamed', () => {
    const plan = planned(complete(2), TEXT.replaceAll('joined', 'attached'));
    expect(told(plan)).to.eql([
      'run db[1].attached: it is new',
      'undo db[1].joined: it is gone from the definition',
    ]);
    expect(plan.warnings.join()).to.contain(
      "db.joined is undone, and db.attached, which does the same, runs. If it was only renamed, write 'was: joined' in db.attached.",
    );
  });

  it('row 29: says what is renamed, of which nothing runs, is undone or is warned of', () => {
    const other = TEXT.replaceAll('joined', 'attached').replace(
      'attached:\n',
      'attached:\n        was: joined\n',
    );
    expect(other).to.include('was: joined');
    const plan = planned(complete(2), other);
    expect(told(plan)).to.eql([]);
    expect(plan.warnings).to.eql([]);
    expect(plan.steps.find(({ step }) => step === 'db[1].attached')?.reason).to.equal(
      'renamed from db[1].joined; nothing of it changes',
    );
  });

  it('R3: keeps what says on_change: keep, and says so', () => {
    const kept = TEXT.replace('start.sh,', 'start-2.sh,').replace(
      'only: primary',
      'only: primary\n        on_change: keep',
    );
    const plan = planned(complete(1), kept);
    expect(told(plan)).to.eql([]);
    expect(plan.steps.find(({ step }) => step === 'db[0].started')?.reason).to.contain('on_change: keep');
  });

  it('R3: says that another action answers the change, which nobody need declare idempotent', () => {
    const change = 'only: primary\n        on_change: {script: {sh: reload.sh}}';
    const changed = TEXT.replace('start.sh,', 'start-2.sh,').replace('only: primary', change);
    const plan = planned(complete(1), changed);
    const started = plan.steps.find(({ step }) => step === 'db[0].started');
    expect(started?.reason).to.contain('by its on_change (script)');
    expect(started).not.to.have.property('unsafe');
  });

  it('row 27: tells who follows the re-run of another', () => {
    const text = TEXT.replace('requires: [prepared]\n', 'rerun_after: [prepared]\n');
    const w = complete(1);
    w.update(parsed(text));
    for (let [out] = w.out(); out !== undefined; [out] = w.out()) w.succeed(out, { version: { text: '17' } });
    const plan = planned(w, text, { ...INPUTS, password: { $secret: 'w/password/2' } });
    expect(told(plan)[1]).to.equal('run_again db[0].checked: follows db[0].prepared, which runs again');
  });

  it('is refused in the words of the update, and changes nothing', () => {
    const w = complete(1);
    const before = JSON.stringify(w.state.workflow);
    const plan = planUpdate(w.graph, w.state, { members: { db: [] } });
    const { rejected } = w.send({ kind: 'update', change: { members: { db: [] } }, by: 'ann' });
    expect(plan.refused).to.eql(rejected);
    expect(JSON.stringify(w.state.workflow)).to.equal(before);
  });

  it('P7: costs in proportion to the steps', () => {
    const cost = (size: number): number => {
      const count = { operations: 0 };
      const w = complete(size);
      const inputs = { ...INPUTS, listener: { name: 'a', port: { $integer: '5024' } } };
      planUpdate(
        w.graph,
        w.state,
        { source: { definition: w.graph.definition.digest, inputs } },
        undefined,
        count,
      );
      return count.operations;
    };
    expect(cost(200) / cost(50)).to.be.within(3, 4.2);
  });
});
