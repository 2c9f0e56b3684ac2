// The action `http`: calls a service over HTTP.
// Belongs here: what it has besides what any call has (call.ts). Does not belong here: the call (drivers/http-work.ts),
// whom the operator lets be called.
import { hasExpression } from '../expression-marks.ts';
import { type Fields, type Node, readMap } from '../reader.ts';
import { buildCall, CONNECTION, draftOf, readCall } from './call.ts';
import { urlFault } from './download.ts';
import type { KindOfAction } from './kind.ts';

export const http: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: true,
  idempotent: false,
  read(node, context) {
    const fields = readMap(context.report, node, 'http', `the call of ${context.what}`);
    if (fields === undefined) return undefined;
    const url = readUrl(fields);
    const call = readCall(fields, context, CONNECTION);
    if (url === undefined) return undefined;
    return {
      kind: 'http',
      at: node.at,
      ...draftOf(call),
      build: compile => ({
        kind: 'http',
        url: compile(url.value, url.at),
        ...buildCall(fields, call, compile),
      }),
    };
  },
};

function readUrl(fields: Fields): Node | undefined {
  const node = fields.required('url');
  const url = node && fields.string('url');
  if (url === undefined || hasExpression(url)) return url === undefined ? undefined : node;
  const fault = urlFault(url);
  if (fault === undefined) return node;
  const hint = fault.what.includes('password')
    ? 'Put it into a header, from a hidden input: headers: {authorization: "Bearer <% inputs.token %>"}.'
    : fault.hint;
  fields.report.add('wrong_value', fields.place('url'), `url of ${fields.what} ${fault.what}.`, { hint });
  return node;
}
