// Lists in the SQLite store.
// Belongs here: their statements, prepared when they are first asked for. Does not belong here: which index answers what (../lists.ts).
import type { Counts, WorkflowFilter, WorkflowPage } from '../../runtime/operator-api.ts';
import type { AuditEntry, AuditFilter } from '../../runtime/ports.ts';
import { auditEntry, auditQuery, COUNTS, countsOf, PAGE_COLUMNS, pageOf, pageQuery } from '../lists.ts';
import { type Row } from '../rows.ts';
import type { Database, SqlValue, Statement } from './driver.ts';
import { LAST } from '../last.ts';

export class Lists {
  readonly #database: Database;
  /** By text: a filter has few forms. */
  readonly #prepared = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  page(filter: WorkflowFilter): WorkflowPage {
    const kinds = filter.children === true ? ([0, 1] as const) : ([0] as const);
    const rows = kinds.flatMap(child => {
      const { index, where, values } = pageQuery(filter, child);
      return this.#rows(
        `SELECT ${PAGE_COLUMNS}, ${LAST} FROM workflow w INDEXED BY ${index} WHERE ${where}`,
        values,
      );
    });
    return pageOf(rows, filter.limit);
  }

  counts(): Counts {
    return countsOf(this.#rows(COUNTS.status, []), this.#rows(COUNTS.waiting, []));
  }

  audit(filter: AuditFilter): readonly AuditEntry[] {
    const { where, values } = auditQuery(filter);
    return this.#rows(`SELECT number, entry, hash FROM audit WHERE ${where}`, values).map(auditEntry);
  }

  auditChain(after: number, limit: number): readonly AuditEntry[] {
    const sql = 'SELECT number, entry, hash FROM audit WHERE number > ? ORDER BY number LIMIT ?';
    return this.#rows(sql, [after, limit]).map(auditEntry);
  }

  #rows(sql: string, values: readonly SqlValue[]): readonly Row[] {
    const statement = this.#prepared.get(sql) ?? this.#database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement.all(...values);
  }
}
