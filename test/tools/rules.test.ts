// docs/language-rules.md and the tests hold each other: every row is tested, every row that a test names exists.
// Belongs here: numbers of rows in the page and in names of tests. Does not belong here: what a row says.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { inProject } from '../support/project.ts';
import { sourceFiles } from './sources.ts';

const PAGE = readFileSync(inProject('docs/language-rules.md'), 'utf8');
const ROWS = [...PAGE.matchAll(/^\| (\d+) \| /gm)].map(([, number]) => Number(number));

/** `row 7`, `rows 1 and 8`, `rows 3, 4 and 34`. */
const CITED = /\brows? (\d+(?:(?:, | and )\d+)*)/g;

interface Citation {
  readonly row: number;
  readonly by: string;
}

function citations(path: string, text: string): Citation[] {
  const names = [...text.matchAll(/\b(?:it|describe)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)];
  return names.flatMap(([, , name = '']) =>
    [...name.matchAll(CITED)].flatMap(([, numbers = '']) =>
      numbers.split(/, | and /).map(number => ({ row: Number(number), by: `${path}: ${name}` })),
    ),
  );
}

describe('the rows of the corner cases', () => {
  const cited = sourceFiles('test').flatMap(({ path, text }) => citations(path, text));

  it('have numbers that rise, each once', () => {
    expect(ROWS).to.deep.equal([...new Set(ROWS)].sort((a, b) => a - b));
    expect(ROWS.length).to.be.at.least(30);
  });

  it('are each named by a test', () => {
    const named = new Set(cited.map(({ row }) => row));
    expect(ROWS.filter(row => !named.has(row))).to.deep.equal([]);
  });

  it('exist where a test names them; else write them into docs/language-rules.md', () => {
    expect(cited.filter(({ row }) => !ROWS.includes(row)).map(({ by }) => by)).to.deep.equal([]);
  });
});
