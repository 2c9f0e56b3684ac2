// What a host function is, and the bounds that all of them keep.
// Belongs here: the shape of a declaration and the checks of sizes. Does not belong here: functions themselves.
//
// H1 Every function is total: it answers or throws ValueError, for every input, in bounded time.
import { LIMITS } from '../../../base/limits.ts';
import { Secret, ValueError, checkItems } from '../values.ts';

/** A function as CEL's signature and what computes it. Arguments come as CEL values, already of their type. */
export interface HostFunction {
  readonly signature: string;
  readonly run: (...args: never[]) => unknown;
}

/** A loop: `name` with `expressions` evaluated per item. `combine` gets the items and what was computed of each. */
export interface HostLoop {
  readonly name: string;
  readonly expressions: number;
  readonly result: 'same' | 'item' | 'map';
  readonly combine: (items: readonly unknown[], computed: readonly (readonly unknown[])[]) => unknown;
}

/** Refuses text beyond 64 KiB. */
export function checkText(text: string, what: string): string {
  if (text.length > LIMITS.hostFunctionBytes || Buffer.byteLength(text, 'utf8') > LIMITS.hostFunctionBytes) {
    throw new ValueError(`limit: ${what} is longer than ${LIMITS.hostFunctionBytes} bytes`);
  }
  return text;
}

export function checkList<Item>(list: readonly Item[], what: string): readonly Item[] {
  checkItems(list.length, what);
  return list;
}

/** A count or index given as CEL int. */
export function toCount(value: bigint, what: string, max: number = LIMITS.hostFunctionBytes): number {
  if (value < 0n || value > BigInt(max))
    throw new ValueError(`${what} is ${value}; it must be from 0 to ${max}`);
  return Number(value);
}

/** Order of numbers, strings and booleans; other or mixed kinds are refused. */
export function compare(left: unknown, right: unknown): number {
  const kind = kindOf(left);
  if (kind !== kindOf(right)) throw new ValueError(`cannot order ${kind} and ${kindOf(right)}`);
  return left === right
    ? 0
    : (left as number) < (right as number)
      ? -1
      : (left as number) > (right as number)
        ? 1
        : 0;
}

function kindOf(value: unknown): string {
  if (value instanceof Secret) throw new ValueError('a hidden value has no order');
  if (typeof value === 'bigint' || typeof value === 'number') return 'numbers';
  if (typeof value === 'string') return 'strings';
  if (typeof value === 'boolean') return 'booleans';
  throw new ValueError('only numbers, strings and booleans have an order');
}
