// Whose a token is that somebody shows: asked of Keystone by the engine's own right.
// Belongs here: the question and its answer, judged. Does not belong here: keeping answers, roles of ours (admin/auth/).
import { z } from 'zod';
import { type Cloud, CloudFault } from './types.ts';

export interface TokenOwner {
  readonly userId: string;
  readonly userName: string;
  /** Absent: the token is of no project. */
  readonly projectId?: string;
  /** Names. */
  readonly roles: readonly string[];
  /** Ms since the epoch, by Keystone's clock. */
  readonly expiresAt: number;
}

const body = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    user: z.object({ id: z.string(), name: z.string() }),
    project: z.object({ id: z.string() }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
  }),
});

/** What can be a token at all; anything else need not be asked for, and would not fit into a header. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** Undefined: it is no token, or none any more. CloudFault when that cannot be found out. `cloud`: by whose right is asked. */
export async function tokenOwner(cloud: Cloud, token: string): Promise<TokenOwner | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const { status, body: said } = await cloud.call({
    service: 'identity',
    method: 'GET',
    path: '/auth/tokens?nocatalog=1',
    headers: { 'x-subject-token': token },
  });
  if (status === 404) return undefined;
  const found = body.safeParse(said);
  if (status !== 200 || !found.success)
    throw new CloudFault('answer', `Keystone answered ${status} to the question whose a token is.`, {
      status,
    });
  const { user, project, roles, expires_at } = found.data.token;
  return {
    userId: user.id,
    userName: user.name,
    ...(project && { projectId: project.id }),
    roles: roles.map(({ name }) => name),
    expiresAt: Date.parse(expires_at),
  };
}
