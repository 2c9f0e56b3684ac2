// A command's call as it is sent: hidden values filled in, and hidden again wherever it is spoken of.
// Belongs here: ResolvedAction → HttpRequest. Does not belong here: sending it (web/http-call.ts).
import type { JsonObject, JsonValue } from '../base/json.ts';
import { urlFault } from '../definition/actions/download.ts';
import type { ResolvedAction } from '../machine/types.ts';
import type { DriverContext } from '../runtime/ports.ts';
import { type Sent, sentIn } from './calls/sent.ts';
import { asText, holdsSecret, RenderFailure, reveal } from './reveal.ts';
import type { HttpRequest } from './web/http-call.ts';

type HttpAction = Extract<ResolvedAction, { kind: 'http' }>;

export interface RenderedCall extends Sent {
  readonly request: HttpRequest;
  /** For sentences: the call by its method and as much of its address as may be seen. */
  readonly shown: string;
}

/** Rejects with RenderFailure for what cannot be sent. */
export async function renderCall(action: HttpAction, context: DriverContext): Promise<RenderedCall> {
  const read = (ref: string): Promise<JsonValue> => context.secret(ref);
  const url = urlOf(await reveal(action.url, read), holdsSecret(action.url));
  const headers = headersOf((await reveal(action.headers, read)) as JsonObject);
  const body = action.body === undefined ? undefined : await reveal(action.body, read);
  const shown = await shownAs(action, url);
  const isPlace = shown.includes(url.host);
  const sent = await sentIn([action.url, action.headers, action.body ?? null], read);
  return {
    ...sent,
    request: {
      method: action.method,
      url: url.href,
      ...(isPlace ? {} : { calledAs: 'the hidden address' }),
      headers: typed(headers, body),
      ...(body !== undefined && { body: asText(body) }),
    },
    shown,
  };
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

/** Rejects with RenderFailure for what no header can have. */
export function headersOf(headers: JsonObject): Record<string, string> {
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
