// The PostgreSQL cluster after its deployment: a setting with a rolling restart, a backup, a standby more and one less, another
// primary.
// Belongs here: that the servers themselves say so. Does not belong here: the deployment (runs.test.ts), single scripts
// (postgresql-scripts.test.ts).
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inProject } from '../support/project.ts';
import { temporaryDirectoryFor } from '../support/lasting-directory.ts';
import { command, expectExit, type Murano, outputsOf } from './command.ts';
import { freePortRange, idOf, postgresql, serverUser } from './postgresql-machine.ts';

const run = promisify(execFile);
const FOLDER = inProject('docs', 'examples', 'postgresql-cluster');

describe('The PostgreSQL cluster changes', function () {
  this.timeout(240_000);
  let murano: Murano;
  let place: ReturnType<typeof temporaryDirectoryFor>;
  let base: string;
  let port: number;

  /** What the server at that port answers, as its administrator. */
  const ask = async (at: number, sql: string): Promise<string> => {
    const env = {
      ...process.env,
      PGHOST: '127.0.0.1',
      PGPORT: String(at),
      PGUSER: 'postgres',
      PGPASSWORD: 'change-me-admin',
      PGDATABASE: 'app',
      postgresql,
    };
    const { stdout } = await run(process.execPath, [path.join(FOLDER, 'scripts', 'client.mjs'), 'sql', sql], {
      env,
    });
    return stdout.trim();
  };
  const each = (count: number, sql: string): Promise<readonly string[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => ask(port + index, sql)));
  const begun = "SELECT to_char(pg_postmaster_start_time(), 'YYYYMMDDHH24MISSMS')";
  /** Steps that were sent a command since, in order. */
  const ran = async (after: number): Promise<readonly string[]> => {
    const { text } = await murano('events', 'postgresql-cluster', '--json');
    const entries = text
      .split('\n')
      .flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as Entry] : []));
    return entries.flatMap(({ entry }) => {
      const { seq, change } = entry;
      const isSent = change.record?.status === 'running' && change.from !== 'running';
      return seq > after && change.kind === 'step' && isSent ? [change.step ?? ''] : [];
    });
  };
  interface Entry {
    readonly entry: {
      readonly seq: number;
      readonly change: {
        readonly kind: string;
        readonly step?: string;
        readonly from?: string;
        readonly record?: { readonly status?: string };
      };
    };
  }
  const seq = async (): Promise<number> => {
    const { text } = await murano('status', 'postgresql-cluster', '--json');
    return (JSON.parse(text) as { record: { seq: number } }).record.seq;
  };

  before(async () => {
    place = temporaryDirectoryFor('postgresql-changes');
    ({ murano } = await command(place.path));
    base = path.join(place.path, 'cluster');
    port = await freePortRange(5);
    const inputs = [`base_directory=${base}`, `first_port=${port}`, `postgresql=${postgresql}`];
    const more = [`run_as=${serverUser}`, `node=${process.execPath}`];
    const words = ['--members', 'db=3', '--inputs', path.join(FOLDER, 'inputs.yaml'), ...inputs, ...more];
    await expectExit(murano('run', path.join(FOLDER, 'postgresql-cluster.workflow.yaml'), ...words), 0);
  });
  after(async () => {
    await expectExit(murano('delete', 'postgresql-cluster'), 0);
    place.remove();
  });

  it('takes over a setting, one server after the other and the primary last, and does nothing else', async () => {
    expect(await each(3, 'SHOW shared_buffers')).to.eql(['128MB', '128MB', '128MB']);
    const after = await seq();
    await expectExit(murano('update', 'postgresql-cluster', '--inputs', 'shared_buffers=64MB'), 0);
    const streaming = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
    expect(await ask(port, streaming), 'the standbys follow again, at once').to.equal('2');
    expect(await each(3, 'SHOW shared_buffers')).to.eql(['64MB', '64MB', '64MB']);
    const [primary = 0, first = 0, second = 0] = (await each(3, begun)).map(Number);
    expect(second).to.be.greaterThan(first);
    expect(primary).to.be.greaterThan(second);
    expect(await ran(after)).to.have.members([
      'db[0].configured',
      'db[1].configured',
      'db[2].configured',
      'db[1].current',
      'db[2].current',
      'db[0].current',
    ]);
  });

  it('restarts nothing where the same is said again', async () => {
    const before = await each(3, begun);
    await expectExit(murano('update', 'postgresql-cluster', '--inputs', 'shared_buffers=64MB'), 0);
    expect(await each(3, begun)).to.eql(before);
  });

  it('R8: is saved by the operation backup, in a copy that a server of its own starts from', async () => {
    await ask(port, "INSERT INTO proof (token) VALUES ('before the backup')");
    await expectExit(murano('operate', 'postgresql-cluster', 'backup', '--inputs', 'label=one'), 0);
    await ask(port, "INSERT INTO proof (token) VALUES ('after the backup')");
    const restored = path.join(base, 'db-0', 'restored');
    await cp(path.join(base, 'db-0', 'backups', 'one'), restored, {
      recursive: true,
      preserveTimestamps: true,
    });
    if (process.getuid?.() === 0) await run('chown', ['-R', serverUser, restored]);
    const control = path.join(base, 'db-0', 'software', 'bin', 'pg_ctl');
    const as = process.getuid?.() === 0 ? { uid: idOf(serverUser, '-u'), gid: idOf(serverUser, '-g') } : {};
    const options = { cwd: '/', ...as };
    await run(
      control,
      ['--pgdata', restored, '-o', `-p ${port + 4}`, '--wait', '-l', path.join(restored, 'log'), 'start'],
      options,
    );
    try {
      const tokens = await ask(port + 4, "SELECT token FROM proof WHERE token LIKE '% the backup'");
      expect(tokens).to.equal('before the backup');
    } finally {
      await run(control, ['--pgdata', restored, '--mode=fast', '--wait', 'stop'], options);
    }
  });

  it('does a backup of one id once, and says what an operation that is not there could be', async () => {
    const after = await seq();
    const words = ['operate', 'postgresql-cluster', 'backup', '--id', 'nightly'] as const;
    await expectExit(murano(...words), 0);
    await expectExit(murano(...words), 0);
    expect(await ran(after)).to.eql(['db.saved']);
    const { code, text } = await murano('operate', 'postgresql-cluster', 'bakcup');
    expect(code).to.not.equal(0);
    expect(text).to.include('backup');
  });

  it('gets a standby more, which follows, with the settings of today', async () => {
    await expectExit(murano('update', 'postgresql-cluster', '--members', 'db=4'), 0);
    expect((await outputsOf(murano, 'postgresql-cluster'))['standbys']).to.eql(['db-1', 'db-2', 'db-3']);
    expect(await ask(port + 3, 'SELECT pg_is_in_recovery()')).to.equal('true');
    expect(await ask(port + 3, 'SHOW shared_buffers')).to.equal('64MB');
    const followers = await ask(port, 'SELECT application_name FROM pg_stat_replication ORDER BY 1');
    expect(followers.split('\n')).to.eql(['db-1', 'db-2', 'db-3']);
  });

  it('loses one, whose folder is gone, and nobody else notices', async () => {
    const before = await each(2, begun);
    await expectExit(murano('update', 'postgresql-cluster', '--members', 'db=3'), 0);
    const followers = await ask(port, 'SELECT application_name FROM pg_stat_replication ORDER BY 1');
    expect(followers.split('\n')).to.eql(['db-1', 'db-2']);
    expect(await each(2, begun)).to.eql(before);
    expect(existsSync(path.join(base, 'db-3'))).to.equal(false);
  });

  it('row 23: takes back the one that left, on the machine that it had', async () => {
    await expectExit(murano('update', 'postgresql-cluster', '--members', 'db=4'), 0);
    expect(await ask(port + 3, 'SELECT pg_is_in_recovery()')).to.equal('true');
  });

  const RECOVERS = 'SELECT pg_is_in_recovery()';
  const ROWS = "SELECT count(*), md5(string_agg(token, ',' ORDER BY token)) FROM proof";
  const write = (at: number, rows: string): Promise<string> =>
    ask(port + at, `INSERT INTO proof (token) SELECT '${rows} ' || n FROM generate_series(1, 100) AS n`);
  /** Every server shows what the primary has, after a while; nobody but that one leads. */
  const expectLeader = async (leader: number, count: number): Promise<void> => {
    const all = Array.from({ length: count }, (_, index) => index);
    expect(await each(count, RECOVERS)).to.eql(all.map(index => String(index !== leader)));
    expect((await outputsOf(murano, 'postgresql-cluster'))['primary']).to.equal(`db-${leader}`);
    const rows = await ask(port + leader, ROWS);
    for (let tries = 0; tries < 300; tries += 1) {
      if ((await each(count, ROWS)).every(found => found === rows)) break;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    expect(await each(count, ROWS)).to.eql(all.map(() => rows));
  };
  const has = (at: number, rows: string): Promise<string> =>
    ask(port + at, `SELECT count(*) FROM proof WHERE token LIKE '${rows} %'`);

  it('R8: switches over: the successor leads, the primary follows it, and no row is lost', async () => {
    await write(0, 'before the switch');
    const after = await seq();
    const begin = await each(4, begun);
    await expectExit(murano('operate', 'postgresql-cluster', 'switchover', '--inputs', 'to=db-2'), 0);
    await expectLeader(2, 4);
    expect(await has(2, 'before the switch')).to.equal('100');
    const now = await each(4, begun);
    expect(
      now.map((one, index) => one === begin[index]),
      'only the former primary was started again',
    ).to.eql([false, true, true, true]);
    const steps = (await ran(after)).filter((step, index, all) => all.indexOf(step) === index);
    expect(steps).to.have.members([
      'db.released',
      'db[2].leads',
      'db[0].copied',
      'db[0].follows',
      'db[0].row_read',
      'db[1].follows',
      'db[3].follows',
      'db.row_written',
      'db[1].row_read',
      'db[3].row_read',
    ]);
    await write(2, 'after the switch');
    await expectLeader(2, 4);
  });

  it('refuses a successor that is no member, or leads already, before anything is changed', async () => {
    const before = await each(4, begun);
    const to = (name: string) =>
      murano('operate', 'postgresql-cluster', 'switchover', '--inputs', `to=${name}`);
    expect(await expectExit(to('db-9'), 1)).to.include("There is no member 'db-9'");
    expect(await expectExit(to('db-2'), 1)).to.include('db-2 is the primary already');
    expect(await each(4, begun)).to.eql(before);
    await write(2, 'after the refusal');
    await expectLeader(2, 4);
  });

  it('an update afterwards does nothing, and takes over a setting with the new primary as the last', async () => {
    const planned = await expectExit(
      murano('plan', 'postgresql-cluster', '--inputs', 'shared_buffers=32MB', '--json'),
      0,
    );
    const { steps } = JSON.parse(planned) as { steps: readonly { step: string; fate: string }[] };
    const toRun = steps.filter(({ fate }) => fate !== 'keep').map(({ step }) => step);
    expect(toRun).to.have.members(
      [0, 1, 2, 3].flatMap(index => [`db[${index}].configured`, `db[${index}].current`]),
    );
    await expectExit(murano('update', 'postgresql-cluster', '--inputs', 'shared_buffers=32MB'), 0);
    expect(await each(4, 'SHOW shared_buffers')).to.eql(['32MB', '32MB', '32MB', '32MB']);
    const order = (await each(4, begun)).map((at, index) => ({ at: Number(at), index }));
    expect(order.toSorted((a, b) => a.at - b.at).map(({ index }) => index)).to.eql([0, 1, 3, 2]);
    await expectLeader(2, 4);
  });

  const pidOf = async (at: number): Promise<number> =>
    Number((await readFile(path.join(base, `db-${at}`, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const control = async (at: number, ...words: readonly string[]): Promise<void> => {
    const as = process.getuid?.() === 0 ? { uid: idOf(serverUser, '-u'), gid: idOf(serverUser, '-g') } : {};
    const folder = path.join(base, `db-${at}`);
    const given = ['--pgdata', path.join(folder, 'data'), '--wait', '--log', path.join(folder, 'server.log')];
    await run(path.join(folder, 'software', 'bin', 'pg_ctl'), [...given, ...words], { cwd: '/', ...as });
  };

  it('R8: fails over when the primary is killed: who has most leads, the lost one is copied anew, no row is lost', async () => {
    await control(0, '--mode=fast', 'stop'); // db-0 and db-1 miss what is written now
    await control(1, '--mode=fast', 'stop');
    await write(2, 'seen by one standby');
    process.kill(await pidOf(2), 'SIGKILL');
    await control(0, 'start');
    await control(1, 'start');
    const after = await seq();
    await expectExit(murano('operate', 'postgresql-cluster', 'failover'), 0);
    await expectLeader(3, 4);
    expect(await has(3, 'seen by one standby')).to.equal('100');
    expect(await ran(after)).to.include.members(['db[3].leads', 'db[2].copied', 'db[2].follows']);
    await write(3, 'after the failover');
    await expectLeader(3, 4);
  });

  it('fails over to nobody while the primary runs', async () => {
    const before = await each(4, begun);
    await expectExit(murano('operate', 'postgresql-cluster', 'failover'), 0);
    expect(await each(4, begun)).to.eql(before);
    await expectLeader(3, 4);
  });

  it('row 6: a primary that is taken away hands over before it goes', async () => {
    await write(3, 'by who leaves');
    await expectExit(murano('update', 'postgresql-cluster', '--members', 'db=3'), 0);
    const leader = Number(String((await outputsOf(murano, 'postgresql-cluster'))['primary']).slice(3));
    await expectLeader(leader, 3);
    expect(await has(leader, 'by who leaves')).to.equal('100');
    expect(existsSync(path.join(base, 'db-3'))).to.equal(false);
    await write(leader, 'after who left');
    await expectLeader(leader, 3);
  });
});
