// What the SQL stores have in common: rows into what the runtime knows, and what they refuse.
// Belongs here: parsing rows, the text of a change, errors that no database gives. Does not belong here: SQL, connections.
import { EngineError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Change, StepRecord, WorkflowRecord } from '../machine/types.ts';
import type {
  Actor,
  InboxRow,
  KeptRecord,
  LogEntry,
  RequestKind,
  StoredWorkflow,
  WorkflowSource,
} from '../runtime/ports.ts';

/** One row as a driver gives it. */
export type Row = { readonly [column: string]: string | number | Uint8Array | null };

/** What was parsed is nobody else's yet, so the last event's number and time go straight into it. */
export function record(row: Row): WorkflowRecord {
  const current = JSON.parse(row['record'] as string) as Writable<WorkflowRecord>;
  if (row['seq'] === null) return current;
  current.seq = row['seq'] as number;
  current.at = Math.max(current.at, row['at'] as number);
  return current;
}

type Writable<Record> = { -readonly [Key in keyof Record]: Record[Key] };

export function stored(row: Row, steps: readonly Row[]): StoredWorkflow {
  return {
    record: record(row),
    source: JSON.parse(row['source'] as string) as WorkflowSource,
    steps: steps.map(step => ({
      number: step['number'] as number,
      record: JSON.parse(step['record'] as string) as StepRecord,
    })),
  };
}

/** What the text of a source holds in which the agent has a seat. */
export const seatText = (agent: string): string => `"agent":${JSON.stringify(agent)}`;

export const isSeated = ({ members }: Pick<WorkflowSource, 'members'>, agent: string): boolean =>
  Object.values(members).some(group => group.some(member => member.agent === agent));

/** Ids of those rows, found by the text, in whose source the agent has a seat. */
export const seatedIn = (rows: readonly Row[], agent: string): readonly string[] =>
  rows
    .filter(row => isSeated(JSON.parse(row['source'] as string) as WorkflowSource, agent))
    .map(row => row['id'] as string);

export function groupSteps(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row['workflow'] as number);
    if (group === undefined) groups.set(row['workflow'] as number, [row]);
    else group.push(row);
  }
  return groups;
}

export function inboxRow(row: Row): InboxRow {
  return {
    requestId: row['request_id'] as string,
    workflow: row['workflow'] as string,
    kind: row['kind'] as RequestKind,
    payload: JSON.parse(row['payload'] as string) as JsonObject,
    by: row['by'] as string,
    ...(row['actor'] === null ? {} : { actor: JSON.parse(row['actor'] as string) as Actor }),
    at: row['at'] as number,
  };
}

export function logEntry(row: Row): LogEntry {
  return {
    seq: row['seq'] as number,
    at: row['at'] as number,
    change: JSON.parse(row['change'] as string) as Change,
  };
}

export const keptRecord = (row: Row): KeptRecord => ({
  kind: row['kind'] as KeptRecord['kind'],
  id: row['id'] as string,
  value: JSON.parse(row['value'] as string) as JsonObject,
  ...(row['sealed'] === null ? {} : { sealed: row['sealed'] as Uint8Array }),
});

/** JSON of a change. A step's record stands in its row and in its entry alike: its text is made once. */
export function changeText(change: Change, texts: ReadonlyMap<StepRecord, string>): string {
  const text = change.kind === 'step' ? texts.get(change.record) : undefined;
  if (change.kind !== 'step' || text === undefined) return JSON.stringify(change);
  const { kind, step, from } = change;
  return `{"kind":"${kind}","step":${JSON.stringify(step)},"from":"${from}","record":${text}}`;
}

export function known(id: string, ordinal: number | undefined): number {
  if (ordinal === undefined) throw unknownWorkflow(id);
  return ordinal;
}

export function unknownWorkflow(id: string): EngineError {
  return new EngineError(
    'store_failed',
    `Nothing can be written for workflow '${id}': the store has no such workflow.`,
    'This is a mistake of the engine; report it with the log.',
  );
}

export function buriedWorkflow(id: string): EngineError {
  return new EngineError(
    'store_failed',
    `Workflow '${id}' was deleted and cannot be written again.`,
    'Choose another id; ids of deleted workflows are not used twice.',
  );
}

export function fenced(where: string, term: number): EngineError {
  return new EngineError(
    'fenced',
    `Another engine took over ${where}: term ${term} of this one is over.`,
    'This engine stops and lets nothing out; look at the one that took over.',
  );
}
