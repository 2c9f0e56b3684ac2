// What any call of a service has: how it is made, what its answer must be like, what is taken from it.
// Belongs here: the keys that `http` and `openstack` share. Does not belong here: where they call (http.ts, openstack.ts).
import type { JsonObject, JsonValue } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Call } from '../calls.ts';
import type { ActionDraft, Compile } from '../draft.ts';
import { hasExpression } from '../expression-marks.ts';
import { pointerTo } from '../positions.ts';
import { type Fields, type Node, readEntries, readItems } from '../reader.ts';
import { HTTP_METHODS, type HttpMethod } from '../types.ts';
import { shown } from '../yaml-scalars.ts';
import type { ActionContext } from './kind.ts';

export interface CallRead {
  readonly method: HttpMethod;
  readonly headers: JsonObject;
  readonly expect: readonly number[] | Node | undefined;
  readonly until: Node | undefined;
  readonly outputs: readonly (readonly [string, Node])[];
}

export function readCall(fields: Fields, context: ActionContext, taken: Taken): CallRead {
  const method = readMethod(fields, context);
  const headers = readHeaders(fields, taken);
  const expect = readExpected(fields);
  const until = readTest(fields, 'until');
  const outputs = readOutputs(fields, context);
  if (until) checkUntil(fields, context, method);
  return { method, headers, expect, until, outputs };
}

/** What the state has to know of it. */
export function draftOf({
  method,
  outputs,
}: CallRead): Pick<ActionDraft, 'gives' | 'givesOthers' | 'idempotent'> {
  const gives = outputs.map(([name, { at }]) => ({ name, at }));
  return { gives, givesOthers: true, idempotent: isRepeatable(method) };
}

export function buildCall(fields: Fields, read: CallRead, compile: Compile): Call {
  const { method, headers, expect, until, outputs } = read;
  const body = fields.get('body');
  return {
    method,
    headers: compile(headers, fields.place('headers')),
    ...(body && { body: compile(body.value, body.at) }),
    ...(expect && { expect: isNode(expect) ? testOf(expect, compile) : expect }),
    ...(until && { until: testOf(until, compile) }),
    outputs: Object.fromEntries(outputs.map(([name, node]) => [name, valueOf(node, compile)])),
  };
}

/** Calling twice does what calling once does (RFC 9110, 9.2.2). */
export const isRepeatable = (method: HttpMethod): boolean => method !== 'POST' && method !== 'PATCH';

const isNode = (expect: readonly number[] | Node): expect is Node => 'at' in expect && 'value' in expect;

/** Compiled to find what is wrong with it; what travels is its text. */
function testOf({ value, at }: Node, compile: Compile): string {
  compile(value, at, { response: 'test' });
  return typeof value === 'string' ? value : '';
}

function valueOf({ value, at }: Node, compile: Compile): JsonValue {
  compile(value, at, { response: 'value' });
  return value;
}

function readMethod(fields: Fields, { report }: ActionContext): HttpMethod {
  const said = fields.choice('method', HTTP_METHODS);
  const method = said ?? 'GET';
  const isRead = method === 'GET' || method === 'HEAD';
  if (fields.has('body') && isRead && (said !== undefined || !fields.has('method'))) {
    const message = `${fields.what} has a body, but is a ${method}, which sends none.`;
    report.add('wrong_value', fields.place('body'), message, {
      hint: "Write 'method: POST', or leave the body out.",
      key: true,
    });
  }
  return method;
}

