// Two engines on one database: one serves Heat, the other stands by and goes on when the first one dies.
// Belongs here: what users of Heat and operators then see. Does not belong here: the lease (test/store/lease.test.ts).
import { expect } from 'chai';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { databases } from '../support/databases.ts';
import { services } from '../support/services.ts';
import { temporaryDirectoryFor } from '../support/lasting-directory.ts';
import { EngineProcess } from './engine-process.ts';
import { Heat } from './openstack.ts';
import { greeting, template, waiting } from './templates.ts';

const SUITE = 'engines that share a store';
const found = services(SUITE);
const lab = found && databases(SUITE);
if (found && lab)
  describe(SUITE, function () {
    this.timeout(240_000);
    const heat = new Heat(found);
    const directories = [temporaryDirectoryFor('standby-a'), temporaryDirectoryFor('standby-b')] as const;
    const [first, second] = directories.map(directory => path.join(directory.path, 'state', 'keys'));
    let engines: readonly EngineProcess[];
    let active: EngineProcess;
    let other: EngineProcess;

    before(async () => {
      const { url } = await lab.make();
      const more = `store: {connection: "${url}", lease: 3}\n`;
      engines = directories.map(({ path: place }) => new EngineProcess(found, place, undefined, () => more));
      [active, other] = engines as [EngineProcess, EngineProcess];
      await active.start();
    });
    after(async () => {
      for (const engine of engines) await engine.stop();
      await lab.drop();
      for (const directory of directories) directory.remove();
    });

    it('refuse an engine with keys of its own, and say which it needs', async () => {
      other.launch();
      const thrown = await other.said('stands by').catch((error: Error) => error);
      expect(String(thrown)).to.include('The store is of engines whose keys are not in');
      expect(String(thrown)).to.include('Copy the folder keys');
      rmSync(second as string, { recursive: true });
      cpSync(first as string, second as string, { recursive: true });
    });

    it('stand by one for the other, and go on in mid-create when the active one is killed', async () => {
      other.launch();
      await other.said('is active');
      await heat.create('survives', template({ flow: { definition: waiting('6s') } }));
      await heat.told('survives', 'flow', /service\.begun reached/);
      await active.kill();
      await other.said('serves murano_workflow');
      expect((await heat.settled('survives'))?.stack_status).to.equal('CREATE_COMPLETE');
      await heat.remove('survives');
    });

    it('change at once when the active one is stopped, with all that is stored', async () => {
      active.launch();
      await active.said('is active');
      const flow = { definition: greeting, inputs: { who: 'you' } };
      await heat.create('stays', template({ flow }));
      expect((await heat.settled('stays'))?.stack_status).to.equal('CREATE_COMPLETE');
      await other.stop();
      await active.said('serves murano_workflow');
      await heat.delete('stays');
      expect(await heat.settled('stays')).to.equal(undefined);
    });

    it('end when another one has taken over, and say so', async () => {
      other.launch();
      await other.said('is active');
      active.pause();
      await other.said('serves murano_workflow');
      const said = active.said('took over');
      active.proceed();
      await said;
      expect(await active.code()).to.equal(4);
    });
  });
