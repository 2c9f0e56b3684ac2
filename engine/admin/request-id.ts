// Under which id a request is stored: asked twice it is done once.
// Belongs here: keys of clients and what they count for. Does not belong here: that it is done once (runtime/inbox.ts).
//
// A key counts together with who sent it and what is asked: nobody meets the answer to somebody else's request, and nobody takes the
// answer to one request for that to another.
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { EngineError } from '../base/errors.ts';
import { canonicalJson, type JsonValue } from '../base/json.ts';
import type { Principal } from './auth/types.ts';

const LONGEST = 255;

/** `asked`: everything that the request says, its address among it. EngineError `usage` for a key that is none. */
export function requestIdOf(headers: IncomingHttpHeaders, who: Principal, asked: JsonValue): string {
  const key = headers['idempotency-key'];
  if (key === undefined) return `http-${randomUUID()}`;
  if (typeof key !== 'string' || key.length === 0 || key.length > LONGEST)
    throw new EngineError(
      'usage',
      `Idempotency-Key has to be of 1 to ${LONGEST} characters.`,
      'Send a UUID, the same again for the same request.',
    );
  const text = canonicalJson([key, who.user, who.project ?? '', asked]);
  return `h${createHash('sha256').update(text).digest('base64url')}`;
}

/** `If-Match: "12"`: the number of the last entry in the log that was seen. EngineError `usage`. */
export function seqOf({ 'if-match': tag }: IncomingHttpHeaders): { readonly seq?: number } {
  if (tag === undefined || tag === '*') return {};
  const found = /^(?:W\/)?"(\d{1,15})"$/.exec(tag)?.[1];
  if (found !== undefined) return { seq: Number(found) };
  throw new EngineError('usage', 'If-Match is no ETag of a workflow.', 'Send the ETag that came with it.');
}
