// Functions of CEL's own that the library computes in another way than CEL says; here they do as CEL says.
// Belongs here: what stands in CEL's definition. Does not belong here: functions of our own (functions/).
import type { ASTNode } from '@marcbachmann/cel-js';

/** What counts as space for `trim`: Unicode's White_Space. JavaScript takes U+FEFF for space and U+0085 not. */
const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`^${SPACE}$`);

const STANDARD: ReadonlyMap<string, (text: string) => string> = new Map([
  ['lowerAscii', text => text.replaceAll(/[A-Z]+/g, letters => letters.toLowerCase())],
  ['upperAscii', text => text.replaceAll(/[a-z]+/g, letters => letters.toUpperCase())],
  ['trim', trim],
]);

/** From the end one by one: an expression for trailing space looks at every space in the text again and again. */
function trim(text: string): string {
  const rest = text.replace(LEADING, '');
  let end = rest.length;
  while (end > 0 && TRAILING.test(rest[end - 1] as string)) end -= 1;
  return rest.slice(0, end);
}

type Handle = (args: readonly unknown[], ...more: unknown[]) => unknown;

/** Puts CEL's function in the place of the library's, at one node of a checked tree. */
export function standardise(node: ASTNode): void {
  const compute = node.op === 'rcall' ? STANDARD.get(node.args[0]) : undefined;
  const holder = node as unknown as { handle?: Handle };
  const { handle } = holder;
  if (compute === undefined || handle === undefined) return;
  holder.handle = (args, ...more) =>
    typeof args[0] === 'string' && args.length === 1 ? compute(args[0]) : handle(args, ...more);
}
