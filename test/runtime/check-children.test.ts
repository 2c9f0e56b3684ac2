// A check that reaches into children: what they find, and what a converge mends in them (row 40, H7).
// Belongs here: parent and child in one engine. Does not belong here: the machine's side alone (test/scenarios), a check without
// children (test/machine/verify.test.ts).
import { expect } from 'chai';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { Family } from './family.ts';

const PARENT = `
workflow_version: 2026-11-01
inputs:
  password: {type: string, hidden: true}
entities:
  node: {type: vm_group, members: {min: 1, max: 9}, states: {there: {}}}
  shop:
    type: service
    states:
      clustered:
        action:
          workflow: {definition: {file: cluster.yaml}, members: {db: "<% node.members %>"}}
        outputs: {said: {type: string}}
      told:
        requires: [clustered]
        run_on: "<% node.members[0] %>"
        action: {script: {sh: tell.sh, inputs: {SAID: "<% shop.outputs.clustered.said %>"}}}
goal: shop.told
`;
const CHILD = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm_group
    members: {min: 2, max: 9}
    states:
      up: {action: {script: {sh: start.sh}}, probe: {script: {sh: is-up.sh}}}
  site:
    type: service
    states:
      inner:
        requires: [db.up]
        action: {workflow: {definition: {file: inner.yaml}, members: {one: "<% db.members %>"}}}
goal: site.inner
outputs:
  said: {value: hello}
`;
const INNER = `
workflow_version: 2026-11-01
entities:
  one:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      lit: {action: {script: {sh: light.sh}}, probe: {script: {sh: is-lit.sh}}}
