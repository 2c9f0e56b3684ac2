// Calls of services as commands: every expression evaluated but those that read an answer.
// Belongs here: their shapes. Does not belong here: making them (command.ts), carrying them out (drivers/).
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { HttpMethod } from '../definition/types.ts';

interface Call {
  readonly method: HttpMethod;
  readonly headers: JsonObject;
  readonly body?: JsonValue;
  /** These three read the answer; expressions as they were written. */
  readonly expect?: readonly number[] | string;
  readonly until?: string;
  readonly outputs: JsonObject;
  /** Calling it twice does what calling it once does. */
  readonly repeatable: boolean;
}

export interface HttpCall extends Call {
  readonly kind: 'http';
  readonly url: JsonValue;
}

/** By the right of the workflow's owner. */
export interface OpenstackCall extends Call {
  readonly kind: 'openstack';
  readonly service: string;
  readonly path: JsonValue;
  readonly microversion?: string;
}

/** A stack of this name is there as described, or is gone; `sources`: output of the state → of the stack. */
export type StackTask =
  | {
      readonly kind: 'stack';
      readonly change: 'create';
      readonly name: string;
      /** Of the template's text. */
      readonly digest: string;
      readonly parameters: JsonObject;
      readonly sources: { readonly [output: string]: string };
    }
  | { readonly kind: 'stack'; readonly change: 'delete'; readonly name: string };
