// When steps ran, read off the log of a run, and the chain that took longest.
import { expect } from 'chai';
import { failed, succeeded } from '../support/drivers.ts';
import { createRequest, members, World } from './kit.ts';

const prepared = succeeded({ address: { text: '10.0.0.1' } });

const TWO_ON_ONE = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm
    states:
      first:
        action: {script: {bash: "echo 1"}}
      second:
        action: {script: {bash: "echo 2"}}
      both:
        requires: [db.first, db.second]
        action: {script: {bash: "echo 3"}}
goal: db.both
`;

describe('timeline', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.engine.start();
  });
  afterEach(() => world.engine.stop());

  const after = async (ms: number, step: string, outcome = succeeded()): Promise<void> => {
    world.clock.advance(ms);
    await world.driver.finish(step, outcome);
    await world.settled();
  };
  const chain = async (id: string): Promise<readonly string[]> => {
    const { criticalPath } = await world.service.timeline(id);
    return criticalPath.map(({ step, from, to, after: why }) =>
      [step, why, to === undefined ? 'goes on' : to - from].join(' '),
    );
  };

  it('tells every attempt as a stretch of its own, and what goes on without an end', async () => {
    await world.create('wf');
    const { from, steps: begun } = await world.service.timeline('wf');
    expect(begun).to.deep.equal([
      { step: 'sql[0].prepared', spans: [{ from, phase: 'action', good: true }] },
    ]);
    await after(2_000, 'sql[0].prepared', failed());
    world.clock.advance(30_000);
    await world.settled();
    await after(3_000, 'sql[0].prepared', prepared);
    const { steps } = await world.service.timeline('wf');
    const at = (span: { from: number; to?: number; good: boolean }) => [
      span.from - from,
      span.to === undefined ? undefined : span.to - from,
      span.good,
    ];
    expect(steps.map(({ step, spans }) => [step, spans.map(at)])).to.deep.equal([
      [
        'sql[0].prepared',
        [
          [0, 2_000, false],
          [32_000, 35_000, true],
        ],
      ],
      ['sql[0].joined', [[35_000, undefined, true]]],
    ]);
  });

  it('the chain goes over who came last at a barrier, with the waits between its attempts', async () => {
    await world.create('wf', { members: members(3) });
    await after(1_000, 'sql[0].prepared', prepared);
    await after(1_000, 'sql[2].prepared', failed());
    await after(1_000, 'sql[1].prepared', prepared);
    world.clock.advance(30_000);
    await world.settled();
    await after(1_000, 'sql[2].prepared', prepared);
    expect(await chain('wf')).to.deep.equal([
      'sql[2].prepared required 34000',
      'sql[0].joined required goes on',
    ]);
    await after(1_000, 'sql[0].joined');
    await after(4_000, 'sql[1].joined');
    await after(1_000, 'sql[2].joined');
    expect(await chain('wf')).to.deep.equal([
      'sql[2].prepared required 34000',
      'sql[2].joined required 6000',
    ]);
  });

  it('a machine that was busy is a link', async () => {
    const document = { source: TWO_ON_ONE, fileName: 'one.yaml', files: {} };
    await world.create('wf', {
      document,
      inputs: {},
      members: { db: [{ agent: 'agent-0', name: 'db' }] },
    });
    await after(5_000, 'db.first');
    await after(2_000, 'db.second');
    await after(1_000, 'db.both');
    expect(await chain('wf')).to.deep.equal([
      'db.first required 5000',
      'db.second machine 2000',
      'db.both required 1000',
    ]);
  });

  it('reads no entry of a log twice', async () => {
    await world.create('wf');
    const read: number[] = [];
    const inner = world.store.events.bind(world.store);
    world.store.events = async (id, from, limit) => {
      const entries = await inner(id, from, limit);
      read.push(...entries.map(({ seq }) => seq));
      return entries;
    };
    await world.service.timeline('wf');
    await after(1_000, 'sql[0].prepared', prepared);
    await Promise.all([world.service.timeline('wf'), world.service.timeline('wf')]);
    expect(read).to.deep.equal([...new Set(read)]);
    expect(read.length).to.be.greaterThan(3);
  });

  it('a drawing of a workflow counts its members', async () => {
    await world.service.create(createRequest('wf', { members: members(7) }));
    await world.settled();
    const { nodes, edges } = await world.service.outline('wf');
    expect(nodes.map(({ name, who }) => `${name} ${who}`)).to.deep.equal([
      'sql.prepared each of 7',
      'sql.joined each of 7',
    ]);
    expect(edges.map(({ from, to, label }) => `${from} ${to} ${label}`)).to.deep.equal([
      'sql.prepared sql.joined all',
    ]);
  });
});
