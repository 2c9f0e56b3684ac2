// Functions of CEL's own that the library computes in another way than CEL says; here they do as CEL says.
// Belongs here: what stands in CEL's definition. Does not belong here: functions of our own (functions/).
import type { ASTNode } from '@marcbachmann/cel-js';

type Compute = (args: readonly unknown[]) => unknown;
/** `compute` is the library's own way. */
type Way = (text: string, args: readonly unknown[], compute: Compute) => unknown;

/** What counts as space for `trim`: Unicode's White_Space. JavaScript takes U+FEFF for space and U+0085 not. */
const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`^${SPACE}$`);

const STANDARD: ReadonlyMap<string, Way> = new Map<string, Way>([
  ['lowerAscii', text => text.replaceAll(/[A-Z]+/g, letters => letters.toLowerCase())],
  ['upperAscii', text => text.replaceAll(/[a-z]+/g, letters => letters.toUpperCase())],
  ['trim', trim],
  ['substring', (text, places, compute) => compute([text, ...places.map(place => unitsOf(text, place))])],
  ['indexOf', indexIn],
  ['lastIndexOf', indexIn],
  ['split', split],
]);

/** From the end one by one: an expression for trailing space looks at every space in the text again and again. */
function trim(text: string): string {
  const rest = text.replace(LEADING, '');
  let end = rest.length;
  while (end > 0 && TRAILING.test(rest[end - 1] as string)) end -= 1;
  return rest.slice(0, end);
}

function indexIn(text: string, [wanted, from]: readonly unknown[], compute: Compute): unknown {
  const found = compute([text, wanted, ...(from === undefined ? [] : [unitsOf(text, from)])]);
  return typeof found === 'bigint' && found > 0n
    ? BigInt(Array.from(text.slice(0, Number(found))).length)
    : found;
}

/** An empty separator stands between any two characters. */
function split(text: string, [separator, most]: readonly unknown[], compute: Compute): unknown {
  const whole = Array.from(text);
  if (separator !== '' || (most !== undefined && whole.length > Number(most) && Number(most) >= 0)) {
    return compute([text, separator, ...(most === undefined ? [] : [most])]);
  }
  return whole;
}

/** The library counts in UTF-16 units, CEL in characters. Beyond the end stays beyond the end. */
function unitsOf(text: string, place: unknown): unknown {
  if (typeof place !== 'bigint' || place <= 0n) return place;
  let units = 0;
  for (let left = place; left > 0n; left -= 1n) {
    if (units >= text.length) return BigInt(units) + left;
    units += (text.codePointAt(units) as number) > 0xffff ? 2 : 1;
  }
  return BigInt(units);
}

type Handle = (args: readonly unknown[], ...more: unknown[]) => unknown;

/** Puts CEL's function in the place of the library's, at one node of a checked tree. */
export function standardise(node: ASTNode): void {
  const way = node.op === 'rcall' ? STANDARD.get(node.args[0]) : undefined;
  const holder = node as unknown as { handle?: Handle };
  const { handle } = holder;
  if (way === undefined || handle === undefined) return;
  holder.handle = ([text, ...args], ...more) => {
    const compute: Compute = all => handle(all, ...more);
    return typeof text === 'string' ? way(text, args, compute) : compute([text, ...args]);
  };
}
