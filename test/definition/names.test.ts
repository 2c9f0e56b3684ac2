// Names that authors give, and the nearest name to a mistyped one.
// Belongs here: form, reserved words, suggestions. Does not belong here: where names are looked up (checks.test.ts).
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { HOT_FUNCTIONS } from '../../engine/definition/names.ts';
import { didYouMean, nearest } from '../../engine/definition/nearest.ts';
import { codes, groupWith, parse, texts } from './support/parsing.ts';

const inputNamed = (name: string): JsonValue => ({
  workflow_version: '2026-11-01',
  inputs: { [name]: { type: 'string', default: '' }, other: { type: 'string', default: '' } },
  entities: { a: { type: 'service', states: { done: {} } } },
  goal: 'a.done',
});

describe('Names', () => {
  for (const name of ['a', 'a1', 'long_name_2', 'x'.repeat(63)]) {
    it(`may be ${name.slice(0, 20)}`, () => {
      expect(texts(parse(inputNamed(name)))).to.deep.equal([]);
    });
  }

  for (const name of ['A', '1a', 'a-b', 'a.b', 'ä', '', 'x'.repeat(64), '_a']) {
    it(`may not be '${name.slice(0, 20)}'`, () => {
      expect(codes(parse(inputNamed(name)))).to.deep.equal(['wrong_value']);
    });
  }

  it('may not be a function of Heat, in text and in a map alike', () => {
    for (const name of HOT_FUNCTIONS)
      expect(codes(parse(inputNamed(name))), name).to.deep.equal(['reserved_name']);
    const text = groupWith('done: {outputs: {digest: {type: string}}, action: {script: {sh: x}}}');
    expect(codes(parse(text))).to.deep.equal(['reserved_name']);
  });

  it('may not be the one key of a map anywhere, where Heat would call it', () => {
    const text = groupWith('done: {action: {script: {sh: x, inputs: {A: {list_join: x}}}}}');
    expect(codes(parse(text))).to.deep.equal(['reserved_name']);
    const beside = groupWith('done: {action: {script: {sh: x, inputs: {A: {list_join: x, b: 1}}}}}');
    expect(codes(parse(beside))).to.deep.equal([]);
  });

  it('may not be a word of expressions', () => {
    for (const name of ['in', 'members', 'outputs', 'status', 'size', 'name']) {
      expect(codes(parse(inputNamed(name))), name).to.deep.equal(['reserved_name']);
    }
    const entity =
      'workflow_version: 2026-11-01\nentities: {import: {type: service, states: {done: }}}\ngoal: import.done\n';
    expect(codes(parse(entity))).to.include('reserved_name');
    expect(codes(parse(inputNamed('import')))).to.deep.equal([]);
  });

  it('of a role may not be any, which once has for itself', () => {
    const entity = 'roles: {any: {choose: lowest_index, among: done}}';
    expect(codes(parse(groupWith('done: {action: {online: }}', { entity })))).to.deep.equal([
      'reserved_name',
    ]);
  });
});

describe('The nearest name', () => {
  const known = ['prepared', 'installed', 'initialized', 'on'];

  it('is found through changed, missing, added and swapped letters', () => {
    expect(nearest('prepard', known)).to.equal('prepared');
    expect(nearest('initialised', known)).to.equal('initialized');
    expect(nearest('isntalled', known)).to.equal('installed');
    expect(nearest('Prepared', known)).to.equal('prepared');
  });

  it('is not invented', () => {
    expect(nearest('database', known)).to.equal(undefined);
    expect(nearest('xy', known)).to.equal(undefined);
    expect(nearest('p'.repeat(1_000), known)).to.equal(undefined);
  });

  it('takes the beginning of a word for the word, when only one begins so', () => {
    expect(nearest('int', ['string', 'integer', 'number'])).to.equal('integer');
    expect(nearest('inst', ['installed', 'instructed'])).to.equal(undefined);
    expect(nearest('in', ['integer'])).to.equal(undefined);
  });

  it('lists all names when none is near and they are few', () => {
    expect(didYouMean('prepard', ['prepared', 'ready'])).to.equal("Did you mean 'prepared'?");
    expect(didYouMean('xy', ['b', 'a'])).to.equal('Known here: a, b.');
    expect(
      didYouMean(
        'xy',
        Array.from({ length: 17 }, (_, i) => `name_${i}`),
      ),
    ).to.equal(undefined);
    expect(didYouMean('xy', [])).to.equal(undefined);
  });
});
