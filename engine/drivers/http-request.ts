// A command's call as it is sent: hidden values filled in, and hidden again wherever it is spoken of.
// Belongs here: ResolvedAction → HttpRequest. Does not belong here: sending it (web/http-call.ts).
import { createMasker, textsIn } from '../../agent-protocol/agent/masking.ts';
import { secretRefs, type JsonObject, type JsonValue } from '../base/json.ts';
import { urlFault } from '../definition/actions/download.ts';
import type { ResolvedAction } from '../machine/types.ts';
import type { DriverContext } from '../runtime/ports.ts';
import { asText, holdsSecret, RenderFailure, reveal } from './reveal.ts';
import type { HttpRequest } from './web/http-call.ts';

type HttpAction = Extract<ResolvedAction, { kind: 'http' }>;

export interface RenderedCall {
  readonly request: HttpRequest;
  /** For sentences: the call by its method and as much of its address as may be seen. */
  readonly shown: string;
  mask(text: string): string;
  /** True when a hidden value that was sent is in the text. Of very short ones nobody can say. */
  holdsSent(text: string): boolean;
}

/** Of fewer characters chance finds too many. */
const TELLING = 8;

/** Rejects with RenderFailure for what cannot be sent. */
export async function renderCall(action: HttpAction, context: DriverContext): Promise<RenderedCall> {
  const read = (ref: string): Promise<JsonValue> => context.secret(ref);
  const url = urlOf(await reveal(action.url, read), holdsSecret(action.url));
  const headers = headersOf((await reveal(action.headers, read)) as JsonObject);
  const body = action.body === undefined ? undefined : await reveal(action.body, read);
  const shown = await shownAs(action, url);
  const isPlace = shown.includes(url.host);
  const sent = await sentSecrets(action, read);
  const masker = createMasker(sent);
  const strict = createMasker(sent.filter(text => text.length >= TELLING));
  return {
    request: {
      method: action.method,
      url: url.href,
      ...(isPlace ? {} : { calledAs: 'the hidden address' }),
      headers: typed(headers, body),
      ...(body !== undefined && { body: asText(body) }),
    },
    shown,
    mask: text => masker.mask(text),
    holdsSent: text => strict.mask(text) !== text,
  };
}

async function sentSecrets(action: HttpAction, read: (ref: string) => Promise<JsonValue>): Promise<string[]> {
  const { url, headers, body = null } = action;
  const values = await Promise.all(secretRefs([url, headers, body]).map(read));
  const texts = values.flatMap(value => textsIn(value));
  return [...texts, ...texts.flatMap(text => [...inAddress(text), ...misread(text)])];
}

/** As part of a body that is said again in another form, and as bytes that were taken for another character set. */
function misread(text: string): string[] {
  return [JSON.stringify(text).slice(1, -1), Buffer.from(text, 'utf8').toString('latin1')];
}

/** As it stands in an address, where a service may say it again: within a path, and behind a question mark. */
function inAddress(text: string): string[] {
  return ['http://x/', 'http://x/?'].flatMap(before => {
    const url = URL.parse(`${before}${text}`);
    return url === null
      ? []
      : [url.href.slice(before.length), url.href.slice(before.length).split('#')[0] ?? ''];
  });
}

function urlOf(value: JsonValue, hidden: boolean): URL {
  const text = typeof value === 'string' ? value : '';
  const fault = urlFault(text);
  if (fault === undefined) return new URL(text);
  throw new RenderFailure(`The url${hidden ? ', with its hidden part,' : ''} ${fault.what}.`);
}

/** Method, host and path; of an address with a hidden part the host at most, and that only where none of it is hidden. */
async function shownAs(
  { method, url: written }: HttpAction,
  { origin, host, pathname }: URL,
): Promise<string> {
  if (!holdsSecret(written)) return `${method} ${origin}${pathname}`.slice(0, 300);
  const [one, other] = await Promise.all(['x', 'y'].map(hidden => originWith(written, hidden)));
  return one !== undefined && one === other ? `${method} ${host}` : `${method} of a hidden address`;
}

async function originWith(written: JsonValue, hidden: string): Promise<string | undefined> {
  const text = await reveal(written, () => Promise.resolve(hidden));
  return typeof text === 'string' ? URL.parse(text)?.origin : undefined;
}

function headersOf(headers: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const text = asText(value).trim();
      // Other characters are allowed by some, and read in as many ways.
      if (/[^\t\x20-\x7e]/.test(text))
        throw new RenderFailure(
          `The header '${name}' has a line end or a character that no header can have.`,
        );
      return [name, text];
    }),
  );
}

/** A map or a list goes as JSON, and says so. */
function typed(headers: Record<string, string>, body: JsonValue | undefined): Record<string, string> {
  if (body === undefined || 'content-type' in headers) return headers;
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  return { ...headers, 'content-type': type };
}
