// Definitions meant to harm: they are refused with a sentence, quickly, and nothing is ever thrown.
// Belongs here: size, depth, prototypes, floods, arbitrary input. Does not belong here: honest mistakes.
import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonValue } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { codes, groupWith, parse, texts } from './support/parsing.ts';

const map = (entities: JsonValue): JsonValue => ({
  workflow_version: '2026-11-01',
  entities,
  goal: 'a.done',
});

describe('A hostile definition', () => {
  it('is refused when it has too many states, with the number and the limit', () => {
    const states = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`s${i}`, {}]));
    expect(texts(parse(map({ a: { type: 'vm', states } })))).to.include(
      `/entities/a/states: states of entity a has 10000 entries; at most ${LIMITS.statesPerEntity} may be.`,
    );
  });

  it('lists no more problems than the limit and counts the rest', () => {
    const flood = `workflow_version: 2026-11-01\n${Array.from({ length: 1_000 }, (_, i) => `k${i}: 1`).join('\n')}\n`;
    const { problems } = parse(flood);
    expect(problems).to.have.lengthOf(LIMITS.problems + 1);
    expect(problems.at(-1)?.message).to.match(/^\d+ more problem/);
  });

  it('is not refused for any number of warnings', () => {
    const states = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`s${i}`, {}]));
    const entities = {
      a: { type: 'vm', states: { done: {} } },
      b: { type: 'vm', states },
      c: { type: 'vm', states },
    };
    const { definition, problems } = parse(map(entities));
    expect(definition).not.to.equal(undefined);
    expect(problems.map(({ severity }) => severity)).to.deep.equal(
      Array(LIMITS.problems + 1).fill('warning'),
    );
  });

  it('is refused when a map is nested too deeply, too large or no JSON', () => {
    let deep: JsonValue = 'x';
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(codes(parse(deep))).to.deep.equal(['limit_exceeded']);
    expect(codes(parse(map({ a: 'x'.repeat(LIMITS.definitionBytes) })))).to.deep.equal(['limit_exceeded']);
    expect(codes(parse({ a: Number.NaN }))).to.include('wrong_type');
    expect(codes(parse({ a: new Date(0) as unknown as JsonValue }))).to.include('wrong_type');
    const circle: { [key: string]: JsonValue } = {};
    circle['a'] = circle;
    expect(codes(parse(circle))).to.include('limit_exceeded');
  });

  it('cannot reach a prototype through a parsed map', () => {
    const parsed = parse(
      JSON.parse('{"__proto__": {"polluted": 1}, "entities": {"constructor": {"type": "vm"}}}') as JsonValue,
    );
    expect(codes(parsed)).to.include('reserved_name');
    expect(({} as { polluted?: number }).polluted).to.equal(undefined);
  });

  it('does not find files on a prototype', () => {
    const text = groupWith('done: {action: {script: {sh: {file: constructor}}}}');
    expect(codes(parse(text))).to.deep.equal(['missing_file']);
  });

  it('cannot smuggle in a value of the engine', () => {
    for (const tag of ['$secret', '$concat', '$integer', '$literal']) {
      const text = groupWith(`done: {action: {script: {sh: x, inputs: {A: {${tag}: other}}}}}`);
      expect(codes(parse(text)), tag).to.deep.equal(['reserved_name']);
    }
  });

  it('is told of files that are too large', () => {
    const text = groupWith('done: {action: {script: {sh: {file: big.sh}}}}');
    expect(texts(parse(text, { 'big.sh': 'x'.repeat(LIMITS.fileBytes + 1) }))[0]).to.include(
      `at most ${LIMITS.fileBytes} may be`,
    );
    const many = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`f${i}`, 'x'.repeat(LIMITS.fileBytes)]),
    );
    expect(codes(parse(groupWith('done:'), many))).to.deep.equal(['limit_exceeded']);
  });

  it('is looked at in time linear in its size, even as one long chain', () => {
    const entities = Object.fromEntries(
      Array.from({ length: 40 }, (_, e) => [`e${e}`, { type: 'service', states: chain(e) }]),
    );
    const parsed = parse({ workflow_version: '2026-11-01', entities, goal: 'e39.s199' });
    expect(texts(parsed)).to.deep.equal([]);
  });

  it('never makes the parser throw, whatever the text', () => {
    const word = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '  ',
      '-',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '<%',
      '%>',
      '#',
      '|',
      '>',
      '&x',
      '*x',
      '!!str',
      'entities',
      'states',
      'requires',
      'goal',
      'action',
      'script',
      'on',
      '0644',
      '\t',
      '\u0000',
      '\r',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 200 }),
          fc.array(word, { maxLength: 60 }).map(words => words.join('')),
        ),
        text => {
          expect(parse(text).problems.length).to.be.greaterThan(0);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('never makes the parser throw, whatever the JSON in whatever place', () => {
    const places = ['inputs', 'entities', 'goal', 'outputs', 'description', 'workflow_version'];
    const stateKeys = [
      'requires',
      'only',
      'except',
      'once',
      'condition',
      'action',
      'probe',
      'undo',
      'timeout',
      'retry',
      'on_failure',
      'on_interrupted',
      'outputs',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.constantFrom(...stateKeys),
        fc.jsonValue({ maxDepth: 3 }),
        (place, key, any) => {
          const value = any as JsonValue;
          expect(parse({ [place]: value }).problems.length).to.be.greaterThan(0);
          const state = { action: { script: { sh: 'x' } }, [key]: value };
          parse(map({ a: { type: 'vm_group', states: { done: state } } }));
          parse(
            map({
              a: { type: 'vm', states: { done: { action: { script: { sh: 'x', inputs: { A: value } } } } } },
            }),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** 200 states, each needing the one before; the first needs the last of the entity before. */
function chain(entity: number): JsonValue {
  const before = entity === 0 ? [] : [`e${entity - 1}.s199`];
  return Object.fromEntries(
    Array.from({ length: 200 }, (_, s) => [`s${s}`, { requires: s === 0 ? before : [`s${s - 1}`] }]),
  );
}
