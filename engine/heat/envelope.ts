// oslo.messaging's envelope, version 2.0: the bytes of a request read, the bytes of an answer written.
// Belongs here: the shape on the wire, as oslo.messaging 5 to 17 speak it over RabbitMQ (`_drivers/common.py`,
// `amqpdriver.py`). Does not belong here: queues (topology.ts), methods (methods.ts).
//
//   {"oslo.version": "2.0", "oslo.message": "<JSON text>"}         around everything
//   call:  {method, args, version, namespace?, _msg_id, _reply_q, _timeout, _unique_id, _context_*}
//   cast:  the same without _msg_id, _reply_q, _timeout
//   reply: {result, failure, ending, _msg_id, _unique_id}; `failure` is JSON text once more
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../base/json.ts';

const VERSION = '2.0';
/** Bytes of one request: a definition with all its files, inputs and members, written as JSON in JSON. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Lists and maps in one another. */
const MAX_DEPTH = 200;
/** Bytes of a queue's name in AMQP. */
const QUEUE_BYTES = 255;

/** Who asks, for the record. Of what Heat sends along, the token and everything else is left where it is. */
export interface RpcContext {
  readonly userId: string;
  readonly projectId: string;
  readonly requestId: string;
}

export interface RpcRequest {
  readonly method: string;
  readonly args: JsonObject;
  /** `MAJOR.MINOR` that the caller needs. */
  readonly version: string;
  readonly namespace?: string;
  readonly context: RpcContext;
  /** Equal in every copy of one request. */
  readonly uniqueId?: string;
  /** Absent: a cast, which nobody waits for. */
  readonly reply?: ReplyAddress;
}

export interface ReplyAddress {
  readonly queue: string;
  readonly id: string;
  /** Seconds after which the caller gives up unless it hears a beat; null: it waits for the answer alone. */
  readonly monitor: number | null;
}

/** What a caller is told instead of a result; `module` and `class` name the exception that it raises. */
export interface RpcFailure {
  readonly class: string;
  readonly module: string;
  readonly message: string;
}

const envelope = z.object({ 'oslo.version': z.string(), 'oslo.message': z.string() });
const inner = z.looseObject({
  method: z.string(),
  args: z.record(z.string(), z.json()).default({}),
  version: z.string().default('1.0'),
  namespace: z.string().nullish(),
  _unique_id: z.string().max(200).nullish(),
  _msg_id: z.string().max(200).nullish(),
  _reply_q: z
    .string()
    .refine(name => Buffer.byteLength(name) <= QUEUE_BYTES)
    .nullish(),
  _timeout: z.number().nullish(),
});

/** A request, or why these bytes are none. */
export function decodeRequest(
  body: Uint8Array,
): { readonly request: RpcRequest } | { readonly refused: string } {
  if (body.length > MAX_BYTES) return { refused: `it has ${body.length} bytes, more than ${MAX_BYTES}` };
  const outer = envelope.safeParse(parse(body));
  if (!outer.success) return { refused: 'it has no envelope of oslo.messaging' };
  if (outer.data['oslo.version'].split('.')[0] !== VERSION.split('.')[0]) {
    return { refused: `its envelope has version ${outer.data['oslo.version']}, not ${VERSION}` };
  }
  const message = parse(Buffer.from(outer.data['oslo.message']));
  if (isDeeper(message, MAX_DEPTH)) return { refused: `it is nested deeper than ${MAX_DEPTH}` };
  const found = inner.safeParse(message);
  if (!found.success)
    return { refused: `its ${found.error.issues[0]?.path.join('.') ?? 'content'} has another shape` };
  return { request: toRequest(found.data) };
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some(item => isDeeper(item, depth - 1));
}

function toRequest(message: z.infer<typeof inner>): RpcRequest {
  const {
    method,
    version,
    namespace,
    _msg_id: id,
    _reply_q: queue,
    _timeout: monitor,
    _unique_id: unique,
  } = message;
  return {
    method,
    args: message.args as JsonObject,
    version,
    context: contextOf(message),
    ...(typeof namespace === 'string' && { namespace }),
    ...(typeof unique === 'string' && { uniqueId: unique }),
    ...(typeof id === 'string' &&
      typeof queue === 'string' && { reply: { id, queue, monitor: monitor ?? null } }),
  };
}

function contextOf(message: { readonly [key: string]: unknown }): RpcContext {
  const text = (key: string): string => {
    const value = message[`_context_${key}`];
    return typeof value === 'string' ? value : '';
  };
  return { userId: text('user_id'), projectId: text('project_id'), requestId: text('request_id') };
}

/** `uniqueId`: 32 hex digits, another for every answer; a caller drops what it has heard already. */
export function encodeResult({ id }: ReplyAddress, result: JsonValue, uniqueId: string): Uint8Array {
  return encode({ result, failure: null, ending: true, _msg_id: id, _unique_id: uniqueId });
}

export function encodeFailure({ id }: ReplyAddress, failure: RpcFailure, uniqueId: string): Uint8Array {
  const { message } = failure;
  // oslo shows `tb` line by line in the caller's log; ours has nothing that helps there.
  const text = JSON.stringify({ ...failure, tb: [], args: [message], kwargs: {} });
  return encode({ result: null, failure: text, ending: true, _msg_id: id, _unique_id: uniqueId });
}

/** Tells a caller that monitors its call that it is still being worked on. */
export function encodeBeat({ id }: ReplyAddress, uniqueId: string): Uint8Array {
  return encode({ result: null, failure: null, ending: false, _msg_id: id, _unique_id: uniqueId });
}

const encode = (message: JsonObject): Uint8Array =>
  Buffer.from(JSON.stringify({ 'oslo.version': VERSION, 'oslo.message': JSON.stringify(message) }));

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
