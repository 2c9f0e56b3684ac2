// What happens: pages of a log, and streams that go on where they were cut.
// Belongs here: these routes. Does not belong here: the wire of a stream (stream/).
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { EngineError } from '../../base/errors.ts';
import { route, type Route } from '../route.ts';
import { number, pageSize, workflowParams } from '../schemas/common.ts';
import { logPage } from '../schemas/workflow.ts';
import { streamList } from '../stream/list.ts';
import { streamWorkflow } from '../stream/workflow.ts';

const TAG = 'events';
const STREAM = 'text/event-stream';

const wantsStream = ({ accept = '' }: IncomingHttpHeaders): boolean => accept.includes(STREAM);

/** What a browser's client sends when it comes again. EngineError `usage`. */
function lastEvent({ 'last-event-id': id }: IncomingHttpHeaders): number | undefined {
  if (id === undefined || id === '') return undefined;
  if (typeof id === 'string' && /^\d{1,15}$/.test(id)) return Number(id);
  throw new EngineError(
    'usage',
    'Last-Event-ID is no number of a log entry.',
    'Send the last `id` that came.',
  );
}

/** The same of the list: an engine's term and a number of its own. EngineError `usage`. */
function lastChange({ 'last-event-id': id }: IncomingHttpHeaders): string | undefined {
  if (id === undefined || id === '') return undefined;
  if (typeof id === 'string' && /^\d{1,15}-\d{1,15}$/.test(id)) return id;
  throw new EngineError('usage', 'Last-Event-ID is none of this stream.', 'Send the last `id` that came.');
}

export const eventRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/workflows/{id}/events',
    tag: TAG,
    summary: 'Read the log of a workflow as pages, or, with `Accept: text/event-stream`, as it is written.',
    role: 'reader',
    params: workflowParams,
    query: z.strictObject({
      after: number
        .optional()
        .describe('Number of the last entry that one has; a stream without it begins now.'),
      limit: pageSize,
    }),
    answer: {
      says: 'A page; or a stream of `log` (its `id` is the number of the entry: sent back as `Last-Event-ID` it goes on there), `output`, `agent`, and, before it closes, `end`.',
      json: logPage,
      types: [STREAM],
    },
    handle: async ({ params: { id }, query, headers, api, streams, reach, welcome }) => {
      await reach(id);
      if (wantsStream(headers)) {
        const after = lastEvent(headers) ?? query.after;
        return {
          stream: response =>
            streams.run(response, welcome, stream => streamWorkflow(api, id, after, stream)),
        };
      }
      const limit = query.limit ?? LIMITS.adminPage;
      const entries = await api.events(id, query.after ?? 0, limit);
      const next = entries.length < limit ? undefined : entries.at(-1)?.seq;
      return { json: { entries, ...(next !== undefined && { next }) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/events',
    tag: TAG,
    summary: 'Be told of every workflow that changes.',
    role: 'reader',
    answer: {
      says: 'A stream of `begin`, `workflow`, each as the list has it, `gone`, and, before it closes, `end`. The last `id`, sent back as `Last-Event-ID`, goes on there; where `begin` says `resumed: false`, the list is to be asked for.',
      types: [STREAM],
    },
    handle: async ({ project, views, streams, welcome, headers }) => {
      const last = lastChange(headers);
      return {
        stream: response =>
          streams.run(response, welcome, stream => streamList(views, project, last, stream)),
      };
    },
  }),
];
