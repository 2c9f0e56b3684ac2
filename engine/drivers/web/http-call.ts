// One call of an HTTP service: judged before a byte leaves, and bounded in everything that comes back.
// Belongs here: addresses, connection, TLS, bounds. Does not belong here: who may be called (egress.ts), what an answer
// means (http-driver.ts), secrets: what is thrown names host and port, and nothing else of what was sent.
//
// HC1 The address that was judged is the one that is called: no connection is used again, no name is looked up twice.
// HC2 Redirects are not followed: they would lead to where nobody has looked.
import { lookup, type LookupAddress } from 'node:dns';
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { parseAddress } from '../../base/addresses.ts';
import { errorText } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Egress } from './egress.ts';

export interface HttpRequest {
  readonly method: string;
  /** http or https, without user and password. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What sentences call the host that they may not name. */
  readonly calledAs?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** By name in lower case; of several with one name, joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** As UTF-8. */
  readonly body: string;
}

export interface HttpWays {
  readonly egress: Egress;
  /** PEM certificates of authorities to believe instead of the system's. */
  readonly ca?: string;
  /** Replaced only by tests. */
  readonly lookUp?: (host: string) => Promise<readonly LookupAddress[]>;
}

/** Why there is no answer. `refused`: it was not sent, and never will be; `unreachable`: another try may be answered. */
export class CallFailure extends Error {
  readonly kind: 'refused' | 'unreachable';

  constructor(kind: CallFailure['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Rejects with CallFailure, or with the signal's reason. */
export async function callHttp(
  request: HttpRequest,
  ways: HttpWays,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const url = new URL(request.url);
  const target = { ...targetOf(url), ...(request.calledAs !== undefined && { name: request.calledAs }) };
  try {
    const addresses = await allowedAddresses(target, ways);
    signal.throwIfAborted();
    return await exchange(url, request, addresses, ways.ca, signal);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (thrown instanceof CallFailure) throw thrown;
    throw new CallFailure('unreachable', `${shown(target)} does not answer: ${reasonOf(thrown, target)}.`);
  }
}

interface Target {
  readonly name?: string;
  readonly host: string;
  readonly port: number;
}

function targetOf({ hostname, port, protocol }: URL): Target {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return { host, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
}

const shown = ({ name, host, port }: Target): string =>
  name ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** Those of the host's addresses that may be called. */
async function allowedAddresses(
  target: Target,
  { egress, lookUp = lookUpHost }: HttpWays,
): Promise<readonly LookupAddress[]> {
  const { host, port } = target;
  const literal = parseAddress(host);
  if (!literal && !egress.mayLookUp(host, port)) throw denied(target);
  const found = literal ? [{ address: host, family: literal.bits === 32 ? 4 : 6 }] : await lookUp(host);
  const allowed = found.filter(({ address }) => egress.allows(host, port, address));
  if (allowed.length > 0) return allowed;
  throw denied(target, found[0]?.address);
}

const lookUpHost = (host: string): Promise<readonly LookupAddress[]> =>
  new Promise((resolve, reject) =>
    lookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found))),
  );

function denied(target: Target, address?: string): CallFailure {
  const isNamed = target.name === undefined;
  const where = !isNamed || address === undefined || address === target.host ? '' : ` at ${address}`;
  const entry = isNamed ? `'${shown(target)}'` : 'its host';
  return new CallFailure(
    'refused',
    `This engine may not call ${shown(target)}${where}: its operator has not allowed it. ` +
      `Ask for ${entry} under egress.allow in the engine's settings; of addresses that are not public the documentation says more.`,
  );
}

function exchange(
  url: URL,
  { method, headers, body }: HttpRequest,
  addresses: readonly LookupAddress[],
  ca: string | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const send = url.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'murano-workflow', ...headers },
      signal,
      agent: false,
      lookup: pinned(addresses),
      maxHeaderSize: LIMITS.httpHeaderBytes,
      ...(ca !== undefined && { ca }),
    } as const;
    const sent: ClientRequest = send(url, options);
    sent.once('error', reject);
    sent.once('upgrade', (_answer, socket) => {
      socket.destroy();
      reject(new Error('it wants to go on in another protocol'));
    });
    sent.once('response', answer => {
      readAnswer(answer).then(resolve, (thrown: unknown) => {
        sent.destroy();
        reject(thrown as Error);
      });
    });
    sent.end(body);
  });
}

/** Answers with what was judged, whoever asks, in the form that is asked for. */
function pinned(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, done) => {
    const fitting = addresses.filter(({ family }) => !options.family || options.family === family);
    const [first] = fitting;
    if (first === undefined) done(new Error('it has no address of that family'), '', 0);
    else if (options.all) done(null, [...fitting]);
    else done(null, first.address, first.family);
  };
}

async function readAnswer(answer: IncomingMessage): Promise<HttpAnswer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > LIMITS.httpAnswerBytes)
      throw new Error(`its answer has more than ${LIMITS.httpAnswerBytes} bytes`);
    pieces.push(piece);
  }
  const headers = Object.entries(answer.headers).map(
    ([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')] as const,
  );
  return {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(pieces).toString('utf8'),
  };
}

/** Of what Node throws the code or its sentence, which name neither headers nor body. */
function reasonOf(thrown: unknown, target: Target): string {
  const { code, errors } = thrown as { readonly code?: string; readonly errors?: readonly unknown[] };
  if (errors?.[0] !== undefined) return reasonOf(errors[0], target);
  if (target.name !== undefined) return code ?? 'no answer came';
  const text = errorText(thrown).replace(/\.$/, '').slice(0, 300);
  return code !== undefined && !text.includes(code) ? `${text} (${code})` : text;
}
