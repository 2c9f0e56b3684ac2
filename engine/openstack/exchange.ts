// One request and its answer over HTTP or HTTPS, bounded in bytes and time.
// Belongs here: the exchange of bytes. Does not belong here: tokens, services, what a status means.
//
// E1 No redirect is followed: a token goes to the address it was meant for, or nowhere.
// E2 What is too long or too slow is dropped, not gathered.
// E3 A failure before the request was on its way is told from one after it: only the first is surely without effect.
import { request as http } from 'node:http';
import { request as https } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { errorText } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { CloudFault } from './types.ts';

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
  /** PEM certificates of authorities; absent: the system's. */
  readonly ca?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds; absent: LIMITS.cloudRequestMs. */
  readonly timeout?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly text: string;
}

/** Rejects with CloudFault `unreachable`, `unsure` or `answer`. */
export async function exchange(asked: Exchange): Promise<Answer> {
  const timeout = AbortSignal.timeout(asked.timeout ?? LIMITS.cloudRequestMs);
  const signal = asked.signal === undefined ? timeout : AbortSignal.any([timeout, asked.signal]);
  let wasSent = false;
  try {
    const response = await send(asked, signal, () => (wasSent = true));
    return {
      status: response.statusCode ?? 0,
      headers: headersOf(response),
      text: await bounded(response, asked.url),
    };
  } catch (thrown) {
    if (thrown instanceof CloudFault) throw thrown;
    const why = timeout.aborted ? 'it did not answer in time' : errorText(thrown);
    const kind = wasSent ? 'unsure' : 'unreachable';
    throw new CloudFault(kind, `No answer from ${asked.url.origin}: ${why}.`, { cause: thrown });
  }
}

function send(
  { method, url, headers, body, ca }: Exchange,
  signal: AbortSignal,
  onSent: () => void,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal, agent: false, ...(ca !== undefined && { ca }) } as const;
    const outgoing: ClientRequest = (url.protocol === 'https:' ? https : http)(url, options, resolve);
    outgoing.once('error', reject);
    outgoing.once('socket', socket => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', onSent);
    });
    outgoing.end(body);
  });
}

async function bounded(response: IncomingMessage, url: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.cloudAnswerBytes) {
      response.destroy();
      throw new CloudFault(
        'answer',
        `The answer of ${url.origin} is longer than ${LIMITS.cloudAnswerBytes} bytes.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf({ headers }: IncomingMessage): Answer['headers'] {
  const flat = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const last = Array.isArray(value) ? value.at(-1) : value;
    return last === undefined ? [] : [[name, last]];
  });
  return Object.fromEntries(flat);
}
