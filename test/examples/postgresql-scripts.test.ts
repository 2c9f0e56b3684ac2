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
  const settings = `listen_addresses = '${address}'\nport = ${member.port}\n`;
  await writeFile(path.join(member.directory, 'settings.conf'), settings);
  return await look(runner, member);
}

const look = (runner: ScriptRunner, member: Member) =>
  runner.run('check-prerequisites.sh', { ...member, address }, true);

const client = (member: Member) => ({ ...member, address, node: process.execPath, postgresql });
const { admin_password, replication_password, application_password } = passwords;
const initialise = (runner: ScriptRunner, { directory }: Member) =>
  runner.run('initialise-primary.sh', { directory, network: '127.0.0.1/32', ...passwords }, true);
const server = (member: Member) => ({ ...client(member), owner: serverUser, admin_password });
const named = (members: readonly Member[]): string =>
  JSON.stringify(members.map(({ directory, port }) => ({ name: path.basename(directory), address, port })));
const lead = (runner: ScriptRunner, member: Member, others: readonly Member[] = []) =>
  runner.run('lead.sh', { ...server(member), others: named(others) });
const stop = (runner: ScriptRunner, { directory }: Member, leads = 'yes') =>
  runner.run('stop-server.sh', { directory, leads }, true);

/** Bytes of the write-ahead log that its server has; -1 when none runs. */
async function measure(runner: ScriptRunner, member: Member): Promise<number> {
  const { outputs } = succeeded(await runner.run('measure.sh', { ...client(member), admin_password }));
  return Number(outputs['position']);
}

function release(runner: ScriptRunner, member: Member, to?: Member): Promise<ScriptResult> {
  const successor = to ? path.basename(to.directory) : 'nobody';
  const where = { successor_address: to ? address : '', successor_port: to?.port ?? '' };
  return runner.run('release.sh', { ...server(member), successor, ...where });
}

function follow(
  runner: ScriptRunner,
  { directory }: Member,
  others: readonly Member[],
): Promise<ScriptResult> {
  const hosts = others.map(() => address).join(',');
  const ports = others.map(({ port }) => port).join(',');
  return runner.run('follow.sh', { directory, name: path.basename(directory), hosts, ports }, true);
}

async function remove(runner: ScriptRunner, members: readonly Member[]): Promise<void> {
  for (const member of members) {
    succeeded(await stop(runner, member));
    succeeded(await runner.run('remove-member.sh', { directory: member.directory }));
  }
}

function copy(runner: ScriptRunner, member: Member, primary: Member): Promise<ScriptResult> {
  return runner.run('base-backup.sh', {
    ...server(member),
    primary_address: address,
    primary_port: primary.port,
    replication_password,
  });
}

const write = async (runner: ScriptRunner, member: Member): Promise<string> =>
  succeeded(await runner.run('write-row.sh', { ...client(member), application_password })).outputs[
    'token'
  ] as string;

