// The hot path of the SQLite store: one transaction for the changes of many workflows, as prepared statements.
// Belongs here: the commit, opened by the fencing write. Does not belong here: reads (store.ts), retries (runtime/).
//
// C1  The fencing write is the first statement after BEGIN and changes exactly one row, or nothing is written.
// C2  Per transition: one upsert of its step and one event; per workflow and commit besides: one look-up, and one
//     update of the workflow's row when its record changed. With a generation all of its steps are written anew.
// C3  Everything is synchronous: no other statement of this connection can fall into the transaction.
import { EngineError } from '../../base/errors.ts';
import type { StepRecord } from '../../machine/types.ts';
import { chained } from '../../runtime/audit.ts';
import {
  definitionsOf,
  type NewSecret,
  type Store,
  type WorkflowCommit,
  type WorkflowSource,
} from '../../runtime/ports.ts';
import { isLive } from '../../runtime/status.ts';
import { AUDIT, auditRow, changing, lastEntry, lasting, naming } from '../lists.ts';
import { buriedWorkflow, changeText, fenced, known, unknownWorkflow } from '../rows.ts';
import type { Database, Statement } from './driver.ts';
import { sqliteCode, storeError } from './errors.ts';

export type Batch = Parameters<Store['commit']>[0];

const SQL = {
  fence: 'UPDATE engine SET commit_seq = commit_seq + 1 WHERE id = 1 AND term = ? AND commit_seq = ?',
  find: 'SELECT ordinal FROM workflow WHERE id = ?',
  buried: 'SELECT 1 AS buried FROM tombstone WHERE id = ?',
  create: `INSERT INTO workflow (id, live, definition, source, record, status, waiting, failure, project, stack, child, resource)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  source: 'UPDATE workflow SET definition = ?, source = ?, resource = ? WHERE ordinal = ?',
  record: 'UPDATE workflow SET live = ?, record = ?, status = ?, waiting = ?, failure = ? WHERE ordinal = ?',
  step: 'INSERT INTO step VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record',
  event: 'INSERT INTO event VALUES (?, ?, ?, ?)',
  secret: 'INSERT INTO secret VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed',
  lastAudit: AUDIT.last,
  audit: AUDIT.write,
  result: `UPDATE inbox SET result = ?, payload = '{}' WHERE request_id = ?`,
  eraseSteps: 'DELETE FROM step WHERE workflow = ?',
  eraseEvents: 'DELETE FROM event WHERE workflow = ?',
  eraseSecrets: 'DELETE FROM secret WHERE workflow = ?',
  eraseWorkflow: 'DELETE FROM workflow WHERE ordinal = ?',
  bury: 'INSERT INTO tombstone VALUES (?, ?) ON CONFLICT DO NOTHING',
  uses: 'SELECT digest FROM definition_use WHERE workflow = ?',
  use: 'INSERT INTO definition_use VALUES (?, ?)',
  unuse: 'DELETE FROM definition_use WHERE workflow = ? AND digest = ?',
  eraseDefinition: `DELETE FROM definition WHERE digest = ?1
    AND NOT EXISTS (SELECT 1 FROM definition_use u WHERE u.digest = ?1)
    AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.definition = ?1 AND i.result IS NULL)`,
} as const;

/** Prepares the statements once; the returned function commits one batch under `term`. */
export function committer(database: Database, file: string): (batch: Batch, term: number) => void {
  const statements = Object.fromEntries(
    Object.entries(SQL).map(([name, text]) => [name, database.prepare(text)]),
  ) as { readonly [Name in keyof typeof SQL]: Statement };

  const write = (commit: WorkflowCommit): void => {
    let ordinal = statements.find.get(commit.id)?.['ordinal'] as number | undefined;
    if (commit.source !== undefined) ordinal = writeSource(commit, commit.source, ordinal);
    else writeRecord(commit, ordinal);
    const texts = new Map<StepRecord, string>();
    for (const { number, record } of commit.steps) {
      const text = JSON.stringify(record);
      texts.set(record, text);
      statements.step.run(known(commit.id, ordinal), number, text);
    }
    writeLog(commit, ordinal, texts);
    writeSecrets(commit.secrets, commit.id);
    for (const request of commit.requests) writeResult(request);
    if (commit.erase === true) erase(commit.id, ordinal);
  };

  const writeRecord = ({ id, record, outlook }: WorkflowCommit, ordinal: number | undefined): void => {
    if (record === undefined) return;
    const live = Number(isLive(record));
    statements.record.run(live, JSON.stringify(record), ...changing(record, outlook), known(id, ordinal));
  };

  const writeSource = (
    commit: WorkflowCommit,
    source: WorkflowSource,
    ordinal: number | undefined,
  ): number => {
    const { id, record, outlook } = commit;
    const text = JSON.stringify(source);
    if (ordinal !== undefined) {
      statements.source.run(source.definition, text, naming(source), ordinal);
      writeUses(ordinal, definitionsOf(source));
      statements.eraseSteps.run(ordinal);
      writeRecord(commit, ordinal);
      return ordinal;
    }
    if (record === undefined) throw unknownWorkflow(id);
    if (statements.buried.get(id) !== undefined) throw buriedWorkflow(id);
    const own = [id, Number(isLive(record)), source.definition, text, JSON.stringify(record)];
    statements.create.run(...own, ...changing(record, outlook), ...lasting(source));
    const made = statements.find.get(id)?.['ordinal'] as number;
    writeUses(made, definitionsOf(source));
    return made;
  };

  /** What nobody uses any more goes. */
  const writeUses = (ordinal: number, digests: readonly string[]): void => {
    const before = statements.uses.all(ordinal).map(row => row['digest'] as string);
    for (const digest of digests) if (!before.includes(digest)) statements.use.run(ordinal, digest);
    for (const digest of before.filter(known => !digests.includes(known))) {
      statements.unuse.run(ordinal, digest);
      statements.eraseDefinition.run(digest);
    }
  };

  const writeLog = (
    { log, id }: WorkflowCommit,
    ordinal: number | undefined,
    texts: ReadonlyMap<StepRecord, string>,
  ): void => {
    for (const entry of log) {
      statements.event.run(known(id, ordinal), entry.seq, entry.at, changeText(entry.change, texts));
    }
  };

  const writeSecrets = (secrets: readonly NewSecret[], id: string): void => {
    for (const secret of secrets) statements.secret.run(secret.ref, id, secret.sealed);
  };

  const writeResult = ({ requestId, result, audit }: WorkflowCommit['requests'][number]): void => {
    statements.result.run(JSON.stringify(result), requestId);
    statements.audit.run(...auditRow(chained(audit, lastEntry(statements.lastAudit.get()))));
  };

  const erase = (id: string, ordinal: number | undefined): void => {
    if (ordinal !== undefined) {
      writeUses(ordinal, []);
      statements.eraseSteps.run(ordinal);
      statements.eraseEvents.run(ordinal);
      statements.eraseWorkflow.run(ordinal);
    }
    statements.eraseSecrets.run(id);
    statements.bury.run(id, ordinal ?? 0);
  };

  return (batch, term) => {
    inTransaction(database, file, () => {
      if (statements.fence.run(term, batch.commitSeq) !== 1) throw fenced(file, term);
      for (const commit of batch.workflows) write(commit);
    });
  };
}

/**
 * Runs `work` between BEGIN IMMEDIATE and COMMIT. What fails before COMMIT is rolled back and did not happen; when
 * COMMIT itself fails for another reason than a full disk, whether it happened is for `committed` to say.
 */
export function inTransaction(database: Database, file: string, work: () => void): void {
  try {
    database.exec('BEGIN IMMEDIATE');
    work();
  } catch (thrown) {
    rollBack(database);
    throw storeError(thrown, file);
  }
  try {
    database.exec('COMMIT');
  } catch (thrown) {
    rollBack(database);
    if (sqliteCode(thrown) === 'SQLITE_FULL') throw storeError(thrown, file);
    throw new EngineError(
      'commit_unknown',
      `The commit to ${file} failed at its end: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      'The engine asks the store whether it happened.',
      { cause: thrown },
    );
  }
}

/** SQLite may have rolled back by itself already: then there is nothing to do, and it says so by throwing. */
function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // no transaction was open any more
  }
}
