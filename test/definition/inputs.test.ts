// What a workflow is started with: inputs in their types, constraints, members and sizes.
// Belongs here: values against declarations. Does not belong here: declarations that are wrong themselves.
import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { checkInputs, checkMembers } from '../../engine/definition/inputs.ts';
import { problemText } from '../../engine/definition/problems.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { codes, definitionOf, parse, texts } from './support/parsing.ts';

const text = (declaration: string): string =>
  `workflow_version: 2026-11-01\ninputs: {it: ${declaration}}\nentities:\n  s: {type: service, states: {done: }}\n  g: {type: vm_group, members: {min: 1, max: 3}, states: {up: }}\n  one: {type: vm, states: {up: }}\ngoal: s.done\n`;
const declared = (declaration: string): WorkflowDefinition => definitionOf(parse(text(declaration)));
const given = (declaration: string, value?: JsonValue) =>
  checkInputs(declared(declaration), value === undefined ? {} : { it: value });
const taken = (declaration: string, value?: JsonValue): JsonValue | undefined => {
  const { inputs, problems } = given(declaration, value);
  expect(problems).to.deep.equal([]);
  return inputs['it'];
};
const refused = (declaration: string, value?: JsonValue): string => {
  const { inputs, problems } = given(declaration, value);
  expect(inputs).to.deep.equal({});
  return problems.map(problemText).join('\n');
};

