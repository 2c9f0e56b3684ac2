// Alternative paths in a definition: the forms of a requirement beyond names and quorums.
// Belongs here: what is read, refused and made certain by them. Does not belong here: how they run (machine).
import { expect } from 'chai';
import { mermaid } from '../../engine/graph/describe.ts';
import { codes, definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const S = 'action: {script: {sh: x}}';
const a = `a: {${S}, outputs: {port: {type: integer}}}`;
const requiresOf = (text: string) => stateOf(definitionOf(parse(text)), 'sql', 'done').requires;

describe('An outcome', () => {
  const ending = (requirement: string) => groupWith(`a: {${S}}\ndone: {${S}, requires: [${requirement}]}`);

  it('stands with a bare name, a qualified one and a quorum', () => {
    const base = { entity: 'sql', state: 'a', inferred: false };
    expect(requiresOf(ending('{state: a, outcome: failed}'))).to.eql([
      { ...base, members: { kind: 'same' }, outcome: 'failed' },
    ]);
    expect(requiresOf(ending('{state: sql.a, members: majority, outcome: final}'))).to.eql([
      { ...base, members: { kind: 'majority' }, outcome: 'final' },
    ]);
    expect(requiresOf(ending('{state: sql.a, outcome: reached}'))).to.eql([
      { ...base, members: { kind: 'all' } },
    ]);
  });

  it('is one of three words', () => {
    expect(texts(parse(ending('{state: a, outcome: fail}')))[0]).to.include(
      "it must be reached, failed or final. Did you mean 'failed'?",
    );
  });

  it('row 12: a state cannot both be reached and have failed', () => {
    const both = parse(ending('a, {state: a, outcome: failed}'));
    expect(codes(both)).to.include('unreachable');
    expect(texts(both)[0]).to.include('requires sql.a to fail and also requires it reached.');
    const some = ending(
      '{state: sql.a, members: 1}, {state: sql.a, members: 1, outcome: failed}'.replaceAll('any', '"any"'),
    );
    expect(codes(parse(some))).to.eql([]);
    const reads = groupWith(
      `${a}\ndone: {requires: [{state: a, outcome: failed}], action: {script: {sh: x, inputs: {V: "<% member.outputs.a.port %>"}}}}`,
    );
    expect(texts(parse(reads))[0]).to.include('also reads an output of it. Read it with has() or .?');
  });

  it('`final` reads who made it without a barrier', () => {
    const text = groupWith(
      `${a}\ndone: {requires: [{state: sql.a, outcome: final}], action: {script: {sh: x, inputs: {V: "<% sql.reached.a.map(m, m.outputs.a.port) %>"}}}}`,
    );
    expect(requiresOf(text).map(({ outcome }) => outcome)).to.eql(['final']);
  });

  it('row 10: outputs of what waits for a failure may be absent, and make nothing certain', () => {
    const text = (read: string) =>
      groupWith(
        `${a}\nb: {requires: [{state: a, outcome: failed}], ${S}, outputs: {v: {type: string}}}\n` +
          `done: {requires: [b], action: {script: {sh: x, inputs: {V: "<% ${read} %>"}}}}`,
      );
    expect(codes(parse(text('member.outputs.b.v')))).to.include('not_guaranteed');
    expect(codes(parse(text("member.outputs.?b.?v.orValue('')")))).to.eql([]);
    const undo = groupWith(
      `${a}\nx: {${S}}\nb: {requires: [a, {state: x, outcome: failed}], ${S}}\n` +
        `done: {requires: [b], ${S}, undo: {script: {sh: y, inputs: {V: "<% member.outputs.a.port %>"}}}}`,
    );
    expect(codes(parse(undo))).to.include('not_guaranteed');
    expect(codes(parse(undo.replace(', {state: x, outcome: failed}', ', x')))).to.eql([]);
  });

  it('makes circles like any requirement', () => {
    const text = groupWith(
      `a: {requires: [done], ${S}}\ndone: {requires: [{state: a, outcome: failed}], ${S}}`,
    );
    expect(codes(parse(text))).to.include('cycle');
  });

  it('is drawn', () => {
    expect(mermaid(definitionOf(parse(ending('{state: a, outcome: failed}'))))).to.include(
      's_a_IN_sql -->|"failed"| s_done_IN_sql',
    );
    expect(mermaid(definitionOf(parse(ending('{state: sql.a, members: 2, outcome: final}'))))).to.include(
      '-->|"2 final"|',
    );
  });
});

describe('within', () => {
  const states = `a: {${S}}\nb: {${S}}\n`;
  const requiring = (requirement: string) =>
    groupWith(`${states}done: {requires: [b, ${requirement}], ${S}}`);

  it('is a time of one requirement', () => {
    const timed = requiresOf(requiring('{state: sql.a, members: majority, within: 15m}'));
    expect(timed.map(({ within }) => within)).to.eql([undefined, 900_000]);
    expect(texts(parse(requiring('{state: a, within: 15}')))[0]).to.include('Write 15s or 15m.');
    expect(codes(parse(requiring('{state: a, within: 0s}')))).to.eql(['wrong_value']);
    expect(requiresOf(requiring('{state: a, outcome: final, within: 1h}'))[1]).to.include({
      outcome: 'final',
    });
  });

  it('is refused where it has no clear meaning: in any_of, beside it, and for a failure', () => {
    for (const wrong of ['{any_of: [{state: a, within: 5m}, b]}', '{any_of: [a], within: 5m}']) {
      expect(texts(parse(requiring(wrong))).join()).to.match(/has 'within'|any_of and within/);
    }
    expect(texts(parse(requiring('{state: a, outcome: failed, within: 5m}')))[0]).to.include(
      'give the state that may fail a timeout',
    );
  });
});

describe('any_of', () => {
  const two = `a: {${S}, outputs: {port: {type: integer}}}\nb: {${S}}\n`;
  const choosing = (requirement: string, more = S) =>
    groupWith(`${two}done: {requires: [${requirement}], ${more}}`);

  it('holds every form of a requirement, numbered by where it stands', () => {
    const text = choosing('b, {any_of: [a, {state: sql.b, members: 2, outcome: failed}]}');
    expect(requiresOf(text).map(({ state, outcome, choice }) => [state, outcome, choice])).to.eql([
      ['b', undefined, undefined],
      ['a', undefined, 1],
      ['b', 'failed', 1],
    ]);
  });

  it('holds at least one, no other any_of, and nothing stands beside it', () => {
    expect(texts(parse(choosing('{any_of: []}')))[0]).to.include('names no state');
    expect(texts(parse(choosing('{any_of: [a, {any_of: [b]}]}')))[0]).to.include(
      'Write all of them in one list.',
    );
    expect(texts(parse(choosing('{any_of: [a], outcome: failed}')))[0]).to.include('has any_of and outcome');
    expect(codes(parse(choosing('{any_of: [a, a]}')))).to.include('duplicate');
    expect(codes(parse(choosing('{any_of: [a, c]}')))).to.include('unknown_name');
  });

  it('keeps the limit on requirements, inside and beside it', () => {
    const many = Array.from({ length: 150 }, (_, index) => `s${index}: {${S}}`).join('\n');
    const names = (from: number) => Array.from({ length: 75 }, (_, index) => `s${from + index}`).join(', ');
    const text = groupWith(
      `${many}\ndone: {requires: [{any_of: [${names(0)}]}, {any_of: [${names(75)}]}], ${S}}`,
    );
    expect(codes(parse(text))).to.include('limit_exceeded');
  });

  it('makes nothing certain: what is read becomes a requirement, or is refused', () => {
    const reading = (expression: string) => `action: {script: {sh: x, inputs: {V: "<% ${expression} %>"}}}`;
    const inferred = requiresOf(choosing('{any_of: [a, b]}', reading('member.outputs.a.port')));
    expect(inferred.map(one => one.inferred)).to.eql([false, false, true]);
    const undo = `${S}, undo: {script: {sh: y, inputs: {V: "<% member.outputs.a.port %>"}}}`;
    expect(codes(parse(choosing('{any_of: [a, b]}', undo)))).to.include('not_guaranteed');
  });

  it('makes circles like any requirement', () => {
    const text = groupWith(
      `a: {requires: [done], ${S}}\nb: {${S}}\ndone: {requires: [{any_of: [a, b]}], ${S}}`,
    );
    expect(codes(parse(text))).to.include('cycle');
  });

  it('is drawn as one node', () => {
    expect(mermaid(definitionOf(parse(choosing('{any_of: [a, b]}'))))).to.include(
      [
        '  c0_done_IN_sql(("any of"))',
        '  c0_done_IN_sql --> s_done_IN_sql',
        '  s_a_IN_sql --> c0_done_IN_sql',
        '  s_b_IN_sql --> c0_done_IN_sql',
      ].join('\n'),
    );
  });
});
