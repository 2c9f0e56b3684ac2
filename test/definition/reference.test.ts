// docs/reference/definition.md and the pages of actions list every key: here they are held against what the parser accepts.
// Belongs here: the pages against the vocabulary, and against their own example. Does not belong here: what keys mean.
import { expect } from 'chai';
import { KEYS } from '../../engine/definition/keys.ts';
import { DEFAULTS } from '../../engine/definition/retry.ts';
import { actionPages, definitionPage, keySections } from '../support/action-pages.ts';
import { groupWith, parse, stateOf, definitionOf, texts } from './support/parsing.ts';

const page = definitionPage;
const documented = [page, ...actionPages.map(({ text }) => text)].flatMap(keySections);
const sections = new Map(documented);

describe('The page of keys', () => {
  it('documents every place in which keys stand', () => {
    expect(documented.map(([place]) => place).sort(), 'each once').to.deep.equal(Object.keys(KEYS).sort());
  });

  for (const [place, keys] of Object.entries(KEYS)) {
    it(`${place}: documents every key that is accepted, and no other`, () => {
      expect([...(sections.get(place) ?? [])].sort()).to.deep.equal([...keys].sort());
    });
  }

  it('begins with an example that parses', () => {
    const [, example = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
    expect(texts(parse(example))).to.deep.equal([]);
  });

  it('names the defaults that hold', () => {
    const state = stateOf(
      definitionOf(parse(groupWith('done: {action: {script: {sh: "true"}}}'))),
      'sql',
      'done',
    );
    expect(state).to.deep.include({
      timeout: DEFAULTS.timeout,
      retry: DEFAULTS.retry,
      onInterrupted: 'fail',
      onFailure: 'fail',
    });
    expect(DEFAULTS).to.deep.equal({
      timeout: 60 * 60_000,
      retry: { attempts: 1, delay: 10_000, backoff: 2, maxDelay: 10 * 60_000, jitter: 0 },
    });
  });
});
