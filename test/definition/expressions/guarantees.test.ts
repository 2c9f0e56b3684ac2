// What an expression reads, what it may rely on, and what becomes a requirement.
import { expect } from 'chai';
import { compileTemplate } from '../../../engine/definition/expressions/index.ts';
import type { DataView, ExpressionPlace, Read } from '../../../engine/definition/expressions/types.ts';
import { DATA, MODEL, outcome, place } from './fixture.ts';

function reads(expression: string, use: ExpressionPlace['use'] = 'action'): readonly Read[] {
  return compileTemplate(`<% ${expression} %>`, place({ use }), MODEL).template.reads;
}

const sql = (state: string, of: 'self' | 'all' | 'once', optional = false): Read => ({
  kind: 'outputs',
  entity: 'sql',
  state,
  of,
  optional,
});

describe('what an expression reads', () => {
  it('tells the own member from members in general and from the group', () => {
    expect(reads('member.outputs.prepared.port')).to.deep.equal([sql('prepared', 'self')]);
    expect(reads('sql.members.map(m, m.outputs.prepared.port)')).to.deep.equal([
      { kind: 'members', entity: 'sql' },
      sql('prepared', 'all'),
    ]);
    expect(reads('member.status.prepared')).to.deep.equal([{ kind: 'passing', entity: 'sql' }]);
    expect(reads('member.facts.os')).to.deep.equal([{ kind: 'passing', entity: 'sql' }]);
    expect(reads('sql.once.clustered.id')).to.deep.equal([sql('clustered', 'once')]);
    expect(reads('service.outputs.deployed.url')).to.deep.equal([
      { kind: 'outputs', entity: 'service', state: 'deployed', of: 'self', optional: false },
    ]);
  });

  it('follows members through loops, binds, roles and indexes', () => {
    expect(
      reads('cel.bind(x, sql.members.filter(a, a.index > 0)[0], x.outputs.prepared.port)'),
    ).to.deep.include(sql('prepared', 'all'));
    expect(reads('sql.master.outputs.prepared.port')).to.deep.equal([
      { kind: 'role', entity: 'sql', role: 'master' },
      sql('prepared', 'all'),
    ]);
    expect(reads('sql.members.sortBy(m, m.index).last().value().outputs.prepared.port')).to.deep.include(
      sql('prepared', 'all'),
    );
    expect(reads('sql.members.map(m, m.outputs).map(o, o.prepared.port)')).to.deep.include(
      sql('prepared', 'all'),
    );
  });

  it('infers nothing from what stands under has(), .? and default()', () => {
    for (const expression of [
      'has(member.outputs.prepared)',
      'member.outputs.?prepared.?port.orValue(1)',
      'default(member.outputs.prepared.port, 1)',
      'has(member.outputs.prepared) ? member.outputs.prepared.port : 1',
    ]) {
      expect(reads(expression), expression).to.deep.equal([sql('prepared', 'self', true)]);
    }
  });

  it('reads only the last name of has() optionally: what stands before it is required', () => {
    expect(reads('has(member.outputs.prepared.note)')).to.deep.equal([sql('prepared', 'self')]);
  });

  it('names a barrier as such, and asks no more of its members', () => {
    expect(reads('sql.reached.initialized.map(m, m.outputs.initialized.endpoint_port)')).to.deep.equal([
      { kind: 'reached', entity: 'sql', state: 'initialized' },
      sql('initialized', 'all', true),
    ]);
  });

  it('row 34: infers nothing in an undo, an output and a retry', () => {
    for (const use of ['undo', 'output', 'retry_when'] as const) {
      expect(reads('sql.once.clustered.id == "x"', use), use).to.deep.equal([sql('clustered', 'once', true)]);
    }
  });

  it('lists each read of a whole template once', () => {
    const value = { a: '<% inputs.port %>', b: ['x<% inputs.port %>', '<% inputs.name %>'] };
    expect(compileTemplate(value, place(), MODEL).template.reads).to.deep.equal([
      { kind: 'input', name: 'port' },
      { kind: 'input', name: 'name' },
    ]);
  });
});

describe('a guarantee', () => {
  const PROVEN = [
    'has(member.outputs.initialized) ? member.outputs.initialized.endpoint_port : 0',
    '!has(member.outputs.initialized) ? 0 : member.outputs.initialized.endpoint_port',
    'has(member.outputs.initialized) && member.outputs.initialized.endpoint_port > 0',
    '!has(member.outputs.initialized) || member.outputs.initialized.endpoint_port > 0',
    'sql.members.filter(m, has(m.outputs.initialized) && m.index > 0).map(x, x.outputs.initialized.endpoint_port)',
    'sql.members.filter(m, has(m.outputs.initialized)).sortBy(m, m.index).map(x, x.outputs.initialized.endpoint_port)',
    'sql.members.map(m, has(m.outputs.initialized), m.outputs.initialized.endpoint_port)',
    'sql.reached.initialized.filter(m, m.index > 1).map(m, m.outputs.initialized.endpoint_port)',
    'cel.bind(m, member, has(m.outputs.initialized) ? m.outputs.initialized.endpoint_port : 0)',
  ];

  for (const expression of PROVEN) {
    it(`holds in ${expression}`, () => {
      expect(outcome(`<% ${expression} %>`)).to.have.property('value');
    });
  }

  it('is not passed on from one loop variable to another of the same name', () => {
    const expression =
      'sql.members.filter(m, has(m.outputs.initialized)).size() + sql.members.map(m, m.outputs.initialized.endpoint_port).size()';
    expect(outcome(`<% ${expression} %>`))
      .to.have.property('problems')
      .that.deep.equals(['not_guaranteed']);
  });

  it('can come from the place', () => {
    const guaranteed = (entity: string, state: string) => entity === 'sql' && state === 'initialized';
    for (const use of ['undo', 'action'] as const) {
      const found = outcome('<% member.outputs.initialized.endpoint_port %>', place({ use, guaranteed }));
      expect(found).to.deep.equal({ value: 5022 });
    }
  });

  it("is not asked of the workflow's outputs: what is not there yet is told as absent", () => {
    const where = place({ use: 'output' });
    const data: DataView = { ...DATA, once: () => undefined };
    expect(outcome('<% sql.once.clustered.id %>', where, data)).to.include({ absent: true });
  });

  it('fails as absent for a role that nobody holds', () => {
    const found = outcome('<% sql.master.name %>', place(), { ...DATA, role: () => undefined });
    expect(found).to.deep.include({ absent: true });
    expect(found).to.have.property('failed').that.includes("'master' is absent");
  });
});

describe('a condition', () => {
  it('answers true or false, or is refused', () => {
    const where = place({ use: 'condition' });
    expect(outcome('<% inputs.port > 1 %>', where)).to.deep.equal({ value: true });
    expect(outcome(true, where)).to.deep.equal({ value: true });
    expect(outcome('yes', where)).to.have.property('problems').that.deep.equals(['expression_type']);
    expect(outcome('x<% inputs.flag %>', where))
      .to.have.property('problems')
      .that.deep.equals(['expression_type']);
    expect(outcome('<% inputs.any.s %>', where))
      .to.have.property('failed')
      .that.includes('neither true nor false');
  });

  it('sees the error in retry_when only', () => {
    expect(outcome('<% error.exit_code in [1, 75] %>', place({ use: 'retry_when' }))).to.deep.equal({
      value: true,
    });
    expect(outcome('<% error.exit_code == 1 %>')).to.have.property('problems');
  });
});
