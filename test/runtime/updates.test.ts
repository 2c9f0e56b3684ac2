// Another definition and other inputs for a workflow in a running engine: what is asked, stored, and goes on after a restart.
// Belongs here: updates across commits and restarts. Does not belong here: what the machine decides (test/machine), members
// alone (members.test.ts).
import { expect } from 'chai';
import type { ActRequest } from '../../engine/runtime/api.ts';
import type { RequestResult } from '../../engine/runtime/ports.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { CLUSTER, members, World } from './kit.ts';

const ready = { kind: 'succeeded', outputs: { address: { text: '10.0.0.1' } } } as const;
const done = { kind: 'succeeded', outputs: {} } as const;

type Asked = Omit<Extract<ActRequest, { readonly kind: 'update' }>, 'kind' | 'requestId' | 'workflow' | 'by'>;
let asked = 0;

async function update(world: World, change: Asked): Promise<RequestResult> {
  asked += 1;
  const result = await world.service.act({
    kind: 'update',
    requestId: `update-${asked}`,
    workflow: 'w',
    by: 'ann',
    ...change,
  });
  await world.settled();
  return result;
}

const document = (source: string) => ({ source, fileName: 'cluster.yaml', files: {} });
const APPLIED: RequestResult = { status: 'applied' };

async function finish(world: World, step: string): Promise<void> {
  await world.driver.finish(step, step.endsWith('prepared') ? ready : done);
  await world.settled();
}

async function complete(disk: MemoryDisk): Promise<World> {
  const world = new World(disk);
  await world.engine.start();
  await world.create('w', { members: members(2) });
  for (const state of ['prepared', 'joined'])
    for (const index of [0, 1]) await finish(world, `sql[${index}].${state}`);
  expect(await statusOf(world)).to.equal('complete');
  return world;
}

async function restarted(world: World, disk: MemoryDisk): Promise<World> {
  await world.engine.stop();
  const next = new World(disk);
  await next.engine.start();
  await next.settled();
  return next;
}

const statusOf = async (world: World): Promise<string> => (await world.service.workflow('w')).record.status;
const since = (world: World, count: number): readonly string[] =>
  world.driver.started.slice(count).map(({ id }) => id.step);

/** What a follower of the workflow reads while a script prints. */
async function printed(world: World, step: string): Promise<readonly string[]> {
  const over = new AbortController();
  const read: string[] = [];
  const reading = (async () => {
    for await (const one of world.service.follow('w', over.signal))
      if (one.kind === 'output') read.push(`${one.step} says ${one.text}`);
  })();
  world.engine.tell('w', { kind: 'output', step, stream: 'stdout', text: 'hello' });
  await world.settled();
  over.abort();
  await reading;
  return read;
}

