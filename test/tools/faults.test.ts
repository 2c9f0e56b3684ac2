// docs/reference/faults.md and the tests hold each other: every fault has a row, every row a test that is there or a reason.
// Belongs here: numbers of rows, and the tests that they name. Does not belong here: what a row says.
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { inProject } from '../support/project.ts';
import { sourceFiles } from './sources.ts';

const PAGE = readFileSync(inProject('docs', 'reference', 'faults.md'), 'utf8');
const ROWS = [...PAGE.matchAll(/^\| ([BAS]\d+) \| (.*) \|$/gm)].map(([, number = '', text = '']) => ({
  number,
  text,
}));
const COUNTS = { B: 20, A: 28, S: 17 };

/** `folder/name.test.ts` *what stands in the test's name*. */
const NAMED = /`([\w./-]+\.ts)` \*([^*]+)\*/g;
const namedIn = (text: string) =>
  [...text.matchAll(NAMED)].map(([, file = '', name = '']) => ({ file, name }));

/** Text of a test file, names of its tests included. */
function textOf(file: string): string {
  const place = inProject('test', file);
  return existsSync(place) ? readFileSync(place, 'utf8') : '';
}

describe('the page of faults', () => {
  it('has each number once, in order', () => {
    const all = Object.entries(COUNTS).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
    );
    expect(ROWS.map(({ number }) => number)).to.deep.equal(all);
  });

  it('names for each a test, or says why there is none', () => {
    const bare = ROWS.filter(({ text }) => namedIn(text).length === 0 && !/\| untested: ./.test(`| ${text}`));
    expect(bare.map(({ number }) => number)).to.deep.equal([]);
  });

  it('names only tests that are there', () => {
    const gone = ROWS.flatMap(({ number, text }) =>
      namedIn(text)
        .filter(({ file, name }) => !textOf(file).includes(name))
        .map(({ file, name }) => `${number}: ${file}: ${name}`),
    );
    expect(gone).to.deep.equal([]);
  });

  it('has a row for each fault that a test names', () => {
    const numbers = new Set(ROWS.map(({ number }) => number));
    const unknown = sourceFiles('test').flatMap(({ path, text }) =>
      [...text.matchAll(/\bit\(\s*['"`]((?:[BAS]\d+(?:, )?)+): /g)]
        .flatMap(([, cited = '']) => cited.split(', '))
        .filter(cited => !numbers.has(cited))
        .map(cited => `${path}: ${cited}`),
    );
    expect(unknown).to.deep.equal([]);
  });
});
