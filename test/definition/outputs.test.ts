// What a state's action gave: coerced to the declared types, or one sentence why not.
// Belongs here: raw outputs against declarations. Does not belong here: how they are collected.
import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonValue } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { type GivenOutput, readEncodedOutputs, readOutputs } from '../../engine/definition/outputs.ts';
import type { State } from '../../engine/definition/types.ts';
import { definitionOf, groupWith, parse, stateOf } from './support/parsing.ts';

const declared = (output: string): State =>
  stateOf(
    definitionOf(parse(groupWith(`done: {action: {script: {sh: x}}, outputs: {it: ${output}}}`))),
    'sql',
    'done',
  );
const read = (output: string, raw?: GivenOutput) =>
  readOutputs(declared(output), raw === undefined ? {} : { it: raw });

describe('Outputs as text', () => {
  for (const [type, text, expected] of [
    ['string', 'a\n', 'a'],
    ['string', 'a\r\n', 'a'],
    ['string', ' a\n\n', ' a\n'],
    ['string', '', ''],
    ['integer', '5022\n', 5022],
    ['integer', '9007199254740993', { $integer: '9007199254740993' }],
    ['number', ' 1.5 ', 1.5],
    ['boolean', 'True\r\n', true],
    ['boolean', 'false', false],
    ['list', '[1, "a"]\n', [1, 'a']],
    ['map', '{"a": 9007199254740993}', { a: { $integer: '9007199254740993' } }],
    ['map', '{"$secret": "other"}', { $literal: { $secret: 'other' } }],
  ] as const) {
    it(`of type ${type} are read from ${JSON.stringify(text)}`, () => {
      expect(read(`{type: ${type}}`, { text })).to.deep.equal({ outputs: { it: expected } });
    });
  }

  for (const [type, text] of [
    ['integer', '1.5'],
    ['integer', 'many'],
    ['integer', ''],
    ['integer', '9223372036854775808'],
    ['number', 'x'],
    ['boolean', 'yes'],
    ['boolean', '1'],
    ['list', 'a,b'],
    ['list', '{}'],
    ['map', '{"a": 1'],
    ['map', "{'a': 1}"],
    ['map', '9007199254740993'],
  ] as const) {
    it(`of type ${type} are not read from ${JSON.stringify(text)}`, () => {
      const { outputs, problem } = read(`{type: ${type}}`, { text });
      expect(outputs).to.equal(undefined);
      expect(problem).to.match(/^The output 'it' of sql\.done cannot be used: /);
    });
  }
});

describe('Outputs', () => {
  it('that are missing fail their state unless they are optional', () => {
    expect(read('{type: string}').problem).to.equal(
      "The output 'it' of sql.done is missing; it is not declared optional.",
    );
    expect(read('{type: string, optional: true}')).to.deep.equal({ outputs: {} });
    expect(read('{type: string, optional: true}', { json: null })).to.deep.equal({ outputs: {} });
  });

  it('that nobody declared are left out', () => {
    expect(
      readOutputs(declared('{type: string}'), { it: { text: 'a' }, other: { text: 'b' } }).outputs,
    ).to.deep.equal({ it: 'a' });
  });

  it('come as JSON too, in the declared type', () => {
    expect(read('{type: integer}', { json: 5 }).outputs).to.deep.equal({ it: 5 });
    expect(read('{type: map}', { json: { a: null, b: { $concat: [] } } }).outputs).to.deep.equal({
      it: { b: { $literal: { $concat: [] } } },
    });
    expect(read('{type: string}', { json: 5 }).problem).to.include('type string');
  });

  it('that are hidden arrive as references and stay so', () => {
    expect(read('{type: string, hidden: true}', { secret: 'ref-1' }).outputs).to.deep.equal({
      it: { $secret: 'ref-1' },
    });
    expect(read('{type: string, hidden: true}', { text: 'hunter2' }).problem)
      .to.include('in clear')
      .and.not.include('hunter2');
  });

  it('keep constraints and schema', () => {
    expect(read('{type: integer, constraints: [{range: {max: 9}}]}', { text: '10' }).problem).to.include(
      'at most 9',
    );
    expect(read('{type: map, schema: {port: integer}}', { text: '{"port": "x"}' }).problem).to.include(
      'at /port',
    );
    expect(read('{type: map, schema: {port: integer}}', { text: '{"port": "80"}' }).outputs).to.deep.equal({
      it: { port: 80 },
    });
  });

  it('are bounded', () => {
    expect(read('{type: string}', { text: 'x'.repeat(LIMITS.stepOutputsBytes + 1) }).problem).to.include(
      `${LIMITS.stepOutputsBytes} bytes`,
    );
    expect(read('{type: list}', { text: '['.repeat(5_000) }).problem).to.include('list written as JSON');
  });

  it('are judged without throwing, whatever the agent sends', () => {
    const types = ['string', 'number', 'integer', 'boolean', 'list', 'map'].map(type =>
      declared(`{type: ${type}}`),
    );
    const raw = fc.oneof(
      fc.record({ text: fc.string() }),
      fc.record({ json: fc.jsonValue() as fc.Arbitrary<JsonValue> }),
      fc.record({ text: fc.json() }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), raw, (state, one) => {
        const { outputs, problem } = readOutputs(state, { it: one as GivenOutput });
        expect((outputs === undefined) === (problem !== undefined)).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('read JSON text as JSON.parse does, but for integers that it would round', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), value => {
        const plain = JSON.parse(JSON.stringify(value)) as JsonValue;
        fc.pre(!/null|\d{16}/.test(JSON.stringify(plain)));
        expect(read('{type: list}', { text: JSON.stringify([plain], null, 1) }).outputs).to.deep.equal({
          it: [plain],
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('Outputs that the engine made itself', () => {
  const encoded = (output: string, it: JsonValue) => readEncodedOutputs(declared(output), { it });

  it('keep their tags', () => {
    expect(encoded('{type: integer}', { $integer: '9007199254740993' }).outputs).to.deep.equal({
      it: { $integer: '9007199254740993' },
    });
    expect(encoded('{type: map}', { $literal: { $secret: 'x' } }).outputs).to.deep.equal({
      it: { $literal: { $secret: 'x' } },
    });
    expect(
      encoded('{type: string, hidden: true}', { $concat: ['a', { $secret: 'r' }] }).outputs,
    ).to.deep.equal({ it: { $concat: ['a', { $secret: 'r' }] } });
  });

  it('hold no hidden value where none is declared, and nothing of another type', () => {
    expect(encoded('{type: string}', { $secret: 'r' }).problem).to.include('not declared hidden');
    expect(encoded('{type: string}', 5).problem).to.include('type string');
    expect(encoded('{type: list}', 5).problem).to.include('type list');
    expect(encoded('{type: string}', { $integer: '9007199254740993' }).problem).to.include('type string');
  });
});
