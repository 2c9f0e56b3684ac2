// Hides known secrets in text that leaves the machine, also in their base64, URL-encoded and JSON forms.
// Belongs here: which forms, and masking a stream whose pieces may cut a secret. Does not belong here: what is secret.
//
// What cannot be hidden: a secret that the script changed in any other way, or one of fewer than four characters.
import type { Json } from '../messages.ts';

export const MASK = '***';
const SHORTEST = 4;
const SHORTEST_LINE = 8;

export interface Masker {
  /** Masks a whole text. */
  mask(text: string): string;
  /** For text in pieces: what may be the beginning of a secret is held back until the next piece. */
  stream(): { push(text: string): string; end(): string };
}

export function createMasker(secrets: readonly string[]): Masker {
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  if (forms.length === 0) return NOTHING_SECRET;
  const pattern = new RegExp(forms.map(escape).join('|'), 'g');
  const mask = (text: string): string => text.replace(pattern, MASK);
  return {
    mask,
    stream: () => {
      let held = '';
      return {
        push(text) {
          const all = held + text;
          const cut = safeLength(all, forms);
          held = all.slice(cut);
          return mask(all.slice(0, cut));
        },
        end() {
          const rest = mask(held);
          held = '';
          return rest;
        },
      };
    },
  };
}

const NOTHING_SECRET: Masker = {
  mask: text => text,
  stream: () => ({ push: text => text, end: () => '' }),
};

/** Every text inside a value; what a script may print of it. */
export function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return [JSON.stringify(value), ...Object.values(value).flatMap(textsIn)];
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter(line => line.length >= SHORTEST_LINE);
  return [secret, secret.trim(), ...lines]
    .filter(text => text.length >= SHORTEST)
    .flatMap(text => [text, JSON.stringify(text).slice(1, -1), ...urlForms(text), ...base64Forms(text)])
    .filter(form => form.length >= SHORTEST);
}

function urlForms(text: string): string[] {
  const encoded = encodeURIComponent(Buffer.from(text).toString());
  const lower = encoded.replace(/%[0-9A-F]{2}/g, hex => hex.toLowerCase());
  return [encoded, lower, encoded.replaceAll('%20', '+')];
}

/** The text may stand anywhere inside what was encoded: three alignments, without the characters others share. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  return [0, 1, 2].flatMap(shift => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor(((shift + bytes.length) * 8) / 6);
    // With its end, for a secret that is the last of what was encoded; without, for one that more follows.
    const forms = [encoded.slice(first), encoded.slice(first).replace(/=+$/, ''), encoded.slice(first, last)];
    if (last - first < 2 * SHORTEST) return [];
    return forms.flatMap(form => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
  });
}

/** Length of the text's beginning that no secret can begin in and end behind. */
function safeLength(text: string, forms: readonly string[]): number {
  const longest = forms[0]?.length ?? 0;
  for (let at = Math.max(0, text.length - longest + 1); at < text.length; at += 1) {
    const rest = text.length - at;
    const begun = forms.some(
      form => form.length > rest && form[0] === text[at] && form.startsWith(text.slice(at)),
    );
    if (begun) return beforeMatch(text, at, forms);
  }
  return text.length;
}

/** A whole secret that reaches over the cut is held back too, so that it is masked as one. */
function beforeMatch(text: string, cut: number, forms: readonly string[]): number {
  let safe = cut;
  for (const form of forms) {
    const from = Math.max(0, cut - form.length + 1);
    const found = text.indexOf(form, from);
    if (found !== -1 && found < safe) safe = found;
  }
  return safe;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
