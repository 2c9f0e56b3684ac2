// Counts the bytes that one evaluation touches, and stops it at the limit: the static cost counts steps, not bytes.
// Belongs here: the counter and the weighing of values. Does not belong here: the static cost (walker.ts).
//
// T1 Evaluation is synchronous and does not nest, so one counter serves all.
import type { ASTNode } from '@marcbachmann/cel-js';
import { standardise } from './standard.ts';
import { ValueError, checkItems } from './values.ts';

/** Bytes that one evaluation may read or make in operators and functions. */
const BUDGET = 16 * 1024 * 1024;

let spent = 0;
const weights = new WeakMap<object, number>();

export function startMeter(): void {
  spent = 0;
}

/** True when the budget is gone: errors can be absorbed by `||` and exists(), this cannot. */
export function isSpent(): boolean {
  return spent > BUDGET;
}

function charge(value: unknown): void {
  spend(weigh(value));
}

/** Takes from the budget what a function's own work costs, in bytes looked at. */
export function spend(bytes: number): void {
  spent += bytes;
  if (isSpent()) throw new ValueError(`limit: it works through more than ${BUDGET / 1024 / 1024} MiB`);
}

/** Rough bytes; a list or map is weighed once in its life, since CEL's values do not change. */
function weigh(value: unknown): number {
  if (typeof value === 'string') return 8 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  const known = weights.get(value);
  if (known !== undefined) return known;
  let weight = 16;
  if (Array.isArray(value)) for (const item of value) weight += weigh(item);
  else if (!(value instanceof Map)) for (const item of Object.values(value)) weight += 16 + weigh(item);
  weights.set(value, weight);
  return weight;
}

type Handle = (...args: unknown[]) => unknown;

/** Puts the meter around every operator and function of a checked tree. */
export function meter(node: ASTNode): void {
  const { op } = node;
  standardise(node);
  const holder = node as unknown as { handle?: Handle };
  if (holder.handle !== undefined && (METERED.has(op) || op === 'call' || op === 'rcall')) {
    const searching = op === 'rcall' && SEARCHING.has(node.args[0]);
    holder.handle = metered(holder.handle, METERED.has(op), searching);
  }
  children(node).forEach(meter);
}

/** Looking for a long text in a long text may cost the product of both. */
const SEARCHING: ReadonlySet<string> = new Set(['contains', 'indexOf', 'lastIndexOf', 'split', 'replace']);
const METERED: ReadonlySet<string> = new Set(['+', '==', '!=', 'in', '<', '<=', '>', '>=']);

function metered(handle: Handle, binary: boolean, searching: boolean): Handle {
  return (...args) => {
    if (binary) {
      charge(args[0]);
      charge(args[1]);
    } else for (const item of args[0] as unknown[]) charge(item);
    if (searching) spend(product(args[0] as unknown[]) / 16);
    const result = handle(...args);
    if (Array.isArray(result)) checkItems(result.length, 'a list that it makes');
    charge(result);
    return result;
  };
}

function product([text, wanted]: readonly unknown[]): number {
  return typeof text === 'string' && typeof wanted === 'string' ? text.length * wanted.length : 0;
}

function children(node: ASTNode): readonly ASTNode[] {
  if (node.op === 'value' || node.op === 'id') return [];
  if (node.op === '.' || node.op === '.?') return [node.args[0]];
  if (node.op === 'call') return node.args[1];
  if (node.op === 'rcall') return [node.args[1], ...node.args[2]];
  if (node.op === 'map') return node.args.flat();
  return node.op === '!_' || node.op === '-_' ? [node.args] : node.args;
}
