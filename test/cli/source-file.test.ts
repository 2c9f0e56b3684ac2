// Names of files in a definition, found before the definition is judged: whatever the text is, it must end soon.
// Belongs here: the search. Does not belong here: reading the files (commands.test.ts).
import { expect } from 'chai';
import { namedFiles } from '../../engine/cli/source-file.ts';

describe('the files that a definition names', () => {
  it('are found at any depth, each once', () => {
    expect(namedFiles('a: {file: x.sh, b: [{file: y.sh}, {file: x.sh}]}')).to.deep.equal(['x.sh', 'y.sh']);
  });

  it('are none in what is no YAML', () => {
    expect(namedFiles('a: [b')).to.deep.equal([]);
    expect(namedFiles('')).to.deep.equal([]);
  });

  it('are not looked for behind aliases, of which a small text may have billions', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
    expect(namedFiles(`a0: &a0 {file: x.sh}\n${levels.join('\n')}\n`)).to.deep.equal(['x.sh']);
  });
});
