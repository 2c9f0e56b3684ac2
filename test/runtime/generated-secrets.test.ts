// A generated secret from its making to the script that gets it: kept through crashes, sealed at rest, gone on delete.
// Belongs here: engine, store and driver of secrets together. Does not belong here: drawing (test/drivers).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { GenerateDriver } from '../../engine/drivers/generate-driver.ts';
import { Teller } from '../../engine/drivers/tell.ts';
import type { ReportSink, Store } from '../../engine/runtime/ports.ts';
import { vault } from '../../engine/runtime/secrets.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { openSqliteStore } from '../../engine/store/sqlite/store.ts';
import { allKinds, failed, succeeded } from '../support/drivers.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { createRequest, members, World } from './kit.ts';

const source = `
workflow_version: 2026-11-01
entities:
  sql:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      keyed: {action: {set: {generate: {password: {length: 24}}}}}
      used:
        action:
          script:
            sh: "true"
            inputs: {password: "<% member.outputs.keyed.password %>", url: "pg://<% member.outputs.keyed.password %>@db"}
        retry: {attempts: 3, delay: 1s, jitter: 0}
goal: sql.used
outputs:
  password: {value: "<% sql.members[0].outputs.keyed.password %>", hidden: true}
`;
const request = { document: { source, fileName: 'a.yaml', files: {} }, inputs: {}, members: members(2) };
const VAULT = vault(new Uint8Array(32).fill(7));

/** The world of this folder, with the real driver of secrets. */
function worldOn(inner: Store, made: string[]): World {
  const drivers = { ...allKinds({} as never) };
  const world = new World(new MemoryDisk(), { inner, drivers });
  const sink: ReportSink = {
    report: (id, report, secrets) => world.engine.report(id, report, secrets),
    owned: () => world.engine.owned(),
  };
  const generate = new GenerateDriver({
    teller: new Teller(sink, world.clock),
    seal: (ref, value) => {
      made.push(value as string);
      return VAULT.seal(ref, value);
    },
  });
  Object.assign(drivers, allKinds(world.driver), { generate });
  return world;
}

const away = (happened: boolean): EngineError =>
  new EngineError(happened ? 'commit_unknown' : 'store_failed', 'planned', 'nothing');

/** What the script of the step got. */
async function given(world: World, step: string): Promise<unknown> {
  const { command, context } = world.driver.last(step);
  if (command.action.kind !== 'script') throw new Error('no script');
  const { password, url } = command.action.inputs as { password: { $secret: string }; url: unknown };
  expect(url).to.deep.equal({ $concat: ['pg://', password, '@db'] });
  return context.secret(password.$secret);
}

const STORES: { readonly [name: string]: (directory: string, disk: MemoryDisk) => Store | Promise<Store> } = {
  memory: (_, disk) => new MemoryStore(disk),
  sqlite: directory => openSqliteStore(path.join(directory, 'engine.db')),
};

