// The PostgreSQL example's scripts, run in the workflow's order against real servers, without the engine.
// Belongs here: what each script does, does again, and takes back. Does not belong here: the definition itself.
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { temporaryDirectory } from '../support/temporary.ts';
import {
  freePorts,
  postgresql,
  ScriptRunner,
  type ScriptResult,
  scripts,
  serverUser,
} from './postgresql-machine.ts';

const address = '127.0.0.1';
const passwords = {
  admin_password: "admin's-Password.1",
  replication_password: "replica's-Password.2",
  application_password: 'app-Password.3',
};

interface Member {
  readonly directory: string;
  readonly port: number;
}

/** A group of members in a temporary folder; the first is the primary. */
async function group(size: number): Promise<{ runner: ScriptRunner; base: string; members: Member[] }> {
  const scratch = await temporaryDirectory();
  await chmod(scratch, 0o755);
  const base = path.join(scratch, 'cluster');
  const ports = await freePorts(size);
  const members = ports.map((port, index) => ({ directory: path.join(base, `db-${index}`), port }));
  return { runner: new ScriptRunner(scratch), base, members };
}

const succeeded = (result: ScriptResult): ScriptResult => {
  expect(result.code, `${result.stdout}\n${result.stderr}`).to.equal(0);
  return result;
};

async function prepare(runner: ScriptRunner, member: Member): Promise<ScriptResult> {
  succeeded(
    await runner.run('install-software.sh', { directory: member.directory, postgresql, owner: serverUser }),
  );
  await copyFile(path.join(scripts, 'client.mjs'), path.join(member.directory, 'client.mjs'));
  return await look(runner, member);
}

const look = (runner: ScriptRunner, member: Member) =>
  runner.run('check-prerequisites.sh', { ...member, address }, true);

const client = (member: Member) => ({ ...member, address, node: process.execPath, postgresql });
const initialise = (runner: ScriptRunner, member: Member) =>
  runner.run('initialise-primary.sh', { ...member, address, network: '127.0.0.1/32', ...passwords }, true);
const start = (runner: ScriptRunner, { directory }: Member) =>
  runner.run('start-server.sh', { directory }, true);
const running = (runner: ScriptRunner, { directory }: Member) =>
  runner.run('server-running.sh', { directory }, true);
const stop = (runner: ScriptRunner, { directory }: Member) =>
  runner.run('stop-server.sh', { directory }, true);

async function remove(runner: ScriptRunner, members: readonly Member[]): Promise<void> {
  for (const member of members) {
    const { directory } = member;
    succeeded(await stop(runner, member));
    succeeded(await runner.run('remove-data.sh', { directory }));
    succeeded(await runner.run('remove-member.sh', { directory }));
  }
}

async function tell(member: Member, primary: Member): Promise<void> {
  const connection = `host=${address} port=${primary.port} user=replicator passfile=${member.directory}/passwords`;
  await writeFile(path.join(member.directory, 'primary.conf'), `primary_conninfo = '${connection}'\n`);
}

function copy(runner: ScriptRunner, member: Member, primary: Member): Promise<ScriptResult> {
  return runner.run('base-backup.sh', {
    ...client(member),
    owner: serverUser,
    primary_address: address,
    primary_port: primary.port,
    admin_password: passwords.admin_password,
    replication_password: passwords.replication_password,
  });
}

