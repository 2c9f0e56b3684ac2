// The local socket: the same EngineApi from another process, errors and streams included; one engine per directory.
import { stat } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { connectControl, type ControlClient } from '../../engine/control/client.ts';
import { type ControlServer, serveControl } from '../../engine/control/server.ts';
import type { Happening } from '../../engine/runtime/api.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { createRequest, World } from '../runtime/kit.ts';
import { rejects } from '../store/conformance.ts';

describe('control socket', () => {
  let world: World;
  let server: ControlServer;
  let client: ControlClient;
  let socket: string;

  beforeEach(async () => {
    world = new World();
    await world.engine.start();
    socket = path.join(await temporaryDirectory(), 'engine.sock');
    server = await serveControl(socket, world.service);
    client = await connectControl(socket);
  });
  afterEach(async () => {
    await client.close();
    await server.close();
    await world.engine.stop();
  });

  it('creates, lists, shows and acts, as the service itself would', async () => {
    expect(await client.create(createRequest('wf'))).to.deep.equal({ problems: [] });
    expect(await client.list()).to.deep.equal(await world.service.list());
    expect(await client.workflow('wf')).to.deep.equal(
      JSON.parse(JSON.stringify(await world.service.workflow('wf'))),
    );
    const explained = JSON.stringify(await world.service.explain('wf', 'sql[0].joined'));
    expect(await client.explain('wf', 'sql[0].joined')).to.deep.equal(JSON.parse(explained));
    expect(await client.graph('wf'))
      .to.equal(await world.service.graph('wf'))
      .and.include('flowchart');
    expect(await client.explain('wf'))
      .to.have.property('roots')
      .that.has.length(1);
    expect((await client.events('wf', 0, 1))[0]).to.include({ seq: 1 });
    const act = { requestId: 'r1', workflow: 'wf', by: 'me', kind: 'cancel' } as const;
    expect(await client.act(act)).to.deep.equal({ status: 'applied' });
    expect(await client.act(act)).to.deep.equal({ status: 'applied' });
  });

  it('gives the problems of a definition with their places', async () => {
    const document = {
      source: 'workflow_version: 2026-11-01\nentitees: {}\n',
      fileName: 'a.yaml',
      files: {},
    };
    const { problems } = await client.create(createRequest('wf', { document }));
    expect(problems.map(problem => problem.code)).to.include('unknown_key');
    expect(problems.find(problem => problem.code === 'unknown_key')?.position?.line).to.equal(2);
  });

  it('says so when the engine is there and silent, as one that was stopped', async () => {
    const mute = createServer(peer => void peer.resume());
    const place = path.join(await temporaryDirectory(), 'mute.sock');
    await new Promise<void>(resolve => void mute.listen(place, resolve));
    const asking = await connectControl(place, 20);
    const error = await rejects('transport_closed', asking.list());
    expect(error.message).to.contain('has not answered');
    await asking.close();
    await new Promise(resolve => mute.close(resolve));
  });

  it('carries errors with code, message and next', async () => {
    const error = await rejects('not_found', client.workflow('nobody'));
    expect(error.message).to.contain('nobody');
    await rejects('usage', client.create(createRequest('not an id')));
    await client.create(createRequest('wf'));
    const near = await rejects('not_found', client.explain('wf', 'sql[0].joind'));
    expect(near.next).to.contain("'sql[0].joined'");
  });

  it('refuses requests of another shape, and goes on', async () => {
    await rejects('usage', client.act({ kind: 'explode' } as never));
    await rejects('usage', client.events('wf', -1, 10));
    expect(await client.list()).to.deep.equal([]);
  });

  it('cuts off who does not speak the protocol', async () => {
    const stranger = createConnection(socket);
    let text = '';
    stranger.on('data', chunk => {
      text += String(chunk);
    });
    stranger.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise(resolve => stranger.once('close', resolve));
    expect(JSON.parse(text)).to.have.nested.property('error.code', 'usage');
    expect(await client.list()).to.deep.equal([]);
  });

  it('streams what happens until the follower has seen enough', async () => {
    await client.create(createRequest('wf'));
    const abort = new AbortController();
    const seen: Happening[] = [];
    const following = (async () => {
      for await (const happening of client.follow('wf', abort.signal)) {
        seen.push(happening);
        if (happening.kind === 'output') abort.abort();
      }
    })();
    await client.list();
    const reported = world.driver.report(world.driver.last('sql[0].prepared').id, { kind: 'started' });
    await world.engine.idle();
    await reported;
    const output = { kind: 'output', step: 'sql[0].prepared', stream: 'stdout', text: 'hello\n' } as const;
    world.engine.tell('wf', output);
    await following;
    expect(seen.map(happening => happening.kind)).to.deep.equal(['log', 'output']);
    expect(seen[1]).to.deep.equal(output);
    await client.list();
    expect(world.engine.followers.watched('wf')).to.equal(false);
  });

  it('rejects to follow what is not there', async () => {
    const follow = client.follow('nobody', new AbortController().signal);
    await rejects(
      'not_found',
      (async () => {
        for await (const _ of follow) expect.fail('nothing can happen');
      })(),
    );
  });

  it('tells who waits that the engine is gone, and ends streams with an error', async () => {
    await client.create(createRequest('wf'));
    const follow = (async () => {
      for await (const _ of client.follow('wf', new AbortController().signal)) continue;
    })();
    await client.list();
    await server.close();
    await rejects('transport_closed', follow);
    await rejects('transport_closed', client.list());
    await rejects('transport_closed', connectControl(socket));
  });

  it('takes the place of a socket that a killed engine left, and lets nobody else in', async function onUnix() {
    await server.close();
    server = await serveControl(socket, world.service);
    if (process.platform !== 'win32') expect((await stat(socket)).mode & 0o777).to.equal(0o600);
    await client.close();
    client = await connectControl(socket);
    expect(await client.list()).to.deep.equal([]);
  });
});
