// What only Heat can know, beside what a template says by itself.
// Belongs here: values that may be open. Does not belong here: what opens them (resolve.ts).
import type { JsonValue } from '../base/json.ts';

/** A value that nobody but Heat knows, and what it hangs on, in a few words each. */
export class Open {
  readonly whys: readonly string[];

  constructor(whys: readonly string[]) {
    this.whys = [...new Set(whys)];
  }
}

/** Never open in part: a list or map in which something is open is open. */
export type Resolved = JsonValue | Open;

/** The open ones of several, as one; undefined where all are known. */
export function opened(values: readonly Resolved[]): Open | undefined {
  const whys = values.flatMap(value => (value instanceof Open ? value.whys : []));
  return whys.length === 0 ? undefined : new Open(whys);
}
