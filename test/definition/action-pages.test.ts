// docs/reference/actions has a page for each kind of action, all of one shape.
// Belongs here: which pages there are, and what each must say. Does not belong here: keys (reference.test.ts), running
// the examples (test/examples).
import { expect } from 'chai';
import { ACTIONS } from '../../engine/definition/actions/index.ts';
import { ACTION_KEYS } from '../../engine/definition/keys.ts';
import { ERROR_KINDS } from '../../engine/machine/types.ts';
import { actionPages, definitionPage } from '../support/action-pages.ts';
import { definitionOf, parse, texts } from './support/parsing.ts';

const HEADINGS = ['Keys', 'Outputs', 'Errors', 'When it is cut short', 'Undo and probe', 'Example'];
const sectionOf = (text: string, heading: string): string =>
  text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

describe('The pages of actions', () => {
  it('are one for each kind, and the page of definitions leads to each', () => {
    expect(actionPages.map(({ kind }) => kind)).to.have.members([...ACTION_KEYS]);
    for (const kind of ACTION_KEYS) expect(definitionPage).to.contain(`(actions/${kind}.md)`);
  });

  for (const { kind, text, example, files } of actionPages) {
    it(`${kind}: says keys, outputs, errors, what a crash does, and what takes it back`, () => {
      expect(text).to.match(new RegExp(`^# The action \`${kind}\`\n`));
      expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).to.deep.equal(HEADINGS);
      for (const heading of HEADINGS) expect(sectionOf(text, heading).trim(), heading).not.to.equal('');
    });

    it(`${kind}: names only kinds of errors that there are`, () => {
      const named = [...sectionOf(text, 'Errors').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
      expect(ERROR_KINDS).to.include.members(named);
    });

    it(`${kind}: says whether it gives outputs, as it does`, () => {
      const none = /^None[.:]/.test(sectionOf(text, 'Outputs').trim());
      expect(none).to.equal(!ACTIONS[kind as keyof typeof ACTIONS].givesOutputs);
    });

    it(`${kind}: has an example that parses without a warning, and shows it`, () => {
      const parsed = parse(example, files);
      expect(texts(parsed)).to.deep.equal([]);
      const kinds = [...definitionOf(parsed).entities.values()].flatMap(({ states }) =>
        [...states.values()].map(({ action }) => action?.kind),
      );
      expect(kinds).to.include(kind);
    });
  }
});
