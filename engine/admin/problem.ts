// Errors over HTTP: problem details (RFC 9457), with the engine's own code and what to do next.
// Belongs here: error → status and body. Does not belong here: the errors (base/errors.ts), who sends them (mount.ts).
import { EngineError, errorText, type ErrorCode } from '../base/errors.ts';
import type { JsonValue } from '../base/json.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly status: number;
  readonly title: string;
  /** What happened, and where. */
  readonly detail: string;
  readonly code: string;
  /** What to do about it. */
  readonly next: string;
  /** What is wrong with a definition, or what is now, as the code says. */
  readonly details?: JsonValue;
}

/** An error whose status its code does not tell. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly next: string;
  readonly headers: { readonly [name: string]: string };

  constructor(status: number, code: string, message: string, next: string, headers = {}) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.next = next;
    this.headers = headers;
  }
}

/** Of codes that a request can lead to; everything else is a failure of the engine's. */
const STATUS: { readonly [code in ErrorCode]?: number } = {
  usage: 400,
  not_found: 404,
  conflict: 409,
  not_allowed: 409,
  stale: 412,
  definition_invalid: 422,
  inputs_invalid: 422,
  members_invalid: 422,
  expression_failed: 422,
  limit_exceeded: 422,
  store_full: 507,
  store_failed: 503,
  commit_unknown: 503,
  fenced: 503,
  transport_closed: 503,
  transport_refused: 503,
};

const TITLES: { readonly [status: number]: string } = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
};

export const statusOf = (code: string): number => (STATUS as { [code: string]: number })[code] ?? 500;

export function problem(
  status: number,
  code: string,
  detail: string,
  next: string,
  details?: unknown,
): ProblemDetails {
  return {
    type: 'about:blank',
    status,
    title: TITLES[status] ?? 'Internal Server Error',
    detail,
    code,
    next,
    ...(details !== undefined && { details: details as JsonValue }),
  };
}

/** What is told of anything thrown. Of what nobody expected only that it happened: the log has the rest. */
export function problemOf(thrown: unknown): ProblemDetails {
  if (thrown instanceof HttpError) {
    return problem(thrown.status, thrown.code, thrown.message, thrown.next);
  }
  if (thrown instanceof EngineError) {
    const { code, message, next, details } = thrown;
    return problem(statusOf(code), code, message, next, details);
  }
  const parsed = ofParser(thrown);
  if (parsed !== undefined) return parsed;
  return problem(500, 'internal', 'The engine made a mistake.', 'Look at its log, and report it.');
}

/** What the body parser throws: a status and a type. */
function ofParser(thrown: unknown): ProblemDetails | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown) || !('type' in thrown)) return undefined;
  const { status } = thrown;
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  if (status === 413)
    return problem(413, 'limit_exceeded', 'The body is too large.', 'See docs/reference/limits.md.');
  return problem(status, 'usage', `The body cannot be read: ${errorText(thrown)}`, 'Send JSON in UTF-8.');
}

/** `what`: `Agents are`, say. */
export const ofAllProjects = (what: string): HttpError =>
  new HttpError(
    403,
    'forbidden',
    `${what} of all projects, so only who sees every project may read that.`,
    'Ask with a role that the settings name in admin.everywhere_roles or admin.auditor_roles.',
  );
