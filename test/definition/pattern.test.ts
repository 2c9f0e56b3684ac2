// Patterns of `allowed_pattern`: they match as regular expressions do, but in linear time.
// Belongs here: the pattern language. Does not belong here: constraints that use it (constraints.test.ts).
import { expect } from 'chai';
import fc from 'fast-check';
import { compilePattern } from '../../engine/definition/pattern.ts';

function matches(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern);
  if ('refused' in compiled) throw new Error(compiled.refused);
  return compiled.matches(text);
}

describe('A pattern', () => {
  it('matches the whole text, anchors or not', () => {
    expect(matches('[a-z]+', 'abc')).to.equal(true);
    expect(matches('[a-z]+', 'abc1')).to.equal(false);
    expect(matches('^[a-z]+$', 'abc')).to.equal(true);
    expect(matches('^a|b$', 'b')).to.equal(true);
    expect(matches('', '')).to.equal(true);
  });

  it('agrees with JavaScript on every pattern and text of its language', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '[a-c]',
      '\\d',
      '\\w',
      '(?:ab)',
      '(a|b)',
      '(?:a|bb)',
      '\\.',
      '-',
    );
    const part = fc
      .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?'))
      .map(([one, times]) => one + times);
    const pattern = fc
      .array(
        fc.array(part, { maxLength: 4 }).map(parts => parts.join('')),
        { minLength: 1, maxLength: 3 },
      )
      .map(alternatives => alternatives.join('|'));
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '1', '.', '-', '_'), { maxLength: 8 })
      .map(letters => letters.join(''));
    fc.assert(
      fc.property(pattern, text, (source, value) => {
        expect(matches(source, value)).to.equal(new RegExp(`^(?:${source})$`, 'u').test(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes a hostile pattern in its stride', () => {
    const text = `${'a'.repeat(20_000)}!`;
    for (const pattern of ['(a+)+', '(a*)*b', '(a|a)*', '(?:a?){100}a{100}', '([a-z]+)*x']) {
      expect(matches(pattern, text), pattern).to.equal(false);
    }
  });

  for (const pattern of [
    '(?=a)',
    '(?!a)',
    '(?<n>a)',
    '\\1',
    '\\bword',
    '(a',
    'a)',
    '[a',
    '*a',
    'a**',
    'a{3,1}',
    'a\\',
    '[z-a]',
    'a^b',
    'a{9999}',
    '((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))',
  ]) {
    it(`is refused with a reason: ${pattern.slice(0, 20)}`, () => {
      expect(compilePattern(pattern)).to.have.property('refused').that.is.a('string');
    });
  }

  it('counts characters, not halves of them', () => {
    expect(matches('.', '😀')).to.equal(true);
    expect(matches('[😀-😎]{2}', '😀😎')).to.equal(true);
  });
});