goal: one.lit
`;
const FILES = { 'cluster.yaml': CHILD, 'inner.yaml': INNER };
const STEPS = ['db[0].up', 'db[1].up', 'one[0].lit', 'one[1].lit'];

/** Complete, with a child and a grandchild. */
async function complete(disk = new MemoryDisk()): Promise<Family> {
  const family = await new Family(disk).begin(PARENT, FILES);
  for (const step of STEPS.slice(0, 2)) {
    await family.end(step, 1);
    await family.end(step);
  }
  for (const step of STEPS.slice(2)) {
    await family.end(step, 1);
    await family.end(step);
  }
  await family.end('shop.told');
  expect(await family.status()).to.equal('complete');
  return family;
}

const check = (family: Family, more: object = {}) => family.act('shop', { kind: 'check', ...more });
const answer = async (family: Family, codes: { readonly [step: string]: number } = {}): Promise<void> => {
  for (const step of STEPS) await family.end(step, codes[step] ?? 0);
};
const checked = async (family: Family) => (await family.world.service.workflow('shop')).record.checked;

describe('a check of a workflow with children', () => {
  it('asks their probes, and those of theirs, and ends once they have', async () => {
    const family = await complete();
    const sent = family.driver.started.length;
    await check(family);
    const child = await family.child();
    expect(await family.status()).to.equal('checking');
    expect(await family.status(child)).to.equal('checking');
    const asked = family.driver.started.slice(sent);
    expect(asked.map(({ id, command }) => `${id.step} ${command.reason}`)).to.eql(
      STEPS.map(step => `${step} verify`),
    );
    await answer(family);
    expect(await checked(family)).to.include({ holds: 1, drifted: 0, unknown: 0, unchecked: 1 });
    expect(await family.status()).to.equal('complete');
    expect((await family.record('shop.clustered')).look?.found).to.equal('holds');
  });

  it('tells what has drifted in a child of a child as drift of its own step, and a converge mends that alone', async () => {
    const family = await complete();
    const child = await family.child();
    const inner = await grandchild(family);
    await check(family);
    await answer(family, { 'one[1].lit': 1 });
    expect(await checked(family)).to.include({ holds: 0, drifted: 1 });
    const { look, unverified } = await family.record('shop.clustered');
    expect(unverified?.why).to.equal('drifted');
    expect(look?.error?.message).to.equal(
      `In its child ${child} site.inner has drifted (In its child ${inner} one[1].lit on node-1 has drifted (The probe denies it: exit code 1))`,
    );
    const { reason } = (await family.world.service.workflow('shop')).record;
    expect(reason).to.match(/^shop\.clustered has drifted in its child/);
    const sent = family.driver.started.length;
    await family.act('shop', { kind: 'converge' });
    await family.end('one[1].lit', 1);
    await family.end('one[1].lit');
    expect(family.driver.started.slice(sent).map(({ id }) => id.step)).to.eql(['one[1].lit', 'one[1].lit']);
    for (const workflow of ['shop', child, inner]) expect(await family.status(workflow)).to.equal('complete');
    expect((await family.record('shop.clustered')).unverified).to.equal(undefined);
    await check(family);
    await answer(family);
    expect(await checked(family)).to.include({ holds: 1, drifted: 0 });
  });

  it('cannot tell where a child cannot, and marks nothing', async () => {
    const family = await complete();
    await check(family);
    await answer(family, { 'db[0].up': 7 });
    expect(await checked(family)).to.include({ holds: 0, drifted: 0, unknown: 1 });
    const { look, unverified } = await family.record('shop.clustered');
    expect(unverified).to.equal(undefined);
    expect(look?.error?.message).to.contain('db[0].up on node-0 could not be checked');
  });

  it('gives children a part of its time, so that what they could tell is told', async () => {
    const family = await complete();
    await check(family, { allowed: 100_000 });
    await family.end('db[0].up', 1);
    await family.end('db[1].up', 0);
    family.clock.advance(95_000);
    await family.settled();
    expect(await family.status()).to.equal('complete');
    expect((await family.record('shop.clustered')).look).to.include({ found: 'drifted' });
  });

  it('says that a child is at something else, or has failed', async () => {
    const family = await complete();
    const child = await family.child();
    await family.act(child, { kind: 'check' });
    await family.end('db[0].up', 1);
    await family.end('db[1].up', 0);
    await family.end('one[0].lit', 0);
    await family.end('one[1].lit', 0);
    await family.act(child, { kind: 'converge' });
    await check(family);
    expect((await family.record('shop.clustered')).look?.error?.message).to.equal(
      `Its child ${child} cannot be checked: The workflow is running.`,
    );
    await family.end('db[0].up', 1);
    await family.end('db[0].up', 5);
    expect(await family.status(child)).to.equal('failed');
    await check(family);
    for (const step of ['db[1].up']) await family.end(step, 0);
    expect((await family.record('shop.clustered')).look).to.include({ found: 'drifted' });
  });

  it('goes on through a restart of the engine, and asks each probe once', async () => {
    const disk = new MemoryDisk();
    const first = await complete(disk);
    await check(first);
    await first.end('db[0].up');
    await first.world.engine.stop();
    const second = new Family(disk, { clock: first.clock });
    await second.world.engine.start();
    await second.settled();
    expect(await second.status()).to.equal('checking');
    await second.end('db[1].up', 1);
    for (const step of STEPS.slice(2)) await second.end(step);
    expect(await checked(second)).to.include({ drifted: 1 });
    expect(second.driver.steps().filter(step => step === 'db[0].up')).to.eql([]);
  });

  it('gives way to whatever else is asked; the child ends its own check', async () => {
    const family = await complete();
    const child = await family.child();
    await check(family);
    await family.act('shop', { kind: 'cancel' });
    expect(await checked(family)).to.include({ stopped: 'cancel by ann' });
    expect(await family.status()).to.equal('complete');
    await answer(family, { 'db[0].up': 1 });
    const { record } = await family.world.service.workflow(child);
    expect(record.status).to.equal('complete');
    expect(record.checked).to.include({ drifted: 1, holds: 2 }).and.not.have.property('stopped');
    expect((await family.record('shop.clustered')).unverified).to.equal(undefined);
    // It is told at the next check, though nothing new drifted.
    await check(family);
    await answer(family, { 'db[0].up': 1 });
    expect((await family.record('shop.clustered')).unverified?.why).to.equal('drifted');
  });
});

const grandchild = async (family: Family): Promise<string> =>
  (await family.record('site.inner', await family.child())).child ?? '';
