// One credential at work: its token is kept, renewed in time, and every call bears it.
// Belongs here: the token's life, a call and what its status says of the right to it. Does not belong here: which call
// (drivers), whose credential (clouds.ts).
//
// S1 However many calls need a token at once, one is asked for.
// S2 A token is renewed before it ends, and once more when a service refuses it: a refused request was not carried out,
//    so it may be sent again whatever its method.
// S3 Nothing else is sent twice.
// S4 A token is in no answer, whatever a service says back.
import type { CloudCredential } from '../base/credential.ts';
import type { JsonValue } from '../base/json.ts';
import { addressOf, endpointOf, microversionHeaders, officialType } from './catalogue.ts';
import { type Answer, exchange } from './exchange.ts';
import { authenticate, type Token } from './keystone.ts';
import { sentenceOf } from './sentences.ts';
import {
  type Cloud,
  type CloudAnswer,
  type CloudCall,
  CloudFault,
  type CloudSettings,
  type Heard,
} from './types.ts';

/** A token is not used in the last minute of its life, or the last tenth of a shorter one. */
const RESERVE_MS = 60_000;
const RESERVE_SHARE = 0.1;

export interface SessionDeps {
  readonly credential: CloudCredential;
  readonly settings: CloudSettings;
  /** Ms since the epoch. */
  readonly now: () => number;
  /** PEM certificates of authorities, of the file that the credential or the settings name. */
  readonly ca?: string;
  readonly heard?: Heard;
}

export class CloudSession implements Cloud {
  readonly #deps: SessionDeps;
  #token: Token | undefined;
  /** When the token was had: its life is counted by our own clock. */
  #since = 0;
  #asking: Promise<Token> | undefined;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  async call(call: CloudCall, signal?: AbortSignal): Promise<CloudAnswer> {
    const first = await unless(signal, this.#current());
    let answer = await this.#send(call, first, signal);
    if (answer.status === 401) {
      if (this.#token === first) this.#token = undefined;
      answer = await this.#send(call, await unless(signal, this.#current()), signal);
    }
    if (lacksRight(answer)) {
      const why = sentenceOf(answer) ?? `status ${answer.status}`;
      const what = `${call.method} ${call.path} of ${call.service}`;
      throw new CloudFault('unauthorised', `${what} was refused: ${why}`, { status: answer.status });
    }
    return answerOf(answer);
  }

  #current(): Promise<Token> {
    const token = this.#token;
    if (token !== undefined && this.#deps.now() - this.#since < usable(token)) return Promise.resolve(token);
    this.#asking ??= this.#authenticate().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** Without the signal of the call: others may wait for the same token. */
  async #authenticate(): Promise<Token> {
    const { credential, settings, now, ca } = this.#deps;
    const authUrl = credential.auth.auth_url ?? settings.authUrl;
    if (authUrl === undefined)
      throw new CloudFault(
        'unfit',
        'Nobody says where Keystone is: set openstack.auth_url in the settings of the engine.',
      );
    const asked = authenticate(authUrl, credential, ca === undefined ? {} : { ca });
    const token = await this.#timed('identity', asked, () => 201).catch(harmless);
    this.#token = token;
    this.#since = now();
    return token;
  }

  async #send(call: CloudCall, token: Token, signal: AbortSignal | undefined): Promise<FromEndpoint> {
    const { credential, settings, ca } = this.#deps;
    const region = credential.region_name ?? settings.region;
    const endpoint = endpointOf(token.catalogue, call.service, {
      interface: credential.interface ?? settings.interface ?? 'public',
      ...(region !== undefined && { region }),
    });
    const { body, type } = bodyOf(call);
    const sent = exchange({
      method: call.method,
      url: addressOf(endpoint, call.path),
      headers: {
        accept: 'application/json',
        ...(type !== undefined && { 'content-type': type }),
        ...call.headers,
        'x-auth-token': token.id,
        ...microversionHeaders(call.service, call.microversion),
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      },
      ...(body !== undefined && { body }),
      ...(ca !== undefined && { ca }),
      ...(signal && { signal }),
    });
    const answer = await this.#timed(officialType(call.service), sent, ({ status }) => status);
    return { ...without(answer, token.id), endpoint: endpoint.url };
  }

  async #timed<Value>(
    service: string,
    asked: Promise<Value>,
    statusOf: (value: Value) => number,
  ): Promise<Value> {
    const { heard, now } = this.#deps;
    const since = now();
    const tell = (outcome: string): void => heard?.(service, outcome, now() - since);
    try {
      const value = await asked;
      tell(String(statusOf(value)));
      return value;
    } catch (thrown) {
      tell(thrown instanceof CloudFault ? thrown.kind : 'fault');
      throw thrown;
    }
  }
}

type FromEndpoint = Answer & Pick<CloudAnswer, 'endpoint'>;

/** S4 */
function without({ status, headers, text }: Answer, token: string): Answer {
  const clean = (said: string): string => said.replaceAll(token, '***');
  const names = Object.entries(headers).map(([name, value]) => [name, clean(value)] as const);
  return { status, headers: Object.fromEntries(names), text: clean(text) };
}

/** A login that may have been carried out, or whose answer makes no sense, has changed nothing. */
function harmless(thrown: unknown): never {
  if (!(thrown instanceof CloudFault)) throw thrown;
  const { kind, message } = thrown;
  if (kind === 'unsure') throw new CloudFault('unreachable', message, { cause: thrown });
  if (kind === 'answer') throw new CloudFault('unfit', message, { cause: thrown });
  throw thrown;
}

/** Others may go on waiting for the same. */
function unless<Value>(signal: AbortSignal | undefined, promise: Promise<Value>): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function bodyOf({ body }: CloudCall): { readonly body?: string; readonly type?: string } {
  if (body === undefined) return {};
  return typeof body === 'string'
    ? { body, type: 'text/plain; charset=utf-8' }
    : { body: JSON.stringify(body), type: 'application/json' };
}

/** Milliseconds for which it is used. */
const usable = ({ lifetime }: Token): number => lifetime - Math.min(RESERVE_MS, lifetime * RESERVE_SHARE);

/** Nova and Heat answer 403 also where a quota is spent: that is no question of rights. */
const lacksRight = (answer: Answer): boolean =>
  answer.status === 401 || (answer.status === 403 && !/quota|limit|exceeded/i.test(sentenceOf(answer) ?? ''));

function answerOf({ status, headers, text, endpoint }: FromEndpoint): CloudAnswer {
  return { status, headers, endpoint, text, ...(text !== '' && { body: valueOf(text) }) };
}

function valueOf(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
