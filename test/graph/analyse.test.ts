// Mistakes that show with the real members.
// Belongs here: one case per problem, and a definition without any. Does not belong here: checks of the definition.
import { expect } from 'chai';
import { analyse } from '../../engine/graph/analyse.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { definition, entity, join, membership, state } from '../support/definitions.ts';

const problems = (made: WorkflowDefinition, sizes: { readonly [entity: string]: number }) =>
  analyse(compileGraph(made, membership(sizes)));

const master = [{ name: 'master', choose: 'lowest_index', among: 'prepared' }] as const;

function withQuorum(quorum: string, more: Parameters<typeof state>[2] = {}): WorkflowDefinition {
  return definition(
    [
      entity('sql', { roles: master, states: [state('sql', 'prepared'), state('sql', 'joined', more)] }),
      entity('service', {
        type: 'service',
        states: [join('service', 'deployed', { needs: [`sql.joined@${quorum}`] })],
      }),
    ],
    ['service.deployed'],
  );
}

describe('analysis with the members given', () => {
  it('finds nothing in a definition that can run', () => {
    expect(problems(withQuorum('3'), { sql: 3 })).to.eql([]);
    expect(problems(withQuorum('majority'), { sql: 1 })).to.eql([]);
  });

  it('refuses a number above the group, with the number that can be (row 8)', () => {
    expect(problems(withQuorum('4'), { sql: 3 })).to.eql([
      {
        code: 'impossible_quorum',
        pointer: '/entities/service/states/deployed/requires',
        message: 'service.deployed requires 4 of sql.joined, which applies to 3 of the members given.',
        hint: 'Require at most 3.',
        severity: 'error',
      },
    ]);
  });

  it('counts only the members that a role leaves (rows 1 and 8)', () => {
    expect(problems(withQuorum('3', { except: ['master'] }), { sql: 3 })).to.have.length(1);
    expect(problems(withQuorum('2', { except: ['master'] }), { sql: 3 })).to.eql([]);
    expect(problems(withQuorum('2', { only: ['master'] }), { sql: 3 })).to.have.length(1);
    expect(problems(withQuorum('any', { except: ['master'] }), { sql: 1 })).to.have.length(1);
  });

  it('refuses a state that can apply to nobody for any size, and only that (row 1)', () => {
    const nobody = withQuorum('all', { only: ['master'], except: ['master'] });
    expect(problems(nobody, { sql: 3 }).map(problem => problem.code)).to.eql(['applies_to_nobody']);
    expect(problems(withQuorum('all', { except: ['master'] }), { sql: 1 })).to.eql([]);
  });

  it('refuses a role that more members are to hold than there are (row 8)', () => {
    const pair = [{ name: 'pair', choose: 'lowest_index', among: 'prepared', count: 3 }] as const;
    const made = definition(
      [
        entity('sql', {
          roles: pair,
          states: [state('sql', 'prepared'), state('sql', 'paired', { only: ['pair'] })],
        }),
      ],
      ['sql.paired'],
    );
    expect(problems(made, { sql: 3 })).to.eql([]);
    expect(problems(made, { sql: 2 })).to.eql([
      {
        code: 'members_invalid',
        pointer: '/entities/sql/roles/pair/count',
        message: '3 members are to hold sql.pair, but sql has 2.',
        hint: 'Give at least 3.',
        severity: 'error',
      },
    ]);
  });

  it('counts as many members as hold a role (rows 1 and 8)', () => {
    const counted = (quorum: string, more: Parameters<typeof state>[2]) => {
      const pair = [{ name: 'pair', choose: 'lowest_index', among: 'prepared', count: 2 }] as const;
      const states = [state('sql', 'prepared'), state('sql', 'joined', more)];
      const up = join('service', 'up', { needs: [`sql.joined@${quorum}`] });
      return definition(
        [entity('sql', { roles: pair, states }), entity('service', { type: 'service', states: [up] })],
        ['service.up'],
      );
    };
    expect(problems(counted('2', { only: ['pair'] }), { sql: 5 })).to.eql([]);
    expect(problems(counted('3', { only: ['pair'] }), { sql: 5 })).to.have.length(1);
    expect(problems(counted('3', { except: ['pair'] }), { sql: 5 })).to.eql([]);
    expect(problems(counted('4', { except: ['pair'] }), { sql: 5 })).to.have.length(1);
    expect(problems(counted('any', { except: ['pair'] }), { sql: 2 })).to.have.length(1);
  });

  it('shows a cycle with its path, also through a role (row 5)', () => {
    const cyclic = definition(
      [
        entity('sql', {
          roles: [{ name: 'master', choose: 'lowest_index', among: 'joined' }],
          states: [state('sql', 'told', { only: ['master'] }), state('sql', 'joined', { needs: ['told'] })],
        }),
      ],
      ['sql.joined'],
    );
    const [problem] = problems(cyclic, { sql: 2 });
    expect(problem?.code).to.equal('cycle');
    expect(problem?.message).to.equal('These states wait for each other: sql.told → sql.joined → sql.told.');
  });

  it('refuses too few, too many and doubled members', () => {
    const sized = definition(
      [entity('sql', { min: 2, max: 3, states: [state('sql', 'prepared')] })],
      ['sql.prepared'],
    );
    expect(problems(sized, { sql: 1 })[0]?.message).to.equal(
      'sql has 1 members; its definition allows 2 to 3.',
    );
    expect(problems(sized, { sql: 4 })).to.have.length(1);
    const twin = { agent: 'a', name: 'a', index: 0, data: {} };
    const doubled = analyse(compileGraph(sized, new Map([['sql', [twin, { ...twin, index: 1 }]]])));
    expect(doubled[0]?.message).to.equal('Agent a is twice a member of sql.');
  });

  it('refuses more steps than the limit, with both numbers', () => {
    const states = Array.from({ length: 101 }, (_, index) => state('sql', `s${index}`));
    const [problem] = problems(definition([entity('sql', { states })], ['sql.s0']), { sql: 1_000 });
    expect(problem?.message).to.contain('101000 steps; the limit is 100000');
  });
});
