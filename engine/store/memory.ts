// The store in memory: what the conformance suite asks for, without a file. For tests, trials and `run --memory`.
// Belongs here: the same promises as the SQLite store, except that they end with the process.
// Does not belong here: faults (test/support, test/simulation put them around any store).
//
// Values are kept as JSON text, so that nobody can change what was committed by changing an object.
import { EngineError } from '../base/errors.ts';
import type { WorkflowRecord } from '../machine/types.ts';
import { chained } from '../runtime/audit.ts';
import type {
  Counts,
  Outlook,
  WorkflowFilter,
  WorkflowPage,
  WorkflowSummary,
} from '../runtime/operator-api.ts';
import { isAskedFor, summaryOf, usualOutlook } from '../runtime/summary.ts';
import {
  type AuditEntry,
  type AuditFilter,
  type DefinitionDocument,
  definitionsOf,
  type InboxRow,
  type KeptRecord,
  type LogEntry,
  type NewAudit,
  type NewSecret,
  type RecordChange,
  type RequestResult,
  type Store,
  type StoredWorkflow,
  type WorkflowCommit,
  type WorkflowSource,
} from '../runtime/ports.ts';
import { isLive } from '../runtime/status.ts';
import { isSeated } from './rows.ts';

type Batch = Parameters<Store['commit']>[0];

interface KeptWorkflow {
  readonly ordinal: number;
  source: string;
  record: string;
  outlook: Outlook;
  readonly steps: Map<number, string>;
  readonly log: string[];
}

interface KeptRequest {
  readonly row: string;
  readonly definition?: string;
  result?: string;
}

/** What outlives a `MemoryStore`, as a file outlives its process: open several stores on one to try take-overs. */
export class MemoryDisk {
  term = 0;
  commitSeq = 0;
  ordinal = 0;
  readonly workflows = new Map<string, KeptWorkflow>();
  readonly inbox = new Map<string, KeptRequest>();
  readonly definitions = new Map<string, string>();
  readonly secrets = new Map<string, { readonly workflow: string; readonly sealed: Uint8Array }>();
  readonly tombstones = new Map<string, number>();
  readonly audit: AuditEntry[] = [];
  /** By kind and id; the value as JSON text. */
  readonly kept = new Map<string, Omit<KeptRecord, 'value'> & { readonly value: string }>();
}

