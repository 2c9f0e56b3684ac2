// The examples, run by the command itself: engine, store, embedded agents and real scripts.
// Belongs here: that each ends as its page says, and leaves nothing after delete. Does not belong here: the command's looks.
import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inProject } from '../support/project.ts';
import { command, type Ended, expectExit, outputsOf } from './command.ts';
import { freePortRange, postgresql, serverUser } from './postgresql-machine.ts';

describe('Running the examples', function () {
  this.timeout(120_000);

  it('1: a script runs on one machine', async () => {
    const { murano } = await command();
    const text = await expectExit(murano('run', '1-one-machine.workflow.yaml', '--verbose'), 0);
    expect(text).to.include('Hello from');
    await expectExit(murano('delete', '1-one-machine'), 0);
  });

  it('2: outputs come out, and the password does not', async () => {
    const { murano, scratch } = await command();
    const password = 'hunter2-and-some-more';
    await writeFile(path.join(scratch, 'password.txt'), password);
    const words = ['--inputs', 'greeting=Servus', `password=@${scratch}/password.txt`];
    const text = await expectExit(
      murano('run', '2-inputs-and-outputs.workflow.yaml', '--verbose', ...words),
      0,
    );
    expect(text).to.include('Servus').and.not.to.include(password);
    const outputs = await outputsOf(murano, '2-inputs-and-outputs');
    expect(outputs['processors']).to.be.a('number').that.is.greaterThan(0);
  });

  it('3: every member knows every other, whose ports are the outputs', async () => {
    const { murano } = await command();
    await expectExit(murano('run', '3-group-and-barrier.workflow.yaml', '--members', 'web=3'), 0);
    expect(await outputsOf(murano, '3-group-and-barrier')).to.deep.equal({ ports: [8000, 8001, 8002] });
  });

  it('4: the member with the lowest index leads', async () => {
    const { murano } = await command();
    await expectExit(murano('run', '4-role-and-once.workflow.yaml', '--members', 'web=3'), 0);
    expect(await outputsOf(murano, '4-role-and-once')).to.deep.equal({ leader: 'web-0' });
  });

  it('5: what fails for a while is tried again; what is held goes on when an operator retries it', async () => {
    const { murano, scratch } = await command();
    const directory = path.join(scratch, 'play');
    const text = await expectExit(
      murano('run', '5-failure.workflow.yaml', '--inputs', `directory=${directory}`),
      3,
    );
    expect(text).to.include('put one there and retry');
    expect(readFileSync(path.join(directory, 'attempts'), 'utf8')).to.equal('attempt\n'.repeat(3));
    await writeFile(path.join(directory, 'licence'), 'ACME Ltd');
    await expectExit(murano('retry', '5-failure', 'web.licensed'), 0);
    expect(await outputsOf(murano, '5-failure')).to.deep.equal({ owner: 'ACME Ltd' });
  });

  it('5: what is held goes on when an operator skips it and gives its outputs', async () => {
    const { murano, scratch } = await command();
    const directory = path.join(scratch, 'play');
    await expectExit(murano('run', '5-failure.workflow.yaml', '--inputs', `directory=${directory}`), 3);
    await expectExit(murano('skip', '5-failure', 'web.licensed', '--outputs', 'owner=nobody'), 0);
    expect(await outputsOf(murano, '5-failure')).to.deep.equal({ owner: 'nobody' });
  });

  it('6: delete takes back the page, then the folder', async () => {
    const { murano, scratch } = await command();
    const directory = path.join(scratch, 'play');
    await expectExit(
      murano('run', '6-undo-and-delete.workflow.yaml', '--inputs', `directory=${directory}`),
      0,
    );
    expect(readFileSync(path.join(directory, 'index.html'), 'utf8')).to.include('6-undo-and-delete');
    await expectExit(murano('delete', '6-undo-and-delete'), 0);
    expect(existsSync(directory)).to.equal(false);
  });

  it('7: a cluster is there with a hidden password, and delete leaves nothing of it', async () => {
    const { murano, scratch } = await command();
    const directory = path.join(scratch, 'cluster');
    const password = 'correct-horse-battery';
    await writeFile(path.join(scratch, 'password.txt'), password);
    const words = ['--inputs', `directory=${directory}`, `password=@${scratch}/password.txt`];
    const text = await expectExit(
      murano('run', '7-cluster.workflow.yaml', '--members', 'store=4', '--verbose', ...words),
      0,
    );
    expect(text).not.to.include(password);
    expect(await outputsOf(murano, '7-cluster')).to.deep.equal({
      primary: 'store-0',
      copies: ['store-1', 'store-2', 'store-3'],
    });
    expect(readFileSync(path.join(directory, 'store-2', 'list'), 'utf8')).to.equal('first entry\n');
    await expectExit(murano('delete', '7-cluster'), 0);
    expect(existsSync(directory)).to.equal(false);
  });

  it('7: simulated, it gets along without one copy, and not without two', async () => {
    const { murano } = await command();
    const words = ['simulate', '7-cluster.workflow.yaml', '--members', 'store=4', '--guess-inputs', '--fail'];
    const simulated = (...failing: string[]): Promise<Ended> => murano(...words, ...failing);
    expect(await expectExit(simulated('store[2].copied'), 0)).to.include('would be complete');
    await expectExit(simulated('store[2].copied', 'store[3].copied'), 1);
  });

  it('the PostgreSQL cluster is deployed, and delete leaves nothing of it', async () => {
    const { murano, scratch } = await command();
    const base = path.join(scratch, 'cluster');
    const port = await freePortRange(3);
    const folder = inProject('docs', 'examples', 'postgresql-cluster');
    const inputs = [`base_directory=${base}`, `first_port=${port}`, `postgresql=${postgresql}`];
    const more = [`run_as=${serverUser}`, `node=${process.execPath}`];
    const file = path.join(folder, 'postgresql-cluster.workflow.yaml');
    try {
      const words = ['--members', 'db=3', '--inputs', path.join(folder, 'inputs.yaml'), ...inputs, ...more];
      const text = await expectExit(murano('run', file, ...words), 0);
      expect(text).not.to.include('change-me');
      const outputs = await outputsOf(murano, 'postgresql-cluster');
      expect(outputs).to.deep.include({ primary: 'db-0', standbys: ['db-1', 'db-2'] });
      expect(outputs['connection']).to.include(`postgresql://app@127.0.0.1:${port},`);
    } finally {
      await expectExit(murano('delete', 'postgresql-cluster'), 0);
    }
    expect(existsSync(base)).to.equal(false);
  });
});
