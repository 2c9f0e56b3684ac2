// The reference keeps its word: every `expression => value` of docs/reference/expressions.md is run.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { JsonValue } from '../../../engine/base/json.ts';
import { FUNCTIONS, METHODS, REFUSED } from '../../../engine/definition/expressions/catalogue.ts';
import { inProject } from '../../support/project.ts';
import { outcome } from './fixture.ts';

const TEXT = readFileSync(inProject('docs/reference/expressions.md'), 'utf8');
const EXAMPLES = [...TEXT.matchAll(/```cel\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block as string).split('\n'))
  .filter(line => line !== '')
  .map(line => {
    const at = line.lastIndexOf(' => ');
    return { expression: line.slice(0, at), result: line.slice(at + 4) };
  });

describe('the reference of expressions', () => {
  it('has its examples', () => {
    expect(EXAMPLES.length).to.be.at.least(100);
  });

  for (const { expression, result } of EXAMPLES) {
    it(`is right that ${expression} gives ${result}`, () => {
      const found = outcome(`<% ${expression} %>`);
      const refused = /^refused: (\w+)$/.exec(result);
      if (refused) expect(found).to.have.property('problems').that.includes(refused[1]);
      else expect(found).to.deep.equal({ value: JSON.parse(result) as JsonValue });
    });
  }

  it('shows every function, and names every refused one', () => {
    const code = EXAMPLES.map(({ expression }) => expression).join('\n');
    for (const name of FUNCTIONS) {
      if (name === 'dyn') expect(TEXT).to.include('`dyn(x)`');
      else expect(code, name).to.match(new RegExp(`(?<![.\\w])${name}\\(`));
    }
    for (const name of METHODS) {
      const shown = code.includes(`.${name}(`) || FUNCTIONS.has(name);
      expect(shown, name).to.equal(true);
    }
    for (const name of REFUSED.keys()) expect(TEXT, name).to.include(name);
  });
});
