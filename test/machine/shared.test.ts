// Two entities that share an agent (R5).
// Belongs here: what holds between entities on one VM. Does not belong here: two states of one entity (rules.test.ts).
import { expect } from 'chai';
import { definition, entity, join, script, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const member = { agent: 'vm-1', name: 'vm-1', index: 0, data: {} };

function shared(): Workflow {
  const undo = { action: script() };
  const entities = [
    entity('db', { states: [state('db', 'ready', { undo })] }),
    entity('web', { states: [state('web', 'ready', { undo })] }),
    entity('s', { type: 'service', states: [join('s', 'up', { needs: ['db.ready', 'web.ready'] })] }),
  ];
  const members = new Map(['db', 'web'].map(name => [name, [member]] as const));
  return new Workflow(definition(entities, ['s.up']), members).create();
}

describe('an agent in two entities', () => {
  it('row 31: runs one attempt at a time for both', () => {
    const w = shared();
    expect(w.out()).to.eql(['db[0].ready']);
    expect(w.status('web[0].ready')).to.equal('ready');
    w.succeed('db[0].ready');
    expect(w.out()).to.eql(['web[0].ready']);
    w.succeed('web[0].ready');
    expect(w.over).to.equal('complete');
  });

  it('row 31: is undone one after the other too', () => {
    const w = shared();
    w.succeed('db[0].ready');
    w.succeed('web[0].ready');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.have.lengthOf(1);
    w.succeed(w.out()[0] ?? '');
    expect(w.out()).to.have.lengthOf(1);
    w.succeed(w.out()[0] ?? '');
    expect(w.over).to.equal('deleted');
  });
});