/** As a machine loses its server. */
async function kill({ directory }: Member): Promise<void> {
  const [pid] = (await readFile(path.join(directory, 'data', 'postmaster.pid'), 'utf8')).split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

/** All of them prepared; the first leads, the others follow it. */
async function deploy(runner: ScriptRunner, members: readonly Member[]): Promise<void> {
  for (const member of members) succeeded(await prepare(runner, member));
  const [primary, ...standbys] = members as [Member, ...Member[]];
  succeeded(await initialise(runner, primary));
  succeeded(await lead(runner, primary, standbys));
  for (const standby of standbys) {
    succeeded(await copy(runner, standby, primary));
    succeeded(
      await follow(
        runner,
        standby,
        members.filter(one => one !== standby),
      ),
    );
  }
}

async function readUntilThere(runner: ScriptRunner, member: Member, token: string): Promise<ScriptResult> {
  for (let attempt = 1; ; attempt += 1) {
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
        expect(await measure(runner, member)).to.equal(-1);
      }
      for (let round = 1; round <= 2; round += 1) {
        await deploy(runner, members);
        for (const member of members) expect(await measure(runner, member)).to.be.greaterThan(0);
        const token = await write(runner, primary);
        for (const standby of standbys) {
          const read = succeeded(await readUntilThere(runner, standby, token));
          expect(read.outputs['received']).to.match(/^[0-9A-F]+\/[0-9A-F]+$/);
        }
        const onPrimary = await readUntilThere(runner, primary, token);
        expect(onPrimary.code, 'the primary is no standby').to.equal(1);
      }
    } finally {
      await remove(runner, members);
    }
    expect(existsSync(base)).to.equal(false);
  });

  it('start again a server that was killed, and copy again where a copy was cut short', async () => {
    const { runner, members } = await group(2);
    const [primary, standby] = members as [Member, Member];
    try {
      for (const member of members) succeeded(await prepare(runner, member));
      succeeded(await runner.leaveBehind(path.join(primary.directory, 'data.new')));
      succeeded(await initialise(runner, primary));
      succeeded(await lead(runner, primary));
      await kill(primary);
      await waitFor(async () => (await measure(runner, primary)) === -1);
      await waitFor(async () => (await stop(runner, primary)).code === 0);
      await waitFor(async () => (await lead(runner, primary)).code === 0);
      succeeded(await runner.leaveBehind(path.join(standby.directory, 'data.new')));
      succeeded(await copy(runner, standby, primary));
      succeeded(await follow(runner, standby, [primary]));
      await kill(standby);
      await waitFor(async () => (await follow(runner, standby, [primary])).code === 0);
    } finally {
      await remove(runner, members);
    }
  });

  it('hand over: the primary stops when its successor has everything, and then follows it without a copy', async () => {
    const { runner, members } = await group(3);
    const [first, second, third] = members as [Member, Member, Member];
    try {
      await deploy(runner, members);
      const token = await write(runner, first);
      expect((await release(runner, first)).stderr).to.include("There is no member 'nobody'");
      expect((await release(runner, first, first)).stderr).to.include('is the primary already');
      succeeded(await stop(runner, third));
      await waitFor(async () => (await release(runner, first, third)).stderr.includes('does not follow'));
      expect(await measure(runner, first), 'it leads on').to.be.greaterThan(0);
      const [nowhere = 0] = await freePorts(1);
      const unsure = await release(runner, first, { ...second, port: nowhere });
      expect(unsure.stderr)
        .to.include('db-1 says that it has received nothing')
        .and.include('the primary goes on');
      expect(await measure(runner, first), 'it was started again').to.be.greaterThan(0);
      succeeded(await follow(runner, third, [first, second]));
      await waitFor(async () => (await release(runner, first, second)).code === 0);
      expect(await measure(runner, first)).to.equal(-1);
      succeeded(await release(runner, first, second));
      succeeded(await stop(runner, first, 'no'));
      succeeded(await lead(runner, second, [first, third]));
      expect((await copy(runner, first, second)).stdout).to.include('The copy is there already');
      succeeded(await follow(runner, first, [second, third]));
      for (const standby of [first, third]) succeeded(await readUntilThere(runner, standby, token));
      const later = await write(runner, second);
      for (const standby of [first, third]) succeeded(await readUntilThere(runner, standby, later));
    } finally {
      await remove(runner, members);
    }
  });

  it('promote nobody whom another is ahead of, and start nothing that led before: that is copied anew', async () => {
    const { runner, members } = await group(3);
    const [first, second, third] = members as [Member, Member, Member];
    try {
      await deploy(runner, members);
      succeeded(await stop(runner, third));
      const token = await write(runner, first);
      succeeded(await readUntilThere(runner, second, token));
      expect((await lead(runner, second, [first])).stderr)
        .to.include('these have received more')
        .and.include('db-0');
      await kill(first);
      await waitFor(async () => (await stop(runner, first, 'no')).code === 0);
      expect((await lead(runner, third, [first, second])).stderr).to.include('does not run');
      succeeded(await follow(runner, third, [first, second]));
      expect((await lead(runner, third, [first, second])).stderr).to.match(/received more.*: db-1\./);
      succeeded(await lead(runner, second, [first, third]));
      expect((await lead(runner, first, [])).stderr).to.include('from when this member led before');
      const whole = await copy(runner, first, second);
      expect(succeeded(whole).stdout).to.match(/Copied \d+ files/);
      succeeded(await follow(runner, first, [second, third]));
      for (const standby of [first, third]) succeeded(await readUntilThere(runner, standby, token));
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
      const removal = initialise(runner, member).finally(() => {
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
