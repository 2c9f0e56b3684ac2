// When each step of a workflow ran, from its log, and the chain that took longest.
// Belongs here: keeping what was read of a log, so that it is read once. Does not belong here: where a stretch of work
// ends (machine/spans.ts), the chain (critical-path.ts), presentation (cli/, admin/).
import type { StepId } from '../base/ids.ts';
import type { Names, StateGraph } from '../graph/types.ts';
import { noteWork, type Span, type Work } from '../machine/spans.ts';
import type { Change, StepStatus } from '../machine/types.ts';
import { renamedBy } from '../machine/update/rename.ts';
import { criticalPath } from './critical-path.ts';
import type { LogEntry, Store } from './ports.ts';

/** As `Span`; without `to` it goes on. Times are ms since the epoch. */
export type StepSpan = Omit<Span, 'to'> & { readonly to?: number };

/** A link of the chain that took longest: from the end of the link before to its own end. */
export interface TimelineLink {
  readonly step: StepId;
  readonly from: number;
  /** Absent: it goes on. */
  readonly to?: number;
  /** What let it begin: the link before was required, or kept the machine busy, or came first in its rolling. */
  readonly after: 'required' | 'machine' | 'turn';
}

export interface Timeline {
  /** Number of the last log entry that is in it. */
  readonly seq: number;
  /** Of the workflow's creation. */
  readonly from: number;
  /** Steps of which anything ran, in the order in which they began. */
  readonly steps: readonly { readonly step: StepId; readonly spans: readonly StepSpan[] }[];
  readonly criticalPath: readonly TimelineLink[];
}

/** What the log tells of a step. Numbers are those of log entries: of one moment the lower is the cause. */
export interface Trace extends Work {
  /** When it was last begun, not counting further attempts. */
  begun?: { readonly at: number; readonly seq: number; readonly how: StepStatus } | undefined;
  /** When it last came to rest. */
  ended?: { readonly at: number; readonly seq: number } | undefined;
  agent?: string | undefined;
}

const RESTS: ReadonlySet<StepStatus> = new Set([
  'reached',
  'failed',
  'skipped',
  'blocked',
  'not_needed',
  'undone',
]);
/** Further attempts, and what a person has tried again, belong to the beginning before them. */
const GOES_ON: ReadonlySet<StepStatus> = new Set(['running', 'undoing', 'failed', 'paused', 'interrupted']);

/** What was read of one log so far. */
export class Course {
  traces = new Map<StepId, Trace>();
  /** Generation → when it began; the first is not among them. */
  readonly began = new Map<number, number>();
  seq = 0;
  #names: Names | undefined;

  note({ seq, at, change }: LogEntry): void {
    this.seq = seq;
    if (change.kind === 'step') this.#noteStep(change, seq, at);
    if (change.kind !== 'generation') return;
    this.began.set(change.generation, at);
    this.#noteNames(change.earlier?.names);
  }

  /** What ran under a name before is the same step's. */
  #noteNames(names: Names | undefined): void {
    const now = renamedBy(this.#names, names);
    this.#names = names;
    this.traces = new Map([...this.traces].map(([step, trace]) => [now(step), trace]));
  }

  #noteStep(
    { step, from, record }: Extract<Change, { readonly kind: 'step' }>,
    seq: number,
    at: number,
  ): void {
    const trace = this.traces.get(step) ?? { spans: [] };
    this.traces.set(step, trace);
    const begins = noteWork(trace, record, at) || (record.status === 'paused' && from !== 'paused');
    const isRetry = record.tries > 0 && trace.begun !== undefined;
    if (begins && !isRetry && !(GOES_ON.has(from) && trace.begun !== undefined))
      trace.begun = { at, seq, how: from };
    if (record.agent !== undefined) trace.agent = record.agent;
    if (RESTS.has(record.status) && record.status !== from) trace.ended = { at, seq };
  }

  timeline(graph: StateGraph, from: number): Timeline {
    const worked = [...this.traces].filter(([, { spans, open }]) => spans.length > 0 || open !== undefined);
    const steps = worked
      .map(([step, { spans, open }]) => ({ step, spans: [...spans, ...(open ? [opened(open)] : [])] }))
      .toSorted((a, b) => (a.spans[0]?.from ?? 0) - (b.spans[0]?.from ?? 0));
    return { seq: this.seq, from, steps, criticalPath: criticalPath(graph, this.traces) };
  }
}

const opened = ({ from, phase }: NonNullable<Work['open']>): StepSpan => ({ from, phase, good: true });

/** Logs of which something is kept. */
const KEPT = 8;
const PAGE = 1_000;

/** Reads each log once: what comes later is read from where it stopped. */
export class Timelines {
  readonly #courses = new Map<string, { readonly course: Course; reading: Promise<void> }>();

  async course(id: string, store: Pick<Store, 'events'>): Promise<Course> {
    const kept = this.#courses.get(id) ?? { course: new Course(), reading: Promise.resolve() };
    this.#courses.delete(id);
    this.#courses.set(id, kept);
    for (const oldest of this.#courses.keys()) if (this.#courses.size > KEPT) this.#courses.delete(oldest);
    kept.reading = kept.reading.catch(() => {}).then(() => readOn(id, kept.course, store));
    await kept.reading;
    return kept.course;
  }
}

async function readOn(id: string, course: Course, store: Pick<Store, 'events'>): Promise<void> {
  for (;;) {
    const entries = await store.events(id, course.seq, PAGE);
    for (const entry of entries) course.note(entry);
    if (entries.length < PAGE) return;
  }
}