for (const [name, open] of Object.entries(STORES)) {
  describe(`a generated secret, ${name} store`, () => {
    let directory: string;
    let disk: MemoryDisk;
    let made: string[];
    beforeEach(async () => {
      [directory, disk, made] = [await temporaryDirectory(), new MemoryDisk(), []];
    });

    const begin = async (): Promise<{ world: World; inner: Store }> => {
      const inner = await open(directory, disk);
      const world = worldOn(inner, made);
      await world.engine.start();
      return { world, inner };
    };
    const end = async ({ world, inner }: { world: World; inner: Store }): Promise<void> => {
      await world.engine.stop();
      await inner.close();
    };

    it('is one per member, and reaches its script, in a text as well; a retry gets the same', async () => {
      const one = await begin();
      await one.world.create('wf', request);
      const first = await given(one.world, 'sql[0].used');
      expect(first).to.be.a('string').with.lengthOf(24);
      expect(await given(one.world, 'sql[1].used')).to.not.equal(first);
      await one.world.driver.finish('sql[0].used', failed(1));
      await one.world.settled();
      one.world.clock.advance(2_000);
      await one.world.settled();
      expect(one.world.driver.last('sql[0].used').id.dispatch).to.equal(2);
      expect(await given(one.world, 'sql[0].used')).to.equal(first);
      await end(one);
    });

    it('is the same for the next engine, and is not made again', async () => {
      const one = await begin();
      await one.world.create('wf', request);
      const first = await given(one.world, 'sql[0].used');
      await end(one);
      const two = await begin();
      await two.world.settled();
      expect(await given(two.world, 'sql[0].used')).to.equal(first);
      expect(made).to.have.lengthOf(2);
      await end(two);
    });

    it('row 30: is not handed on with an index: who joins where another has left gets one of its own', async () => {
      const one = await begin();
      await one.world.create('wf', request);
      const first = await given(one.world, 'sql[1].used');
      for (const step of ['sql[0].used', 'sql[1].used']) await one.world.driver.finish(step, succeeded());
      const change = async (requestId: string, wish: object): Promise<void> => {
        const common = { kind: 'update', requestId, workflow: 'wf', by: 'me' } as const;
        await one.world.service.act({ ...common, ...wish });
        await one.world.settled();
      };
      await change('leave', { leave: { sql: ['agent-1'] } });
      await change('join', { join: { sql: [{ agent: 'another', name: 'another', data: {} }] } });
      expect(await given(one.world, 'sql[1].used')).to.not.equal(first);
      expect(new Set(made)).to.have.lengthOf(3);
      await end(one);
    });

    it('GD2: one whose commit failed was given to nobody; what is given is what is stored', async () => {
      const one = await begin();
      let faults = 0;
      one.world.faults.commit = batch => {
        const secrets = batch.workflows.some(workflow => workflow.secrets.length > 0);
        if (!secrets || (faults += 1) > 2) return undefined;
        return { error: away(faults === 2), happened: faults === 2 };
      };
      await one.world.service.create(createRequest('wf', request));
      let idle = false;
      const settled = one.world.settled().then(() => (idle = true));
      while (!idle) {
        await new Promise(resolve => setImmediate(resolve));
        if (!idle) one.world.clock.advance(1_000);
      }
      await settled;
      expect(faults).to.be.at.least(2);
      const first = await given(one.world, 'sql[0].used');
      const sealed = await one.inner.secret('generated/wf/sql[0].keyed/password');
      expect(VAULT.open('generated/wf/sql[0].keyed/password', sealed ?? new Uint8Array())).to.equal(first);
      await end(one);
    });

    it('P9: stands in clear nowhere: records, log, status, outputs, and every file of the store', async () => {
      const one = await begin();
      await one.world.create('wf', request);
      for (const step of ['sql[0].used', 'sql[1].used']) await one.world.driver.finish(step, succeeded());
      await one.world.settled();
      const view = await one.world.service.workflow('wf');
      expect(view.record.status).to.equal('complete');
      const events = await one.inner.events('wf', 0, 1_000);
      const commands = one.world.driver.started.map(({ command }) => command);
      const said = JSON.stringify([view, events, commands, await one.inner.load('wf'), one.world.history]);
      const files = readdirSync(directory).map(file => readFileSync(path.join(directory, file), 'latin1'));
      expect(made).to.have.lengthOf(2);
      for (const value of made) {
        expect(said).to.not.contain(value);
        for (const file of files) expect(file).to.not.contain(value);
      }
      await end(one);
    });

    it('goes with its workflow', async () => {
      const one = await begin();
      await one.world.create('wf', request);
      const ref = 'generated/wf/sql[0].keyed/password';
      expect(await one.inner.secret(ref)).not.to.equal(undefined);
      const wish = { requestId: 'd', workflow: 'wf', by: 'me', kind: 'delete', abandon: true } as const;
      await one.world.service.act(wish);
      await one.world.settled();
      expect(await one.inner.secret(ref)).to.equal(undefined);
      await end(one);
    });
  });
}
