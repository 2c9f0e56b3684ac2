// Plain YAML scalars: what they mean, and which of them YAML 1.1 (Heat) and 1.2 (we) read differently.
// Belongs here: the two dialects' rules for unquoted text. Does not belong here: structure (yaml.ts).
import type { JsonPrimitive } from '../base/json.ts';

const INTEGER = /^[-+]?[0-9]+$/;
const HEX = /^0x[0-9a-fA-F]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const NOT_A_NUMBER = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** Each rule: how one reads the text, how the other does. Anything that matches must be quoted. */
const AMBIGUOUS: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  {
    pattern: /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
    why: 'a boolean in YAML 1.1 and text in YAML 1.2',
  },
  { pattern: /^[-+]?0[0-9_]+$/, why: 'octal in YAML 1.1 and decimal in YAML 1.2' },
  { pattern: /^0o[0-7]+$/, why: 'text in YAML 1.1 and a number in YAML 1.2' },
  { pattern: /^[-+]?0b[01_]+$/, why: 'a number in YAML 1.1 and text in YAML 1.2' },
  { pattern: /^[-+]0x[0-9a-fA-F_]+$/, why: 'a number in YAML 1.1 and text in YAML 1.2' },
  {
    pattern: /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
    why: 'a number of base 60 in YAML 1.1 and text in YAML 1.2',
  },
  {
    pattern: /^[-+]?(?:0x)?(?=[0-9a-fA-F._]*_)[0-9][0-9a-fA-F_]*(?:\.[0-9_]*)?$/,
    why: 'a number in YAML 1.1 and text in YAML 1.2',
  },
  {
    pattern: /^[-+]?(?:[0-9]+[eE]|[0-9]*\.[0-9]*[eE](?![-+]))[-+]?[0-9]+$/,
    why: 'text in YAML 1.1 and a number in YAML 1.2',
  },
  { pattern: /^[-+]\.[0-9]+(?:[eE][-+]?[0-9]+)?$/, why: 'text in YAML 1.1 and a number in YAML 1.2' },
  { pattern: /^(?:<<|=)$/, why: 'a special mark in YAML 1.1 and text in YAML 1.2' },
];

/** Why the two dialects disagree on this unquoted text; undefined when they don't. */
export function ambiguity(text: string): string | undefined {
  return AMBIGUOUS.find(({ pattern }) => pattern.test(text))?.why;
}

export type Scalar = { readonly value: JsonPrimitive } | { readonly wrong: string };

/** Meaning of an unquoted scalar under YAML 1.2's core schema. */
export function plainScalar(text: string): Scalar {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return { value: null };
  if (/^(?:true|True|TRUE)$/.test(text)) return { value: true };
  if (/^(?:false|False|FALSE)$/.test(text)) return { value: false };
  if (NOT_A_NUMBER.test(text)) return { wrong: `${text} is not a number that can be used.` };
  if (INTEGER.test(text) || HEX.test(text)) return wholeNumber(text);
  if (FLOAT.test(text)) return finiteNumber(text);
  return { value: text };
}

function wholeNumber(text: string): Scalar {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return { value: value === 0 ? 0 : value };
  return { wrong: `${shown(text)} is too large to be kept exactly.` };
}

function finiteNumber(text: string): Scalar {
  const value = Number(text);
  return Number.isFinite(value)
    ? { value: value === 0 ? 0 : value }
    : { wrong: `${shown(text)} is too large a number.` };
}

/** A piece of the author's text, short enough to be quoted in a sentence. */
export function shown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
