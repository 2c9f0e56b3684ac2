// RabbitMQ's management HTTP API: one call, bounded in bytes and time, its failures in our words.
// Belongs here: the exchange, what a status means. Does not belong here: which calls there are (rabbitmq-users.ts,
// survey.ts), what rights users have (rights.ts).
//
// M1 No message shows a login: the URL is said without it, and nothing that was sent is quoted.
// M2 No redirect is followed: the administrator's login goes to the address it was given for.
import { type IncomingMessage, request as http } from 'node:http';
import { request as https } from 'node:https';
import { EngineError, errorText } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

export interface ManagementOptions {
  /** `http://` or `https://` with host and port; a path and a login in it are not used. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** PEM of the authorities to believe, for `https://`; absent: the system's. */
  readonly ca?: string;
  /** Milliseconds; absent: LIMITS.brokerRequestMs. */
  readonly timeout?: number;
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** What it says, with 401 too, to a login that is right. */
const NO_RIGHT = /Not \w+ user/;

export class Management {
  readonly #base: URL;
  readonly #options: ManagementOptions;

  constructor(options: ManagementOptions) {
    this.#base = new URL(options.url);
    this.#options = options;
  }

  /** Host and port, for people. */
  get place(): string {
    return this.#base.origin;
  }

  /**
   * The answer's JSON; undefined for none, and for 404. Rejects with EngineError `transport_closed` (no answer, or the
   * broker is in trouble: again later) or `transport_refused` (it refuses the login, or what was asked).
   */
  async call(method: Method, path: string, body?: object): Promise<unknown> {
    const { status, text } = await this.#exchange(method, path, body);
    if (status === 404) return undefined;
    if (status === 401 && !NO_RIGHT.test(reasonOf(text))) throw this.#refusedLogin();
    if (status >= 500) throw this.#away(`it answers ${status}`);
    if (status < 200 || status > 299) throw this.#refused(method, path, status, text);
    return text === '' ? undefined : this.#parsed(text);
  }

  /** As `call`, for what is there or empty. */
  async list(path: string): Promise<readonly unknown[]> {
    const found = await this.call('GET', path);
    return Array.isArray(found) ? found : [];
  }

  async #exchange(
    method: Method,
    path: string,
    body: object | undefined,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const signal = AbortSignal.timeout(this.#options.timeout ?? LIMITS.brokerRequestMs);
    try {
      const answer = await this.#send(method, path, body, signal);
      return { status: answer.statusCode ?? 0, text: await bounded(answer) };
    } catch (thrown) {
      throw this.#away(signal.aborted ? 'it did not answer in time' : errorText(thrown), thrown);
    }
  }

  #send(
    method: Method,
    path: string,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { user, password, ca } = this.#options;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      ...(text !== undefined && { 'content-type': 'application/json' }),
      ...(text !== undefined && { 'content-length': Buffer.byteLength(text) }),
    };
    const secure = this.#base.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const url = new URL(`/api${path}`, this.#base.origin);
      const options = { method, headers, signal, agent: false, ...(secure && ca !== undefined && { ca }) };
      (secure ? https : http)(url, options, resolve).once('error', reject).end(text);
    });
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#away('what it answers is no JSON');
    }
  }

  #away(why: string, cause?: unknown): EngineError {
    return new EngineError(
      'transport_closed',
      `The management of the agents' broker at ${this.place} does not answer: ${why}.`,
      'It is tried again. If it stays so, look whether the broker runs, with its plugin rabbitmq_management, and at agents.management_url.',
      { cause },
    );
  }

  #refusedLogin(): EngineError {
    return new EngineError(
      'transport_refused',
      `The management of the agents' broker at ${this.place} refuses the user '${this.#options.user}'.`,
      'Correct user and password in agents.management_url; the user needs the tag administrator.',
    );
  }

  #refused(method: Method, path: string, status: number, text: string): EngineError {
    const where = `${method} ${path.split('?')[0]}`;
    return new EngineError(
      'transport_refused',
      `The management of the agents' broker at ${this.place} refuses ${where}: ${status} ${reasonOf(text)}`,
      status === 401 || status === 403
        ? `Give its user '${this.#options.user}' the tag administrator: rabbitmqctl set_user_tags ${this.#options.user} administrator`
        : "Look at the broker's log.",
    );
  }
}

async function bounded(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.brokerAnswerBytes) {
      answer.destroy();
      throw new Error(`its answer is longer than ${LIMITS.brokerAnswerBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `{"error": …, "reason": …}`, as RabbitMQ says it; else nothing. */
function reasonOf(text: string): string {
  try {
    const { reason } = JSON.parse(text) as { readonly reason?: unknown };
    if (reason === undefined) return '';
    const said = typeof reason === 'string' ? reason : JSON.stringify(reason);
    return `(${said.slice(0, LIMITS.errorText)}).`;
  } catch {
    return '';
  }
}
