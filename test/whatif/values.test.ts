import { expect } from 'chai';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { checkInputs } from '../../engine/definition/inputs.ts';
import { completeInputs } from '../../engine/whatif/values.ts';

const inputs = (declared: string) => {
  const text = `workflow_version: 2026-11-01
inputs:
${declared}
entities: {s: {type: service, states: {up: {}}}}
goal: s.up
`;
  const { definition, problems } = parseDefinition(text, { fileName: 'x.yaml', files: {} });
  if (!definition) throw new Error(JSON.stringify(problems));
  return definition;
};

describe('made-up inputs', () => {
  for (const declared of [
    'a: {type: string}',
    'a: {type: string, constraints: [{length: {min: 20, max: 30}}]}',
    'a: {type: string, constraints: [{allowed_values: [large, small]}]}',
    "a: {type: string, constraints: [{allowed_pattern: '[0-9.]+/[0-9]+'}]}",
    'a: {type: string, constraints: [{custom_constraint: ip_addr}]}',
    'a: {type: string, constraints: [{custom_constraint: net_cidr}]}',
    'a: {type: string, constraints: [{custom_constraint: mac_addr}]}',
    'a: {type: integer, constraints: [{range: {min: 1024, max: 65535}}]}',
    'a: {type: number, constraints: [{modulo: {step: 5, offset: 3}}]}',
    'a: {type: boolean}',
    'a: {type: list, schema: {type: string}, constraints: [{length: {min: 3}}]}',
    'a: {type: map, schema: {host: string, port: {type: integer, constraints: [{range: {min: 7}}]}}}',
  ])
    it(`fit ${declared}`, () => {
      const definition = inputs(`  ${declared}`);
      const { inputs: made, madeUp } = completeInputs(definition, {}, true);
      expect(madeUp).to.deep.equal(['a']);
      expect(checkInputs(definition, made).problems).to.deep.equal([]);
    });

  it('are left out where nothing that fits comes to mind', () => {
    const definition = inputs("  a: {type: string, constraints: [{allowed_pattern: 'Z{7}q'}]}");
    expect(completeInputs(definition, {}, true).madeUp).to.deep.equal([]);
  });

  it('never replace what is given or has a default; without asking, only hidden ones are made', () => {
    const definition = inputs(
      '  a: {type: string}\n  b: {type: string, default: d}\n  c: {type: string, hidden: true}\n  e: {type: string}',
    );
    expect(completeInputs(definition, { a: 'given' }, false)).to.deep.equal({
      inputs: { a: 'given', c: 'example' },
      madeUp: ['c'],
    });
    expect(completeInputs(definition, { a: 'given' }, true).madeUp).to.deep.equal(['c', 'e']);
  });
});
