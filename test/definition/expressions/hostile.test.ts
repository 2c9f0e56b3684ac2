// Hostile expressions: whatever is written, the answer comes soon, is small, and is a problem or a failure.
import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonValue } from '../../../engine/base/json.ts';
import { compileTemplate, evaluateTemplate } from '../../../engine/definition/expressions/index.ts';
import { fromCel, toCel } from '../../../engine/definition/expressions/values.ts';
import { DATA, INPUTS, MODEL, outcome, place } from './fixture.ts';

/** 200 KiB of text, as large as inputs may be. */
const LONG = { ...DATA, inputs: { ...INPUTS, name: 'a'.repeat(200 * 1024) } };

function sum(name: string, times: number): string {
  return Array.from({ length: times }, () => name).join(' + ');
}

describe('a hostile expression', () => {
  it('cannot double text without end', () => {
    const bomb = `cel.bind(a, ${sum('inputs.name', 20)}, cel.bind(b, ${sum('a', 20)}, cel.bind(c, ${sum('b', 20)}, c)))`;
    expect(outcome(`<% ${bomb} %>`, place(), LONG))
      .to.have.property('failed')
      .that.includes('limit');
  });

  it('cannot hide that the budget is spent behind || or exists()', () => {
    const spending = `range(1000).map(i, inputs.name + inputs.name).size() > 0`;
    expect(outcome(`<% ${spending} || true %>`, place(), LONG))
      .to.have.property('failed')
      .that.includes('limit');
    expect(outcome(`<% [1].exists(x, ${spending} || x == 1) %>`, place(), LONG)).to.have.property('failed');
  });

  it('cannot make lists longer than the limit', () => {
    for (const expression of [
      'range(1000) + [1]',
      "range(999).map(i, string(i)) + ['a', 'b']",
      'range(100).map(i, range(100)).flatten()',
      'inputs.name.split("")',
    ]) {
      expect(outcome(`<% ${expression} %>`, place(), LONG), expression).to.have.property('failed');
    }
  });

  it('cannot make results longer than 1 MiB', () => {
    expect(outcome(`<% ${sum('inputs.name', 8)} %>`, place(), LONG))
      .to.have.property('failed')
      .that.includes('limit');
    expect(
      outcome(`<% [${sum('inputs.name', 4)}, ${sum('inputs.name', 4)}] %>`, place(), LONG),
    ).to.have.property('failed');
    const text = Array.from({ length: 8 }, () => '<% inputs.name %>').join('');
    expect(outcome(text, place(), LONG))
      .to.have.property('failed')
      .that.includes('longer');
  });

  it('cannot search for long texts in long texts again and again', () => {
    const data = {
      ...DATA,
      inputs: { ...INPUTS, name: 'a'.repeat(100_000), any: { b: `b${'a'.repeat(50_000)}` } },
    };
    for (const call of ['contains', 'indexOf', 'lastIndexOf', 'split']) {
      const found = outcome(`<% string(inputs.name.${call}(inputs.any.b)).size() %>`, place(), data);
      if ('problems' in found) continue;
      expect(found, call).to.have.property('failed').that.includes('limit');
    }
    const like = "inputs.name.substring(0, 60000).like('*a*a*a*a*a*a*ab')";
    expect(outcome(`<% ${like} %>`, place(), data)).to.deep.equal({ value: false });
  });

  it('cannot write what is too deep, too large or too costly', () => {
    expect(outcome(`<% ${'('.repeat(100)}1${')'.repeat(100)} %>`))
      .to.have.property('problems')
      .that.deep.equals(['limit_exceeded']);
    expect(outcome(`<% ${sum('1', 600)} %>`))
      .to.have.property('problems')
      .that.deep.equals(['limit_exceeded']);
    expect(outcome(`<% [${'1,'.repeat(600)}1] %>`))
      .to.have.property('problems')
      .that.deep.equals(['limit_exceeded']);
  });

  it('cannot make or take texts longer than 64 KiB in functions', () => {
    const long = "'7'.padStart(60000, '0')";
    for (const expression of [
      "'7'.padStart(70000, '0')",
      `${long}.replace('0', 'aaaaaaaa')`,
      `sha256(${long} + ${long})`,
      `base64(${long})`,
      `toJson([${long}, ${long}])`,
      `fromJson('"' + ${long} + ${long} + '"')`,
      `(${long} + ${long}).like('*')`,
    ]) {
      expect(outcome(`<% ${expression} %>`), expression).to.have.property('failed');
    }
    expect(outcome(`<% fromJson('${'['.repeat(33)}${']'.repeat(33)}') %>`))
      .to.have.property('failed')
      .that.includes('deeper');
    expect(outcome(`<% fromJson('${'['.repeat(32)}${']'.repeat(32)}') %>`)).to.have.property('value');
    expect(outcome(`<% fromJson('[1' + '${'['.repeat(5000)}') %>`))
      .to.have.property('failed')
      .that.includes('deeper');
  });

  it("cannot reach JavaScript's own properties", () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']) {
      for (const owner of ['inputs.any', "{'a': 1}", 'inputs.mixed', 'fromJson("{}")']) {
        const found = outcome(`<% ${owner}.${name} %>`);
        expect(found, `${owner}.${name}`).not.to.have.property('value');
        expect(outcome(`<% ${owner}['${name}'] %>`), `${owner}['${name}']`).not.to.have.property('value');
      }
      expect(outcome(`<% '${name}' in inputs.any %>`)).to.deep.equal({ value: false });
      expect(outcome(`<% sql.members[0].${name} %>`)).to.have.property('problems');
    }
  });

  it('keeps a key named __proto__ a key', () => {
    const any = JSON.parse('{"__proto__": {"x": 1}, "y": 2}') as JsonValue;
    const found = outcome('<% inputs.any %>', place(), { ...DATA, inputs: { ...INPUTS, any } }) as {
      value: object;
    };
    expect(Object.keys(found.value)).to.deep.equal(['__proto__', 'y']);
    expect(Object.getPrototypeOf(found.value)).to.equal(Object.prototype);
  });
});