const TOKEN = /^[A-Za-z0-9!#%&'*+.^_`|~-]{1,200}$/;
const OF_CONNECTION =
  'host content-length transfer-encoding connection keep-alive te trailer upgrade expect proxy-authorization proxy-connection';

/** Headers that an author cannot set: name → who does, and what to write instead. */
export type Taken = ReadonlyMap<string, { readonly what: string; readonly hint: string }>;

/** What the connection itself is made of. */
export const CONNECTION: Taken = new Map(
  OF_CONNECTION.split(' ').map(name => [
    name,
    { what: 'belongs to the connection', hint: 'Leave it out: the engine sets it.' },
  ]),
);

function readHeaders(fields: Fields, taken: Taken): JsonObject {
  const headers = new Map<string, JsonValue>();
  const what = `headers of ${fields.what}`;
  for (const [name, { value, at }] of readEntries(
    fields.report,
    fields.get('headers'),
    what,
    LIMITS.httpHeaders,
  )) {
    const key = name.toLowerCase();
    const fault = taken.get(key) ?? headerFault(key, value, headers);
    if (fault === undefined) headers.set(key, value);
    else
      fields.report.add('wrong_value', at, `The header '${shown(name)}' of ${fields.what} ${fault.what}.`, {
        hint: fault.hint,
        key: true,
      });
  }
  return Object.fromEntries(headers);
}

function headerFault(
  key: string,
  value: JsonValue,
  others: ReadonlyMap<string, JsonValue>,
): { readonly what: string; readonly hint: string } | undefined {
  if (!TOKEN.test(key)) return { what: 'has no name that HTTP knows', hint: 'Use letters, digits and -.' };
  if (others.has(key)) return { what: 'stands there twice', hint: 'Keep one of them.' };
  if (typeof value === 'object')
    return { what: 'is no text', hint: 'Write one text, also for several values: a, b.' };
  if (typeof value === 'string' && /[\r\n\0]/.test(value.trim()))
    return { what: 'has more than one line', hint: 'Write it on one.' };
  return undefined;
}

/** Status codes, or an expression. */
function readExpected(fields: Fields): readonly number[] | Node | undefined {
  const node = fields.get('expect');
  if (node === undefined) return undefined;
  if (typeof node.value === 'string' && hasExpression(node.value)) return readTest(fields, 'expect');
  const codes = readItems(fields.report, node, `expect of ${fields.what}`, LIMITS.httpStatuses).map(item => {
    const { value } = item;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599) return value;
    const message = `expect of ${fields.what} holds '${shown(JSON.stringify(value))}', which is no status code.`;
    fields.report.add('wrong_value', item.at, message, {
      hint: 'Write a code such as 200, a list of them, or an expression: "<% response.status < 300 %>".',
    });
    return undefined;
  });
  const good = codes.filter(code => code !== undefined);
  return good.length === codes.length && good.length > 0 ? good : undefined;
}

function readTest(fields: Fields, key: 'expect' | 'until'): Node | undefined {
  const node = fields.get(key);
  if (node === undefined) return undefined;
  if (typeof node.value === 'string' && hasExpression(node.value)) return node;
  const message = `${key} of ${fields.what} is no expression.`;
  fields.report.add('wrong_type', node.at, message, {
    hint: `Write one over the response: ${key}: "<% response.json.status == 'ACTIVE' %>".`,
  });
  return undefined;
}

/** Row 35: to look again and again does no harm, which to do something again and again may. */
function checkUntil(fields: Fields, { phase, idempotent }: ActionContext, method: HttpMethod): void {
  const place = fields.place('until');
  if (phase === 'probe') {
    const message = `${fields.what} has 'until', but a probe looks once.`;
    fields.report.add('wrong_value', place, message, { hint: "Write 'expect' instead.", key: true });
  } else if (!isRepeatable(method) && !(phase === undefined && idempotent === true)) {
    const message = `${fields.what} has 'until', so it would ${method} again and again.`;
    const otherwise = phase === undefined ? ", or 'idempotent: true' on the state if that does no harm" : '';
    fields.report.add('wrong_value', place, message, {
      hint: `Look with GET in a state of its own that requires this one${otherwise}.`,
      key: true,
    });
  }
}

function readOutputs(fields: Fields, { phase }: ActionContext): readonly (readonly [string, Node])[] {
  const node = fields.get('outputs');
  if (node !== undefined && (phase === 'undo' || phase === 'rescue')) {
    const message = `${fields.what} has outputs, but only an action and a probe give any.`;
    fields.report.add('wrong_value', node.at, message, { hint: "Remove 'outputs'.", key: true });
    return [];
  }
  return readEntries(fields.report, node, `outputs of ${fields.what}`, LIMITS.outputs).map(
    ([name, { value }]) => [name, { value, at: pointerTo(fields.place('outputs'), name) }] as const,
  );
}