describe('an update of inputs', () => {
  it('R3: runs again what reads them, and nothing else; also after a restart in its middle', async () => {
    const disk = new MemoryDisk();
    let world = await complete(disk);
    const before = world.driver.started.length;
    expect(await update(world, { inputs: { port: 6000 } })).to.eql(APPLIED);
    expect(since(world, before)).to.eql(['sql[0].prepared', 'sql[1].prepared']);
    world = await restarted(world, disk);
    expect(since(world, 0)).to.eql(['sql[0].prepared', 'sql[1].prepared']);
    for (const index of [0, 1]) await finish(world, `sql[${index}].prepared`);
    expect(await statusOf(world)).to.equal('complete');
    expect(since(world, 2)).to.eql([]);
    await world.engine.stop();
  });

  it('row 26: keeps the reference of a hidden value that did not change, and tells one that did', async () => {
    const disk = new MemoryDisk();
    const world = await complete(disk);
    const before = world.driver.started.length;
    expect(await update(world, { inputs: { password: 'correct horse', port: 5432 } })).to.eql(APPLIED);
    expect((await world.service.workflow('w')).record.generation).to.equal(1);
    expect(await update(world, { inputs: { password: 'battery staple' } })).to.eql(APPLIED);
    expect(since(world, before)).to.eql(['sql[0].joined', 'sql[1].joined']);
    expect(
      JSON.stringify([...disk.workflows.values()].map(({ log, source }) => [log, source])),
    ).not.to.contain('battery');
    await world.engine.stop();
  });

  it('row 29: a state that is renamed goes on after a restart, and its command comes back under its first name', async () => {
    const disk = new MemoryDisk();
    let world = new World(disk);
    await world.engine.start();
    await world.create('w', { members: members(2) });
    await finish(world, 'sql[0].prepared');
    const renamed = CLUSTER.replaceAll('prepared', 'readied').replace(
      '      readied:\n',
      '      readied:\n        was: prepared\n',
    );
    expect(await update(world, { document: document(renamed) })).to.eql(APPLIED);
    expect(since(world, 0)).to.eql(['sql[0].prepared', 'sql[1].prepared']);
    world = await restarted(world, disk);
    expect(since(world, 0)).to.eql(['sql[1].prepared']);
    const { steps } = await world.service.workflow('w');
    expect(steps.map(({ id }) => id))
      .to.include('sql[0].readied')
      .and.not.include('sql[0].prepared');
    expect(await printed(world, 'sql[1].prepared')).to.eql(['sql[1].readied says hello']);
    await finish(world, 'sql[1].prepared');
    for (const index of [0, 1]) await finish(world, `sql[${index}].joined`);
    expect(await statusOf(world)).to.equal('complete');
    expect((await world.service.workflow('w')).outputs).to.eql({ addresses: ['10.0.0.1', '10.0.0.1'] });
    const { steps: ran, criticalPath } = await world.service.timeline('w');
    expect(ran.map(({ step }) => step)).to.have.members(
      [0, 1].flatMap(index => [`sql[${index}].readied`, `sql[${index}].joined`]),
    );
    expect(criticalPath.map(({ step }) => step)).to.eql(['sql[1].readied', 'sql[1].joined']);
    await world.engine.stop();
  });

  it('row 29: what waits for its time still does, also renamed twice until then', async () => {
    const waits = /action: \{script: \{bash: "echo join".*/;
    let source = CLUSTER.replace(waits, 'action: {wait: {for: 30s}}');
    const world = new World(new MemoryDisk());
    await world.engine.start();
    await world.create('w', { document: document(source), members: members(1) });
    await finish(world, 'sql[0].prepared');
    for (const [from, to] of [
      ['joined', 'entered'],
      ['entered', 'settled'],
    ] as const) {
      source = source.replace(/ {8}was: .*\n/, '').replaceAll(from, to);
      source = source.replace(`      ${to}:\n`, `      ${to}:\n        was: ${from}\n`);
      expect(await update(world, { document: document(source) })).to.eql(APPLIED);
    }
    expect(await statusOf(world)).to.equal('running');
    world.clock.advance(30_000);
    await world.settled();
    expect(await statusOf(world)).to.equal('complete');
    await world.engine.stop();
  });

  it('gives back the default of one that is unset, or of all that are not named of a whole', async () => {
    const world = await complete(new MemoryDisk());
    await update(world, { inputs: { port: 6000 } });
    for (const index of [0, 1]) await finish(world, `sql[${index}].prepared`);
    const before = world.driver.started.length;
    expect(await update(world, { unset: ['port'] })).to.eql(APPLIED);
    expect(since(world, before)).to.eql(['sql[0].prepared', 'sql[1].prepared']);
    const missing = await update(world, { inputs: {}, whole: true });
    expect(missing).to.include({ status: 'rejected', code: 'inputs_invalid' });
    expect(missing).to.have.property('message').that.contains("'password' is required");
    await world.engine.stop();
  });

  it('is refused with all that is wrong, and leaves everything as it was', async () => {
    const world = await complete(new MemoryDisk());
    const result = await update(world, { inputs: { prot: 1, port: 'x' } });
    expect(result).to.include({ status: 'rejected', code: 'inputs_invalid', next: "Did you mean 'port'?" });
    expect(result.status === 'rejected' && result.problems?.length).to.equal(2);
    expect((await world.service.workflow('w')).record.generation).to.equal(1);
    await world.engine.stop();
  });

  it('is planned without anything of it being begun', async () => {
    const world = await complete(new MemoryDisk());
    const { plan } = await world.service.plan({ workflow: 'w', inputs: { port: 6000 } });
    expect(plan?.counts.run_again, JSON.stringify(plan)).to.be.above(0);
    const none = await world.service.plan({ workflow: 'w', members: { sql: [] } });
    expect(none.plan?.refused?.message).to.contain('sql');
    expect((await world.service.plan({ workflow: 'w', inputs: { prot: 1 } })).problems).to.have.length(1);
    expect((await world.service.workflow('w')).record.generation).to.equal(1);
    await world.engine.stop();
  });
});

/** Without `joined`; the goal is what was before it. */
const SHORTER = CLUSTER.replace(/ {6}joined:[^]*?goal: sql.joined/, 'goal: sql.prepared');
/** `prepared` is gone, with its undo; `joined` stays. */
const WITHOUT_PREPARED = `
workflow_version: 2026-11-01
inputs:
  password: {type: string, hidden: true}
entities:
  sql:
    type: vm_group
    members: {min: 1, max: 200}
    states:
      joined:
        action: {script: {bash: "echo join", inputs: {password: "<% inputs.password %>"}}}
goal: sql.joined
`;

describe('an update of the definition', () => {
  it('row 22: takes back what is gone by the definition that had it, also after a restart, and then forgets that one', async () => {
    const disk = new MemoryDisk();
    let world = await complete(disk);
    const [first] = [...disk.definitions.keys()];
    const before = world.driver.started.length;
    expect(await update(world, { document: document(WITHOUT_PREPARED) })).to.eql(APPLIED);
    expect(since(world, before)).to.have.members(['sql[0].prepared', 'sql[1].prepared']);
    expect(disk.definitions.size, 'both are needed').to.equal(2);
    world = await restarted(world, disk);
    expect(since(world, 0), 'their undo is sent again').to.eql(['sql[0].prepared', 'sql[1].prepared']);
    for (const index of [0, 1]) await finish(world, `sql[${index}].prepared`);
    expect(await statusOf(world)).to.equal('complete');
    expect(await update(world, { inputs: { password: 'other' } })).to.eql(APPLIED);
    for (const index of [0, 1]) await finish(world, `sql[${index}].joined`);
    expect([...disk.definitions.keys()], 'what runs had begun under it').to.include(first);
    expect(await update(world, { inputs: { password: 'another' } })).to.eql(APPLIED);
    expect([...disk.definitions.keys()], 'nothing of it is left').not.to.include(first);
    await world.engine.stop();
  });

  it('row 28: keeps what the goal needs no more, and undoes it with the rest', async () => {
    const world = await complete(new MemoryDisk());
    const before = world.driver.started.length;
    expect(await update(world, { document: document(SHORTER) })).to.eql(APPLIED);
    expect(await statusOf(world)).to.equal('complete');
    expect(since(world, before)).to.eql([]);
    await world.engine.stop();
  });

  it('is refused with its problems when it is none', async () => {
    const world = await complete(new MemoryDisk());
    const result = await update(world, { document: document('workflow_version: 2026-11-01\n') });
    expect(result).to.include({ status: 'rejected', code: 'definition_invalid' });
    await world.engine.stop();
  });

  it('asked twice under one id happens once', async () => {
    const world = await complete(new MemoryDisk());
    const request = {
      kind: 'update',
      requestId: 'same',
      workflow: 'w',
      by: 'ann',
      inputs: { port: 7000 },
    } as const;
    const answers = await Promise.all([world.service.act(request), world.service.act(request)]);
    await world.settled();
    expect(answers).to.eql([APPLIED, APPLIED]);
    expect((await world.service.workflow('w')).record.generation).to.equal(2);
    await world.engine.stop();
  });
});
