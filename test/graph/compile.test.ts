// Compilation: what becomes a step, what becomes a gate, what it costs.
// Belongs here: the shape of graphs. Does not belong here: mistakes (analyse.test.ts), pictures (describe.test.ts).
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { StateGraph } from '../../engine/graph/types.ts';
import { definition, entity, expression, join, membership, script, state } from '../support/definitions.ts';

const cluster = definition(
  [
    entity('sql', {
      roles: [{ name: 'master', choose: 'lowest_index', among: 'prepared' }],
      states: [
        state('sql', 'online', { action: { kind: 'online' } }),
        state('sql', 'prepared', { needs: ['online'] }),
        state('sql', 'created', { once: { role: 'master' }, needs: ['sql.prepared', 'prepared'] }),
        state('sql', 'told', { needs: ['created', 'sql.prepared'] }),
        state('sql', 'unwanted', { needs: ['told'] }),
      ],
    }),
    entity('directory', { type: 'vm', states: [state('directory', 'promoted')] }),
    entity('service', {
      type: 'service',
      states: [join('service', 'deployed', { needs: ['sql.told@majority', 'directory.promoted'] })],
    }),
  ],
  ['service.deployed'],
);

const idsOf = (graph: StateGraph, numbers: readonly number[]) =>
  numbers.map(number => graph.steps[number]?.id);

describe('compiling a definition over its members', () => {
  const graph = compileGraph(cluster, membership({ sql: 3, directory: 1 }));

  it('makes a step per state and member, one for `once`, services and the only VM of a `vm`', () => {
    expect(
      graph.steps.map(step => step.id).filter(id => !id.includes('.o') && !id.includes('unwanted')),
    ).to.eql([
      'sql[0].prepared',
      'sql[1].prepared',
      'sql[2].prepared',
      'sql.created',
      'sql[0].told',
      'sql[1].told',
      'sql[2].told',
      'directory.promoted',
      'service.deployed',
    ]);
    expect(graph.steps[graph.stepById.get('directory.promoted') as number]?.member?.agent).to.equal(
      'directory-0',
    );
  });

  it('binds a bare name to the same member and shares a barrier as one gate', () => {
    const prepared = graph.steps[graph.stepById.get('sql[1].prepared') as number];
    expect(prepared?.needs.map(gate => idsOf(graph, graph.gates[gate]?.inputs ?? []))).to.eql([
      ['sql[1].online'],
    ]);
    const barriers = graph.gates.filter(
      gate => gate.target.state === 'prepared' && gate.requirement.kind === 'all',
    );
    expect(barriers.map(gate => [gate.inputs.length, gate.outputs.length])).to.eql([[3, 4]]);
  });

  it('takes a bare name in a `once` state for all members', () => {
    const created = graph.steps[graph.stepById.get('sql.created') as number];
    for (const gate of created?.needs ?? []) expect(graph.gates[gate]?.inputs).to.have.length(3);
  });

  it('wants what the goal needs, through gates and roles, and nothing else', () => {
    expect(graph.steps.filter(step => !step.wanted).map(step => step.id)).to.eql([
      'sql[0].unwanted',
      'sql[1].unwanted',
      'sql[2].unwanted',
    ]);
  });

  it('makes a state wait for the roles that its expressions read', () => {
    const reads = [{ kind: 'role', entity: 'sql', role: 'master' }] as const;
    const reader = state('sql', 'reader', { action: script(expression(() => ({}), reads)) });
    const read = definition(
      [
        entity('sql', {
          roles: [{ name: 'master', choose: 'lowest_index', among: 'prepared' }],
          states: [state('sql', 'prepared'), reader],
        }),
      ],
      ['sql.reader'],
    );
    const compiled = compileGraph(read, membership({ sql: 2 }));
    expect(idsOf(compiled, compiled.roles[0]?.outputs ?? [])).to.eql(['sql[0].reader', 'sql[1].reader']);
    expect(compiled.steps.every(step => step.wanted)).to.equal(true);
  });

  it('counts a group of nobody as no steps', () => {
    expect(compileGraph(cluster, membership({ sql: 0, directory: 1 })).steps.map(step => step.id)).to.eql([
      'sql.created',
      'directory.promoted',
      'service.deployed',
    ]);
  });

  it('costs in proportion to members, and to states (P7)', () => {
    const operations = (members: number, states: number): number => {
      const names = Array.from({ length: states }, (_, index) => `s${index}`);
      const chain = names.map((name, index) =>
        state('g', name, { needs: index === 0 ? [] : [`g.s${index - 1}`, `s${index - 1}`] }),
      );
      const count = { operations: 0 };
      compileGraph(
        definition([entity('g', { states: chain })], [`g.${names.at(-1)}`]),
        membership({ g: members }),
        { count },
      );
      return count.operations;
    };
    for (const [n, twice, four] of [
      [operations(50, 10), operations(100, 10), operations(200, 10)],
      [operations(20, 20), operations(20, 40), operations(20, 80)],
    ] as const) {
      expect(twice / n).to.be.within(1.9, 2.15);
      expect(four / n).to.be.within(3.8, 4.3);
    }
  });

  it('makes one choice of what all members state alike, at a cost in proportion to them (P7)', () => {
    const choosing = (members: number) => {
      const states = [
        state('g', 'a'),
        state('g', 'b', { needs: ['a!failed'] }),
        state('g', 'c', { needs: ['0? g.a@any', '0? g.b@any', '1? a', '1? b'] }),
      ];
      const count = { operations: 0 };
      const made = compileGraph(definition([entity('g', { states })], ['g.c']), membership({ g: members }), {
        count,
      });
      return { made, operations: count.operations };
    };
    const { made } = choosing(3);
    const shared = made.choices.filter(choice => choice.outputs.length === 3);
    expect(shared.map(choice => choice.alternatives.length)).to.eql([2]);
    expect(made.choices).to.have.length(4);
    expect(made.steps.every(step => step.wanted)).to.equal(true);
    expect(made.steps.filter(step => step.watched).map(step => step.state.name)).to.eql(['a', 'a', 'a']);
    const [n, twice] = [choosing(50).operations, choosing(100).operations];
    expect(twice / n).to.be.within(1.9, 2.15);
  });
});
