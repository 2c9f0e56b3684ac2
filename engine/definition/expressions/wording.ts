// The library's complaints in the words of the reference: integer for int, a member of sql for View7.
// Belongs here: the translation. Does not belong here: when something is a problem (compile.ts, evaluate.ts).
import type { Schema } from './schema.ts';

/** The library's type names in the words of the reference. */
export function typeText(text: string, schema: Schema): string {
  return text
    .replaceAll(/View(\d+)/g, (_, index: string) => schema.types[Number(index)]?.describe ?? 'a view')
    .replaceAll(/member@\w+/g, 'member')
    .replaceAll(/\bdyn<(\w+)>/g, '$1')
    .replaceAll(/\bint\b(?!\()/g, 'integer')
    .replaceAll(/\bdouble\b(?!\()/g, 'number')
    .replaceAll(/\bbool\b(?!\()/g, 'boolean')
    .replaceAll(/\bdyn\b(?!\()/g, 'any')
    .replaceAll(/\bSecret\b/g, 'hidden value');
}

/** What has no type fits two operators at once. */
const OF_NO_TYPE = /^Operator overload '.*' overlaps with '.*'/;

/** A complaint as a sentence, with its full stop. */
export function typeSentence(text: string): string {
  const operator = /^no such overload: (.+) ([-+*/%<>=!]+|in) (.+)$/.exec(text);
  if (operator) return `'${operator[2]}' does not work between ${operator[1]} and ${operator[3]}.`;
  if (OF_NO_TYPE.test(text)) return 'Nothing tells of which type the items of this empty list are.';
  const call = /^found no matching overload for '(.+)'$/.exec(text);
  if (call) return `There is no function ${call[1]} for these types.`;
  const sentence = /^\w+\(\)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return `${sentence.replace(/\.$/, '')}.`;
}

/** What to write instead, where it can be said. */
export function typeHint(text: string): string | undefined {
  if (OF_NO_TYPE.test(text)) return 'Write dyn([]) for it.';
  if (text.startsWith("Cannot index type 'string'")) return 'Text has no fields; its length is size(…).';
  if (text.includes(' + ') && text.includes('string')) return 'Write string(…) around what is no string.';
  if (/(?:number|integer) in list/.test(text)) {
    return 'Write the items as numbers, such as [2.0, 3.0], or convert by double(…) or int(…).';
  }
  if (/integer.* and .*number|number.* and .*integer/.test(text)) {
    return 'Write double(…) around the integer, or int(…) around the number.';
  }
  return undefined;
}
