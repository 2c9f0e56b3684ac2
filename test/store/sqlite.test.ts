// The SQLite store: the common suite, and what only a file can do: self check, full disk, damage, statements counted.
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { Store } from '../../engine/runtime/ports.ts';
import { openDatabase } from '../../engine/store/sqlite/driver.ts';
import { sqliteCode } from '../../engine/store/sqlite/errors.ts';
import { migrate, queries } from '../../engine/store/sqlite/schema.ts';
import { openSqliteStore } from '../../engine/store/sqlite/store.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { exercise, rejects } from './conformance.ts';
import { commitOf, creation, logEntry, stepRecord, workflowRecord } from './fixtures.ts';

const newFile = async (): Promise<string> => path.join(await temporaryDirectory(), 'engine.db');

exercise('sqlite', async () => {
  const file = await newFile();
  return () => openSqliteStore(file);
});

describe('sqlite store', () => {
  it('finds damage when asked to look before it is used, and says of a damaged row what it is', async () => {
    const file = await newFile();
    const store = await openSqliteStore(file);
    await store.acquire('test');
    await store.commit({ commitSeq: await store.committed(), workflows: [creation('wf')] });
    await store.close();
    const row = openDatabase(file);
    row.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const whole = await readFile(file);
    row.exec(`UPDATE workflow SET record = '{"id":'`);
    row.close();
    const torn = await opened(file, { check: true });
    await rejects('store_unsafe', torn.load('wf'));
    await rejects('store_unsafe', torn.loadLive()[Symbol.asyncIterator]().next());
    await torn.close();
    whole.fill(0x77, whole.length - 4_096, whole.length - 4_032);
    await writeFile(file, whole);
    await rm(`${file}-wal`, { force: true });
    await rejects('store_unsafe', openSqliteStore(file, { check: true }));
  });

  it('says that the disk is full when there is no space for its schema, not that a rollback failed', async () => {
    const database = openDatabase(await newFile());
    database.exec('PRAGMA max_page_count = 4');
    const cold = queries(database);
    const thrown = await migrate(cold).catch((error: unknown) => error);
    expect(sqliteCode(thrown)).to.equal('SQLITE_FULL');
    await cold.destroy();
  });

  const open: Store[] = [];
  const opened = async (...args: Parameters<typeof openSqliteStore>): Promise<Store> => {
    const store = await openSqliteStore(...args);
    open.push(store);
    return store;
  };
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });

  /** Runs statements on the file as another program would. */
  function meddle(file: string, ...statements: string[]): void {
    const database = openDatabase(file);
    for (const statement of statements) database.exec(statement);
    database.close();
  }

  it('runs in WAL mode with synchronous=FULL', async () => {
    const file = await newFile();
    const store = await opened(file);
    await store.acquire('engine');
    const database = openDatabase(file);
    expect(database.prepare('PRAGMA journal_mode').get()).to.deep.equal({ journal_mode: 'wal' });
    database.close();
  });

  it('writes one upsert and one event per transition, one look-up per workflow, and nothing more', async () => {
    const ran: string[] = [];
    const store = await opened(await newFile(), { observe: sql => ran.push(sql) });
    await store.acquire('engine');
    await store.commit({ commitSeq: 0, workflows: [creation('wf')] });
    ran.length = 0;
    const steps = Array.from({ length: 50 }, (_, number) => ({ number, record: stepRecord() }));
    await store.commit({
      commitSeq: 1,
      workflows: [commitOf('wf', { steps, log: steps.map(step => logEntry(step.number + 2)) })],
    });
    const count = (pattern: RegExp): number => ran.filter(sql => pattern.test(sql)).length;
    expect(count(/INSERT INTO step/)).to.equal(50);
    expect(count(/INSERT INTO event/)).to.equal(50);
    expect(count(/^UPDATE engine/)).to.equal(1);
    expect(ran).to.have.length(50 + 50 + 4);
    expect([ran[0], ran[1]?.slice(0, 13), ran.at(-1)]).to.deep.equal([
      'BEGIN IMMEDIATE',
      'UPDATE engine',
      'COMMIT',
    ]);
  });

  it('refuses a file of a newer engine and leaves it as it is', async () => {
    const file = await newFile();
    await (await openSqliteStore(file)).close();
    meddle(file, 'PRAGMA user_version = 99');
    const error = await rejects('store_newer', openSqliteStore(file));
    expect(error.message).to.contain('schema 99');
  });

  it('refuses a database of another program, and a file that is none', async () => {
    const foreign = await newFile();
    meddle(foreign, 'CREATE TABLE other (x)');
    expect((await rejects('store_unsafe', openSqliteStore(foreign))).message).to.contain('another program');
    const text = await newFile();
    await writeFile(text, 'not a database '.repeat(100));
    expect((await rejects('store_unsafe', openSqliteStore(text))).message).to.contain(text);
  });

  it('starts again after a kill before the first migration was committed', async () => {
    const file = await newFile();
    meddle(
      file,
      'CREATE TABLE kysely_migration (name varchar(255) PRIMARY KEY, timestamp varchar(255) NOT NULL)',
    );
    const store = await opened(file);
    await store.acquire('engine');
  });

  it('refuses a network file system', async () => {
    const error = await rejects(
      'store_unsafe',
      openSqliteStore(await newFile(), { fileSystem: () => 0x6969 }),
    );
    expect(error.message).to.contain('NFS');
  });

  it('refuses a directory that does not exist, naming it', async () => {
    const file = path.join(await temporaryDirectory(), 'nowhere', 'engine.db');
    expect((await rejects('store_failed', openSqliteStore(file))).message).to.contain(file);
  });

  it('says that the disk is full, keeps what was committed, and goes on when there is room', async () => {
    const file = await newFile();
    const store = await opened(file, { maxPages: 60 });
    await store.acquire('engine');
    await store.commit({ commitSeq: 0, workflows: [creation('wf')] });
    const big = [commitOf('wf', { record: workflowRecord('wf', { reason: 'x'.repeat(1_000_000) }) })];
    const error = await rejects('store_full', store.commit({ commitSeq: 1, workflows: big }));
    expect(error.retriable).to.equal(true);
    expect(await store.committed()).to.equal(1);
    await store.commit({ commitSeq: 1, workflows: [commitOf('wf', { log: [logEntry(2)] })] });
    await store.close();
    const roomy = await opened(file);
    await roomy.acquire('engine');
    await roomy.commit({ commitSeq: 2, workflows: big });
    expect((await roomy.load('wf'))?.record.reason).to.have.length(1_000_000);
  });
});
