// Behaviour of masking: every form of a secret, wherever the stream is cut.
import { expect } from 'chai';
import fc from 'fast-check';
import { createMasker, textsIn } from '../../agent-protocol/agent/masking.ts';

const SECRET = 'pä$$ w0rd+/"x"';

describe('masking', () => {
  const masker = createMasker([SECRET]);

  it('hides a secret as it is and in its base64, URL and JSON forms', () => {
    const bytes = Buffer.from(`user:${SECRET}`);
    const forms = [
      SECRET,
      encodeURIComponent(SECRET),
      encodeURIComponent(SECRET).replaceAll('%20', '+'),
      JSON.stringify(SECRET),
    ];
    for (const form of forms) expect(masker.mask(`a ${form} b`)).to.match(/^a "?\*\*\*"? b$/);
    for (const prefix of ['', 'u', 'us', 'use']) {
      const encoded = Buffer.from(prefix + SECRET + prefix).toString('base64');
      const inner = Buffer.from(SECRET).toString('base64').slice(4, 12);
      expect(masker.mask(encoded)).to.contain('***').and.not.contain(inner);
    }
    expect(masker.mask(bytes.toString('base64url'))).to.contain('***');
  });

  it('finds the secrets inside maps and lists, and leaves short words alone', () => {
    expect(createMasker(textsIn({ a: ['abcd1234', 7], b: 'x' })).mask('7 x abcd1234')).to.equal('7 x ***');
  });

  it('hides the lines of a key that is printed line by line', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n';
    expect(createMasker([key]).mask('> hkiG9w0BAQEFAASC')).to.equal('> ***');
  });

  it('holds back a whole secret whose end may begin another', () => {
    const stream = createMasker(['abcdef', 'efgh12345']).stream();
    expect(stream.push('x abcdef')).to.equal('x ');
    expect(stream.push(' y') + stream.end()).to.equal('*** y');
  });

  it('masks a stream as it masks the whole, however it is cut', () => {
    const piece = fc.constantFrom(
      SECRET,
      SECRET.slice(0, 5),
      SECRET.slice(3),
      'p',
      'ä',
      'text ',
      encodeURIComponent(SECRET),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.nat({ max: 12 }), { maxLength: 30 }),
        (pieces, cuts) => {
          const text = pieces.join('');
          const stream = masker.stream();
          let sent = '';
          let at = 0;
          for (const cut of cuts) {
            sent += stream.push(text.slice(at, at + cut));
            at += cut;
          }
          sent += stream.push(text.slice(at)) + stream.end();
          expect(sent).not.to.contain(SECRET);
          expect(sent).to.equal(masker.mask(text));
        },
      ),
    );
  });
});
