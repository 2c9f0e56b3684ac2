// YAML safety (R1): what is cut, ambiguous, hostile or broken in the text itself.
// Belongs here: the text before any key is understood. Does not belong here: keys, names, expressions.
import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonValue } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { loadYaml } from '../../engine/definition/yaml.ts';
import { Report } from '../../engine/definition/report.ts';
import { codes, parse, texts } from './support/parsing.ts';

function load(source: string): { value: JsonValue | undefined; lines: string[]; codes: string[] } {
  const report = new Report();
  const loaded = loadYaml(source, report);
  const text = { source, fileName: 't', ...(loaded ? { positions: loaded.positions } : {}) };
  const problems = report.finish(text);
  return { value: loaded?.value, lines: texts({ problems }), codes: codes({ problems }) };
}

describe('YAML text', () => {
  it('gives the values of YAML 1.2', () => {
    const source =
      'a: 1\nb: [1.5, true, ~, "x", 0x1F]\nc: {d: text with spaces, e: }\nf: 30m\ng: 2026-11-01\nh: |\n  l1\n  l2\n';
    const value = {
      a: 1,
      b: [1.5, true, null, 'x', 31],
      c: { d: 'text with spaces', e: null },
      f: '30m',
      g: '2026-11-01',
      h: 'l1\nl2\n',
    };
    expect(load(source)).to.deep.include({ value, codes: [] });
  });

  it('reads back any JSON written as YAML', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), written => {
        const json = JSON.parse(JSON.stringify(written)) as JsonValue;
        fc.pre(!JSON.stringify(json).includes('__proto__') && isSimple(json));
        expect(load(JSON.stringify(json)).value).to.deep.equal(json);
      }),
      { numRuns: 200 },
    );
  });

  for (const text of ['{a: <% f(x, y) %>}', '{a: <% "q, r" %>}', 'a: <% x # y %>', "a: <% 'a #b' %>"]) {
    it(`says that YAML cut the expression in ${text}`, () => {
      const { codes: found, lines } = load(text);
      expect(found[0]).to.be.oneOf(['expression_cut', 'yaml_syntax']);
      expect(lines[0]).to.include(
        'YAML cut this expression at a comma, `#` or colon; put it in double quotes',
      );
    });
  }

  for (const text of [
    '{a: <% l[0] %>}',
    '{w: <% e in [1, 75] %>}',
    "{a: <% {'k': v} %>}",
    'a: <% x ? y : z %>',
    "a: <% m + ': ' + n %>",
  ]) {
    it(`gives a syntax error the same hint: ${text}`, () => {
      const { codes: found, lines } = load(text);
      expect(found.every(code => ['yaml_syntax', 'expression_cut'].includes(code))).to.equal(true);
      expect(lines[0]).to.include('put it in double quotes');
    });
  }

  for (const text of [
    'a: <% f(x, y) %>',
    'a: <% l[0] %>',
    '{a: <% inputs.ip %>}',
    '[<% a %>, <% b %>]',
    'a: "<% x ? y : z %>"',
    "a: >-\n  <% x\n  + ', ' %>",
    'a: "<%% literal"',
  ]) {
    it(`accepts an expression that came through whole: ${text.split('\n')[0]}`, () => {
      expect(load(text).lines).to.deep.equal([]);
    });
  }

  for (const scalar of [
    'on',
    'Off',
    'yes',
    'NO',
    '0644',
    '0o644',
    '08',
    '12:30',
    '22:22',
    '52:54:00:12:34:56',
    '1_000',
    '1e3',
    '1.5e3',
    '=',
    '0b11',
    '-.5',
    '+0x1F',
  ]) {
    it(`asks to quote ${scalar}, which YAML 1.1 and 1.2 read differently`, () => {
      for (const text of [`a: ${scalar}`, `{a: ${scalar}}`, `[${scalar}]`, `${scalar}: 1`]) {
        const { codes: found, lines } = load(text);
        expect(found, text).to.deep.equal(['yaml_ambiguous']);
        expect(lines[0]).to.include(`Quote it: '${scalar}'.`);
      }
      expect(load(`a: '${scalar}'`).lines).to.deep.equal([]);
    });
  }

  for (const scalar of [
    '30m',
    '60%',
    '1.10',
    '3010',
    '10.0.0.1',
    '0',
    '-5',
    '0.5',
    'true',
    'null',
    'x',
    'n',
    '2026-11-01',
    'C:\\x',
    '1.0e+3',
    '0x1F',
  ]) {
    it(`leaves ${scalar} alone, which both read alike`, () => {
      expect(load(`a: ${scalar}`).lines).to.deep.equal([]);
    });
  }

  it('keeps no number inexactly', () => {
    expect(load('a: 9007199254740993').codes).to.deep.equal(['wrong_value']);
    expect(load('a: .inf').codes).to.deep.equal(['wrong_value']);
    expect(load('a: 9007199254740991').value).to.deep.equal({ a: 9007199254740991 });
  });

  it('reports keys that are no text', () => {
    expect(load('1: a').codes).to.deep.equal(['yaml_ambiguous']);
    expect(load('true: a').codes).to.deep.equal(['yaml_ambiguous']);
    expect(load('? [1, 2]\n: a\nb: c').codes).to.deep.equal(['wrong_type']);
    expect(load('? [1, 2]\n: a\nb: c').value).to.deep.equal({ b: 'c' });
  });

  it('reports every duplicate key at its place and keeps the first value', () => {
    const { lines, value } = load('a: 1\nb: 2\na: 3\nb: 4\n');
    expect(lines.map(line => line.slice(0, 6))).to.deep.equal(['t:3:1:', 't:4:1:']);
    expect(value).to.deep.equal({ a: 1, b: 2 });
  });

  it('refuses aliases, however many they would become', () => {
    const laughs = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: [${'*b,'.repeat(9)}]\n`;
    expect(load(laughs).codes).to.deep.equal(['yaml_syntax']);
    expect(load('a: &x 1\n*x : 2\n').codes).to.deep.equal(['yaml_syntax']);
  });

  it('refuses tags, documents after the first, and nothing at all', () => {
    expect(load('a: !!js/function "f"').lines[0]).to.equal(
      't:1:4: The YAML tag !!js/function is not allowed. Remove it.',
    );
    expect(load('a: 1\n---\nb: 2\n').lines[0]).to.include('2 YAML documents');
    expect(load('# only a comment').lines[0]).to.include('empty');
  });

  it('stops at depth and length before anything is built', () => {
    expect(load('['.repeat(100)).lines[0]).to.include(`deeper than ${LIMITS.definitionDepth} levels`);
    expect(load(`${'k'.repeat(2_000)}: 1`).codes).to.deep.equal(['limit_exceeded']);
    expect(texts(parse(`a: ${'x'.repeat(LIMITS.definitionBytes)}`))).to.deep.equal([
      `test.yaml:1:1: The definition has ${LIMITS.definitionBytes + 3} bytes; at most ${LIMITS.definitionBytes} may be. Move scripts into files.`,
    ]);
  });

  it('counts lines and columns alike with LF, CRLF and a byte order mark', () => {
    const [lf = ''] = texts(parse('workflow_version: 2026-11-01\nentites: {}\n'));
    expect(texts(parse('workflow_version: 2026-11-01\r\nentites: {}\r\n'))[0]).to.equal(lf);
    expect(texts(parse('\uFEFFentites: {}\n'))[0]).to.match(/^test\.yaml:1:1: The definition/);
    expect(lf).to.match(/^test\.yaml:\d:1: /);
  });

  it('says where a tab stands that YAML does not allow', () => {
    expect(load('a:\n\tb: 1\n').lines[0]).to.match(/^t:2:\d+: This is not YAML/);
  });

  it('never lets a key reach a prototype', () => {
    const { codes: found, value } = load('__proto__: {polluted: "yes"}\na: 1\n');
    expect(found).to.deep.equal(['reserved_name']);
    expect(value).to.deep.equal({ a: 1 });
    expect(({} as { polluted?: string }).polluted).to.equal(undefined);
  });
});

/** Numbers that YAML text and JSON text write alike, and text without marks. */
function isSimple(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).every(isSimple);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).every(([key, item]) => isSimple(key) && isSimple(item));
  return typeof value !== 'string' || (!/[%\u007f-\uffff\t]/.test(value) && value.length < 100);
}
