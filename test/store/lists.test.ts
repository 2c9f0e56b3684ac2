// Lists over a hundred thousand workflows: each answered from an index, in one statement; and schemas before them, brought up to date.
// Belongs here: query plans, statements counted, migration of what was stored. Does not belong here: what lists have (conformance-lists.ts).
import path from 'node:path';
import { expect } from 'chai';
import { Migrator } from 'kysely';
import type { WorkflowFilter } from '../../engine/runtime/operator-api.ts';
import type { AuditFilter } from '../../engine/runtime/ports.ts';
import { auditQuery, pageQuery } from '../../engine/store/lists.ts';
import { openMariadbStore } from '../../engine/store/mariadb/store.ts';
import { openDatabase } from '../../engine/store/sqlite/driver.ts';
import { MIGRATIONS, queries } from '../../engine/store/sqlite/schema.ts';
import { openSqliteStore } from '../../engine/store/sqlite/store.ts';
import { databases } from '../support/databases.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { creation, source, workflowRecord } from './fixtures.ts';

const STORED = 100_000;
const lab = databases('lists of the MariaDB store');

/** Every combination of filters, with and without children and a place to go on from. */
const FILTERS: readonly WorkflowFilter[] = combined(
  ['project', 'p7'],
  ['stackName', 'stack-77'],
  ['status', 'failed'],
  ['waiting', 'operator'],
  ['failure', 'sql.prepared exit 3'],
  ['after', STORED / 2],
  ['children', true],
);

function combined(...pairs: readonly (readonly [string, unknown])[]): (WorkflowFilter & AuditFilter)[] {
  return Array.from({ length: 2 ** pairs.length }, (_, bits) => ({
    limit: 50,
    ...Object.fromEntries(pairs.filter((__, place) => (bits >> place) % 2 === 1)),
  }));
}

/** A row in a hundred failed, one in ten is a child; ten projects. */
const rows = (numbers: string): string => `
  INSERT INTO workflow (id, live, definition, source, record, project, stack, status, waiting, failure, child)
  SELECT concat('w', n), n % 100 <> 0, 'd', '{}', concat('{"id":"w', n, '","stackName":"s","status":"running","reason":"","generation":1,"createdAt":1,"at":1,"seq":1}'),
    concat('p', tenth), concat('stack-', thousandth), CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'running' END,
    CASE WHEN n % 100 = 0 THEN 'operator' ELSE 'work' END, CASE WHEN n % 100 = 0 THEN 'sql.prepared exit 3' ELSE '' END, tenth = 5
  FROM (SELECT n, n % 10 AS tenth, n % 1000 AS thousandth FROM ${numbers}) AS numbered`;

