// What is declared of an input, as whoever is asked for it reads it before a value is given.
// Belongs here: constraints in words. Does not belong here: whether a value keeps them (constraints.ts).
import { CUSTOM_CONSTRAINTS } from './custom-constraints.ts';
import type { Constraint } from './types.ts';

/** `from 1 to 40 characters`, `one of "a", "b"`; the author's own words where there are any. */
export const constraintWords = (constraint: Constraint): string =>
  constraint.description ?? wordsOf(constraint);

function wordsOf(constraint: Constraint): string {
  switch (constraint.kind) {
    case 'length':
      return `its length ${bounds(constraint)}`;
    case 'range':
      return bounds(constraint);
    case 'modulo':
      return `a multiple of ${constraint.step}${constraint.offset === 0 ? '' : `, plus ${constraint.offset}`}`;
    case 'allowed_values':
      return `one of ${constraint.values
        .map(one => JSON.stringify(one))
        .join(', ')
        .slice(0, 500)}`;
    case 'allowed_pattern':
      return `matches ${constraint.pattern}`;
    case 'custom_constraint':
      return CUSTOM_CONSTRAINTS.get(constraint.name)?.form ?? constraint.name;
    default:
      return constraint satisfies never;
  }
}

function bounds({ min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
}
