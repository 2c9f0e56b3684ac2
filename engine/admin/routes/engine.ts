// The engine itself: whether it lives, whether it can be asked, and what can be asked of it.
// Belongs here: these routes. Does not belong here: metrics (metrics.ts).
import type { JsonObject } from '../../base/json.ts';
import { z } from 'zod';
import { ofAllProjects } from '../problem.ts';
import { route, type Route } from '../route.ts';
import { object, text } from '../schemas/common.ts';
import { named } from '../schemas/names.ts';

const health = named('Health', z.strictObject({ status: z.enum(['ok', 'unavailable']) }));
const me = named(
  'Me',
  z.strictObject({
    user: text,
    project: text.optional(),
    roles: z.array(z.enum(['reader', 'operator', 'auditor'])),
    everywhere: z.boolean().describe('Sees and acts in every project.'),
  }),
);

export const engineRoutes = (document: () => JsonObject, openMetrics: boolean): readonly Route[] => [
  route({
    method: 'get',
    path: '/healthz',
    tag: 'engine',
    summary: 'Tell that the process answers.',
    role: 'anyone',
    answer: { says: 'It does.', json: health },
    handle: async () => ({ json: { status: 'ok' } }),
  }),
  route({
    method: 'get',
    path: '/readyz',
    tag: 'engine',
    summary: 'Tell whether the engine owns its store and can take requests; 503 when not.',
    role: 'anyone',
    answer: { says: 'It can.', json: health },
    handle: async ({ ready }) =>
      (await ready()) ? { json: { status: 'ok' } } : { status: 503, json: { status: 'unavailable' } },
  }),
  route({
    method: 'get',
    path: '/metrics',
    tag: 'engine',
    summary: 'Give the numbers that Prometheus reads. They are of all projects.',
    role: openMetrics ? 'anyone' : 'reader',
    answer: { says: 'The text format of Prometheus.', types: ['text/plain'] },
    handle: async ({ metrics, project }) => {
      if (!openMetrics && project !== undefined) throw ofAllProjects('The numbers are');
      return { type: metrics?.contentType ?? 'text/plain', text: (await metrics?.metrics()) ?? '' };
    },
  }),
  route({
    method: 'get',
    path: '/openapi.json',
    tag: 'engine',
    summary: 'This document.',
    role: 'anyone',
    answer: { says: 'OpenAPI 3.1.', json: object },
    handle: async () => ({ json: document() }),
  }),
  route({
    method: 'get',
    path: '/v1/me',
    tag: 'engine',
    summary: 'Tell who one is here, and what one may do.',
    role: 'reader',
    answer: { says: 'Of the token that came with the request.', json: me },
    handle: async ({ who: { user, project, roles, everywhere } }) => ({
      json: { user, ...(project !== undefined && { project }), roles: [...roles], everywhere },
    }),
  }),
];
