// Functions on text.
// Belongs here: text in, text or truth out. Does not belong here: JSON (json.ts), addresses (net.ts).
import { createHash } from 'node:crypto';
import { LIMITS } from '../../../base/limits.ts';
import { spend } from '../meter.ts';
import { ValueError } from '../values.ts';
import type { HostFunction } from './host.ts';
import { checkText, toCount } from './host.ts';

export const TEXT: readonly HostFunction[] = [
  { signature: 'string.replace(string, string): string', run: replace },
  { signature: 'string.like(string): bool', run: like },
  { signature: 'string.padStart(int, string): string', run: padStart },
  {
    signature: 'base64(string): string',
    run: (text: string) => checkText(base64(text), 'the result of base64()'),
  },
  { signature: 'base64Decode(string): string', run: base64Decode },
  { signature: 'sha256(string): string', run: sha256 },
];

/** Every occurrence, left to right; an empty text to look for is refused. */
function replace(text: string, from: string, to: string): string {
  if (from === '') throw new ValueError('replace() needs a text to look for');
  checkText(text, 'the text given to replace()');
  const pieces = text.split(from);
  if (text.length + (pieces.length - 1) * to.length > 2 * LIMITS.hostFunctionBytes) {
    throw new ValueError(`limit: the result of replace() is longer than ${LIMITS.hostFunctionBytes} bytes`);
  }
  return checkText(pieces.join(to), 'the result of replace()');
}

/** `*` any text, `?` one character; everything else stands for itself. Linear but for the last `*` tried. */
function like(text: string, pattern: string): boolean {
  const characters = Array.from(checkText(text, 'the text given to like()'));
  const wanted = Array.from(checkText(pattern, 'the pattern given to like()'));
  let at = 0;
  let want = 0;
  let star = -1;
  let resume = 0;
  while (at < characters.length) {
    if (wanted[want] === '*') {
      star = want;
      resume = at;
      want += 1;
    } else if (want < wanted.length && (wanted[want] === '?' || wanted[want] === characters[at])) {
      at += 1;
      want += 1;
    } else if (star >= 0) {
      spend(at - resume + 1);
      want = star + 1;
      resume += 1;
      at = resume;
    } else return false;
  }
  while (wanted[want] === '*') want += 1;
  return want === wanted.length;
}

function padStart(text: string, length: bigint, fill: string): string {
  if (Array.from(fill).length !== 1) throw new ValueError('padStart() fills with exactly one character');
  const missing = toCount(length, 'the length given to padStart()') - Array.from(text).length;
  return checkText(missing > 0 ? fill.repeat(missing) + text : text, 'the result of padStart()');
}

function base64(text: string): string {
  return Buffer.from(checkText(text, 'the text given to base64()'), 'utf8').toString('base64');
}

function base64Decode(text: string): string {
  checkText(text, 'the text given to base64Decode()');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new ValueError('base64Decode() was given a text that is not base64');
  }
  const bytes = Buffer.from(text, 'base64');
  const decoded = bytes.toString('utf8');
  if (!Buffer.from(decoded, 'utf8').equals(bytes))
    throw new ValueError('base64Decode() gives bytes that are no UTF-8 text');
  return decoded;
}

function sha256(text: string): string {
  return createHash('sha256').update(checkText(text, 'the text given to sha256()'), 'utf8').digest('hex');
}