export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  #term = -1;
  #open = true;

  constructor(disk: MemoryDisk = new MemoryDisk()) {
    this.#disk = disk;
  }

  async acquire(_owner: string): Promise<{ readonly term: number }> {
    this.#check();
    this.#term = ++this.#disk.term;
    return { term: this.#term };
  }

  async commit(batch: Batch): Promise<void> {
    this.#check();
    if (this.#disk.term !== this.#term || this.#disk.commitSeq !== batch.commitSeq) throw fenced(this.#term);
    for (const commit of batch.workflows) this.#judge(commit);
    this.#disk.commitSeq++;
    for (const commit of batch.workflows) this.#write(commit);
  }

  /** Everything that can refuse a commit stands here, before anything is written: all or nothing. */
  #judge(commit: WorkflowCommit): void {
    const kept = this.#disk.workflows.get(commit.id);
    const writes = commit.record !== undefined || commit.steps.length > 0 || commit.log.length > 0;
    const creates = commit.source !== undefined && commit.record !== undefined;
    if (creates && kept === undefined && this.#disk.tombstones.has(commit.id))
      throw refused(commit.id, 'was deleted');
    if (writes && kept === undefined && !creates) throw refused(commit.id, 'is unknown');
    const last = lastEntry(kept)?.seq ?? 0;
    commit.log.forEach((entry, index) => {
      if (entry.seq <= (commit.log[index - 1]?.seq ?? last))
        throw refused(commit.id, 'has that log entry already');
    });
  }

  #write(commit: WorkflowCommit): void {
    const kept = this.#keep(commit);
    if (kept !== undefined && commit.source !== undefined) {
      const before = kept.source === '' ? [] : used(kept);
      kept.source = JSON.stringify(commit.source);
      kept.steps.clear();
      for (const digest of before) this.#dropDefinition(digest);
    }
    if (kept !== undefined && commit.record !== undefined) {
      kept.record = JSON.stringify(commit.record);
      kept.outlook = commit.outlook ?? usualOutlook(commit.record);
    }
    for (const step of commit.steps) kept?.steps.set(step.number, JSON.stringify(step.record));
    for (const entry of commit.log) kept?.log.push(JSON.stringify(entry));
    for (const { ref, sealed } of commit.secrets)
      this.#disk.secrets.set(ref, { workflow: commit.id, sealed });
    for (const { requestId, result, audit } of commit.requests) {
      this.#answer(requestId, result);
      this.#disk.audit.push(chained(audit, this.#disk.audit.at(-1)));
    }
    if (commit.erase === true) this.#erase(commit.id, kept);
  }

  #keep(commit: WorkflowCommit): KeptWorkflow | undefined {
    const kept = this.#disk.workflows.get(commit.id);
    if (kept !== undefined || commit.source === undefined || commit.record === undefined) return kept;
    const outlook = { waiting: 'work' } as const;
    const ordinal = ++this.#disk.ordinal;
    const made = { ordinal, source: '', record: '', outlook, steps: new Map(), log: [] };
    this.#disk.workflows.set(commit.id, made);
    return made;
  }

  #answer(requestId: string, result: RequestResult): void {
    const request = this.#disk.inbox.get(requestId);
    if (request === undefined) return;
    const row = JSON.parse(request.row) as InboxRow;
    this.#disk.inbox.set(requestId, {
      row: JSON.stringify({ ...row, payload: {} }),
      result: JSON.stringify(result),
    });
  }

  #erase(id: string, kept: KeptWorkflow | undefined): void {
    this.#disk.workflows.delete(id);
    for (const [ref, secret] of this.#disk.secrets)
      if (secret.workflow === id) this.#disk.secrets.delete(ref);
    if (!this.#disk.tombstones.has(id)) this.#disk.tombstones.set(id, kept?.ordinal ?? 0);
    if (kept !== undefined) for (const digest of used(kept)) this.#dropDefinition(digest);
  }

  /** Unless somebody needs it. */
  #dropDefinition(digest: string): void {
    const isUsed = [...this.#disk.workflows.values()].some(other => used(other).includes(digest));
    const asked = [...this.#disk.inbox.values()].some(
      request => request.result === undefined && request.definition === digest,
    );
    if (!isUsed && !asked) this.#disk.definitions.delete(digest);
  }

  async committed(): Promise<number> {
    this.#check();
    if (this.#disk.term !== this.#term) throw fenced(this.#term);
    return this.#disk.commitSeq;
  }

  async submit(
    row: InboxRow,
    definition?: DefinitionDocument,
    secrets: readonly NewSecret[] = [],
  ): Promise<RequestResult | 'accepted'> {
    const known = await this.result(row.requestId);
    if (known !== undefined) return known;
    const digest = definition === undefined ? {} : { definition: definition.digest };
    this.#disk.inbox.set(row.requestId, { row: JSON.stringify(row), ...digest });
    if (definition !== undefined && !this.#disk.definitions.has(definition.digest)) {
      this.#disk.definitions.set(definition.digest, JSON.stringify(definition));
    }
    for (const { ref, sealed } of secrets) {
      if (!this.#disk.secrets.has(ref)) this.#disk.secrets.set(ref, { workflow: row.workflow, sealed });
    }
    return 'accepted';
  }

  async pending(limit: number): Promise<readonly InboxRow[]> {
    this.#check();
    const open = [...this.#disk.inbox.values()].filter(request => request.result === undefined);
    return open.slice(0, limit).map(request => JSON.parse(request.row) as InboxRow);
  }

  async result(requestId: string): Promise<RequestResult | 'accepted' | undefined> {
    this.#check();
    const request = this.#disk.inbox.get(requestId);
    if (request === undefined) return undefined;
    return request.result === undefined ? 'accepted' : (JSON.parse(request.result) as RequestResult);
  }

  async live(): Promise<readonly string[]> {
    this.#check();
    return [...this.#disk.workflows].filter(([, kept]) => isLive(record(kept))).map(([id]) => id);
  }

  async list(filter: {
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly WorkflowRecord[]> {
    this.#check();
    const { workflows, tombstones } = this.#disk;
    const after = filter.after ?? '';
    const from = workflows.get(after)?.ordinal ?? tombstones.get(after) ?? 0;
    return [...workflows.values()]
      .filter(kept => kept.ordinal > from)
      .slice(0, filter.limit)
      .map(record);
  }

  async page(filter: WorkflowFilter): Promise<WorkflowPage> {
    this.#check();
    const { after = Number.POSITIVE_INFINITY, limit } = filter;
    const found = [...this.#disk.workflows.values()]
      .filter(({ ordinal }) => ordinal < after)
      .map(kept => ({ ordinal: kept.ordinal, summary: summary(kept) }))
      .filter(row => isAskedFor(row.summary, filter))
      .toReversed();
    const next = found.length > limit ? found[limit - 1]?.ordinal : undefined;
    const workflows = found.slice(0, limit).map(row => row.summary);
    return { workflows, ...(next !== undefined && { next }) };
  }

  async counts(): Promise<Counts> {
    this.#check();
    const status: { [name: string]: number } = {};
    const waiting: { [name: string]: number } = {};
    for (const one of [...this.#disk.workflows.values()].map(summary)) {
      if (one.parent !== undefined) continue;
      status[one.status] = (status[one.status] ?? 0) + 1;
      waiting[one.waiting] = (waiting[one.waiting] ?? 0) + 1;
    }
    return { status, waiting };
  }

  async audit({ project, workflow, before, limit }: AuditFilter): Promise<readonly AuditEntry[]> {
    this.#check();
    return this.#disk.audit
      .filter(entry => project === undefined || (entry.project ?? '') === project)
      .filter(entry => workflow === undefined || entry.workflow === workflow)
      .filter(({ number }) => before === undefined || number < before)
      .toReversed()
      .slice(0, limit);
  }

  async auditChain(after: number, limit: number): Promise<readonly AuditEntry[]> {
    this.#check();
    return this.#disk.audit.filter(({ number }) => number > after).slice(0, limit);
  }

  async load(id: string): Promise<StoredWorkflow | undefined> {
    this.#check();
    const kept = this.#disk.workflows.get(id);
    return kept === undefined ? undefined : stored(kept);
  }

  async seating(agent: string): Promise<readonly string[]> {
    this.#check();
    return [...this.#disk.workflows]
      .filter(([, { source }]) => isSeated(JSON.parse(source) as WorkflowSource, agent))
      .map(([id]) => id);
  }

  async *loadLive(): AsyncIterable<readonly StoredWorkflow[]> {
    for (const id of await this.live()) {
      const workflow = await this.load(id);
      if (workflow !== undefined) yield [workflow];
    }
  }

  async definition(digest: string): Promise<DefinitionDocument | undefined> {
    this.#check();
    const text = this.#disk.definitions.get(digest);
    return text === undefined ? undefined : (JSON.parse(text) as DefinitionDocument);
  }

  async events(id: string, after: number, limit: number): Promise<readonly LogEntry[]> {
    this.#check();
    const log = this.#disk.workflows.get(id)?.log ?? [];
    return log
      .map(text => JSON.parse(text) as LogEntry)
      .filter(entry => entry.seq > after)
      .slice(0, limit);
  }

  async secret(ref: string): Promise<Uint8Array | undefined> {
    this.#check();
    return this.#disk.secrets.get(ref)?.sealed;
  }

  async tombstone(id: string): Promise<boolean> {
    this.#check();
    return this.#disk.tombstones.has(id);
  }

  async records(): Promise<readonly KeptRecord[]> {
    this.#check();
    const rows = [...this.#disk.kept].sort(([one], [other]) => (one < other ? -1 : 1));
    return rows.map(([, row]) => ({ ...row, value: JSON.parse(row.value) as KeptRecord['value'] }));
  }

  async keep(changes: readonly RecordChange[], audit: readonly NewAudit[] = []): Promise<void> {
    this.#check();
    if (this.#disk.term !== this.#term) throw fenced(this.#term);
    for (const change of changes) {
      const key = `${change.kind}/${change.id}`;
      if (change.value === undefined) this.#disk.kept.delete(key);
      else this.#disk.kept.set(key, { ...change, value: JSON.stringify(change.value) });
    }
    for (const entry of audit) {
      this.#disk.audit.push(chained(entry, this.#disk.audit.at(-1)));
      const { from = 0 } = entry.left ?? {};
      this.#disk.audit.splice(
        0,
        this.#disk.audit.findIndex(({ number }) => number >= from),
      );
    }
  }

  async close(): Promise<void> {
    this.#open = false;
  }

  #check(): void {
    if (!this.#open)
      throw new EngineError('store_failed', 'The store in memory is closed.', 'Open another one.');
  }
}

const used = ({ source }: KeptWorkflow): readonly string[] =>
  definitionsOf(JSON.parse(source) as WorkflowSource);

function lastEntry(kept: KeptWorkflow | undefined): LogEntry | undefined {
  const text = kept?.log.at(-1);
  return text === undefined ? undefined : (JSON.parse(text) as LogEntry);
}

function record(kept: KeptWorkflow): WorkflowRecord {
  const written = JSON.parse(kept.record) as WorkflowRecord;
  const last = lastEntry(kept);
  return last === undefined ? written : { ...written, seq: last.seq, at: Math.max(written.at, last.at) };
}

function summary(kept: KeptWorkflow): WorkflowSummary {
  const { project, resource } = JSON.parse(kept.source) as WorkflowSource;
  return summaryOf(record(kept), {
    ...kept.outlook,
    ...(project !== undefined && { project }),
    ...(resource !== undefined && { resource }),
  });
}

function stored(kept: KeptWorkflow): StoredWorkflow {
  const steps = [...kept.steps].sort(([one], [other]) => one - other);
  return {
    record: record(kept),
    source: JSON.parse(kept.source) as StoredWorkflow['source'],
    steps: steps.map(([number, text]) => ({
      number,
      record: JSON.parse(text) as StoredWorkflow['steps'][number]['record'],
    })),
  };
}

function fenced(term: number): EngineError {
  return new EngineError(
    'fenced',
    `Another engine took over the store in memory: term ${term} of this one is over.`,
    'This engine stops and lets nothing out; look at the one that took over.',
  );
}

function refused(id: string, why: string): EngineError {
  return new EngineError(
    'store_failed',
    `Nothing can be written for workflow '${id}': it ${why}.`,
    'This is a mistake of the engine; report it with the log.',
  );
}
