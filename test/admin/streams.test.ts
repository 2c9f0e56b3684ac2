// Streams over real HTTP: nothing twice, nothing missing, whoever comes again goes on; who does not read is cut off.
// Belongs here: server-sent events. Does not belong here: pages (reading.test.ts).
import { connect } from 'node:net';
import { expect } from 'chai';
import type { Authenticator, Principal } from '../../engine/admin/auth/types.ts';
import type { Changed } from '../../engine/runtime/operator-api.ts';
import { operatorViews } from '../../engine/runtime/operator-views.ts';
import { Changes } from '../../engine/runtime/changes.ts';
import { World } from '../runtime/kit.ts';
import { succeeded } from '../support/drivers.ts';
import { Desk, type Sent } from './kit.ts';

const prepared = succeeded({ address: { text: '10.0.0.1' } });

describe('the streams of the endpoint', () => {
  let desk: Desk;
  let leaving: AbortController;

  beforeEach(async () => {
    leaving = new AbortController();
    desk = await new Desk(new World(), { heartbeat: 20, stall: 50 }).open();
    await desk.world.create('wf');
  });
  afterEach(async () => {
    leaving.abort();
    await desk.close();
  });

  const remove = (workflow: string): Promise<unknown> =>
    desk.world.service.act({ requestId: `d-${workflow}`, workflow, by: 'me', kind: 'delete', abandon: true });

  it('tell of a workflow from now on, in order, with the numbers of its log', async () => {
    const stream = desk.events('/v1/workflows/wf/events', leaving.signal);
    const first = await next(stream);
    expect(first).to.deep.include({ event: 'begin', id: String(first.data['seq']) });
    await desk.world.driver.finish('sql[0].prepared', prepared);
    const sent = await until(stream, ({ data }) => stepOf(data) === 'sql[0].joined running');
    expect(sent.map(({ event }) => event)).not.to.include('begin');
    expect(sent.map(({ id }) => Number(id))).to.deep.equal(
      sent.map((_, index) => Number(first.id) + index + 1),
    );
  });

  it('go on after the last that somebody has, without a gap or a repetition', async () => {
    const whole = await logOf(desk);
    const stream = desk.events('/v1/workflows/wf/events', leaving.signal, { 'Last-Event-ID': '1' });
    await desk.world.driver.finish('sql[0].prepared', prepared);
    const sent = await until(stream, ({ data }) => stepOf(data) === 'sql[0].joined running');
    expect(Number(sent[0]?.id)).to.equal(2);
    expect(whole.length).to.be.greaterThan(1);
    const all = (await logOf(desk)).slice(1, sent.length + 1);
    expect(sent.map(({ data }) => data['entry'])).to.deep.equal(all);
  });

  it('tell what a script says, and of agents, with no number: that is not kept', async () => {
    const stream = desk.events('/v1/workflows/wf/events', leaving.signal);
    await next(stream);
    desk.world.engine.tell('wf', {
      kind: 'output',
      step: 'sql[0].prepared',
      stream: 'stdout',
      text: 'hi\n\n',
    });
    expect(await next(stream)).to.deep.equal({
      event: 'output',
      data: { kind: 'output', step: 'sql[0].prepared', stream: 'stdout', text: 'hi\n\n' },
    });
  });

  it('end when the workflow is gone', async () => {
    const stream = desk.events('/v1/workflows/wf/events', leaving.signal);
    await next(stream);
    const request = { requestId: 'd', workflow: 'wf', by: 'me', kind: 'delete', abandon: true } as const;
    await desk.world.service.act(request);
    const sent = await all(stream);
    expect(sent.at(-1)).to.deep.equal({ event: 'end', data: { why: 'gone' } });
    expect(desk.streams.size).to.equal(0);
  });

  it('end when the endpoint does', async () => {
    const stream = desk.events('/v1/events', leaving.signal);
    await next(stream);
    const rest = all(stream);
    desk.streams.close();
    expect(await rest).to.deep.equal([{ event: 'end', data: { why: 'stopped' } }]);
  });

  it('tell of every workflow that changes, and of those that go', async () => {
    const stream = desk.events('/v1/events', leaving.signal);
    await next(stream);
    await desk.world.create('other');
    const made = await next(stream);
    expect(made).to.deep.include({ event: 'workflow' });
    expect(made.data).to.include({ id: 'other', status: 'running' });
    const request = { requestId: 'd', workflow: 'other', by: 'me', kind: 'delete', abandon: true } as const;
    await desk.world.service.act(request);
    const gone = await until(stream, ({ event }) => event === 'gone');
    expect(gone.at(-1)?.data).to.deep.equal({ id: 'other' });
  });

  it('of all workflows go on where they were cut, with what changed and went meanwhile, each as it is now', async () => {
    const stream = desk.events('/v1/events', leaving.signal);
    expect((await next(stream)).data).to.deep.equal({ resumed: false });
    await desk.world.create('seen');
    const { id: last = '' } = await next(stream);
    leaving.abort();
    leaving = new AbortController();
    for (const id of ['other', 'passing', 'last']) await desk.world.create(id);
    await remove('passing');
    await remove('wf');
    const again = desk.events('/v1/events', leaving.signal, { 'Last-Event-ID': last });
    expect((await next(again)).data).to.deep.equal({ resumed: true });
    const missed = await until(again, ({ data }) => data['id'] === 'wf');
    expect(missed.map(({ event, data }) => `${event} ${String(data['id'])}`)).to.deep.equal([
      'workflow other',
      'workflow last',
      'gone passing',
      'gone wf',
    ]);
    await desk.world.create('new');
    expect((await next(again)).data).to.include({ id: 'new' });
  });

  it('of all workflows, cut between any two events, tell all that was not told', async () => {
    const views = operatorViews(desk.world.engine, desk.world.service);
    const follow = async (count: number, last?: string): Promise<readonly Changed[]> => {
      const leave = new AbortController();
      const found: Changed[] = [];
      const { changes } = views.follow(leave.signal, last);
      for (const id of last === undefined ? ['a', 'b', 'c'] : []) await desk.world.create(id);
      if (last === undefined) await remove('a');
      if (count > 0) for await (const change of changes) if (found.push(change) === count) break;
      leave.abort();
      return found;
    };
    const nameOf = (change: Changed): string => (change.kind === 'gone' ? change.id : change.workflow.id);
    const told = await follow(3);
    expect(told.map(nameOf)).to.have.members(['a', 'b', 'c']);
    for (const [place, { at }] of told.entries()) {
      const left = told.slice(place + 1).map(nameOf);
      expect((await follow(left.length, at)).map(nameOf)).to.include.members(left);
    }
  });

  it('of all workflows say that the list is to be asked for, where what was missed is not known', async () => {
    const first = await next(desk.events('/v1/events', leaving.signal));
    const [term] = (first.id ?? '').split('-');
    for (const id of [`${Number(term) + 1}-0`, `${term}-99999`]) {
      const again = desk.events('/v1/events', leaving.signal, { 'Last-Event-ID': id });
      expect((await next(again)).data).to.deep.equal({ resumed: false });
    }
    expect((await desk.ask('/v1/events', { headers: { 'Last-Event-ID': '17' } })).status).to.equal(400);
    const few = new Changes(2);
    for (const id of ['a', 'b', 'c', 'b']) few.note(id, undefined);
    expect(few.since(0)).to.equal(undefined);
    expect(few.since(1)).to.deep.equal([
      ['c', 3],
      ['b', 4],
    ]);
  });

  it('of all workflows tell who went to its own project alone, after a cut too', async () => {
    const who: Principal = {
      by: 'u',
      user: 'u',
      roles: new Set(['reader']),
      everywhere: false,
      project: 'p1',
    };
    const guarded = await new Desk(new World(), { heartbeat: 20, stall: 1_000 }).open({
      scheme: 'Bearer',
      authenticate: async () => who,
    });
    try {
      for (const [id, project] of [
        ['ours', 'p1'],
        ['theirs', 'p2'],
      ] as const)
        await guarded.world.create(id, { project });
      const { id = '' } = await next(guarded.events('/v1/events', leaving.signal));
      for (const workflow of ['theirs', 'ours'])
        await guarded.world.service.act({
          requestId: `d-${workflow}`,
          workflow,
          by: 'me',
          kind: 'delete',
          abandon: true,
        });
      const again = guarded.events('/v1/events', leaving.signal, { 'Last-Event-ID': id });
      const told = await until(again, ({ event }) => event === 'gone');
      expect(told.map(({ data }) => data)).to.deep.equal([{ resumed: true }, { id: 'ours' }]);
    } finally {
      await guarded.close();
    }
  });

  it('cut off who does not read, and hold nothing of theirs', async () => {
    const { port } = new URL(desk.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.pause();
    socket.write(
      'GET /v1/workflows/wf/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n',
    );
    const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
    await condition(() => desk.streams.size === 1);
    const text = 'x'.repeat(100_000);
    while (desk.streams.size > 0) {
      desk.world.engine.tell('wf', { kind: 'output', step: 'sql[0].prepared', stream: 'stdout', text });
      await turn();
    }
    socket.resume();
    await closed;
  });

  it('end when what somebody authenticated with holds no longer', async () => {
    const who: Principal = { by: 'u', user: 'u', roles: new Set(['reader']), everywhere: true };
    let known: Principal | undefined = who;
    const auth: Authenticator = { scheme: 'Bearer', authenticate: async () => known };
    const guarded = await new Desk(new World(), { heartbeat: 5, stall: 1_000 }).open(auth);
    try {
      const stream = guarded.events('/v1/events', leaving.signal);
      await next(stream);
      known = undefined;
      expect(await all(stream)).to.deep.equal([{ event: 'end', data: { why: 'unauthenticated' } }]);
    } finally {
      await guarded.close();
    }
  });
});

async function next(stream: AsyncGenerator<Sent>): Promise<Sent> {
  const { value, done } = await stream.next();
  if (done === true) throw new Error('the stream is over');
  return value as Sent;
}

async function until(stream: AsyncGenerator<Sent>, last: (sent: Sent) => boolean): Promise<Sent[]> {
  const found: Sent[] = [];
  for (;;) {
    const sent = await next(stream);
    found.push(sent);
    if (last(sent)) return found;
  }
}

async function all(stream: AsyncGenerator<Sent>): Promise<Sent[]> {
  const found: Sent[] = [];
  for await (const sent of stream) found.push(sent);
  return found;
}

function stepOf(data: Sent['data']): string {
  const { change } = (data['entry'] ?? {}) as { change?: { step?: string; record?: { status?: string } } };
  return `${change?.step ?? ''} ${change?.record?.status ?? ''}`;
}

async function logOf(desk: Desk): Promise<object[]> {
  const { body } = await desk.ask('/v1/workflows/wf/events');
  return body['entries'] as object[];
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

async function condition(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}
