// Dead letters: to look at, and to discard.
// Belongs here: requests → EngineApi, of one project or of all. Does not belong here: what is kept (agents/letters/).
//
// None is sent again from here: a message that was refused would be refused again, a result the agent repeats until it has its receipt,
// and a command the engine repeats from its own records.
import { z } from 'zod';
import { EngineError } from '../../base/errors.ts';
import type { DeadLetter, DeadLettersApi } from '../../runtime/dead-letters.ts';
import { requestIdOf, seqOf } from '../request-id.ts';
import { route, type Route } from '../route.ts';
import { number, pageSize, text } from '../schemas/common.ts';
import { deadLetter, deadLetters, discarded } from '../schemas/dead-letters.ts';

const TAG = 'dead letters';
const USUAL = 100;
const params = z.strictObject({ number: number.describe('As the list has it.') });

async function one(api: DeadLettersApi, wanted: number, project: string | undefined): Promise<DeadLetter> {
  const { letters } = await api.deadLetters({ ...ofProject(project), before: wanted + 1, limit: 1 });
  const [found] = letters;
  if (found?.number === wanted) return found;
  throw new EngineError(
    'not_found',
    `There is no dead letter ${wanted}.`,
    'List them to see what there is; it may be discarded, or have made room for others.',
  );
}

const ofProject = (project: string | undefined): { readonly project?: string } =>
  project === undefined ? {} : { project };

export const deadLetterRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/dead-letters',
    tag: TAG,
    summary: 'List what neither the engine nor an agent took from the broker, the newest first.',
    role: 'reader',
    query: z.strictObject({
      agent: text.optional(),
      after: number.optional().describe('`next` of the page before.'),
      limit: pageSize,
    }),
    answer: { says: 'A page of it.', json: deadLetters },
    handle: async ({ query: { agent, after, limit = USUAL }, api, project }) => ({
      json: await api.deadLetters({
        ...ofProject(project),
        ...(agent !== undefined && { agent }),
        ...(after !== undefined && { before: after }),
        limit,
      }),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/dead-letters/{number}',
    tag: TAG,
    summary: 'Show one dead letter. Its `ETag` changes when the same comes again.',
    role: 'reader',
    params,
    answer: { says: 'The letter, without its body.', json: deadLetter },
    handle: async ({ params: { number: wanted }, api, project }) => {
      const found = await one(api, wanted, project);
      return { json: found, headers: { ETag: `"${found.times}"` } };
    },
  }),
  route({
    method: 'delete',
    path: '/v1/dead-letters/{number}',
    tag: TAG,
    summary: 'Discard one dead letter. `If-Match`: only if it has not come again since.',
    role: 'operator',
    params,
    answer: { says: 'How many went: none, if it was gone already.', json: discarded },
    handle: async ({ params: { number: wanted }, headers, who, actor, api, project }) => {
      const { seq: times } = seqOf(headers);
      const about = { number: wanted, ...(times !== undefined && { times }), ...ofProject(project) };
      const requestId = requestIdOf(headers, who, ['discard', about]);
      return { json: await api.discardDeadLetters({ ...about, requestId, by: who.by, actor }) };
    },
  }),
  route({
    method: 'delete',
    path: '/v1/dead-letters',
    tag: TAG,
    summary: 'Discard all dead letters up to the number that was seen last, or those of one agent.',
    role: 'operator',
    query: z.strictObject({
      up_to: number.describe('What came after it stays.'),
      agent: text.optional(),
    }),
    answer: { says: 'How many went.', json: discarded },
    handle: async ({ query: { up_to: upTo, agent }, headers, who, actor, api, project }) => {
      const about = { upTo, ...(agent !== undefined && { agent }), ...ofProject(project) };
      const requestId = requestIdOf(headers, who, ['discard', about]);
      return { json: await api.discardDeadLetters({ ...about, requestId, by: who.by, actor }) };
    },
  }),
];
