// Functions on lists.
// Belongs here: list in, list or item out. Does not belong here: loops' evaluation (compile.ts runs them).
import { Secret, ValueError, checkItems, isPlainMap, toText } from '../values.ts';
import type { HostFunction, HostLoop } from './host.ts';
import { spend } from '../meter.ts';
import { checkList, compare, toCount } from './host.ts';

/** What putting one item in order costs: some ten comparisons. */
const SORT_BYTES = 100;

/** Wraps an item that may be missing; the library's Optional. */
export type ToOptional = (item: unknown) => unknown;

export function listFunctions(optional: ToOptional): readonly HostFunction[] {
  return [
    {
      signature: 'list<T>.sort(): list<T>',
      run: sorted,
    },
    { signature: 'list<T>.min(): T', run: (list: unknown[]) => extreme(list, -1, 'min') },
    { signature: 'list<T>.max(): T', run: (list: unknown[]) => extreme(list, 1, 'max') },
    { signature: 'list<T>.sum(): T', run: sum },
    { signature: 'list<T>.distinct(): list<T>', run: distinct },
    { signature: 'list<T>.first(): optional<T>', run: (list: unknown[]) => optional(list[0]) },
    { signature: 'list<T>.last(): optional<T>', run: (list: unknown[]) => optional(list.at(-1)) },
    { signature: 'list<T>.slice(int, int): list<T>', run: slice },
    { signature: 'list<list<T>>.flatten(): list<T>', run: flatten },
    { signature: 'list<T>.reverse(): list<T>', run: (list: unknown[]) => [...list].reverse() },
    { signature: 'range(int): list<int>', run: range },
    { signature: 'zip(list, list): list<list<dyn>>', run: zip },
  ];
}

export function listLoops(optional: ToOptional): readonly HostLoop[] {
  return [
    { name: 'sortBy', expressions: 1, result: 'same', combine: sortBy },
    {
      name: 'minBy',
      expressions: 1,
      result: 'item',
      combine: (items, keys) => optional(best(items, keys, -1)),
    },
    {
      name: 'maxBy',
      expressions: 1,
      result: 'item',
      combine: (items, keys) => optional(best(items, keys, 1)),
    },
    { name: 'toMap', expressions: 2, result: 'map', combine: toMap },
  ];
}

function sorted(list: readonly unknown[]): unknown[] {
  spend(list.length * SORT_BYTES);
  return [...checkList(list, 'the list')].sort(compare);
}

function extreme(list: readonly unknown[], sign: number, name: string): unknown {
  const [first, ...rest] = list;
  if (first === undefined) throw new ValueError(`${name}() of an empty list`);
  compare(first, first);
  return rest.reduce((winner, item) => (Math.sign(compare(item, winner)) === sign ? item : winner), first);
}

/** Integers stay integers; one number among them makes the sum a number. */
function sum(list: readonly unknown[]): unknown {
  if (list.every(item => typeof item === 'bigint')) {
    const total = list.reduce((left, right) => left + right, 0n);
    if (BigInt.asIntN(64, total) !== total) throw new ValueError('the sum does not fit 64 bits');
    return total;
  }
  return list.reduce<number>((total, item) => {
    if (typeof item !== 'number' && typeof item !== 'bigint') throw new ValueError('sum() adds numbers only');
    return total + Number(item);
  }, 0);
}

function distinct(list: readonly unknown[]): unknown[] {
  const seen = new Set<unknown>();
  return checkList(list, 'the list').filter(item => {
    const key = identity(item);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Equal values have equal identities; members are told apart by their agent. */
function identity(item: unknown): unknown {
  if (typeof item === 'bigint') return `number ${item}`;
  if (typeof item === 'number') return `number ${item}`;
  if (item instanceof Secret) throw new ValueError('hidden values cannot be compared');
  if (item instanceof Map) return `member ${String(item.get('agent'))}`;
  return Array.isArray(item) || isPlainMap(item) ? `json ${toText(item)}` : item;
}

function slice(list: readonly unknown[], from: bigint, to: bigint): unknown[] {
  const start = toCount(from, 'the start given to slice()');
  const end = toCount(to, 'the end given to slice()');
  if (end < start) throw new ValueError(`slice() from ${start} to ${end}: the end comes first`);
  return list.slice(start, end);
}

function flatten(list: readonly unknown[]): unknown[] {
  const result: unknown[] = [];
  for (const item of checkList(list, 'the list given to flatten()')) {
    if (!Array.isArray(item)) throw new ValueError('flatten() needs a list of lists');
    result.push(...(checkList(item, 'a list given to flatten()') as unknown[]));
    checkItems(result.length, 'the result of flatten()');
  }
  return result;
}

function range(count: bigint): bigint[] {
  return Array.from({ length: toCount(count, 'the number given to range()', 1_000) }, (_, index) =>
    BigInt(index),
  );
}

/** As long as the shorter. */
function zip(left: readonly unknown[], right: readonly unknown[]): unknown[] {
  return left.slice(0, right.length).map((item, index) => [item, right[index]]);
}

/** Stable: equal keys keep their order. */
function sortBy(items: readonly unknown[], keys: readonly (readonly unknown[])[]): unknown[] {
  spend(items.length * SORT_BYTES);
  const order = items.map((_, index) => index);
  order.sort((left, right) => compare(keys[left]?.[0], keys[right]?.[0]));
  return order.map(index => items[index]);
}

/** The first of the best. */
function best(items: readonly unknown[], keys: readonly (readonly unknown[])[], sign: number): unknown {
  let winner = 0;
  items.forEach((_, index) => {
    if (Math.sign(compare(keys[index]?.[0], keys[winner]?.[0])) === sign) winner = index;
  });
  return items[winner];
}

function toMap(_items: readonly unknown[], pairs: readonly (readonly unknown[])[]): unknown {
  const result: Record<string, unknown> = Object.create(null);
  for (const [key, value] of pairs) {
    if (typeof key !== 'string') throw new ValueError('the keys of toMap() must be strings');
    if (key in result) throw new ValueError(`toMap() has the key '${key}' twice`);
    result[key] = value;
  }
  return result;
}
