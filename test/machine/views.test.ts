// What others ask of a state: outputs, what a step waits for, facts.
// Belongs here: the pure questions. Does not belong here: layout of views (runtime, cli).
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { workflowOutputs } from '../../engine/machine/outputs.ts';
import { waitsFor } from '../../engine/machine/waits.ts';
import {
  definition,
  entity,
  expression,
  join,
  literal,
  membership,
  output,
  script,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const port = expression(data => {
  const found = data.members('g')[0]?.outputs('a')?.['port'];
  if (found === undefined) throw new EngineError('expression_failed', 'no port', 'Wait.');
  return found;
});

const made = definition(
  [
    entity('g', {
      roles: [{ name: 'boss', choose: 'lowest_index', among: 'a' }],
      states: [
        state('g', 'online', { action: { kind: 'online' } }),
        state('g', 'a', { needs: ['online'], out: [output('port')] }),
        state('g', 'b', { only: ['boss'], needs: ['g.a'] }),
        state('g', 'c', {
          needs: ['online'],
          action: script(expression(data => ({ os: data.member?.facts ?? null }))),
        }),
      ],
    }),
    entity('s', { type: 'service', states: [join('s', 'up', { needs: ['g.b', 'g.c@majority'] })] }),
  ],
  ['s.up'],
  {
    outputs: new Map([
      ['port', { name: 'port', description: '', value: port, hidden: false }],
      ['fixed', { name: 'fixed', description: '', value: literal('x'), hidden: false }],
      ['secret', { name: 'secret', description: '', value: literal('y'), hidden: true }],
    ]),
  },
);

describe('questions to a workflow', () => {
  const waits = (w: Workflow, step: string) =>
    waitsFor(w.graph, w.state, w.graph.stepById.get(step) as number);

  it('say what a step waits for', () => {
    const w = new Workflow(made, membership({ g: 2 })).create();
    expect(waits(w, 'g[0].online')).to.eql(['agent g-0 to take the command']);
    expect(waits(w, 'g[0].a')).to.eql(['g[0].online']);
    w.succeed('g[0].online');
    expect(waits(w, 'g[0].c')).to.eql(['g-0, busy with g[0].a']);
    expect(waits(w, 'g[0].b')).to.eql(['g.a (0 of 2)', 'choice of g.boss']);
    expect(waits(w, 's.up')).to.eql(['g.b (0 of 2)', 'g.c (0 of 2, majority)']);
    w.succeed('g[0].a', { port: { text: '1' } });
    expect(waits(w, 'g[1].b')).to.eql(['g.a (1 of 2)', 'choice of g.boss']);
    expect(waits(w, 'g[0].a')).to.eql([]);
  });

  it('leave out outputs that are not there yet, and hidden ones', () => {
    const w = new Workflow(made, membership({ g: 1 })).create();
    expect(workflowOutputs(w.graph, w.state).values).to.eql({ fixed: 'x' });
    w.succeed('g[0].online');
    w.succeed('g[0].a', { port: { text: '5432' } });
    expect(workflowOutputs(w.graph, w.state).values).to.eql({ port: '5432', fixed: 'x' });
  });

  it('say of an output that is mistaken why it has no value; of one that reads what is not there, once it is complete', () => {
    const source = `
workflow_version: 2026-11-01
inputs: {port: {type: string, default: none}}
entities:
  s:
    type: service
    states:
      kept: {condition: "<% inputs.port != 'none' %>", action: {set: {outputs: {port: x}}}, outputs: {port: {type: string}}}
      up: {requires: [kept], action: {signal: {name: go}}}
goal: s.up
outputs:
  number: {value: "<% int(inputs.port) %>"}
  port: {value: "<% s.outputs.kept.port %>"}
`;
    const { definition: parsed, problems } = parseDefinition(source, { fileName: 'x.yaml', files: {} });
    expect(problems).to.eql([]);
    if (parsed === undefined) return;
    const w = new Workflow(parsed, membership({ s: 0 }), { port: 'none' }).create();
    const told = () =>
      workflowOutputs(w.graph, w.state).failures.map(({ name, absent }) => ({ name, absent }));
    expect(told()).to.eql([{ name: 'number', absent: false }]);
    w.send({ kind: 'signal', name: 'go', data: {}, by: 'ann' });
    expect(w.over).to.equal('complete');
    expect(told()).to.eql([
      { name: 'number', absent: false },
      { name: 'port', absent: true },
    ]);
    expect(workflowOutputs(w.graph, w.state).failures[0]?.message).to.include("'int(inputs.port)'");
  });

  it('keep the facts that an agent told when it came online', () => {
    const w = new Workflow(made, membership({ g: 1 })).create();
    w.succeed('g[0].online', { facts: { json: { os: 'linux' } } });
    w.now += 1;
    w.succeed('g[0].a', { port: { text: '1' } });
    expect(w.record('g[0].c')?.command?.action).to.deep.include({ inputs: { os: { os: 'linux' } } });
  });

  it('keep records only of steps that something happened to', () => {
    const w = new Workflow(made, membership({ g: 3 })).create();
    expect(w.state.records.filter(record => record !== undefined)).to.have.length(3);
  });
});

describe('a failing expression', () => {
  it('fails its step with the message and no retry', () => {
    const broken = script(port);
    const spec = { action: broken, retry: { attempts: 5 } };
    const w = new Workflow(
      definition([entity('g', { states: [state('g', 'a', spec)] })], ['g.a']),
      membership({ g: 1 }),
    ).create();
    expect(w.record('g[0].a')?.error).to.eql({
      kind: 'expression',
      message: 'no port Wait.',
      phase: 'action',
    });
    expect(w.over).to.equal('failed');
    expect(w.effects).to.eql([]);
  });
});

describe('an error', () => {
  it('is kept within bounds, with the end of its tail', () => {
    const w = new Workflow(made, membership({ g: 1 })).create();
    const error = {
      kind: 'exit',
      message: 'm'.repeat(9_999),
      exitCode: 1,
      tail: `${'x'.repeat(9_999)}end`,
    } as const;
    w.finish('g[0].online', { kind: 'failed', error });
    expect(w.record('g[0].online')?.error?.message).to.have.length(LIMITS.errorText);
    expect(w.record('g[0].online')?.error?.tail).to.match(/end$/).and.to.have.length(LIMITS.tailBytes);
    expect(w.reason.length).to.be.at.most(LIMITS.errorText);
  });
});
