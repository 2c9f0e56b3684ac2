// The lease of engines that share a MariaDB: one holds it, the next has it once it ran out or was given back.
// Belongs here: the lease and the check of keys against a real server. Does not belong here: engines (test/heat/standby.test.ts).
import { expect } from 'chai';
import type { Connections } from '../../engine/store/mariadb/connection.ts';
import { claimKeys, readKeyCheck } from '../../engine/store/mariadb/key-check.ts';
import { Lease } from '../../engine/store/mariadb/lease.ts';
import { type MariadbStore, openMariadbStore } from '../../engine/store/mariadb/store.ts';
import { databases } from '../support/databases.ts';
import { rejects } from './conformance.ts';

const lab = databases('the lease of engines that share a database');

if (lab)
  describe('the lease of engines that share a database', () => {
    const never = new AbortController().signal;
    let store: MariadbStore;
    let connections: Connections;
    beforeEach(async () => {
      store = await openMariadbStore(await lab.make());
      ({ connections } = store);
    });
    afterEach(() => store.close());
    after(() => lab.drop());

    interface Pause {
      /** Lets the engine go on from its pause. */
      readonly over: () => void;
    }

    /** An engine whose pauses last until the test ends them. */
    function engine(owner: string) {
      const pauses: Pause[] = [];
      const waits: string[] = [];
      const troubles: string[] = [];
      const lease = new Lease(connections, {
        owner,
        time: 60_000,
        pause: (_, signal) =>
          new Promise((resolve, reject) => {
            pauses.push({ over: resolve });
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          }),
        onWait: holder => waits.push(holder),
        onTrouble: message => troubles.push(message),
      });
      const paused = async (): Promise<Pause> => {
        while (pauses.length === 0) await new Promise(setImmediate);
        return pauses.shift() as Pause;
      };
      return { lease, paused, waits, troubles };
    }
    const runOut = (): Promise<number> => connections.run('UPDATE engine SET lease_until = 0 WHERE id = 1');

    it('is taken at once where nobody holds it, and awaited where somebody does, who is named', async () => {
      const [first, second] = [engine('first'), engine('second')];
      await first.lease.wait(never);
      expect(first.waits).to.eql([]);
      const waiting = second.lease.wait(never);
      (await second.paused()).over();
      const pause = await second.paused();
      expect(second.waits).to.eql(['first']);
      await first.lease.release();
      pause.over();
      await waiting;
      await second.lease.release();
    });

    it('is another one’s once it ran out, and whose it was learns of that', async () => {
      const [first, second] = [engine('first'), engine('second')];
      await first.lease.wait(never);
      const renewal = await first.paused();
      await runOut();
      await second.lease.wait(never);
      renewal.over();
      expect((await first.lease.lost).message).to.include('second took over');
      await first.lease.release();
      const third = engine('third');
      const waiting = third.lease.wait(never);
      const pause = await third.paused();
      expect(third.waits, 'a release of who lost it gives nothing back').to.eql(['second']);
      await second.lease.release();
      pause.over();
      await waiting;
      await third.lease.release();
    });

    it('is kept by whoever renews it in time', async () => {
      const first = engine('first');
      await first.lease.wait(never);
      const before = await connections.rows('SELECT lease_seq FROM engine');
      (await first.paused()).over();
      await first.paused();
      expect(await connections.rows('SELECT lease_seq FROM engine')).to.not.eql(before);
      await first.lease.release();
    });

    it('is no longer awaited by who is stopped', async () => {
      const [first, second] = [engine('first'), engine('second')];
      await first.lease.wait(never);
      const stop = new AbortController();
      const waiting = second.lease.wait(stop.signal).then(
        () => 'has it',
        () => 'stopped',
      );
      await second.paused();
      stop.abort(new Error('stopped'));
      expect(await waiting).to.equal('stopped');
      await first.lease.release();
    });

    it('says that it was not renewed while the database does not answer, and goes on', async () => {
      const first = engine('first');
      await first.lease.wait(never);
      const renewal = await first.paused();
      await connections.run('RENAME TABLE engine TO elsewhere');
      renewal.over();
      const next = await first.paused();
      expect(first.troubles).to.have.length(1);
      await connections.run('RENAME TABLE elsewhere TO engine');
      next.over();
      await first.paused();
      expect(first.troubles).to.have.length(1);
      await first.lease.release();
    });

    it('goes with keys: those of the first engine, and none but those', async () => {
      expect(await readKeyCheck(connections)).to.equal('');
      await claimKeys(connections, 'one', '/keys');
      await claimKeys(connections, 'one', '/keys');
      const { message, next } = await rejects('key_missing', claimKeys(connections, 'other', '/keys'));
      expect(message).to.match(/^The keys in \/keys are not those/);
      expect(next).to.include('Copy the folder keys');
    });
  });
