// Lists of workflows and of what was asked, as the SQL stores ask for them.
// Belongs here: the columns that lists are asked for by, which index answers which filter, rows into entries.
// Does not belong here: running statements (sqlite/, mariadb/), what the columns mean (runtime/summary.ts).
//
// L1  Each filter has an index of which `ordinal` is the last column: a page is read from it in order and never sorted. Filters
//     besides are judged row by row.
// L2  `child` is the first column of all of them: the children of a thousand steps are not in the way of those who don't ask for them.
import type { WorkflowRecord } from '../machine/types.ts';
import type {
  Counts,
  Outlook,
  WorkflowFilter,
  WorkflowPage,
  WorkflowSummary,
} from '../runtime/operator-api.ts';
import type { AuditEntry, AuditFilter, NewAudit, WorkflowSource } from '../runtime/ports.ts';
import { summaryOf, usualOutlook } from '../runtime/summary.ts';
import { record, type Row } from './rows.ts';

/** Characters of a column; what is longer is cut, in rows and filters alike. */
const LENGTH = 255;
const cut = (text: string): string => text.slice(0, LENGTH);

/** Values of `status`, `waiting` and `failure`, which change with the record. */
export function changing(
  given: WorkflowRecord,
  outlook: Outlook = usualOutlook(given),
): [string, string, string] {
  return [given.status, outlook.waiting, cut(outlook.failure ?? '')];
}

/** Values of `project`, `stack` and `child`, which never change, and of `resource`. */
export const lasting = (source: WorkflowSource): [string, string, number, string] => {
  const { stackName, project, parent } = source;
  return [cut(project ?? ''), cut(stackName), parent === undefined ? 0 : 1, naming(source)];
};

/** The value of `resource`, which goes with the source. */
export const naming = ({ resource }: WorkflowSource): string => cut(resource ?? '');

/** What a page reads of each row. */
export const PAGE_COLUMNS = 'w.ordinal, w.record, w.project, w.resource, w.waiting, w.failure';

const COLUMNS = { failure: 'failure', stack: 'stackName', waiting: 'waiting', status: 'status' } as const;
/** What a filter is looked up by, the rarest first. */
const KEYS = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/** Name → columns. */
export const INDEXES: { readonly [name: string]: readonly string[] } = Object.fromEntries(
  [undefined, ...KEYS].flatMap(key =>
    [[], ['project']].map(of => {
      const columns = [...of, ...(key === undefined ? [] : [key])];
      return [
        ['workflow_by', ...(columns.length === 0 ? ['all'] : columns)].join('_'),
        ['child', ...columns, 'ordinal'],
      ];
    }),
  ),
);

export interface Query {
  readonly index: string;
  /** After `WHERE`; with `LIMIT ?` at its end. */
  readonly where: string;
  readonly values: readonly (string | number)[];
}

/** One more than the page has: then there is a next one. */
export function pageQuery(filter: WorkflowFilter, child: 0 | 1): Query {
  const given: [string, string][] = filter.project === undefined ? [] : [['project', filter.project]];
  for (const key of KEYS) {
    const value = filter[COLUMNS[key]];
    if (value !== undefined) given.push([key, value]);
  }
  const found = KEYS.find(key => filter[COLUMNS[key]] !== undefined);
  const columns = [filter.project === undefined ? '' : 'project', found ?? ''].filter(name => name !== '');
  const conditions = ['w.child = ?', ...given.map(([name]) => `w.${name} = ?`)];
  const values: (string | number)[] = [child, ...given.map(([, value]) => cut(value))];
  if (filter.after !== undefined) {
    conditions.push('w.ordinal < ?');
    values.push(filter.after);
  }
  return {
    index: ['workflow_by', ...(columns.length === 0 ? ['all'] : columns)].join('_'),
    where: `${conditions.join(' AND ')} ORDER BY w.ordinal DESC LIMIT ?`,
    values: [...values, filter.limit + 1],
  };
}

/** Of the rows of one or two queries, each in order. */
export function pageOf(rows: readonly Row[], limit: number): WorkflowPage {
  const all = rows.toSorted((one, other) => (other['ordinal'] as number) - (one['ordinal'] as number));
  const shown = all.slice(0, limit);
  const last = all.length > limit ? shown.at(-1)?.['ordinal'] : undefined;
  return { workflows: shown.map(summary), ...(last !== undefined && { next: last as number }) };
}

function summary(row: Row): WorkflowSummary {
  const [project, resource, failure] = ['project', 'resource', 'failure'].map(name => row[name] as string);
  return summaryOf(record(row), {
    waiting: row['waiting'] as Outlook['waiting'],
    ...(project && { project }),
    ...(resource && { resource }),
    ...(failure && { failure }),
  });
}

/** Read from the index of each column alone. */
export const COUNTS = {
  status: 'SELECT status AS name, count(*) AS number FROM workflow WHERE child = 0 GROUP BY status',
  waiting: 'SELECT waiting AS name, count(*) AS number FROM workflow WHERE child = 0 GROUP BY waiting',
} as const;

export const countsOf = (status: readonly Row[], waiting: readonly Row[]): Counts => ({
  status: named(status),
  waiting: named(waiting),
});

const named = (rows: readonly Row[]): { readonly [name: string]: number } =>
  Object.fromEntries(rows.map(row => [row['name'] as string, Number(row['number'])]));

export function auditQuery({ project, workflow, before, limit }: AuditFilter): Omit<Query, 'index'> {
  const given = Object.entries({ project, workflow }).filter(([, value]) => value !== undefined);
  const conditions = given.map(([name]) => `${name} = ?`);
  if (before !== undefined) conditions.push('number < ?');
  return {
    where: `${['1 = 1', ...conditions].join(' AND ')} ORDER BY number DESC LIMIT ?`,
    values: [...given.map(([, value]) => value as string), ...(before === undefined ? [] : [before]), limit],
  };
}

export const auditEntry = (row: Row): AuditEntry => ({
  ...(JSON.parse(row['entry'] as string) as NewAudit),
  number: row['number'] as number,
  hash: row['hash'] as string,
});

export const AUDIT = {
  last: 'SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1',
  write: 'INSERT INTO audit VALUES (?, ?, ?, ?, ?)',
  forget: 'DELETE FROM audit WHERE number < ?',
} as const;

/** A row of the table `audit`: number, workflow, project, entry, hash. */
export function auditRow({ number, hash, ...entry }: AuditEntry): [number, string, string, string, string] {
  return [number, entry.workflow ?? '', entry.project ?? '', JSON.stringify(entry), hash];
}

/** The last entry that a store has written, as its hash chain needs it. */
export const lastEntry = (row: Row | undefined): Pick<AuditEntry, 'number' | 'hash'> | undefined =>
  row && { number: row['number'] as number, hash: row['hash'] as string };
