// The MariaDB store against a real server, by the suite that binds all stores.
// Belongs here: what only MariaDB has: sessions, connections that break, schemas of others. Does not belong here: the lease
// (lease.test.ts), engines that stand by (test/heat/standby.test.ts).
import { expect } from 'chai';
import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { openMariadbStore } from '../../engine/store/mariadb/store.ts';
import { databases } from '../support/databases.ts';
import { exercise, rejects } from './conformance.ts';
import { commitOf, creation, logEntry, workflowRecord } from './fixtures.ts';

const lab = databases('the MariaDB store');

if (lab) {
  exercise('mariadb', async () => {
    const place = await lab.make();
    return () => openMariadbStore(place);
  });

  describe('mariadb store', () => {
    after(() => lab.drop());

    /** A way to the server that a test may cut; `cutAt`: as soon as those bytes are on their way, before or after they arrive. */
    async function way(url: string) {
      const { hostname, port } = new URL(url);
      const sockets = new Set<Socket>();
      let cutAt: { readonly bytes: string; readonly arrive: boolean } | undefined;
      const cut = (): void => {
        cutAt = undefined;
        for (const socket of sockets) socket.destroy();
      };
      const server = createServer(here => {
        const there = connect(Number(port), hostname);
        for (const socket of [here, there])
          sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
        there.on('data', chunk => here.write(chunk)).on('close', () => here.destroy());
        here.on('close', () => there.destroy());
        here.on('data', chunk => {
          if (!cutAt || !chunk.includes(cutAt.bytes)) return void there.write(chunk);
          if (!cutAt.arrive) return cut();
          // Its answer is on its way when the connection goes: the server has carried it out.
          there.removeAllListeners('data').once('data', cut);
          there.write(chunk);
        });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address() as { readonly port: number };
      const through = new URL(url);
      through.port = String(address.port);
      return {
        url: through.href,
        cutAt: (bytes: string, arrive: boolean) => void (cutAt = { bytes, arrive }),
        close: () => {
          cut();
          server.close();
        },
      };
    }

    for (const arrive of [true, false])
      it(`knows after a COMMIT whose answer was lost whether it ${arrive ? 'happened' : 'did not happen'}`, async () => {
        const place = await lab.make();
        const path = await way(place.url);
        const store = await openMariadbStore({ url: path.url });
        await store.acquire('engine-1');
        const before = await store.committed();
        path.cutAt('COMMIT', arrive);
        await rejects('commit_unknown', store.commit({ commitSeq: before, workflows: [creation('wf')] }));
        expect(await store.committed()).to.equal(arrive ? before + 1 : before);
        expect((await store.load('wf')) !== undefined).to.equal(arrive);
        await store.close();
        path.close();
      });

    it('fails whole when the connection goes in the middle of a commit, and goes on with another', async () => {
      const place = await lab.make();
      const path = await way(place.url);
      const store = await openMariadbStore({ url: path.url });
      await store.acquire('engine-1');
      const commitSeq = await store.committed();
      path.cutAt('INSERT INTO event', true);
      await rejects('store_failed', store.commit({ commitSeq, workflows: [creation('wf')] }));
      expect(await store.load('wf')).to.equal(undefined);
      await store.commit({ commitSeq, workflows: [creation('wf')] });
      expect(await store.load('wf')).to.not.equal(undefined);
      await store.close();
      path.close();
    });

    it('is right where quotes and backslashes are, whatever the server takes for an escape', async () => {
      const [mode] = (await lab.say('SELECT @@GLOBAL.sql_mode AS mode')) as { readonly mode: string }[];
      const place = await lab.make();
      const store = await openMariadbStore(place);
      await store.acquire('engine-1');
      const reason = `it's \\' "so" \\\\ -- ; DROP`;
      const commitSeq = await store.committed();
      await store.commit({
        commitSeq,
        workflows: [creation('wf', { record: workflowRecord('wf', { reason }) })],
      });
      expect((await store.load('wf'))?.record.reason).to.equal(reason);
      expect(mode).to.have.property('mode');
      await store.close();
    });

    it('writes more rows than fit into one packet', async () => {
      const store = await openMariadbStore(await lab.make());
      await store.acquire('engine-1');
      const reason = 'x'.repeat(1_000_000);
      const log = Array.from({ length: 20 }, (_, index) => ({
        ...logEntry(index + 1),
        change: { kind: 'workflow' as const, record: workflowRecord('wf', { reason }) },
      }));
      await store.commit({ commitSeq: await store.committed(), workflows: [creation('wf', { log })] });
      expect(await store.events('wf', 0, 100)).to.have.length(20);
      await store.close();
    });

    it('keeps the order of what is written twice for one workflow in a batch', async () => {
      const store = await openMariadbStore(await lab.make());
      await store.acquire('engine-1');
      const again = commitOf('wf', {
        record: workflowRecord('wf', { status: 'held', seq: 2 }),
        log: [logEntry(2)],
      });
      await store.commit({ commitSeq: await store.committed(), workflows: [creation('wf'), again] });
      expect((await store.load('wf'))?.record).to.include({ status: 'held', seq: 2 });
      await store.close();
    });

    it('refuses the schema of a newer engine', async () => {
      const place = await lab.make();
      await (await openMariadbStore(place)).close();
      await lab.say(`INSERT INTO ${place.name}.schema_version VALUES (99)`);
      const { message } = await rejects('store_newer', openMariadbStore(place));
      expect(message).to.include('has schema 99');
    });

    it('says whom it cannot reach, and no password', async () => {
      const { message } = await rejects(
        'store_failed',
        openMariadbStore({ url: 'mysql://u:hush@127.0.0.1:1/db' }),
      );
      expect(message).to.include('127.0.0.1:1/db').and.not.include('hush');
      const place = await lab.make();
      const wrong = new URL(place.url);
      wrong.password = 'hush';
      const refused = await rejects('store_failed', openMariadbStore({ url: wrong.href }));
      expect(refused.next).to.include('store.connection');
      expect(refused.message).to.not.include('hush');
      await rejects('usage', openMariadbStore({ url: 'postgres://u@h/db' }));
    });
  });
}