describe('An input', () => {
  for (const [type, value, expected] of [
    ['string', 'x', 'x'],
    ['string', 5, '5'],
    ['number', '5', 5],
    ['number', '-1.5e3', -1500],
    ['number', 0.5, 0.5],
    ['integer', '42', 42],
    ['integer', 42, 42],
    ['integer', '9007199254740993', { $integer: '9007199254740993' }],
    ['integer', '-9223372036854775808', { $integer: '-9223372036854775808' }],
    ['boolean', 'Yes', true],
    ['boolean', 0, false],
    ['boolean', true, true],
    ['list', 'a, b', ['a', 'b']],
    ['list', '[1, 9007199254740993]', [1, { $integer: '9007199254740993' }]],
    ['list', '', []],
    ['map', '{"a": {"b": null}}', { a: {} }],
    ['map', { a: null, b: 1 }, { b: 1 }],
    ['json', { a: 1 }, { a: 1 }],
    ['comma_delimited_list', 'a', ['a']],
  ] as const) {
    it(`of type ${type} takes ${JSON.stringify(value)} as HOT would`, () => {
      expect(taken(`{type: ${type}}`, value as JsonValue)).to.deep.equal(expected);
    });
  }

  for (const [type, value] of [
    ['string', true],
    ['string', ['a']],
    ['number', 'five'],
    ['number', ''],
    ['integer', 1.5],
    ['integer', '9223372036854775808'],
    ['integer', 9007199254740992],
    ['boolean', 'maybe'],
    ['boolean', 2],
    ['list', { a: 1 }],
    ['list', '[1'],
    ['map', '[]'],
    ['map', 'text'],
  ] as const) {
    it(`of type ${type} refuses ${JSON.stringify(value)}`, () => {
      expect(refused(`{type: ${type}}`, value as JsonValue)).to.include(`must be of type ${type}`);
    });
  }

  it('has its default, or is required; null is the same as nothing', () => {
    expect(taken('{type: integer, default: 5}')).to.equal(5);
    expect(checkInputs(declared('{type: integer, default: 5}'), { it: null }).inputs).to.deep.equal({
      it: 5,
    });
    expect(refused('{type: integer, description: the port}')).to.equal(
      "/it: The input 'it' (the port) is required.",
    );
  });

  it('that nobody declared is refused, with the nearest name', () => {
    const { problems } = checkInputs(declared('{type: string, default: x}'), { iit: 'x' });
    expect(problems.map(problemText)).to.deep.equal(["/iit: There is no input 'iit'. Did you mean 'it'?"]);
  });

  it("that looks like a value of the engine stays the user's", () => {
    const value = { a: { $secret: 'other', b: null }, c: [{ $integer: '1' }] };
    expect(taken('{type: map}', value)).to.deep.equal({
      a: { $literal: { $secret: 'other' } },
      c: [{ $literal: { $integer: '1' } }],
    });
    expect(taken('{type: map}', JSON.stringify(value))).to.deep.equal(taken('{type: map}', value));
  });

  it('never shows its value in a sentence', () => {
    for (const declaration of [
      '{type: integer, hidden: true}',
      '{type: string, hidden: true, constraints: [{length: {max: 3}}]}',
      '{type: map, hidden: true, schema: {a: integer}}',
    ]) {
      expect(refused(declaration, 'hunter2-secret')).not.to.include('hunter2');
    }
  });

  it("keeps to its schema, at the place where it doesn't", () => {
    const schema =
      '{type: map, schema: {name: string, port: {type: integer, default: 80}, tags: {type: list, schema: string}}}';
    expect(taken(schema, { name: 'a', tags: ['x', 1] })).to.deep.equal({
      name: 'a',
      port: 80,
      tags: ['x', '1'],
    });
    expect(
      refused(schema, { nam: 'a', port: 'x', tags: [true] })
        .split('\n')
        .map(line => line.split(':')[0]),
    ).to.have.members(['/it/nam', '/it/name', '/it/port', '/it/tags/0']);
  });

  it('is bounded', () => {
    const big = checkInputs(declared('{type: string}'), { it: 'x'.repeat(LIMITS.inputsBytes) });
    expect(codes(big)).to.deep.equal(['limit_exceeded']);
    let deep: JsonValue = 1;
    for (let i = 0; i < 50_000; i += 1) deep = [deep];
    expect(codes(checkInputs(declared('{type: list}'), { it: deep }))).to.deep.equal(['limit_exceeded']);
  });

  it('is judged without throwing, whatever it is', () => {
    const definitions = ['string', 'number', 'integer', 'boolean', 'list', 'map'].map(type =>
      declared(`{type: ${type}}`),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...definitions),
        fc.dictionary(fc.constantFrom('it', 'x', '__proto__'), fc.jsonValue()),
        (definition, inputs) => {
          const { inputs: fitted, problems } = checkInputs(definition, inputs as JsonObject);
          expect('it' in fitted || problems.length > 0).to.equal(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('A constraint', () => {
  for (const [constraint, type, good, bad] of [
    ['length: {min: 2, max: 3}', 'string', 'ab', 'abcd'],
    ['length: {min: 1}', 'list', ['a'], []],
    ['range: {min: 1, max: 10}', 'integer', '10', 11],
    ['range: {min: 1}', 'integer', '9007199254740993', 0],
    ['modulo: {step: 2, offset: 1}', 'number', 7, 8],
    ['allowed_values: [a, b]', 'string', 'a', 'c'],
    ['allowed_values: [1, 2]', 'string', '1', '3'],
    ['allowed_values: [a, b]', 'list', ['a', 'b'], ['a', 'c']],
    ["allowed_pattern: '[a-z]+'", 'string', 'abc', 'abc!'],
    ['custom_constraint: ip_addr', 'string', 'fe80::1', '10.0.0.256'],
    ['custom_constraint: ip_addr', 'string', '10.0.0.1', '::1::2'],
    ['custom_constraint: ip_addr', 'string', '::ffff:10.0.0.1', '1:2:3:4:5:6:7'],
    ['custom_constraint: net_cidr', 'string', '10.0.0.0/24', '10.0.0.0/33'],
    ['custom_constraint: net_cidr', 'string', '2001:db8::/32', '2001:db8::'],
    ['custom_constraint: mac_addr', 'string', '52:54:00:12:34:56', '52:54:00:12:34'],
    ['custom_constraint: dns_name', 'string', 'db-1.example.org', '-bad.example.org'],
    ['custom_constraint: dns_domain', 'string', 'example.org.', 'example.org'],
  ] as const) {
    it(`${constraint} on a ${type} takes ${JSON.stringify(good)} and refuses ${JSON.stringify(bad)}`, () => {
      const declaration = `{type: ${type}, constraints: [{${constraint}}]}`;
      expect(taken(declaration, good as JsonValue)).not.to.equal(undefined);
      expect(refused(declaration, bad as JsonValue)).to.include('it');
    });
  }

  it('speaks in the words of its author', () => {
    expect(
      refused(
        '{type: string, constraints: [{length: {min: 3}, description: at least three letters please}]}',
        'a',
      ),
    ).to.include('at least three letters please');
  });

  for (const [constraint, type, code] of [
    ['length: {}', 'string', 'missing_key'],
    ['length: {min: 3, max: 2}', 'string', 'wrong_value'],
    ['length: {min: 1}', 'integer', 'wrong_value'],
    ['range: {min: 1}', 'string', 'wrong_value'],
    ['modulo: {step: 0}', 'integer', 'wrong_value'],
    ["allowed_pattern: '(?=x)'", 'string', 'wrong_value'],
    ['custom_constraint: neutron.network', 'string', 'unknown_name'],
    ['lenght: {min: 1}', 'string', 'unknown_key'],
    ['length: {min: 1}, range: {min: 1}', 'string', 'wrong_value'],
  ] as const) {
    it(`${constraint} on a ${type} is refused in the definition`, () => {
      expect(codes(parse(text(`{type: ${type}, constraints: [{${constraint}}]}`)))).to.include(code);
    });
  }

  it('is kept by the default too', () => {
    expect(
      texts(parse(text('{type: integer, default: 99, constraints: [{range: {max: 10}}]}')))[0],
    ).to.include('it must be at most 10');
    expect(codes(parse(text('{type: integer, default: many}')))).to.deep.equal(['wrong_value']);
  });
});

describe('A declaration', () => {
  for (const [declaration, code] of [
    ['{}', 'missing_key'],
    ['{type: strin}', 'wrong_value'],
    ['{type: string, schema: {a: string}}', 'wrong_value'],
    ['{type: map, schema: {a: strin}}', 'wrong_value'],
    ['{type: string, hidden: 1}', 'wrong_type'],
    ['{type: string, immutable: true}', 'unknown_key'],
    ['text', 'wrong_type'],
  ] as const) {
    it(`${declaration} is refused`, () => {
      expect(codes(parse(text(declaration)))).to.deep.equal([code]);
    });
  }
});

describe('Members', () => {
  const check = (members: { [entity: string]: { agent: string; data?: JsonValue }[] }) =>
    checkMembers(declared('{type: string, default: x}'), members).map(problemText);
  const agents = (...names: string[]) => names.map(agent => ({ agent }));

  it('fit the sizes', () => {
    expect(check({ g: agents('a', 'b'), one: agents('c') })).to.deep.equal([]);
  });

  it('are as many as the definition allows', () => {
    expect(check({ g: [], one: agents('a', 'b') })).to.deep.equal([
      '/g: The vm_group g has 0 member(s); it must have 1 to 3.',
      '/one: The vm one has 2 member(s); it must have 1.',
    ]);
    expect(check({ g: agents('a'), one: agents('b'), s: agents('c') })[0]).to.include(
      'The service s has 1 member(s); it must have 0.',
    );
  });

  it('row 31: are one agent each within an entity, but may share one between entities', () => {
    expect(check({ g: agents('a', 'a'), one: agents('b') })).to.deep.equal([
      "/g/1: The agent 'a' is a member of g twice.",
    ]);
    expect(check({ g: agents('a'), one: agents('a') })).to.deep.equal([]);
  });

  it('belong to entities that exist, and have bounded data', () => {
    expect(check({ g: agents('a'), one: agents('b'), ome: [] })).to.deep.equal([
      "/ome: There is no entity 'ome'. Did you mean 'one'?",
    ]);
    const data = 'x'.repeat(LIMITS.memberDataBytes);
    expect(check({ g: [{ agent: 'a', data }], one: agents('b') })[0]).to.include('too large');
  });
});
