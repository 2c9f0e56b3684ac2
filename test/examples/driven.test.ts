// The examples, decided by the state machine and done by real scripts: each ends as its page says.
// Belongs here: order, outputs, undo of the examples. Does not belong here: agents, stores and the command line.
import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import type { JsonObject } from '../../engine/base/json.ts';
import { checkInputs } from '../../engine/definition/inputs.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { Driven } from './driven.ts';
import { cluster, parseExample } from './definitions.ts';
import { freePortRange, postgresql, ScriptRunner, serverUser } from './postgresql-machine.ts';

interface Scene {
  readonly scratch: string;
  readonly drive: (file: string, inputs?: JsonObject, group?: string) => Driven;
}

async function scene(): Promise<Scene> {
  const scratch = await temporaryDirectory();
  await chmod(scratch, 0o755);
  const drive = (file: string, given: JsonObject = {}, group?: string): Driven => {
    const { definition } = parseExample(file);
    if (definition === undefined) throw new Error(`${file} has problems; definitions.test.ts shows them`);
    const { inputs, problems } = checkInputs(definition, given);
    expect(problems).to.deep.equal([]);
    const entity = group ?? 'web';
    const names = group === undefined ? [entity] : [0, 1, 2].map(index => `${entity}-${index}`);
    const members = names.map((name, index) => ({ agent: `agent-${index}`, name, index, data: {} }));
    return new Driven(
      definition,
      new Map([[entity, members]]),
      inputs,
      new ScriptRunner(scratch),
      serverUser,
    );
  };
  return { scratch, drive };
}

describe('The examples, driven by the state machine', function () {
  this.timeout(60_000);

  it('1 reaches its goal', async () => {
    const { drive } = await scene();
    const driven = drive('hello/1-one-machine.workflow.yaml');
    await driven.after({ kind: 'create' });
    expect(driven.status).to.equal('complete');
    expect(driven.ended).to.deep.equal(['web.online', 'web.greeted']);
  });

  it('2 waits for the outputs it reads', async () => {
    const { drive } = await scene();
    const driven = drive('hello/2-inputs-and-outputs.workflow.yaml', { password: 'hunter2' });
    await driven.after({ kind: 'create' });
    expect(driven.status).to.equal('complete');
    expect(driven.ended).to.deep.equal(['web.online', 'web.measured', 'web.greeted']);
    expect(driven.outputs['processors']).to.be.a('number');
  });

  it('3 introduces nobody before everybody is prepared', async () => {
    const { drive } = await scene();
    const driven = drive('hello/3-group-and-barrier.workflow.yaml', {}, 'web');
    await driven.after({ kind: 'create' });
    expect(driven.status).to.equal('complete');
    expect(driven.outputs).to.deep.equal({ ports: [8000, 8001, 8002] });
    const states = driven.ended.map(step => step.split('.')[1]);
    expect(states.lastIndexOf('prepared')).to.be.lessThan(states.indexOf('introduced'));
  });

  it('4 makes one ticket, with which all but the leader join', async () => {
    const { drive } = await scene();
    const driven = drive('hello/4-role-and-once.workflow.yaml', {}, 'web');
    await driven.after({ kind: 'create' });
    expect(driven.status).to.equal('complete');
    expect(driven.outputs).to.deep.equal({ leader: 'web-0' });
    expect(driven.ended.filter(step => /ticket|joined/.test(step))).to.have.members([
      'web.ticket_made',
      'web[1].joined',
      'web[2].joined',
    ]);
  });

  it('5 tries again by itself, is then held, and goes on when an operator retries', async () => {
    const { scratch, drive } = await scene();
    const directory = path.join(scratch, 'play');
    const driven = drive('hello/5-failure.workflow.yaml', { directory });
    await driven.after({ kind: 'create' });
    expect(driven.status).to.match(/^held/);
    expect(readFileSync(path.join(directory, 'attempts'), 'utf8')).to.equal('attempt\n'.repeat(3));
    writeFileSync(path.join(directory, 'licence'), 'ACME Ltd');
    await driven.after({ kind: 'retry', step: 'web.licensed', by: 'test' });
    expect(driven.status).to.equal('complete');
    expect(driven.outputs).to.deep.equal({ owner: 'ACME Ltd' });
  });

  it('6 takes back the page before the folder', async () => {
    const { scratch, drive } = await scene();
    const directory = path.join(scratch, 'play');
    const driven = drive('hello/6-undo-and-delete.workflow.yaml', { directory });
    await driven.after({ kind: 'create' });
    expect(existsSync(path.join(directory, 'index.html'))).to.equal(true);
    await driven.after({ kind: 'delete', abandon: false, by: 'test' });
    expect(driven.status).to.equal('deleted');
    expect(existsSync(directory)).to.equal(false);
  });

  it('the PostgreSQL cluster replicates, and its deletion leaves nothing', async () => {
    const { scratch, drive } = await scene();
    const base = path.join(scratch, 'cluster');
    const first_port = await freePortRange(3);
    const inputs = {
      base_directory: base,
      first_port,
      postgresql,
      node: process.execPath,
      run_as: serverUser,
      admin_password: 'admin-1234',
      replication_password: 'replica-1234',
      application_password: 'app-12345',
    };
    const driven = drive(cluster, inputs, 'db');
    try {
      await driven.after({ kind: 'create' });
      expect(driven.status).to.equal('complete');
      const hosts = [0, 1, 2].map(index => `127.0.0.1:${first_port + index}`).join(',');
      expect(driven.outputs).to.deep.include({
        primary: 'db-0',
        standbys: ['db-1', 'db-2'],
        connection: `postgresql://app@${hosts}/app?target_session_attrs=read-write`,
      });
      expect(JSON.stringify(driven.outputs)).not.to.include('app-12345');
    } finally {
      await driven.after({ kind: 'delete', abandon: false, by: 'test' });
    }
    expect(driven.status).to.equal('deleted');
    expect(existsSync(base)).to.equal(false);
  });
});
