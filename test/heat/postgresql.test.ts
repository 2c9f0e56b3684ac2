// The example docs/examples/postgresql-heat in a real Heat and a real Nova, whose servers are machines that we start from the user data that Nova
// keeps: their agents enrol, and run real PostgreSQL servers that replicate.
// Belongs here: the life of that stack, by the commands that its page shows; one test goes on where the one before ended. Does not belong
// here: what members do in general (test/agents, test/machine), the machines (support/machines.ts).
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { canHaveMachines } from '../support/machines.ts';
import { needs } from '../support/needs.ts';
import { services } from '../support/services.ts';
import { PostgresqlStack } from './postgresql-stack.ts';

const suite = 'the PostgreSQL cluster in a real Heat';
const found = services(suite);
const hasNova = found !== undefined && existsSync(path.join(found.directory, 'pids', 'nova-compute'));
const can =
  found !== undefined &&
  needs(hasNova, suite, 'Nova: test/services/nova.sh') &&
  needs(canHaveMachines(), suite, 'root on Linux, to make namespaces');

if (can) {
  describe(suite, function () {
    this.timeout(120_000);
    const stack = new PostgresqlStack(found, `postgresql-${process.pid}`);

    it('fails with the member that fails, and an update goes on from there', async () => {
      const other = createServer().listen(stack.port + 2, '127.0.0.1');
      await once(other, 'listening');
      await stack.create();
      const failed = await stack.settled();
      other.close();
      expect(failed.stack_status).to.equal('CREATE_FAILED');
      expect(failed.stack_status_reason).to.match(
        /db\[2\]\.prerequisites.*Port \d+ at 127\.0\.0\.1 is taken/s,
      );
      await stack.update({});
      expect((await stack.settled()).stack_status).to.equal('UPDATE_COMPLETE');
      const { begun, undone } = await stack.whatHappened();
      expect(undone).to.deep.equal([]);
      const twice = begun.filter((step, index) => begun.indexOf(step) !== index);
      expect(twice, 'only what failed runs again').to.deep.equal(['db[2].prerequisites']);
      await stack.replicates(0, [1, 2]);
      const { outputs } = stack;
      expect(await outputs()).to.deep.include({ primary: 'db-0', standbys: ['db-1', 'db-2'] });
      expect((await outputs())['connection']).to.include(`127.0.0.1:${stack.port + 2}/app`);
    });

    it('refuses to take the primary away', async () => {
      expect(await stack.refused({ size: 3, removed: 0 })).to.match(/'removed'|removed.*0/i);
    });

    it('is deleted while its machines are there, and nothing is left', async () => {
      await stack.delete();
      // They are switched off when Nova has their servers no more: by then the undo had left nothing.
      expect(stack.ranAtTheEnd()).to.deep.equal({ 'db-0': [], 'db-1': [], 'db-2': [] });
      await stack.hasNothingOf([0, 1, 2]);
      expect(stack.servers()).to.deep.equal([]);
      expect(existsSync(stack.disks), 'the folder of every member').to.equal(false);
    });
  });
}
