// One request to the operator's endpoint of an engine elsewhere, and why there is no answer, as sentences.
// Belongs here: bytes, TLS, tokens on the way, errors. Does not belong here: which requests there are (client.ts), streams (stream.ts).
//
// X1 A token goes to the endpoint that was named and nowhere else: no redirect is followed.
// X2 A token that is refused is asked for once more; what was refused was not carried out.
import { Agent as HttpAgent, request as http, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as https } from 'node:https';
import { EngineError, ERROR_CODES, type ErrorCode, errorText } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

export interface Endpoint {
  readonly url: URL;
  /** PEM certificates of authorities; absent: the system's. */
  readonly ca?: string;
  /** A token; `anew`: the last one was refused. Undefined: nobody has to authenticate. */
  readonly token: (anew: boolean) => Promise<string | undefined>;
}

export interface Question {
  readonly method: string;
  /** Below the endpoint, begins with a slash. */
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Milliseconds of silence that are put up with; absent: any time, for a request that changes something waits for its effect. */
  readonly patience?: number;
}

export interface Heard {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** What is told of a request that was refused. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly next: string;
  readonly details?: unknown;
}

export class Exchange {
  readonly #endpoint: Endpoint;
  readonly #agent: HttpAgent;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#agent = isSecure(endpoint)
      ? new HttpsAgent({ keepAlive: true })
      : new HttpAgent({ keepAlive: true });
  }

  get place(): string {
    return this.#endpoint.url.origin;
  }

  /** The answer as its head, with its body still to come. EngineError `transport_closed` when there is none. */
  async open(question: Question): Promise<IncomingMessage> {
    const first = await this.#send(question, await this.#token(false));
    if (first.statusCode !== 401) return first;
    const token = await this.#token(true);
    if (token === undefined) return first;
    first.resume();
    return this.#send(question, token);
  }

  /** The whole answer, whatever its status. */
  async ask(question: Question): Promise<Heard> {
    const response = await this.open(question);
    const { statusCode: status = 0, headers } = response;
    return { status, headers, text: await this.read(response) };
  }

  async read(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > LIMITS.remoteAnswerBytes) {
          response.destroy();
          throw new Error(`its answer is longer than ${LIMITS.remoteAnswerBytes} bytes`);
        }
        chunks.push(chunk);
      }
    } catch (thrown) {
      throw this.#unreachable(thrown);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  close(): void {
    this.#agent.destroy();
  }

  async #token(anew: boolean): Promise<string | undefined> {
    return this.#endpoint.token(anew);
  }

  #send(question: Question, token: string | undefined): Promise<IncomingMessage> {
    const { method, path, body, signal, patience } = question;
    const { url, ca } = this.#endpoint;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const options = {
      method,
      headers: headersOf(question, token, text),
      agent: this.#agent,
      ...(ca !== undefined && { ca }),
      ...(signal !== undefined && { signal }),
      ...(patience !== undefined && { timeout: patience }),
    };
    return new Promise((resolve, reject) => {
      const target = new URL(`${url.pathname.replace(/\/+$/, '')}${path}`, url.origin);
      const outgoing = (isSecure(this.#endpoint) ? https : http)(target, options, resolve);
      outgoing.once('timeout', () =>
        outgoing.destroy(new Error(`no answer for ${(patience ?? 0) / 1_000} s`)),
      );
      outgoing.once('error', thrown => reject(this.#unreachable(thrown)));
      outgoing.end(text);
    });
  }

  #unreachable(thrown: unknown): EngineError {
    const code = (thrown as { readonly code?: unknown }).code;
    const { next } = ADVICE.find(({ codes }) => codes.test(String(code))) ?? OTHERWISE;
    const message = `The engine at ${this.place} does not answer: ${errorText(thrown) || String(code)}.`;
    return new EngineError('transport_closed', message, next, { cause: thrown });
  }
}

const isSecure = ({ url }: Pick<Endpoint, 'url'>): boolean => url.protocol === 'https:';

/** Both ways in which endpoints take a token: Keystone's, and the one of a trial. */
function headersOf(
  { headers }: Question,
  token: string | undefined,
  text: string | undefined,
): { readonly [name: string]: string } {
  return {
    accept: 'application/json',
    'x-requested-with': 'murano-workflow',
    ...(text !== undefined && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
    }),
    ...(token !== undefined && { 'x-auth-token': token, authorization: `Bearer ${token}` }),
    ...headers,
  };
}

const OTHERWISE = {
  next: 'Ask again: a request that was accepted is answered by its id, and not done twice.',
};
const ADVICE: readonly { readonly codes: RegExp; readonly next: string }[] = [
  {
    codes: /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/,
    next: "Look at the address and port of --endpoint, and whether that engine runs with 'admin.listen' in its settings.",
  },
  {
    codes: /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/,
    next: 'Name the file of its authority: OS_CACERT, or cacert in clouds.yaml; and use the name that its certificate is for.',
  },
  {
    codes: /^(EPROTO|ERR_SSL.*|ECONNRESET|HPE_.*)$/,
    next: 'Is it http:// where the endpoint speaks https://, or the other way round?',
  },
];

/** Undefined: it was no refusal. */
export function refusalIn({ status, text }: Heard): Refusal | undefined {
  if (status >= 200 && status <= 299) return undefined;
  const found = objectIn(text);
  const { detail, code, next, details } = found ?? {};
  if (typeof detail === 'string' && typeof code === 'string' && typeof next === 'string')
    return { status, code, detail, next, ...(details !== undefined && { details }) };
  return {
    status,
    code: 'transport_refused',
    detail: `What answers is no endpoint of an engine (status ${status}).`,
    next: 'Look at the address and port of --endpoint.',
  };
}

/** Where a token is asked for, how one is given. */
export function errorOf({ status, code, detail, next, details }: Refusal, place: string): EngineError {
  if (status === 401) return unauthenticated(place);
  if (status === 403)
    return new EngineError('not_allowed', `The engine at ${place} refuses it: ${detail}`, next);
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'internal';
  return new EngineError(known, detail, next, { details });
}

const unauthenticated = (place: string): EngineError =>
  new EngineError(
    'not_allowed',
    `The engine at ${place} does not know who asks: no token came, or one that is no longer good.`,
    'Log in by --os-cloud NAME (clouds.yaml), OS_CLOUD or the variables OS_…; or give a token in OS_TOKEN.',
  );

export function objectIn(text: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as { [key: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}
