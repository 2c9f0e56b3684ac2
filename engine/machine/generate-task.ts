// The secrets of a `set` as a command: what is to be made, and whose it is.
// Belongs here: its shape. Does not belong here: making the command (command.ts), drawing (drivers/generate-driver.ts).
import type { JsonObject } from '../base/json.ts';
import type { GeneratedSecret } from '../definition/types.ts';

export interface GenerateTask {
  readonly kind: 'generate';
  /** Made once for the step. */
  readonly secrets: readonly GeneratedSecret[];
  /** What is computed beside them. */
  readonly values: JsonObject;
  /** Generation in which its member joined: who sits at an index later has secrets of its own. Absent: the first. */
  readonly since?: number;
}
