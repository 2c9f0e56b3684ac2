// Expressions mean what CEL says: the corpus, and CEL's own conformance tests, beside another implementation of CEL.
// Belongs here: the comparison, and every difference with its reason. Does not belong here: the other one (second.ts).
import { readFileSync } from 'node:fs';
import { getConformanceSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import type { IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { expect } from 'chai';
import { FUNCTIONS, METHODS } from '../../../engine/definition/expressions/catalogue.ts';
import { inProject } from '../../support/project.ts';
import { outcome } from './fixture.ts';
import { secondOpinion } from './second.ts';

/** What both have; everything else of the catalogue is a function of ours. */
const STANDARD = new Set(
  (
    'has size string int double bool bytes dyn map filter all exists exists_one contains startsWith endsWith ' +
    'indexOf lastIndexOf substring lowerAscii upperAscii trim split join replace'
  ).split(' '),
);
const OURS = [...FUNCTIONS, ...METHODS].filter(name => !STANDARD.has(name)).join('|');

interface Difference {
  readonly reason: string;
  readonly expressions: RegExp;
}

/** Wanted. An expression on which the two differ must be of one of these kinds. */
const DIFFERENCES: readonly Difference[] = [
  { reason: 'optional values are an extension that the other lacks', expressions: /\.\?|\[\?/ },
  { reason: 'a function of ours', expressions: new RegExp(`\\b(?:${OURS})\\(`) },
  {
    reason: 'integers and numbers mix in arithmetic: JSON knows one kind of number',
    expressions:
      /\d\.\d+ [-+*/] \d+$|^\d+ [-+*/] \d+\.\d|inputs\.ratio [+/] \d$|inputs\.(?:any\.f|any\.list\[1\]|listener\.weight) [-+*/] \d$|inputs\.(?:port|any\.n) [+/] inputs\.(?:ratio|any\.f)$/,
  },
  {
    reason: 'no JSON number is infinite, so such a result fails',
    expressions: /^1\.0 \/ 0\.0$|^15\.75 \/ 0\.0$|^2\.0 \* -?8\.988466e\+307/,
  },
  {
    reason: 'an integer is compared with a double as the numbers they are, not after rounding it to a double',
    expressions:
      /^dyn\(9223372036854775807\) (?:<|>=) 9223372036854775808\.0$|^dyn\(9223372036854775808\.0\) (?:>|<=) 9223372036854775807$/,
  },
  {
    reason: 'the lowest integer of 64 bits has an exact double, which int() takes',
    expressions: /^int\(-9223372036854775808\.0\)$/,
  },
  {
    reason: 'comparing unlike types is refused',
    expressions: /^\[1, 2\] == \[1\.0, 2\.0\]$|^null != 1$/,
  },
  {
    reason: "CEL's texts are made of characters; the other one counts UTF-16 units",
    expressions: /😀.*\.(?:indexOf|lastIndexOf|substring|split)\(/,
  },
  { reason: 'an empty text to look for is a mistake', expressions: /^'abc'\.replace\('', 'x'\)$/ },
  {
    reason: "CEL's definition keeps the rest in the last part of split(); the other one drops it",
    expressions: /^'a,b,c'\.split\(',', 2\)$/,
  },
];

/** The kind of difference, or undefined where both say the same. */
function compare(expression: string): Difference | undefined {
  const ours = outcome(`<% ${expression} %>`);
  const theirs = secondOpinion(expression);
  if ('value' in ours ? theirs !== undefined && same(ours.value, theirs.value) : theirs === undefined) return;
  const known = DIFFERENCES.find(({ expressions }) => expressions.test(expression));
  if (known) return known;
  throw new Error(`${expression}\nhere:  ${JSON.stringify(ours)}\nthere: ${JSON.stringify(theirs)}`);
}

function same(left: unknown, right: unknown): boolean {
  try {
    expect(left).to.deep.equal(right);
    return true;
  } catch {
    return false;
  }
}

const CORPUS = (
  JSON.parse(readFileSync(inProject('test/definition/expressions/corpus.json'), 'utf8')) as {
    readonly expression: string;
  }[]
).map(({ expression }) => expression);

/** CEL's own tests without variables, as far as the language takes them. */
const CONFORMANCE = expressionsOf(getConformanceSuite()).filter(
  expression => !('problems' in outcome(`<% ${expression} %>`)),
);

function expressionsOf({ tests, suites }: IncrementalTestSuite): string[] {
  const own = tests.filter(test => Object.keys(test.original?.bindings ?? {}).length === 0);
  return [...own.map(({ original }) => original.expr), ...suites.flatMap(expressionsOf)];
}

describe('beside another implementation of CEL', () => {
  const used = new Set<Difference>();
  const agreed = (expressions: readonly string[]): number => {
    const found = expressions.map(compare);
    for (const difference of found) if (difference) used.add(difference);
    return found.filter(difference => difference === undefined).length;
  };

  it('the corpus means the same, but for what is listed', () => {
    expect(agreed(CORPUS)).to.be.at.least(280);
  });

  it("what the language takes of CEL's conformance tests means the same, but for what is listed", () => {
    expect(agreed(CONFORMANCE)).to.be.at.least(600);
  });

  it('lists no difference that is none', () => {
    expect(DIFFERENCES.filter(one => !used.has(one)).map(({ reason }) => reason)).to.deep.equal([]);
  });
});
