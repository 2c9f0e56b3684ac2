// Where a `file` action downloads from, and the sum by which it knows what it got.
// Belongs here: `url` and `sha256` as they are written. Does not belong here: the download (the agent's).
import { LIMITS } from '../../base/limits.ts';
import { hasExpression } from '../expression-marks.ts';
import type { Fields, Node } from '../reader.ts';
import { shown } from '../yaml-scalars.ts';

const SUM = /^[0-9a-f]{64}$/;

/** What is wrong with a URL as a whole, and what to write; undefined: nothing. Also judged when it was computed. */
export function urlFault(url: string): { readonly what: string; readonly hint: string } | undefined {
  const parsed = URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    return { what: 'is no http or https address', hint: 'Write it whole: https://example.org/app.tar.gz.' };
  if (parsed.username !== '' || parsed.password !== '')
    return {
      what: 'holds a user or password, which would show in definition, logs and machine',
      hint: 'Let a script download it, with a hidden input.',
    };
  if (url.length > LIMITS.urlLength)
    return { what: `has more than ${LIMITS.urlLength} characters`, hint: 'Use a shorter one.' };
  return undefined;
}

export const isSum = (text: string): boolean => SUM.test(text);

/** Both are required: what comes over a network counts only when its sum is the one that was written. */
export function readDownload(
  fields: Fields,
): { readonly kind: 'download'; readonly url: Node; readonly sha256: Node } | undefined {
  const sha256 = fields.required('sha256', "Write its SHA-256 sum in hex: 'sha256sum FILE' prints it.");
  const url = fields.get('url');
  const texts = [fields.string('url'), sha256 && fields.string('sha256')] as const;
  if (url === undefined || sha256 === undefined) return undefined;
  const [address, sum] = texts;
  if (address === undefined || sum === undefined) return undefined;
  const fault = hasExpression(address) ? undefined : urlFault(address);
  if (fault)
    fields.report.add('wrong_value', url.at, `url of ${fields.what} ${fault.what}.`, { hint: fault.hint });
  if (!hasExpression(sum) && !isSum(sum)) {
    const message = `sha256 of ${fields.what} is '${shown(sum)}', which is no SHA-256 sum.`;
    fields.report.add('wrong_value', sha256.at, message, {
      hint: 'Write 64 hexadecimal digits in lower case.',
    });
  }
  return { kind: 'download', url, sha256 };
}
