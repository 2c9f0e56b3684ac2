// The `openstack` action: a call of the owner's cloud, at the endpoint that its catalogue names.
// Belongs here: from the command to a call that can be made, and what a fault of the cloud means to it.
// Does not belong here: what an answer means (calls/service-call.ts), tokens and endpoints (openstack/).
//
// OW1 What may have been carried out is never made again by itself where that does harm: the attempt is interrupted, and
//     the definition decides.
import type { Ended } from '../../agents/outcome.ts';
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts';
import { pathFault } from '../../definition/actions/openstack.ts';
import type { Command, Outcome, ResolvedAction } from '../../machine/types.ts';
import { isOverQuota } from '../../openstack/quota.ts';
import { sentenceOf } from '../../openstack/sentences.ts';
import { type Cloud, type CloudCall, CloudFault } from '../../openstack/types.ts';
import type { DriverContext } from '../../runtime/ports.ts';
import { sentIn } from '../calls/sent.ts';
import {
  type CallDeps,
  callService,
  type Heard,
  type Missed,
  plain,
  type ServiceCall,
} from '../calls/service-call.ts';
import type { EngineWork, Task } from '../engine-driver.ts';
import { headersOf } from '../http-request.ts';
import { holdsSecret, RenderFailure, reveal } from '../reveal.ts';
import { cloudOf, type CloudSource, outcomeOf } from './rights.ts';

type OpenstackAction = Extract<ResolvedAction, { kind: 'openstack' }>;

export interface OpenstackWorkDeps extends CallDeps {
  readonly clouds: CloudSource;
}

export class OpenstackWork implements EngineWork {
  readonly #deps: OpenstackWorkDeps;

  constructor(deps: OpenstackWorkDeps) {
    this.#deps = deps;
  }

  isRepeatable({ action }: Command): boolean {
    return action.kind === 'openstack' && action.repeatable;
  }

  async carryOut(task: Task): Promise<Ended> {
    const { action } = task.command;
    if (action.kind !== 'openstack') throw new TypeError(`A ${action.kind} action calls no cloud.`);
    let call: ServiceCall;
    try {
      call = await callOf(action, task.context, await cloudOf(this.#deps.clouds, task));
    } catch (thrown) {
      const outcome = outcomeOf(thrown);
      if (outcome === undefined) throw thrown;
      return plain(outcome);
    }
    return callService(task, call, this.#deps);
  }
}

/** Hidden values are filled in. Rejects with RenderFailure for what cannot be sent. */
async function callOf(action: OpenstackAction, context: DriverContext, cloud: Cloud): Promise<ServiceCall> {
  const { headers, body = null, outputs: sources, expect, until } = action;
  const read = (ref: string): Promise<JsonValue> => context.secret(ref);
  const request = await requestOf(action, read);
  const sent = await sentIn([action.path, headers, body], read);
  const shown = shownAs(action);
  return {
    ...sent,
    shown,
    sources,
    ...(expect !== undefined && { expect }),
    ...(until !== undefined && { until }),
    send: async signal => heardFrom(await cloud.call(request, signal), shown),
    missed: thrown => missed(thrown, shown, action.repeatable),
  };
}

async function requestOf(
  action: OpenstackAction,
  read: (ref: string) => Promise<JsonValue>,
): Promise<CloudCall> {
  const { method, service, microversion, body } = action;
  const path = await reveal(action.path, read);
  const text = typeof path === 'string' ? path : '';
  const fault = pathFault(text);
  if (fault) {
    const part = holdsSecret(action.path) ? ', with its hidden part,' : '';
    throw new RenderFailure(`The path${part} ${fault.what}.`);
  }
  const headers = await reveal(action.headers, read);
  return {
    service,
    method,
    path: text,
    ...(microversion !== undefined && { microversion }),
    headers: headersOf(isObject(headers) ? headers : ({} satisfies JsonObject)),
    ...(body !== undefined && { body: await reveal(body, read) }),
  };
}

/** Without what stands behind a question mark. */
function shownAs({ method, path, service }: OpenstackAction): string {
  const place = typeof path === 'string' ? (path.split('?')[0] ?? '') : 'a hidden path';
  return `${method} ${place.slice(0, 200)} of ${service}`;
}

function heardFrom(
  { status, headers, text, endpoint }: Awaited<ReturnType<Cloud['call']>>,
  shown: string,
): Heard {
  const why = sentenceOf({ text });
  return {
    status,
    headers,
    body: text,
    shown: `${shown} at ${endpoint}`,
    ...(why !== undefined && { why, isOverQuota: isOverQuota(why, status) }),
  };
}

function missed(thrown: unknown, shown: string, isRepeatable: boolean): Missed | undefined {
  if (!(thrown instanceof CloudFault)) return undefined;
  const { kind, message } = thrown;
  const said = `${shown}: ${message}`;
  const mayBeDone = kind === 'unsure' || kind === 'answer';
  if (mayBeDone && !isRepeatable) return { outcome: unknown(said) };
  const outcome = outcomeOf(kind === 'unauthorised' ? thrown : new CloudFault(kind, said)) as Outcome;
  return kind === 'unsure' || kind === 'unreachable' ? { outcome, again: said } : { outcome };
}

/** OW1 */
const unknown = (said: string): Outcome => ({
  kind: 'interrupted',
  evidence: `${said} It may have been carried out all the same.`,
});
