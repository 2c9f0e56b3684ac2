// The hidden values that a call carries: filled in to be sent, and hidden again wherever a service may say them back.
// Belongs here: every form in which one may come back. Does not belong here: calls themselves.
import { createMasker, textsIn } from '../../../agent-protocol/agent/masking.ts';
import { secretRefs, type JsonValue } from '../../base/json.ts';

export interface Sent {
  readonly mask: (text: string) => string;
  /** True when a hidden value that was sent is in the text. Of very short ones nobody can say. */
  readonly holdsSent: (text: string) => boolean;
}

/** Of fewer characters chance finds too many. */
const TELLING = 8;

/** Of what the parts of a call refer to. Rejects as `read` does. */
export async function sentIn(
  parts: readonly JsonValue[],
  read: (ref: string) => Promise<JsonValue>,
): Promise<Sent> {
  const values = await Promise.all(secretRefs(parts).map(read));
  const texts = values.flatMap(value => textsIn(value));
  const forms = [...texts, ...texts.flatMap(text => [...inAddress(text), ...misread(text)])];
  const masker = createMasker(forms);
  const strict = createMasker(forms.filter(text => text.length >= TELLING));
  return { mask: text => masker.mask(text), holdsSent: text => strict.mask(text) !== text };
}

/** As part of a body that is said again in another form, and as bytes that were taken for another character set. */
function misread(text: string): string[] {
  return [JSON.stringify(text).slice(1, -1), Buffer.from(text, 'utf8').toString('latin1')];
}

/** As it stands in an address, where a service may say it again: within a path, and behind a question mark. */
function inAddress(text: string): string[] {
  return ['http://x/', 'http://x/?'].flatMap(before => {
    const url = URL.parse(`${before}${text}`);
    return url === null
      ? []
      : [url.href.slice(before.length), url.href.slice(before.length).split('#')[0] ?? ''];
  });
}
