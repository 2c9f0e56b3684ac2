// Graphs of one definition for other machines.
// Belongs here: what reseating shares and exchanges. Does not belong here: compilation itself (compile.test.ts).
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { reseat, seatsOf } from '../../engine/graph/seats.ts';
import type { Membership } from '../../engine/graph/types.ts';
import { definition, entity, membership, state } from '../support/definitions.ts';

const cluster = definition(
  [
    entity('sql', {
      roles: [{ name: 'master', choose: 'lowest_index', among: 'prepared' }],
      states: [
        state('sql', 'prepared'),
        state('sql', 'created', { once: { role: 'master' }, needs: ['sql.prepared'] }),
        state('sql', 'joined', { needs: ['prepared', 'created'] }),
      ],
    }),
    entity('directory', { type: 'vm', states: [state('directory', 'promoted')] }),
  ],
  ['sql.joined', 'directory.promoted'],
);

const renamed = (members: Membership, prefix: string): Membership =>
  new Map(
    [...members].map(([name, group]) => [
      name,
      group.map(member => ({
        ...member,
        agent: `${prefix}-${member.agent}`,
        name: `${prefix}-${member.name}`,
      })),
    ]),
  );

describe('a graph for other machines', () => {
  const members = membership({ sql: 3, directory: 1 });
  const others = renamed(members, 'other');
  const graph = compileGraph(cluster, members);

  it('is what compiling for those machines gives', () => {
    expect(reseat(graph, others)).to.deep.equal(compileGraph(cluster, others));
    expect(graph).to.deep.equal(compileGraph(cluster, members));
  });

  it('shares what names no machine', () => {
    const made = reseat(graph, others);
    expect(made.gates).to.equal(graph.gates);
    expect(made.stepById).to.equal(graph.stepById);
    expect(made.steps[0]?.feeds).to.equal(graph.steps[0]?.feeds);
  });

  it('is possible between members of the same indices, not of others', () => {
    const seats = (groups: Membership): string => seatsOf(Object.fromEntries(groups));
    expect(seats(others)).to.equal(seats(members));
    expect(seats(membership({ sql: 2, directory: 1 }))).to.not.equal(seats(members));
    const gap = new Map(
      [...members].map(([name, group]) => [name, group.map(one => ({ ...one, index: one.index + 1 }))]),
    );
    expect(seats(gap)).to.not.equal(seats(members));
  });
});
