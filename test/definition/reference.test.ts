// docs/reference/definition.md lists every key: here the page is held against what the parser accepts.
// Belongs here: the page against the vocabulary, and against its own example. Does not belong here: what keys mean.
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { KEYS } from '../../engine/definition/keys.ts';
import { DEFAULTS } from '../../engine/definition/retry.ts';
import { inProject } from '../support/project.ts';
import { groupWith, parse, stateOf, definitionOf, texts } from './support/parsing.ts';

const page = readFileSync(inProject('docs', 'reference', 'definition.md'), 'utf8');
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map(section => {
      const [, place = ''] = /^`([^`]+)`/.exec(section) ?? [];
      return [place, [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, key = '']) => key)] as const;
    }),
);

describe('The page of keys', () => {
  it('documents every place in which keys stand', () => {
    expect([...sections.keys()].sort()).to.deep.equal(Object.keys(KEYS).sort());
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
