// The doors, under everything that is nearly right; fresh seeds are for `npm run soak`.
// Belongs here: a fixed seed, and that the fuzzers do reach both sides. Does not belong here: the properties (fuzzers.ts).
import { expect } from 'chai';
import { parseDefinition } from '../../engine/definition/parse.ts';
import fc from 'fast-check';
import { FUZZERS } from './fuzzers.ts';
import { spoiledText } from './mutate.ts';
import { DEFINITIONS, FILES, KEY_WORDS } from './seeds.ts';

const RUNS: { readonly [name: string]: number } = { 'definitions as text': 200, 'definitions as maps': 200 };

describe('Fuzzing', function () {
  this.timeout(60_000);

  for (const [name, fuzz] of Object.entries(FUZZERS)) {
    it(`of ${name} finds nothing but problems, each in its place`, () => {
      fuzz({ runs: RUNS[name] ?? 1_000, seed: 20_261_122 });
    });
  }

  it('meets definitions that pass as well as those that do not', () => {
    const texts = fc.sample(spoiledText(DEFINITIONS, KEY_WORDS), { numRuns: 200, seed: 3 });
    const passed = texts.filter(
      text => parseDefinition(text, { fileName: 'f', files: FILES }).definition !== undefined,
    );
    expect(passed.length).to.be.within(5, 195);
  });
});
