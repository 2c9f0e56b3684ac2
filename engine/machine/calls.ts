// The call of a service as a command: every expression evaluated but those that read its answer.
// Belongs here: its shape. Does not belong here: making it (command.ts), carrying it out (drivers/).
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { HttpMethod } from '../definition/types.ts';

export interface HttpCall {
  readonly kind: 'http';
  readonly method: HttpMethod;
  readonly url: JsonValue;
  readonly headers: JsonObject;
  readonly body?: JsonValue;
  /** These three read the answer; expressions as they were written. */
  readonly expect?: readonly number[] | string;
  readonly until?: string;
  readonly outputs: JsonObject;
  /** Calling it twice does what calling it once does. */
  readonly repeatable: boolean;
}
