// What changes workflows: making them, acting on them, and what that would do.
// Belongs here: requests → EngineApi. Does not belong here: looking (workflows.ts), what a request does (machine/).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { EngineError } from '../../base/errors.ts';
import type { JsonValue } from '../../base/json.ts';
import type { Problem } from '../../definition/problems.ts';
import type { ActRequest, CreateRequest, PlanRequest } from '../../runtime/api.ts';
import type { RequestResult } from '../../runtime/ports.ts';
import { HttpError, problem, statusOf } from '../problem.ts';
import { requestIdOf, seqOf } from '../request-id.ts';
import { type Ask, type Reply, route, type Route } from '../route.ts';
import { flag, workflowParams } from '../schemas/common.ts';
import { acted, action, change, created, creation, plan, rehearsal } from '../schemas/requests.ts';

const TAG = 'actions';
const dryRun = z.strictObject({ dry_run: flag.describe('Tell what would follow at once, and do nothing.') });

type Acting = Ask<{ id: string }, { dry_run?: boolean | undefined }, z.infer<typeof action>>;

/**
 * A credential says no address: the engine calls whom its operator allows, and not whom a tenant names. Who sees every project is
 * the operator.
 */
function judgeCredential(body: object, project: string | undefined): void {
  const { credential } = body as { readonly credential?: { readonly [key: string]: JsonValue } };
  const auth = (credential?.['auth'] ?? {}) as object;
  if (project === undefined || credential === undefined) return;
  if (!('auth_url' in auth) && !('cacert' in credential)) return;
  throw new HttpError(
    403,
    'forbidden',
    'A credential may not say where its Keystone is, nor whose certificates to believe: the settings of the engine do.',
    'Leave auth_url and cacert out.',
  );
}

function requestOf({ params, body, headers, who, actor }: Acting): ActRequest {
  const { expect, ...given } = body;
  const seen = { ...expect, ...seqOf(headers) };
  const requestId = requestIdOf(headers, who, ['act', params.id, body, seen] as JsonValue);
  const about = { requestId, workflow: params.id, by: who.by, actor };
  return { ...given, ...about, ...(Object.keys(seen).length > 0 && { expect: seen }) } as ActRequest;
}

async function act(ask: Acting): Promise<Reply> {
  const request = requestOf(ask);
  await ask.reach(ask.params.id);
  judgeCredential(ask.body, ask.project);
  if (ask.query.dry_run === true) return { json: await rehearsed(ask, request) };
  const result = await ask.api.act(request);
  if (result.status === 'rejected') return refusal(result);
  const workflow = await ask.views.summary(ask.params.id).catch(gone);
  return { json: { result, ...(workflow && { workflow }) } };
}

async function rehearsed({ views }: Acting, request: ActRequest): Promise<object> {
  if (request.kind !== 'update') return views.rehearse(request);
  throw new EngineError(
    'usage',
    'What an update would do is more than follows from it at once.',
    'Ask for its plan: POST /v1/workflows/{id}/plan.',
  );
}

function gone(thrown: unknown): undefined {
  if (thrown instanceof EngineError && thrown.code === 'not_found') return undefined;
  throw thrown;
}

/** A rejection, as the error that it is to who asks. */
function refusal(result: RequestResult & { readonly status: 'rejected' }): Reply {
  const { code, message, next, problems, now } = result;
  const details = problems ?? now;
  const body = problem(statusOf(code), code, message, next, details);
  return { status: body.status, json: body, headers: { 'Content-Type': 'application/problem+json' } };
}

function invalid(problems: readonly Problem[]): Reply {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const code =
    first?.code === 'inputs_invalid' || first?.code === 'members_invalid' ? first.code : 'definition_invalid';
  const detail = `${first?.message ?? 'It cannot be used.'}${more}`;
  const body = problem(422, code, detail, first?.hint ?? 'Correct it, then ask again.', problems);
  return { status: 422, json: body, headers: { 'Content-Type': 'application/problem+json' } };
}

/** Of the project that one is in; only who sees all projects may name another one, or none. */
function ownerOf({ body, project }: Ask<undefined, undefined, z.infer<typeof creation>>): {
  readonly project?: string;
} {
  if (project === undefined) return body.project === undefined ? {} : { project: body.project };
  if (project !== '' && (body.project === undefined || body.project === project)) return { project };
  throw new HttpError(
    403,
    'forbidden',
    'A workflow is made in the project that the token is of.',
    'Ask with a token of that project.',
  );
}

export const actionRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/workflows',
    tag: TAG,
    summary: 'Make a workflow and begin it. The same again, with the same id, is the same workflow.',
    role: 'operator',
    body: creation,
    answer: { status: 201, says: 'It is made. `Location` is where it is.', json: created },
    handle: async ask => {
      const { body, headers, who, actor, api, views } = ask;
      const id = body.id ?? randomUUID();
      const owner = ownerOf(ask);
      judgeCredential(body, ask.project);
      const requestId = requestIdOf(headers, who, ['create', id, body] as JsonValue);
      const request = { ...body, ...owner, id, requestId, by: who.by, actor } as CreateRequest;
      const { problems } = await api.create(request);
      if (problems.some(({ severity }) => severity === 'error')) return invalid(problems);
      const headersOf = { Location: `/v1/workflows/${id}` };
      return { status: 201, headers: headersOf, json: { workflow: await views.summary(id), problems } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/workflows/{id}/actions',
    tag: TAG,
    summary:
      'Act on a workflow, or on one of its steps. `Idempotency-Key`: the same again is done once. `If-Match`: only if nothing has happened since.',
    role: 'operator',
    params: workflowParams,
    query: dryRun,
    body: action,
    answer: { says: 'It is done; or, with `dry_run`, what would follow.', json: z.union([acted, rehearsal]) },
    handle: act,
  }),
  route({
    method: 'post',
    path: '/v1/workflows/{id}/plan',
    tag: TAG,
    summary: 'Tell what an update would do to each step, and why. Nothing is stored or begun.',
    role: 'reader',
    params: workflowParams,
    body: change,
    answer: { says: 'The plan, or what is wrong with the update.', json: plan },
    handle: async ({ params, body, api, reach, project }) => {
      await reach(params.id);
      judgeCredential(body, project);
      return { json: await api.plan({ ...body, workflow: params.id } as PlanRequest) };
    },
  }),
  route({
    method: 'delete',
    path: '/v1/workflows/{id}',
    tag: TAG,
    summary: 'Take back all that the workflow did, then forget it.',
    role: 'operator',
    params: workflowParams,
    query: z.strictObject({ abandon: flag.describe('Forget it without taking anything back.') }),
    answer: { says: 'It has begun, or it is gone.', json: acted },
    handle: async ({ params: { id }, query, headers, who, actor, api, views, reach }) => {
      await reach(id);
      const abandon = query.abandon === true;
      const seen = seqOf(headers);
      const requestId = requestIdOf(headers, who, ['delete', id, abandon]);
      const about = { requestId, workflow: id, by: who.by, actor, expect: seen };
      const result = await api.act({ ...about, kind: 'delete', abandon });
      if (result.status === 'rejected') return refusal(result);
      const workflow = await views.summary(id).catch(gone);
      return { json: { result, ...(workflow && { workflow }) } };
    },
  }),
];
