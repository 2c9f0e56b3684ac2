// Routes served by express: judged, authenticated, answered.
// Belongs here: the order of checks, and answers on the wire. Does not belong here: any route (routes/).
//
// A request is authenticated before its parameters are judged, so that strangers learn nothing from how they are refused.
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { EngineError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Actor } from '../runtime/ports.ts';
import type { Authenticator, Principal, Role } from './auth/types.ts';
import { HttpError, problemOf, PROBLEM_TYPE } from './problem.ts';
import type { Ask, Parts, Reply, Route } from './route.ts';

export interface Mounting extends Parts {
  readonly auth: Authenticator;
  readonly log: Log;
}

/** Everything that is served has its route in the table; other methods of its path are refused by name. */
export function mount(app: Express, routes: readonly Route[], mounting: Mounting): void {
  const parse = express.json({ limit: LIMITS.adminBodyBytes, type: 'application/json', strict: false });
  for (const one of routes)
    app[one.method](pathOf(one), knock(one, mounting), ...(one.body ? [parse] : []), serve(one, mounting));
  for (const [path, methods] of methodsByPath(routes))
    app.all(path, () => {
      throw wrongMethod(methods);
    });
  app.use('/v1', request => {
    throw notThere(request.originalUrl);
  });
  app.use(failed(mounting));
}

/** `/v1/workflows/{id}` as express writes it. */
const pathOf = ({ path }: Route): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const one of routes) {
    const methods = found.get(pathOf(one)) ?? [];
    found.set(pathOf(one), [...methods, one.method.toUpperCase()]);
  }
  return found;
}

interface Knocked {
  who: Principal;
}

/** Before the body is read: nobody makes the engine read for whom it does not know. */
const knock =
  (one: Route, mounting: Mounting): RequestHandler =>
  async (request, response, next) => {
    (response.locals as Knocked).who = await admit(one, request, mounting);
    next();
  };

const serve =
  (one: Route, mounting: Mounting): RequestHandler =>
  async (request, response) => {
    const who = (response.locals as Knocked).who;
    const ask = { ...around(request, who, mounting), ...judged(one, request) };
    await answer(response, await one.handle(ask), one.answer.status ?? 200);
  };

const NOBODY: Principal = { by: 'nobody', user: '', project: '', roles: new Set(), everywhere: false };

async function admit({ role }: Route, request: Request, { auth }: Mounting): Promise<Principal> {
  if (role === 'anyone') return NOBODY;
  const who = await auth.authenticate(request.headers);
  if (who === undefined) throw unauthenticated(auth.scheme);
  if (!mayDo(who, role)) throw notAllowed(role);
  if (!seesAll(who, request) && who.project === undefined) throw ofNoProject();
  return who;
}

/** Whoever acts, or reads what was done, may see. */
const mayDo = ({ roles }: Principal, role: Role): boolean =>
  roles.has(role) || (role === 'reader' && roles.size > 0);

const seesAll = ({ everywhere, roles }: Principal, { method }: Request): boolean =>
  everywhere || (method === 'GET' && roles.has('auditor'));

type Around = Omit<Ask<unknown, unknown, unknown>, 'params' | 'query' | 'body'>;

function around(request: Request, who: Principal, mounting: Mounting): Around {
  const { api, views, streams, ready, metrics } = mounting;
  const project = seesAll(who, request) ? undefined : who.project;
  const reach = async (workflow: string): Promise<void> => {
    const summary = await views.summary(workflow);
    if (project !== undefined && summary.project !== project) throw notFound(workflow);
  };
  const parts = { api, views, streams, ready, ...(metrics && { metrics }) };
  const { headers } = request;
  const welcome = async (): Promise<boolean> => {
    const now = await mounting.auth.authenticate(headers);
    return now !== undefined && now.roles.size > 0 && now.project === who.project;
  };
  const actor = actorOf(who, request.socket.remoteAddress ?? '');
  return { ...parts, who, actor, project, reach, headers, welcome };
}

const actorOf = ({ user, project, roles }: Principal, address: string): Actor => ({
  user,
  ...(project !== undefined && { project }),
  roles: [...roles],
  address,
});

function judged(one: Route, request: Request): { params: unknown; query: unknown; body: unknown } {
  if (one.body !== undefined && request.is('application/json') === false) throw notJson();
  return {
    params: shaped(one.params, request.params, 'the path'),
    query: shaped(one.query, request.query, 'the query'),
    body: shaped(one.body, request.body, 'the body'),
  };
}

function shaped(schema: z.ZodType | undefined, given: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const found = schema.safeParse(given ?? {});
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  const place = issue?.path.join('.') ?? '';
  const message = `In ${where}${place === '' ? '' : `, ${place}`}: ${issue?.message ?? 'wrong shape'}.`;
  throw new EngineError('usage', message, '/openapi.json has the shapes.');
}

async function answer(response: Response, reply: Reply, usual: number): Promise<void> {
  if ('stream' in reply) return reply.stream(response);
  response.set('Cache-Control', 'no-store');
  if ('text' in reply) {
    response
      .status(reply.status ?? usual)
      .type(reply.type)
      .send(reply.text);
    return;
  }
  if (reply.headers !== undefined) response.set(reply.headers);
  response.status(reply.status ?? usual).json(reply.json);
}

/** Express knows it by its four parameters. */
const failed =
  ({ log }: Mounting) =>
  (thrown: unknown, request: Request, response: Response, _next: unknown): void => {
    const problem = problemOf(thrown);
    if (problem.status === 500) {
      const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      log.error(`${request.method} ${request.path} failed: ${text}`);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (thrown instanceof HttpError) response.set(thrown.headers);
    response.set('Cache-Control', 'no-store').status(problem.status).type(PROBLEM_TYPE);
    response.send(JSON.stringify(problem));
  };

/** As the engine says it of one that is not there: the two cannot be told apart. */
export const notFound = (id: string): EngineError =>
  new EngineError('not_found', `There is no workflow '${id}'.`, 'List the workflows to see what there is.');

function unauthenticated(scheme: Authenticator['scheme']): HttpError {
  const how =
    scheme === 'Keystone'
      ? 'Send a token of Keystone in X-Auth-Token: `openstack token issue`.'
      : 'Send `Authorization: Bearer TOKEN` with the token that the engine printed.';
  const headers = { 'WWW-Authenticate': scheme === 'Keystone' ? 'Keystone' : 'Bearer' };
  return new HttpError(401, 'unauthenticated', 'No valid token came with the request.', how, headers);
}

const notAllowed = (role: Role): HttpError =>
  new HttpError(
    403,
    'forbidden',
    `Your roles do not make you ${role === 'reader' ? 'a' : 'an'} ${role} here.`,
    'Ask for one of the roles that the settings of the engine name (admin.reader_roles and others).',
  );

const ofNoProject = (): HttpError =>
  new HttpError(
    403,
    'forbidden',
    'The token is of no project, so there is nothing that it could be about.',
    'Ask with a token of a project: `openstack token issue` with OS_PROJECT_NAME set.',
  );

const notJson = (): HttpError =>
  new HttpError(415, 'usage', 'The body is not JSON.', 'Send `Content-Type: application/json`.');

const notThere = (url: string): HttpError =>
  new HttpError(
    404,
    'not_found',
    `There is nothing at ${url.slice(0, 200)}.`,
    '/openapi.json lists what there is.',
  );

const wrongMethod = (methods: readonly string[]): HttpError =>
  new HttpError(
    405,
    'usage',
    `That can be asked for with ${methods.join(', ')} alone.`,
    '/openapi.json lists what there is.',
    {
      Allow: methods.join(', '),
    },
  );