const WORDS = [
  ...'inputs sql service db member members master outputs prepared initialized reached once status name port any m x'.split(
    ' ',
  ),
  ...'map filter has exists all size string int default cel.bind sortBy toMap range fromJson like replace or orValue'.split(
    ' ',
  ),
  ...". .? [ ] [? ( ) { } , : ? + - * / % == != < && || ! in true null 1 2.5 'a' '' \"b\" r'c' \\ <% %> @ # é \n".split(
    ' ',
  ),
];

describe('token soup', () => {
  it('is compiled, refused or failed, never anything else', () => {
    const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 14 }).map(words => words.join(''));
    fc.assert(
      fc.property(
        soup,
        fc.constantFrom('action', 'condition', 'output', 'retry_when', 'undo'),
        (text, use) => {
          outcome(`<% ${text} %>`, place({ use: use as 'action' }));
          outcome(text, place({ use: use as 'action' }));
        },
      ),
      { numRuns: 3_000, seed: 7 },
    );
  });

  it('made of sensible parts is too', () => {
    const leaf = fc.constantFrom(
      'inputs.port',
      'inputs.name',
      'inputs.any',
      'm',
      'member',
      'sql.members',
      "'a'",
      '1',
      '2.5',
      'inputs.password',
    );
    const { tree } = fc.letrec<{ tree: string }>(tie => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc
          .tuple(tie('tree'), fc.constantFrom('+', '==', 'in', '<', '&&'), tie('tree'))
          .map(parts => `(${parts.join(' ')})`),
        fc
          .tuple(tie('tree'), fc.constantFrom('map', 'filter', 'sortBy', 'exists'), tie('tree'))
          .map(([a, f, b]) => `${a}.${f}(m, ${b})`),
        fc
          .tuple(tie('tree'), fc.constantFrom('outputs', 'name', 'prepared', 'port'))
          .map(([a, name]) => `${a}.${name}`),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `default(${a}, ${b})`),
        fc.array(tie('tree'), { maxLength: 3 }).map(items => `[${items.join(', ')}]`),
      ),
    }));
    fc.assert(
      fc.property(tree, text => {
        outcome(`<% ${text} %>`);
      }),
      { numRuns: 2_000, seed: 11 },
    );
  });
});

describe('the bridge', () => {
  it('gives back every value that it took, but for nulls in maps', () => {
    const { template } = compileTemplate('<% inputs.any.v %>', place(), MODEL);
    fc.assert(
      fc.property(fc.json(), text => {
        const given = JSON.parse(text) as JsonValue;
        if (given === null || JSON.stringify(given).includes('-0')) return;
        const inputs = { ...INPUTS, any: { v: given } };
        expect(evaluateTemplate(template, { ...DATA, inputs })).to.deep.equal(withoutNulls(given));
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('keeps 64-bit integers exact and refuses longer ones', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
        expect(toCel(fromCel(value))).to.equal(value);
      }),
      { seed: 5 },
    );
    expect(() => fromCel(2n ** 63n)).to.throw('64 bits');
    expect(() => toCel({ $integer: '9223372036854775808' })).to.throw('64 bits');
  });
});

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(item => withoutNulls(item as JsonValue));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}
