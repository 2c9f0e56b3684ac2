// Calls of services as they are defined: of any over HTTP, and of the owner's cloud.
// Belongs here: their types. Does not belong here: reading them (actions/), commands (machine/calls.ts).
import type { JsonObject } from '../base/json.ts';
import type { Template } from './expressions/types.ts';

export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/** What reads `response` stays text: the command carries it to where the answer comes. It was compiled, so it can be. */
export interface Call {
  readonly method: HttpMethod;
  /** A map; names in lower case. */
  readonly headers: Template;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: Template;
  /** Status codes, or an expression over the response that is true or false; absent: 200 to 299. */
  readonly expect?: readonly number[] | string;
  /** An expression over the response; it is called again until this is true. */
  readonly until?: string;
  /** Outputs whose value is computed from the response; the others are keys of its JSON body. */
  readonly outputs: JsonObject;
}

export interface HttpAction extends Call {
  readonly kind: 'http';
  readonly url: Template;
}

/** By the right of the workflow's owner. */
export interface OpenstackAction extends Call {
  readonly kind: 'openstack';
  /** A service type of the catalogue, such as `compute`. */
  readonly service: string;
  /** Below the service's endpoint; begins with a slash. */
  readonly path: Template;
  /** Such as `2.79`, or `latest`. */
  readonly microversion?: string;
}
