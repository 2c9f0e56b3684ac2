// The records of agents and members in the SQLite store.
// Belongs here: their statements, and the fence before every write. Does not belong here: commits of workflows (commit.ts),
// what stands in a record (engine/agents/).
import { chained } from '../../runtime/audit.ts';
import type { KeptRecord, NewAudit, RecordChange } from '../../runtime/ports.ts';
import { AUDIT, auditRow, lastEntry } from '../lists.ts';
import { fenced, keptRecord } from '../rows.ts';
import { inTransaction } from './commit.ts';
import type { Database, Statement } from './driver.ts';

const SQL = {
  fence: 'UPDATE engine SET owner = owner WHERE id = 1 AND term = ?',
  all: 'SELECT kind, id, value, sealed FROM kept ORDER BY kind, id',
  keep: `INSERT INTO kept VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, sealed = excluded.sealed`,
  lastAudit: AUDIT.last,
  writeAudit: AUDIT.write,
  forgetAudit: AUDIT.forget,
  erase: 'DELETE FROM kept WHERE kind = ? AND id = ?',
} as const;

/** Prepared once; throws as the store does. */
export class Records {
  readonly #database: Database;
  readonly #file: string;
  readonly #statements: { readonly [Name in keyof typeof SQL]: Statement };

  constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
    this.#statements = Object.fromEntries(
      Object.entries(SQL).map(([name, text]) => [name, database.prepare(text)]),
    ) as { readonly [Name in keyof typeof SQL]: Statement };
  }

  all(): readonly KeptRecord[] {
    return this.#statements.all.all().map(keptRecord);
  }

  keep(changes: readonly RecordChange[], audit: readonly NewAudit[], term: number): void {
    const { fence, keep, erase, lastAudit, writeAudit, forgetAudit } = this.#statements;
    inTransaction(this.#database, this.#file, () => {
      if (fence.run(term) !== 1) throw fenced(this.#file, term);
      for (const change of changes) {
        if (change.value === undefined) erase.run(change.kind, change.id);
        else keep.run(change.kind, change.id, JSON.stringify(change.value), change.sealed ?? null);
      }
      for (const entry of audit) {
        writeAudit.run(...auditRow(chained(entry, lastEntry(lastAudit.get()))));
        if (entry.left) forgetAudit.run(entry.left.from);
      }
    });
  }
}
