// Who counts what the engine does: told after each commit, by drivers and adapters as it happens, never asked, and unable to change anything.
// Belongs here: what is told, and to whom. Does not belong here: what is made of it (admin/metrics/).
//
// Without anybody it costs a look at an empty set.
import type { ErrorCode } from '../base/errors.ts';
import type { StepRecord, WorkflowRecord } from '../machine/types.ts';
import type { Draft } from './absorb.ts';
import type { Clock, LogEntry, NewAudit, RequestResult, StoredWorkflow } from './ports.ts';
import type { Item } from './queue.ts';
import { Standing, standsFor } from './standing.ts';

export interface Observer {
  /** A commit took so long, ms, for so many workflows; `failure`: it came to nothing. */
  flushed(took: number, workflows: number, failure?: ErrorCode): void;
  /** A step changed; `kind`: of its action, `join` without one. */
  step(workflow: string, change: StepChange, kind: string): void;
  /** A workflow was made. */
  began(): void;
  /** A workflow's own record changed. */
  workflow(record: Omit<WorkflowRecord, 'seq'>): void;
  /** A command was handed to its driver so long, ms, after what let it begin had arrived. */
  handed(took: number): void;
  request(kind: NewAudit['kind'], result: RequestResult): void;
  /** A message went to the agents' broker; ms until it confirmed it, or `failure`: it did not. */
  published(took: number, failure?: string): void;
  /** A call to a service of a cloud was over after so long, ms; `outcome`: its status, or the kind of fault. */
  called(service: string, outcome: string, took: number): void;
}

export interface StepChange {
  readonly step: string;
  readonly from: StepRecord['status'];
  readonly record: StepRecord;
  readonly at: number;
}

export class Observers {
  readonly #all = new Set<Observer>();
  /** Kept whoever listens: a restart finds what stood still before it. */
  readonly standing = new Standing();
  readonly #clock: Pick<Clock, 'now'>;
  /** Workflow → when the first of what waits for its next commit arrived. */
  readonly #arrived = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** From now on; returns how to end it. */
  add(observer: Observer): () => void {
    this.#all.add(observer);
    return () => {
      this.#all.delete(observer);
      if (this.#all.size === 0) this.#arrived.clear();
    };
  }

  /** A workflow was read from the store. */
  found(workflow: string, steps: StoredWorkflow['steps'], idOf: (number: number) => string): void {
    this.standing.forget(workflow);
    for (const { number, record } of steps)
      if (standsFor(record) !== undefined) this.standing.note(workflow, idOf(number), record);
  }

  published(took: number, failure?: string): void {
    for (const one of this.#all) one.published(took, failure);
  }

  called(service: string, outcome: string, took: number): void {
    for (const one of this.#all) one.called(service, outcome, took);
  }

  #stand({ id, live, log, erase }: Draft): void {
    if (erase || log.some(({ change }) => change.kind === 'generation')) this.standing.forget(id);
    if (erase) return;
    const begun = log.findLastIndex(({ change }) => change.kind === 'generation');
    // Who left has no step any more, and what stays as it was stands in no entry.
    if (begun >= 0 && live !== undefined)
      for (const [number, record] of live.state.records.entries())
        if (record !== undefined) this.standing.note(id, live.graph.steps[number]?.id ?? '', record);
    for (const { change } of log.slice(begun + 1))
      if (change.kind === 'step') this.standing.note(id, change.step, change.record);
  }

  arrived({ workflow }: Item): void {
    if (this.#all.size > 0 && !this.#arrived.has(workflow)) this.#arrived.set(workflow, this.#clock.now());
  }

  /** Begins to measure a commit; what it returns is told how that ended. */
  flushing(workflows: number): (failure?: ErrorCode) => void {
    const since = this.#clock.now();
    return failure => {
      for (const one of this.#all) one.flushed(this.#clock.now() - since, workflows, failure);
    };
  }

  /** What a commit holds of one workflow has happened, and its commands are handed over. */
  told(draft: Draft): void {
    this.#stand(draft);
    if (this.#all.size === 0) return;
    const { id, live, log, requests, effects } = draft;
    const since = this.#arrived.get(id);
    this.#arrived.delete(id);
    for (const one of this.#all) {
      if (log[0]?.seq === 1) one.began();
      for (const entry of log) tell(one, id, entry, draft);
      for (const { audit, result } of requests) one.request(audit.kind, result);
      if (live === undefined || draft.erase || since === undefined) continue;
      for (const { kind } of effects) if (kind === 'start') one.handed(this.#clock.now() - since);
    }
  }
}

function tell(observer: Observer, id: string, { at, change }: LogEntry, { live }: Draft): void {
  if (change.kind === 'workflow') observer.workflow(change.record);
  if (change.kind !== 'step') return;
  const number = live?.graph.stepById.get(change.step);
  const kind = number === undefined ? undefined : live?.graph.steps[number]?.state.action?.kind;
  observer.step(id, { ...change, at }, kind ?? 'join');
}
