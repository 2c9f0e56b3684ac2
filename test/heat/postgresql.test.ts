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
import { Places } from './postgresql-secrets.ts';
import { PostgresqlStack } from './postgresql-stack.ts';

const suite = 'the PostgreSQL cluster in a real Heat';
const found = services(suite);
const hasNova = found !== undefined && existsSync(path.join(found.directory, 'pids', 'nova-compute'));
const can =
  found !== undefined &&
  needs(hasNova, suite, 'Nova: test/services/nova.sh') &&
  needs(canHaveMachines(), suite, 'root on Linux, to make namespaces');

/** What a standby goes through. */
const STANDBY = [
  'online',
  'software_installed',
  'configured',
  'client_placed',
  'prerequisites',
  'measured',
  'copied',
  'follows',
  'row_read',
  'current',
];

if (can) {
  describe(suite, function () {
    this.timeout(180_000);
    const stack = new PostgresqlStack(found, `postgresql-${process.pid}`);
    const places = new Places(found, stack);
    before(places.start);
    after(places.stop);

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

    it('takes a server more: its member joins, nothing is repeated, no server is replaced', async () => {
      const before = stack.servers();
      await stack.update({ size: 4 });
      expect((await stack.settled()).stack_status).to.equal('UPDATE_COMPLETE');
      const { begun, undone } = await stack.whatHappened();
      expect(begun.toSorted()).to.deep.equal(STANDBY.map(state => `db[3].${state}`).toSorted());
      expect(undone).to.deep.equal([]);
      expect(stack.servers().slice(0, 3)).to.deep.equal(before);
      await stack.replicates(0, [1, 2, 3]);
      expect((await stack.outputs())['standbys']).to.deep.equal(['db-1', 'db-2', 'db-3']);
    });

    it('shows what a machine enrols with where its user data are, and its other secrets nowhere', async () => {
      const { enrolment, agents, passwords } = places.secrets();
      expect([enrolment.length, agents.length, passwords.length]).to.deep.equal([4, 4, 3]);
      expect(await places.holding(enrolment)).to.deep.equal([
        "Heat's own messages",
        "Nova's own messages",
        'answers of the engine',
        'event show server',
        'table heat.resource_properties_data',
        'table nova.instances',
      ]);
      expect(await places.holding(agents), 'what an agent logs in with').to.deep.equal([]);
      expect(await places.holding(passwords), 'hidden parameters of the stack').to.deep.equal([
        "Heat's own messages",
        'event show cluster',
        'requests to the engine',
        'table heat.raw_template',
        'table heat.resource_properties_data',
      ]);
    });

    it('takes servers away, a given one and the last: each is undone before it goes, nobody else is touched', async () => {
      const before = stack.servers();
      await stack.update({ size: 2, removed: 1 });
      expect((await stack.settled()).stack_status).to.equal('UPDATE_COMPLETE');
      const { begun, undone } = await stack.whatHappened();
      expect(begun).to.deep.equal([]);
      const leaving = ['db[1]', 'db[3]'].flatMap(member => STANDBY.map(state => `${member}.${state}`));
      expect(undone.map(({ step }) => step).toSorted()).to.deep.equal(leaving.toSorted());
      for (const index of [1, 3]) stack.showsOrder(`db-${index}`, `db[${index}].`, undone);
      expect(stack.servers()).to.deep.equal([before[0], before[2]]);
      await stack.hasNothingOf([1, 3]);
      await stack.replicates(0, [2]);
      expect((await stack.outputs())['standbys']).to.deep.equal(['db-2']);
    });

    it('takes the primary away, whose place another takes, and gets a new server that follows that one', async () => {
      const before = stack.servers();
      await stack.update({ size: 2, removed: 0 });
      expect((await stack.settled()).stack_status).to.equal('UPDATE_COMPLETE');
      const { begun, undone } = await stack.whatHappened();
      expect(begun.filter(step => step.endsWith('.leads'))).to.deep.equal(['db[2].leads']);
      expect(undone.map(({ step }) => step)).to.include.members(['db[0].leads', 'db[0].software_installed']);
      expect(stack.servers()[0]).to.equal(before[1]);
      await stack.hasNothingOf([0]);
      // Its port goes by its index in the workflow, which is the lowest that is free.
      await stack.replicates(2, [0]);
      expect(await stack.outputs()).to.deep.include({ primary: 'db-2', standbys: ['db-3'] });
    });

    it('is deleted while its machines are there, and nothing is left', async () => {
      await stack.delete();
      // They are switched off when Nova has their servers no more: by then the undo had left nothing.
      expect(stack.ranAtTheEnd()).to.deep.equal({ 'db-0': [], 'db-1': [], 'db-2': [], 'db-3': [] });
      await stack.hasNothingOf([0, 1, 2, 3]);
      expect(stack.servers()).to.deep.equal([]);
      expect(existsSync(stack.disks), 'the folder of every member').to.equal(false);
    });
  });
}
