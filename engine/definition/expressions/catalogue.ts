// Which functions an expression may call, what each does to its arguments' shape, and why others are refused.
// Belongs here: the lists, as data. Does not belong here: what the functions compute (functions/).

/** Loops: the first argument names the item, the others are evaluated once per item. */
export const LOOPS: ReadonlySet<string> = new Set([
  'map',
  'filter',
  'all',
  'exists',
  'exists_one',
  'sortBy',
  'maxBy',
  'minBy',
  'toMap',
]);

/** Called as `f(x)`. */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  'has',
  'default',
  'size',
  'string',
  'int',
  'double',
  'bool',
  'bytes',
  'dyn',
  'range',
  'zip',
  'toJson',
  'fromJson',
  'base64',
  'base64Decode',
  'sha256',
  'ipAdd',
  'cidrHost',
  'cidrContains',
  'cidrPrefix',
  'isIpv6',
  'hostPort',
]);

/** Called as `x.f()`. */
export const METHODS: ReadonlySet<string> = new Set([
  ...LOOPS,
  'bind',
  'size',
  'contains',
  'startsWith',
  'endsWith',
  'indexOf',
  'lastIndexOf',
  'substring',
  'lowerAscii',
  'upperAscii',
  'trim',
  'split',
  'join',
  'replace',
  'like',
  'padStart',
  'sort',
  'min',
  'max',
  'sum',
  'distinct',
  'first',
  'last',
  'slice',
  'flatten',
  'reverse',
  'keys',
  'values',
  'merge',
  'base64',
  'hex',
  'hasValue',
  'value',
  'or',
  'orValue',
]);

/** Methods whose list has the same items as their receiver. */
export const SAME_ITEMS: ReadonlySet<string> = new Set([
  'filter',
  'sort',
  'sortBy',
  'distinct',
  'slice',
  'reverse',
]);
/** Methods that answer one item, if there is one. */
export const ONE_ITEM: ReadonlySet<string> = new Set(['first', 'last', 'maxBy', 'minBy']);

const TIME =
  'there is no clock and no calendar in expressions: what they answer must not depend on when or where';
/** Refused by name, with the reason. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['matches', 'regular expressions can take for ever; write like() with * and ?'],
  ['timestamp', TIME],
  ['duration', TIME],
  ['now', TIME],
  ['random', 'chance is not allowed in expressions: they must answer the same each time'],
  ['json', 'write fromJson(), which keeps integers exact'],
  ['type', 'types are no values here'],
  ['uint', 'write int()'],
]);

/** The reason for refusing a function, or undefined. */
export function refusal(name: string): string | undefined {
  if (/^get[A-Z]/.test(name)) return TIME;
  return REFUSED.get(name);
}
