// What is asked of a cloud, what it answers, and what can go wrong in between.
// Belongs here: these types. Does not belong here: how any of it travels.
import type { JsonValue } from '../base/json.ts';

export interface CloudCall {
  /** A service type, such as `compute`; its aliases are understood. */
  readonly service: string;
  readonly method: string;
  /** Below the service's endpoint in the catalogue; begins with a slash. */
  readonly path: string;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: JsonValue;
  readonly microversion?: string;
  /** Others than the engine's own; names in lower case. */
  readonly headers?: { readonly [name: string]: string };
}

export interface CloudAnswer {
  readonly status: number;
  /** Names in lower case; of several of one name the last. */
  readonly headers: { readonly [name: string]: string };
  /** The endpoint of the catalogue that answered. */
  readonly endpoint: string;
  readonly text: string;
  /** JSON when the answer is; its text otherwise; absent when it is empty. */
  readonly body?: JsonValue;
}

/**
 * `unreachable`: nobody answered, or in time; `unsure`: the same, but the request may have been carried out;
 * `unauthorised`: the credential is no longer good for this; `unfit`: the request cannot be sent as it is;
 * `answer`: what came back is not an answer of such a service.
 */
export type FaultKind = 'unreachable' | 'unsure' | 'unauthorised' | 'unfit' | 'answer';

/** Why there is no answer. Its message names services and addresses, never what the credential holds. */
export class CloudFault extends Error {
  readonly kind: FaultKind;
  readonly status: number | undefined;

  constructor(kind: FaultKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CloudFault';
    this.kind = kind;
    this.status = options.status;
  }
}

/** How an engine reaches its own cloud; what a credential does not say itself comes from here. */
export interface CloudSettings {
  readonly authUrl?: string;
  readonly region?: string;
  readonly interface?: 'public' | 'internal' | 'admin';
  /** File of PEM certificates. */
  readonly caFile?: string;
}

/**
 * Told of every call that is over: the type of service as it was named, the status of the answer or the kind of fault, and
 * milliseconds.
 */
export type Heard = (service: string, outcome: string, took: number) => void;

/** What the drivers need of a cloud. */
export interface Cloud {
  /**
   * The answer, whatever its status. CloudFault otherwise; of a status 401, and of 403 without a word of quotas,
   * `unauthorised`.
   */
  call(call: CloudCall, signal?: AbortSignal): Promise<CloudAnswer>;
}
