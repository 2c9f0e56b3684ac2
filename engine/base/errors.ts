// Errors that leave a module: each says whose fault it is, whether trying again can help, and what to do next.
// Belongs here: the one error class and its closed list of codes. Does not belong here: problems of a
// definition (definition/problems.ts), failures of a step (machine/types.ts): those are data, not exceptions.

/** Who can mend it. `template`: the author of the definition; `agent`: a VM; `operator`: who runs the engine. */
export type Fault = 'template' | 'agent' | 'operator' | 'caller' | 'engine';

/** Every code, with its fault and whether the same call may succeed later. Documented in docs/reference/errors.md. */
export const ERROR_CODES = {
  definition_invalid: { fault: 'template', retriable: false },
  inputs_invalid: { fault: 'caller', retriable: false },
  members_invalid: { fault: 'caller', retriable: false },
  expression_failed: { fault: 'template', retriable: false },
  limit_exceeded: { fault: 'caller', retriable: false },
  not_found: { fault: 'caller', retriable: false },
  conflict: { fault: 'caller', retriable: false },
  not_allowed: { fault: 'caller', retriable: false },
  stale: { fault: 'caller', retriable: false },
  usage: { fault: 'caller', retriable: false },
  store_locked: { fault: 'operator', retriable: true },
  store_unsafe: { fault: 'operator', retriable: false },
  store_full: { fault: 'operator', retriable: true },
  store_failed: { fault: 'operator', retriable: true },
  store_newer: { fault: 'operator', retriable: false },
  fenced: { fault: 'engine', retriable: false },
  commit_unknown: { fault: 'engine', retriable: true },
  key_missing: { fault: 'operator', retriable: false },
  transport_closed: { fault: 'operator', retriable: true },
  transport_refused: { fault: 'operator', retriable: false },
  message_refused: { fault: 'agent', retriable: false },
  journal_damaged: { fault: 'agent', retriable: false },
  internal: { fault: 'engine', retriable: false },
} as const satisfies Record<string, { fault: Fault; retriable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a code; `message` says what happened and where, `next` what to do about it. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly details: unknown;

  constructor(
    code: ErrorCode,
    message: string,
    next: string,
    options: { cause?: unknown; details?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.next = next;
    this.details = options.details;
  }

  get fault(): Fault {
    return ERROR_CODES[this.code].fault;
  }

  get retriable(): boolean {
    return ERROR_CODES[this.code].retriable;
  }
}

/** The text of anything thrown, for messages that quote another's error. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
