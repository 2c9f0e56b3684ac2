// Dead letters over HTTP: whose they are, what is discarded, and that it is noted before.
// Belongs here: these routes. Does not belong here: reading them off a broker (test/agents/dead-letters.test.ts).
import { expect } from 'chai';
import { Book } from '../../engine/agents/book.ts';
import { Letters, type NewLetter } from '../../engine/agents/letters/letters.ts';
import type { Authenticator, Principal, Role } from '../../engine/admin/auth/types.ts';
import { deadLetter, deadLetters } from '../../engine/admin/schemas/dead-letters.ts';
import { openAdmin } from '../../engine/admin/server.ts';
import { Streams } from '../../engine/admin/stream/streams.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { operatorViews } from '../../engine/runtime/operator-views.ts';
import { EngineService } from '../../engine/runtime/service.ts';
import { World } from '../runtime/kit.ts';

const LETTER: NewLetter = {
  at: 1,
  queue: 'engine.results',
  why: 'rejected',
  signer: 'nobody',
  bytes: 2,
  digest: 'd',
};

/** By the token's text: `operator p1`; `operator *` sees every project. */
const byName: Authenticator = {
  scheme: 'Keystone',
  authenticate: async ({ 'x-auth-token': token }) => {
    if (typeof token !== 'string') return undefined;
    const [role = '', project = ''] = token.split(' ');
    const who: Principal = {
      by: token,
      user: token,
      roles: new Set([role as Role]),
      everywhere: project === '*',
    };
    return project === '*' ? who : { ...who, project };
  },
};

describe('dead letters over HTTP', () => {
  let world: World;
  let letters: Letters;
  let url: string;
  let close: () => Promise<void>;

  beforeEach(async () => {
    world = new World();
    const { engine } = world;
    await engine.start();
    letters = new Letters(new Book([], engine.store));
    for (const [digest, agent, project] of [
      ['a', 'a1', 'p1'],
      ['b', 'a1', 'p1'],
      ['c', 'a2', 'p2'],
      ['d', 'stranger', undefined],
    ] as const) {
      const letter = { ...LETTER, digest, agent, ...(project && { project }) };
      await letters.add([{ letter, again: false }]);
    }
    const api = new EngineService(engine, undefined, undefined, undefined, letters);
    const parts = { api, views: operatorViews(engine, api), streams: new Streams(), log: silentLog };
    const listening = await openAdmin(
      { host: '127.0.0.1', port: 0 },
      { ...parts, auth: byName, ready: async () => true },
    );
    ({ url } = listening);
    close = () => listening.close();
  });
  afterEach(async () => {
    await close();
    await world.engine.stop();
  });

  const ask = async (who: string, path: string, method = 'GET', headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/v1/${path}`, { method, headers: { 'X-Auth-Token': who, ...headers } });
    const body = (await answer.json()) as { readonly [key: string]: unknown };
    return { status: answer.status, etag: answer.headers.get('etag'), body };
  };
  const numbers = async (who: string, more = ''): Promise<unknown> => {
    const { body } = await ask(who, `dead-letters${more}`);
    return (body['letters'] as readonly { readonly number: number }[]).map(({ number }) => number);
  };

  it('are listed to a project as far as they are of its agents, and all to who sees every project', async () => {
    expect(await numbers('reader p1')).to.deep.equal([2, 1]);
    expect(await numbers('reader p2')).to.deep.equal([3]);
    expect(await numbers('reader *')).to.deep.equal([4, 3, 2, 1]);
    expect(await numbers('auditor p2')).to.deep.equal([4, 3, 2, 1]);
    expect(await numbers('reader *', '?agent=a1')).to.deep.equal([2, 1]);
    expect(await numbers('reader *', '?limit=2&after=4')).to.deep.equal([3, 2]);
    expect((await ask('reader p1', 'dead-letters')).body).not.to.have.property('dropped');
    deadLetters.parse((await ask('reader *', 'dead-letters?limit=2')).body);
    const { body: one } = await ask('reader p1', 'dead-letters/1');
    expect(deadLetter.parse(one)).to.include({ number: 1, agent: 'a1' });
    for (const number of [3, 4, 99])
      expect((await ask('reader p1', `dead-letters/${number}`)).status).to.equal(404);
  });

  it('are discarded by operators alone, of their project alone, up to what was seen, and noted before', async () => {
    expect((await ask('reader p1', 'dead-letters/1', 'DELETE')).status).to.equal(403);
    expect((await ask('auditor p1', 'dead-letters?up_to=9', 'DELETE')).status).to.equal(403);
    expect((await ask('operator p1', 'dead-letters/3', 'DELETE')).status).to.equal(404);
    expect((await ask('operator p1', 'dead-letters', 'DELETE')).status).to.equal(400);
    expect((await ask('operator p1', 'dead-letters?up_to=99', 'DELETE')).body).to.deep.equal({
      discarded: 2,
    });
    expect(await numbers('reader *')).to.deep.equal([4, 3]);
    expect((await ask('operator *', 'dead-letters?up_to=99&agent=a2', 'DELETE')).body['discarded']).to.equal(
      1,
    );
    const entries = await world.engine.store.audit({ limit: 10 });
    expect(entries.map(({ kind }) => kind)).to.deep.equal(Array(3).fill('dead_letters_discard'));
    expect(entries[1]).to.deep.include({ project: 'p1', by: 'operator p1', result: 'begun' });
    expect(entries[0]).to.include({ agent: 'a2' });
  });

  it('one is discarded as it was seen: not once it has come again, and twice is once', async () => {
    const { etag } = await ask('reader p1', 'dead-letters/1');
    await letters.add([{ letter: { ...LETTER, digest: 'a', agent: 'a1', project: 'p1' }, again: false }]);
    const stale = await ask('operator p1', 'dead-letters/1', 'DELETE', { 'If-Match': etag ?? '' });
    expect([stale.status, stale.body['code'], stale.body['details']]).to.deep.equal([
      412,
      'stale',
      { times: 2 },
    ]);
    const now = (await ask('reader p1', 'dead-letters/1')).etag ?? '';
    for (const discarded of [1, 0])
      expect((await ask('operator p1', 'dead-letters/1', 'DELETE', { 'If-Match': now })).body).to.deep.equal({
        discarded,
      });
  });
});
