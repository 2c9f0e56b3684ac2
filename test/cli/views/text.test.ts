import { expect } from 'chai';
import fc from 'fast-check';
import {
  clockText,
  displayWidth,
  durationText,
  head,
  pad,
  sanitise,
  sanitiseLine,
  shellWord,
  truncate,
  wrap,
} from '../../../engine/cli/views/text.ts';

describe('text on a terminal', () => {
  it('loses escape sequences and control characters, and keeps its letters', () => {
    expect(sanitise('\u001b[31mred\u001b[0m \u001b]0;title\u0007x\u0000\u0008y\r\n\tz')).to.equal(
      'red xy\n    z',
    );
  });

  it('loses marks that would reorder what stands around it', () => {
    expect(sanitiseLine('abc\u202Edcba\u2066!\u200b')).to.equal('abcdcba!');
  });

  it('never lets an escape character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        // oxlint-disable-next-line no-control-regex
        expect(sanitise(text)).not.to.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      }),
    );
  });

  it('is measured in columns: wide letters take two, combining marks none', () => {
    expect(displayWidth('abc')).to.equal(3);
    expect(displayWidth('東京')).to.equal(4);
    expect(displayWidth('e\u0301')).to.equal(1);
    expect(displayWidth('👩‍💻')).to.equal(2);
    expect(displayWidth('✓⠋⧗✗‖')).to.equal(5);
  });

  it('is cut to columns, never through a letter', () => {
    expect(truncate('prepared', 8)).to.equal('prepared');
    expect(truncate('prepared', 5)).to.equal('prep…');
    expect(truncate('東京都', 4)).to.equal('東…');
    expect(truncate('x', 0)).to.equal('');
    expect(head('東京', 3)).to.equal('東');
  });

  it('never is wider than it may be, cut or wrapped', () => {
    const words = fc.string({ unit: 'grapheme' }).map(sanitiseLine);
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 60 }), (text, width) => {
        expect(displayWidth(truncate(text, width))).to.be.at.most(width);
        for (const line of wrap(text, width)) expect(displayWidth(line)).to.be.at.most(width);
      }),
    );
  });

  it('is wrapped at spaces and loses no word', () => {
    expect(wrap('one two three four', 9)).to.deep.equal(['one two', 'three', 'four']);
    expect(wrap('postgresql://abcdefgh', 10)).to.deep.equal(['postgresql', '://abcdefg', 'h']);
    expect(wrap('a\n\nb', 9)).to.deep.equal(['a', '', 'b']);
  });

  it('is padded by columns', () => {
    expect(pad('東', 4)).to.equal('東  ');
    expect(pad('long', 2)).to.equal('long');
  });

  it('says times shortly', () => {
    expect([clockText(0), clockText(67_000), clockText(3_723_000)]).to.deep.equal([
      '0:00',
      '1:07',
      '1:02:03',
    ]);
    expect([durationText(4_999), durationText(125_000), durationText(3_720_000)]).to.deep.equal([
      '4s',
      '2m05s',
      '1h02m',
    ]);
  });

  it('is quoted so that a shell takes it back', () => {
    expect(shellWord('db.ready')).to.equal('db.ready');
    expect(shellWord('db[1].ready')).to.equal("'db[1].ready'");
    expect(shellWord("it's")).to.equal("'it'\\''s'");
  });
});
