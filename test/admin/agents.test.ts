// Agents over HTTP: who may decide of them, and that it is noted before it is done.
// Belongs here: these routes. Does not belong here: enrolment (test/agents), lists of agents (reading.test.ts).
import { expect } from 'chai';
import type { AgentRequest } from '../../engine/runtime/agents-api.ts';
import { openAdmin } from '../../engine/admin/server.ts';
import { nobodyAsked } from '../../engine/admin/auth/local.ts';
import { Streams } from '../../engine/admin/stream/streams.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { operatorViews } from '../../engine/runtime/operator-views.ts';
import { EngineService } from '../../engine/runtime/service.ts';
import { World } from '../runtime/kit.ts';

describe('agents over HTTP', () => {
  let world: World;
  let url: string;
  let close: () => Promise<void>;
  const asked: AgentRequest[] = [];
  /** Entries of the audit log at the moment in which something was asked of the registrar. */
  const noted: number[] = [];

  beforeEach(async () => {
    asked.length = 0;
    noted.length = 0;
    world = new World();
    await world.engine.start();
    const { engine } = world;
    const registrar = {
      administer: async (request: AgentRequest) => {
        asked.push(request);
        noted.push((await engine.store.audit({ limit: 10 })).length);
        return { agent: 'a1', state: 'active' };
      },
    };
    const api = new EngineService(engine, undefined, undefined, registrar);
    const parts = { api, views: operatorViews(engine, api), streams: new Streams(), log: silentLog };
    const more = { auth: nobodyAsked, ready: async () => true };
    const listening = await openAdmin({ host: '127.0.0.1', port: 0 }, { ...parts, ...more });
    url = listening.url;
    close = () => listening.close();
  });
  afterEach(async () => {
    await close();
    await world.engine.stop();
  });

  const ask = async (path: string, method = 'GET', body?: object): Promise<Response> =>
    fetch(`${url}${path}`, {
      method,
      headers: { 'X-Requested-With': 'test', 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('are shown, approved, refused, revoked and forgotten, and keys rotated: noted before each', async () => {
    expect(await (await ask('/v1/agents/a1')).json()).to.deep.equal({ agent: 'a1', state: 'active' });
    for (const kind of ['approve', 'refuse', 'revoke'])
      expect((await ask('/v1/agents/a1/actions', 'POST', { kind })).status).to.equal(200);
    expect((await ask('/v1/agents/a1', 'DELETE')).status).to.equal(200);
    expect((await ask('/v1/keys/rotation', 'POST', { drop: false })).status).to.equal(200);
    expect(asked.map(({ kind }) => kind)).to.deep.equal([
      'show_agent',
      'approve',
      'refuse',
      'revoke',
      'delete_agent',
      'rotate_keys',
    ]);
    expect(noted).to.deep.equal([0, 1, 2, 3, 4, 5]);
    const { entries } = (await (await ask('/v1/audit?limit=2')).json()) as { entries: object[] };
    expect(entries[0]).to.include({ kind: 'keys_rotate', result: 'begun', number: 5 });
    expect(entries[1]).to.include({ kind: 'agent_delete', agent: 'a1', by: 'operator at the console' });
    expect(await (await ask('/v1/audit/check')).json()).to.include({ intact: true, entries: 5 });
  });

  it('may be decided about by the key that was seen to wait, and by nothing else', async () => {
    expect((await ask('/v1/agents/a1/actions', 'POST', { kind: 'approve', key: 'k1' })).status).to.equal(200);
    expect(asked.at(-1)).to.include({ kind: 'approve', key: 'k1' });
    expect((await ask('/v1/agents/a1/actions', 'POST', { kind: 'revoke', key: 'k1' })).status).to.equal(400);
  });

  it('are asked for nothing else', async () => {
    expect((await ask('/v1/agents/a1/actions', 'POST', { kind: 'create_agent' })).status).to.equal(400);
    expect(asked).to.deep.equal([]);
  });
});