async function readUntilThere(runner: ScriptRunner, member: Member, token: string): Promise<ScriptResult> {
  for (let attempt = 1; ; attempt += 1) {
    const { application_password } = passwords;
    const result = await runner.run('read-row.sh', { ...client(member), token, application_password });
    if (result.code !== 75 || attempt === 100) return result;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

describe('The scripts of the PostgreSQL example', function () {
  this.timeout(60_000);

  it('build a primary and two standbys that read what it writes, twice over, and take everything back', async () => {
    const { runner, base, members } = await group(3);
    const [primary, ...standbys] = members as [Member, Member, Member];
    try {
      for (const member of members) {
        const { outputs } = succeeded(await prepare(runner, member));
        expect(outputs).to.include({ port: String(member.port), address, directory: member.directory });
        expect(outputs['version']).to.match(/^\d+\.\d+/);
        expect((await running(runner, member)).code).to.equal(1);
      }
      for (let round = 1; round <= 2; round += 1) {
        succeeded(await initialise(runner, primary));
        succeeded(await start(runner, primary));
        await Promise.all(
          standbys.map(async standby => {
            await tell(standby, primary);
            succeeded(await copy(runner, standby, primary));
            succeeded(await start(runner, standby));
            expect((await running(runner, standby)).code).to.equal(0);
          }),
        );
        const { application_password } = passwords;
        const { token } = succeeded(
          await runner.run('write-row.sh', { ...client(primary), application_password }),
        ).outputs;
        expect(token).to.be.a('string');
        for (const standby of standbys) {
          const read = succeeded(await readUntilThere(runner, standby, token as string));
          expect(read.outputs['received']).to.match(/^[0-9A-F]+\/[0-9A-F]+$/);
        }
        const onPrimary = await readUntilThere(runner, primary, token as string);
        expect(onPrimary.code, 'the primary is no standby').to.equal(1);
        succeeded(await prepare(runner, primary));
      }
      const { directory } = primary;
      const followed = await runner.run('stop-server.sh', { directory, primary: 'yes' }, true);
      expect(followed.code, 'the primary is not stopped while standbys follow it').to.equal(1);
      expect(followed.stderr).to.match(/Standbys still follow this primary.*\n(postgres: walsender .*\n){2}/);
      for (const standby of standbys) succeeded(await stop(runner, standby));
      succeeded(await runner.run('stop-server.sh', { directory, primary: 'yes' }, true));
    } finally {
      await remove(runner, members);
    }
    expect(existsSync(base)).to.equal(false);
    for (const member of members) expect((await running(runner, member)).code).to.equal(1);
  });

  it('start again a server that was killed, and copy again where a copy was cut short', async () => {
    const { runner, members } = await group(2);
    const [primary, standby] = members as [Member, Member];
    try {
      for (const member of members) succeeded(await prepare(runner, member));
      succeeded(await runner.leaveBehind(path.join(primary.directory, 'data.new')));
      succeeded(await initialise(runner, primary));
      succeeded(await start(runner, primary));
      const pid = Number(
        (await readFile(path.join(primary.directory, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0],
      );
      process.kill(pid, 'SIGKILL');
      await waitFor(async () => (await running(runner, primary)).code === 1);
      await waitFor(async () => (await stop(runner, primary)).code === 0);
      await waitFor(async () => (await start(runner, primary)).code === 0);
      succeeded(await runner.leaveBehind(path.join(standby.directory, 'data.new')));
      await tell(standby, primary);
      succeeded(await copy(runner, standby, primary));
      succeeded(await start(runner, standby));
    } finally {
      await remove(runner, members);
    }
  });

  it('wait for what a killed run left behind before they touch the data', async () => {
    const { runner, members } = await group(1);
    const [member] = members as [Member];
    const { directory } = member;
    succeeded(await prepare(runner, member));
    const holder = spawn('bash', [
      '-c',
      'exec 9<"$0"; flock 9; echo locked; exec sleep 60',
      `${directory}/.postgresql-cluster`,
    ]);
    try {
      await once(holder.stdout, 'data');
      let ended = false;
      const removal = runner.run('remove-data.sh', { directory }).finally(() => {
        ended = true;
      });
      succeeded(await look(runner, member));
      expect(ended).to.equal(false);
      holder.kill();
      succeeded(await removal);
    } finally {
      holder.kill();
      await remove(runner, members);
    }
  });

  it('say what to do when the port is taken, the software is missing, or the user is root or unknown', async () => {
    const { runner, members } = await group(1);
    const [member] = members as [Member];
    const { directory } = member;
    const other = createServer().listen(member.port, address);
    try {
      const taken = await prepare(runner, member);
      expect(taken.code).to.equal(1);
      expect(taken.stderr)
        .to.include(`Port ${member.port} at ${address} is taken`)
        .and.to.include('first_port');
      const missing = await runner.run('install-software.sh', {
        directory,
        postgresql: '/nowhere',
        owner: serverUser,
      });
      expect(missing.code).to.equal(1);
      expect(missing.stderr).to.include("set the input 'postgresql'");
      const root = await runner.run('install-software.sh', { directory, postgresql, owner: 'root' });
      expect(root.code).to.equal(1);
      expect(root.stderr).to.include("set the input 'run_as' to an ordinary user");
      const unknown = await runner.run('install-software.sh', {
        directory,
        postgresql,
        owner: 'no-such-user',
      });
      expect(unknown.code).to.equal(1);
      expect(unknown.stderr).to.include("no user 'no-such-user'");
    } finally {
      await new Promise(resolve => other.close(resolve));
      await remove(runner, members);
    }
  });

  it('refuse to remove a folder that they did not make', async () => {
    const { runner, base } = await group(0);
    const directory = path.join(base, 'precious');
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, 'thesis.txt'), 'years of work');
    const refused = await runner.run('remove-member.sh', { directory });
    expect(refused.code).to.equal(1);
    expect(await readdir(directory)).to.deep.equal(['thesis.txt']);
    await rm(base, { recursive: true });
    succeeded(await runner.run('remove-member.sh', { directory }));
  });
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition did not come true within 20 s');
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}
