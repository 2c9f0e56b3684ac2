// The audit log: who asked for what, and what came of it.
// Belongs here: reading and checking it. Does not belong here: writing it (runtime/audit.ts, store/).
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { ChainCheck } from '../../runtime/audit.ts';
import type { OperatorViews } from '../../runtime/operator-api.ts';
import { route, type Route } from '../route.ts';
import { number, pageSize, text } from '../schemas/common.ts';
import { auditCheck, auditPage } from '../schemas/audit.ts';

const TAG = 'audit';
const USUAL = 100;

async function check(views: OperatorViews): Promise<z.infer<typeof auditCheck>> {
  const chain = new ChainCheck();
  for (let isMore = true; isMore; ) {
    const page = await views.auditChain(chain.last?.number ?? 0, LIMITS.adminPage);
    const broken = chain.take(page);
    if (broken !== undefined) return { entries: chain.entries, intact: false, brokenAt: broken };
    isMore = page.length === LIMITS.adminPage;
  }
  const { entries, last } = chain;
  const broken = chain.end();
  if (broken !== undefined) return { entries, intact: false, brokenAt: broken };
  return { entries, intact: true, ...(last && { head: last.hash }) };
}

export const auditRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/audit',
    tag: TAG,
    summary: 'Read the audit log, the newest first.',
    role: 'auditor',
    query: z.strictObject({
      project: text.optional(),
      workflow: text.optional(),
      after: number.optional().describe('`next` of the page before.'),
      limit: pageSize,
    }),
    answer: { says: 'A page of it.', json: auditPage },
    handle: async ({ query, views }) => {
      const { after, limit = USUAL, project, workflow } = query;
      const entries = await views.audit({
        ...(project !== undefined && { project }),
        ...(workflow !== undefined && { workflow }),
        ...(after !== undefined && { before: after }),
        limit,
      });
      const next = entries.length < limit ? undefined : entries.at(-1)?.number;
      return { json: { entries, ...(next !== undefined && { next }) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/audit/check',
    tag: TAG,
    summary: 'Check that each entry of the audit log follows from the one before it.',
    role: 'auditor',
    answer: { says: 'Whether it is whole.', json: auditCheck },
    handle: async ({ views }) => ({ json: await check(views) }),
  }),
];
