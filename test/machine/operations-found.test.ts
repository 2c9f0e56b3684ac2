// What random draws found about operations that meet updates, deadlines and members that leave, each as the smallest case of its fault.
// Belongs here: single cases that once went wrong. Does not belong here: how operations run (test/scenarios), the draws
// (test/differential).
import { expect } from 'chai';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { membership } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const DATABASES = `
workflow_version: 2026-11-01
deadline: 1h
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      ready: {action: {script: {bash: "true"}}, on_failure: {then: pause}}
      used: {requires: [ready], action: {script: {bash: "true"}}, undo: {script: {bash: "true"}}}
operations:
  check: {steps: [{rerun: db.ready}]}
  twice: {steps: [{rerun: db.used}, {rerun: db.ready}]}
goal: db.used
`;

function running(size: number): Workflow {
  const { definition, problems } = parseDefinition(DATABASES, { fileName: 'f', files: {} });
  if (!definition) throw new Error(problems.map(({ message }) => message).join('\n'));
  return new Workflow(definition, membership({ db: size })).create();
}

function complete(size: number): Workflow {
  const w = running(size);
  for (const name of ['ready', 'used'])
    for (let index = 0; index < size; index += 1) w.succeed(`db[${index}].${name}`);
  expect(w.over).to.equal('complete');
  return w;
}

const operate = (w: Workflow, operation: string): void =>
  void w.send({ kind: 'operate', operation, id: operation, inputs: {}, by: 'ann' });
const leave = (w: Workflow, agent: string): void =>
  void w.send({ kind: 'update', change: { leave: { db: [agent] } }, by: 'ann' });

describe('operations, as random draws found it', () => {
  it('a person goes on from one that was late: what it ran is done, and the workflow is never told to have failed for that', () => {
    const w = complete(1);
    operate(w, 'check');
    w.exit('db[0].ready', 1);
    w.ownTime();
    expect(w.over).to.equal('failed');
    w.send({ kind: 'retry', step: 'db[0].ready', by: 'ann' });
    w.succeed('db[0].ready');
    // What follows its step is an event of its own: whoever looks between the two sees no failure.
    expect([w.over, w.reason]).to.eql(['complete', '']);
    w.ownTime();
    expect([w.over, w.state.workflow.operation]).to.eql(['complete', undefined]);
  });

  it('an update that comes when its step has failed goes on from that failure', () => {
    const w = complete(2);
    operate(w, 'twice');
    w.exit('db[0].used', 1);
    w.succeed('db[1].used');
    expect([w.over, w.status('db[0].used')]).to.eql(['running', 'failed']);
    leave(w, 'db-1');
    expect([w.over, w.status('db[0].used')]).to.eql(['running', 'running']);
  });

  it('who left before the workflow was late is taken back while it runs', () => {
    const w = running(2);
    for (const step of ['db[0].ready', 'db[1].ready']) w.succeed(step);
    leave(w, 'db-1');
    w.ownTime();
    for (const step of ['db[0].used', 'db[1].used']) w.succeed(step);
    expect([w.over, w.status('db[1].used')]).to.eql(['failed', 'reached']);
    operate(w, 'check');
    expect([w.over, w.status('db[1].used')]).to.eql(['running', 'undoing']);
  });
});
