// The action `openstack`: calls an API of the cloud as the workflow's owner.
// Belongs here: what it has besides what any call has (call.ts). Does not belong here: the call
// (drivers/cloud/openstack-work.ts), tokens and the catalogue (openstack/).
import { hasExpression } from '../expression-marks.ts';
import { type Fields, type Node, readMap, readName } from '../reader.ts';
import { shown } from '../yaml-scalars.ts';
import { buildCall, CONNECTION, draftOf, readCall, type Taken } from './call.ts';
import type { KindOfAction } from './kind.ts';

export const openstack: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: true,
  idempotent: false,
  read(node, context) {
    const fields = readMap(context.report, node, 'openstack', `the call of ${context.what}`);
    if (fields === undefined) return undefined;
    const service = readService(fields);
    const path = readPath(fields);
    const microversion = readMicroversion(fields);
    const call = readCall(fields, context, TAKEN);
    if (service === undefined || path === undefined) return undefined;
    return {
      kind: 'openstack',
      at: node.at,
      ...draftOf(call),
      build: compile => ({
        kind: 'openstack',
        service,
        path: compile(path.value, path.at),
        ...(microversion !== undefined && { microversion }),
        ...buildCall(fields, call, compile),
      }),
    };
  },
};

const TOKEN_IS_OURS = {
  what: 'belongs to the right of the owner',
  hint: 'Leave it out: the engine sets it.',
};
const SAY_MICROVERSION = { what: 'is set by another key', hint: "Write microversion: '2.79'." };

const TAKEN: Taken = new Map([
  ...CONNECTION,
  ...['x-auth-token', 'x-service-token'].map(name => [name, TOKEN_IS_OURS] as const),
  ...[
    'openstack-api-version',
    'x-openstack-nova-api-version',
    'x-openstack-ironic-api-version',
    'x-openstack-manila-api-version',
  ].map(name => [name, SAY_MICROVERSION] as const),
]);

/** It must be known before anything runs, so it is no expression. */
function readService(fields: Fields): string | undefined {
  const node = fields.required('service', "Name its type as the catalogue does: 'compute'.");
  const service = node && readName(fields.report, node, `service of ${fields.what}`);
  if (node === undefined || service === undefined || /^[a-z][a-z0-9-]{0,62}$/.test(service)) return service;
  const message = `service of ${fields.what} is '${shown(service)}', which is no type of a service.`;
  fields.report.add('wrong_value', node.at, message, {
    hint: 'Write one such as compute, network, block-storage or load-balancer: `openstack catalog list` shows them.',
  });
  return undefined;
}

function readPath(fields: Fields): Node | undefined {
  const node = fields.required('path', "Write it below the service's endpoint: path: /servers.");
  const path = node && fields.string('path');
  if (path === undefined) return undefined;
  const fault = hasExpression(path) ? undefined : pathFault(path);
  if (fault)
    fields.report.add('wrong_value', fields.place('path'), `path of ${fields.what} ${fault.what}.`, {
      hint: fault.hint,
    });
  return node;
}

/** Why it cannot be a path below an endpoint; undefined where it can. */
export function pathFault(path: string): { readonly what: string; readonly hint: string } | undefined {
  if (/^https?:/i.test(path))
    return {
      what: 'is a whole address',
      hint: 'Leave out what the catalogue has: the address and the version of the endpoint.',
    };
  if (!path.startsWith('/')) return { what: 'does not begin with a slash', hint: `Write '/${shown(path)}'.` };
  if (/[\s#\\]/.test(path))
    return {
      what: 'has a space, a # or a backslash',
      hint: 'Encode them: %20, %23, %5C.',
    };
  const [before = ''] = path.split('?');
  const climbs = before.split('/').some(part => /^(?:\.|%2e){1,2}$/i.test(part));
  return climbs || before.startsWith('//')
    ? { what: "does not stay below the service's endpoint", hint: 'Write it without . and .. in it.' }
    : undefined;
}

/** Unquoted, 2.10 is 2.1. */
function readMicroversion(fields: Fields): string | undefined {
  const node = fields.get('microversion');
  if (node === undefined) return undefined;
  const what = `microversion of ${fields.what}`;
  const version = readName(fields.report, node, what);
  if (version === undefined || /^(?:\d{1,4}\.\d{1,4}|latest)$/.test(version)) return version;
  fields.report.add('wrong_value', node.at, `${what} is '${shown(version)}', which is no microversion.`, {
    hint: "Write one such as '2.79', in quotes, or latest.",
  });
  return undefined;
}