describe('lists of a hundred thousand workflows', () => {
  it('are read from an index of SQLite in one statement, whatever the filter', async function () {
    this.timeout(60_000);
    const file = path.join(await temporaryDirectory(), 'engine.db');
    const ran: string[] = [];
    const store = await openSqliteStore(file, { observe: sql => ran.push(sql) });
    const database = openDatabase(file);
    const numbers = `(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${STORED}) SELECT n FROM c)`;
    database.exec(
      rows(numbers).replaceAll(/concat\(([^()]*)\)/g, (_, inner: string) => `(${joined(inner)})`),
    );
    for (const filter of FILTERS) {
      ran.length = 0;
      await store.page(filter);
      expect(ran, JSON.stringify(filter)).to.have.length(filter.children === true ? 2 : 1);
      const { index, values } = pageQuery(filter, 0);
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${ran[0]}`).all(...values);
      const details = plan.map(row => String(row['detail']));
      expect(details[0], JSON.stringify(filter)).to.match(
        new RegExp(`^SEARCH w USING INDEX ${index} \\(child=\\?`),
      );
      expect(details.join('\n')).not.to.match(/TEMP B-TREE|SCAN/);
    }
    const failed = await store.page({ limit: 2_000, status: 'failed', project: 'p0' });
    expect(failed.workflows).to.have.length(STORED / 100);
    database.close();
    await store.close();
  });

  if (lab)
    it('are read from an index of MariaDB, whatever the filter', async function () {
      this.timeout(120_000);
      const place = await lab.make();
      const store = await openMariadbStore(place);
      try {
        await store.connections.run(rows(`(SELECT seq AS n FROM seq_1_to_${STORED}) AS counted`));
        for (const filter of FILTERS.filter(({ children }) => children !== true)) {
          const { index, where, values } = pageQuery(filter, 0);
          const sql = `EXPLAIN SELECT w.record FROM workflow w FORCE INDEX (${index}) WHERE ${where}`;
          const [plan] = await store.connections.rows(sql, ...values);
          expect(plan?.['key'], JSON.stringify(filter)).to.equal(index);
          expect(String(plan?.['Extra'])).not.to.contain('filesort');
          expect((await store.page(filter)).workflows.length).to.be.at.most(50);
        }
      } finally {
        await store.close();
        await lab.drop();
      }
    });
});

/** SQLite joins text by `||`. */
const joined = (inner: string): string => inner.replaceAll(', ', ' || ');

describe('the audit log, asked for', () => {
  it('is read from an index in one statement, whatever the filter, and so are the counts', async () => {
    const file = path.join(await temporaryDirectory(), 'engine.db');
    const ran: string[] = [];
    const store = await openSqliteStore(file, { observe: sql => ran.push(sql) });
    const database = openDatabase(file);
    const planOf = (sql: string, values: readonly (string | number)[]): string =>
      database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...values)
        .map(row => String(row['detail']))
        .join('; ');
    for (const filter of combined(['project', 'p'], ['workflow', 'w'], ['before', 5])) {
      ran.length = 0;
      await store.audit(filter);
      expect(ran).to.have.length(1);
      const { values } = auditQuery(filter);
      expect(planOf(ran[0] as string, values), JSON.stringify(filter)).to.match(/^(SEARCH|SCAN) audit/);
      expect(planOf(ran[0] as string, values)).not.to.include('TEMP B-TREE');
      if (values.length > 1) expect(planOf(ran[0] as string, values)).to.match(/^SEARCH/);
    }
    ran.length = 0;
    await store.counts();
    for (const sql of ran)
      expect(planOf(sql, [])).to.match(/^SEARCH workflow USING COVERING INDEX \S+ \(child=\?\)$/);
    database.close();
    await store.close();
  });
});

describe('a store of an engine before the lists', () => {
  it('is brought up to date with what its records tell', async () => {
    const file = path.join(await temporaryDirectory(), 'engine.db');
    const database = openDatabase(file);
    const old = queries(database);
    const migrator = new Migrator({ db: old, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
    await migrator.migrateTo('0003_generations');
    const insert = database.prepare(
      'INSERT INTO workflow (id, live, definition, source, record) VALUES (?, ?, ?, ?, ?)',
    );
    const parent = { workflow: 'held', step: 'a.b', dispatch: 1 };
    for (const [id, status, of] of [
      ['held', 'held', source({ project: 'p1' })],
      ['done', 'complete', source()],
      ['child', 'running', source({ parent })],
    ] as const)
      insert.run(id, 1, 'd', JSON.stringify(of), JSON.stringify(workflowRecord(id, { status })));
    await old.destroy();
    const store = await openSqliteStore(file);
    const ids = async (filter: Partial<WorkflowFilter>): Promise<string[]> =>
      (await store.page({ limit: 10, ...filter })).workflows.map(({ id }) => id);
    expect(await ids({})).to.deep.equal(['done', 'held']);
    expect(await ids({ children: true, status: 'running' })).to.deep.equal(['child']);
    expect(await ids({ project: 'p1', waiting: 'operator', stackName: 'stack' })).to.deep.equal(['held']);
    await store.acquire('engine');
    await store.commit({ commitSeq: await store.committed(), workflows: [creation('new')] });
    expect(await ids({ waiting: 'work' })).to.deep.equal(['new']);
    await store.close();
  });

  if (lab)
    it('of MariaDB as well, also when that was cut short', async () => {
      const place = await lab.make();
      await (await openMariadbStore(place)).close();
      const record = JSON.stringify(workflowRecord('held', { status: 'held' }));
      await lab.say(
        `INSERT INTO ${place.name}.workflow (id, live, definition, source, record) VALUES ('held', 1, 'd', '${JSON.stringify(source({ project: 'p1' }))}', '${record}')`,
      );
      await lab.say(`DROP TABLE ${place.name}.audit`);
      await lab.say(`DELETE FROM ${place.name}.schema_version WHERE version >= 2`);
      const store = await openMariadbStore(place);
      try {
        const { workflows } = await store.page({ limit: 10, project: 'p1', waiting: 'operator' });
        expect(workflows.map(({ id }) => id)).to.deep.equal(['held']);
      } finally {
        await store.close();
        await lab.drop();
      }
    });
});
