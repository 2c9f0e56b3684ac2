// Literals that the library reads and the language does not have: what no JSON value can be, and keys that are not text.
// Belongs here: rules about one literal. Does not belong here: names and what they may be read as (walker.ts).
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Findings } from './finding.ts';

/** Refuses `3u` and `b'…'`. */
export function checkLiteral(value: unknown, findings: Findings): void {
  if (value instanceof Uint8Array) {
    findings.say('expression_type', "Bytes have no literal: b'…' is no JSON value.", "Write bytes('…').");
  } else if (typeof value === 'object' && value !== null) {
    findings.say('expression_type', 'There are no unsigned integers.', "Leave the 'u' away.");
  }
}

/** Refuses keys of a map that are no text, and one that stands there already. */
export function checkKey(key: ASTNode, earlier: ReadonlyMap<string, unknown>, findings: Findings): void {
  if (key.op !== 'value') return;
  const { args: value } = key;
  if (typeof value !== 'string') {
    const hint = typeof value === 'object' ? undefined : `Write '${String(value)}'.`;
    findings.say('expression_type', 'The keys of a map are strings.', hint);
  } else if (earlier.has(value)) {
    findings.say('expression_type', `The map has the key '${value}' twice.`);
  }
}
