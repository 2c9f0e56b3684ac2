// docs/reference/problems.md says what every problem is, with an example: here the examples are tried.
// Belongs here: the page against the code. Does not belong here: more cases of one problem (the other tests).
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { checkInputs, checkMembers } from '../../engine/definition/inputs.ts';
import { PROBLEM_CODES, type Problem, problemText } from '../../engine/definition/problems.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { inProject } from '../support/project.ts';
import { definitionOf } from './support/parsing.ts';

const page = readFileSync(inProject('docs', 'reference', 'problems.md'), 'utf8');
const sections = [...page.matchAll(/^## `(\w+)`\n(?:(?!^## )[^])*?```yaml\n([^]*?)```\n\n> (.*)$/gm)].map(
  ([, code = '', yaml = '', sentence = '']) => ({ code, yaml, sentence }),
);

function problemsOf(code: string, yaml: string): readonly Problem[] {
  const parsed = parseDefinition(yaml, { fileName: 'example.yaml', files: {} });
  if (code === 'inputs_invalid') return checkInputs(definitionOf(parsed), { port: 'high' }).problems;
  if (code === 'members_invalid') return checkMembers(definitionOf(parsed), { web: [{ agent: 'web-1' }] });
  return parsed.problems;
}

describe('The page of problems', () => {
  it('documents every code, and none that does not exist', () => {
    expect(sections.map(({ code }) => code).sort()).to.deep.equal([...PROBLEM_CODES].sort());
  });

  for (const { code, yaml, sentence } of sections) {
    it(`${code}: its example gives the line shown`, () => {
      const lines = problemsOf(code, yaml)
        .filter(problem => problem.code === code)
        .map(problemText);
      expect(lines).to.include(sentence);
    });
  }
});
