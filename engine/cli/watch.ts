// Follows one workflow until it stands still, and tells a reporter what happens.
// Belongs here: catching up, refreshing, ending. Does not belong here: what is shown (reporters.ts).
import { EngineError } from '../base/errors.ts';
import type { StepId } from '../base/ids.ts';
import type { StepRecord, WorkflowStatus } from '../machine/types.ts';
import type { EngineApi, Happening, WorkflowView } from '../runtime/api.ts';
import type { LogEntry } from '../runtime/ports.ts';
import type { Context, Session } from './host.ts';
import type { Reporter } from './reporters.ts';

/** Statuses in which nothing moves by itself. */
const STANDS_STILL: ReadonlySet<WorkflowStatus> = new Set<WorkflowStatus>([
  'complete',
  'failed',
  'held',
  'deleted',
  'delete_failed',
]);

/** True when nothing moves by itself any more; of what is suspended, once no attempt is under way. */
export const standsStill = ({ record: { status, suspended } }: WorkflowView): boolean =>
  STANDS_STILL.has(status) || suspended?.rests === true;

/** True when nobody has anything to say to it any more: what is held, failed or suspended waits for whom it is served to. */
const isDone = ({ record: { status } }: WorkflowView): boolean =>
  status === 'complete' || status === 'deleted' || status === 'delete_failed';

const TICK_MS = 100;
const PAGE = 500;
/** A view is asked for at most this often, and takes at most a tenth of the time. */
const REFRESH_MS = 100;
/** Safety net beside the events (rule P5 allows sweeps): what is shown is never older. */
const SWEEP_MS = 2_000;

export interface Watched {
  /** Undefined when the workflow is erased. */
  readonly view: WorkflowView | undefined;
  readonly interrupted: boolean;
  /** Steps whose undo failed and was tolerated: what they did is still there. */
  readonly residue: readonly Residue[];
}

export interface Residue {
  readonly step: StepId;
  readonly record: StepRecord;
}

/** `after`: number of the last log entry that was told already. While operators are answered over HTTP it is followed until it is done. */
export async function watch(
  context: Context,
  session: Session,
  id: string,
  reporter: Reporter,
  after: number,
): Promise<Watched> {
  const watcher = new Watcher(context, session, id, reporter);
  const forget = context.onInterrupt(() => watcher.stop());
  try {
    return await watcher.run(after);
  } finally {
    forget();
    reporter.end();
  }
}

class Watcher {
  readonly #context: Context;
  readonly #api: EngineApi;
  readonly #isOver: (view: WorkflowView) => boolean;
  readonly #id: string;
  readonly #reporter: Reporter;
  readonly #ended = new AbortController();
  #interrupted = false;
  #view: WorkflowView | undefined;
  #dirty = true;
  readonly #residue = new Map<StepId, StepRecord>();
  #told = 0;
  #refreshedAt = 0;
  #refreshCost = 0;
  #busy: Promise<void> | undefined;
  #failure: { readonly thrown: unknown } | undefined;

  constructor(context: Context, { api, trial }: Session, id: string, reporter: Reporter) {
    this.#context = context;
    this.#isOver = trial === undefined ? standsStill : isDone;
    this.#api = api;
    this.#id = id;
    this.#reporter = reporter;
  }

  stop(): void {
    this.#interrupted = true;
    this.#ended.abort();
  }

  async run(after: number): Promise<Watched> {
    const timer = setInterval(() => this.#tick(), TICK_MS);
    try {
      await this.#consume(after);
    } finally {
      clearInterval(timer);
      this.#ended.abort();
      await this.#busy;
    }
    if (this.#failure !== undefined) throw this.#failure.thrown;
    const residue = [...this.#residue].map(([step, record]) => ({ step, record }));
    return { view: this.#view, interrupted: this.#interrupted, residue };
  }

  /** Past entries, then live ones, then what the end overtook; each is told once. */
  async #consume(after: number): Promise<void> {
    this.#told = after;
    const live = this.#api.follow(this.#id, this.#ended.signal)[Symbol.asyncIterator]();
    // Asked for before the past is read, so that nothing falls between the two.
    let next = this.#nextOf(live);
    await this.#refresh();
    await this.#catchUp();
    this.#tick();
    for (;;) {
      const happening = await next;
      if (happening === undefined) break;
      next = this.#nextOf(live);
      if (happening.kind !== 'log') this.#tell(happening);
      else if (happening.entry.seq > this.#told) this.#tellEntry(happening.entry);
    }
    await this.#settle();
  }

  /** Undefined at the end; what breaks after we ended it ourselves is no failure. */
  async #nextOf(live: AsyncIterator<Happening>): Promise<Happening | undefined> {
    try {
      const { done, value } = await live.next();
      return done === true ? undefined : value;
    } catch (thrown) {
      if (!this.#ended.signal.aborted && !isGone(thrown)) this.#failure ??= { thrown };
      return undefined;
    }
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const entries = await this.#eventsAfter(this.#told);
      for (const entry of entries) this.#tellEntry(entry);
      if (entries.length < PAGE) return;
    }
  }

  async #eventsAfter(told: number): ReturnType<EngineApi['events']> {
    try {
      return await this.#api.events(this.#id, told, PAGE);
    } catch (thrown) {
      if (isGone(thrown)) return [];
      throw thrown;
    }
  }

  #tell(happening: Happening): void {
    this.#reporter.happening(happening);
  }

  #tellEntry(entry: LogEntry): void {
    this.#told = entry.seq;
    this.#tell({ kind: 'log', entry });
    this.#dirty = true;
    const { change } = entry;
    if (change.kind === 'step') this.#noteResidue(change.step, change.record);
    if (change.kind === 'workflow' && STANDS_STILL.has(change.record.status)) this.#refreshSoon();
  }

  #noteResidue(step: StepId, record: StepRecord): void {
    if (record.cause === 'undo_failed') this.#residue.set(step, record);
    else this.#residue.delete(step);
  }

  #tick(): void {
    const since = this.#context.now() - this.#refreshedAt;
    const due = this.#dirty
      ? Math.max(REFRESH_MS, this.#refreshCost * 10)
      : Math.max(SWEEP_MS, this.#refreshCost * 10);
    if (since >= due) this.#refreshSoon();
    this.#reporter.tick();
  }

  #refreshSoon(): void {
    if (this.#busy !== undefined) {
      this.#dirty = true;
      return;
    }
    this.#busy = this.#refresh()
      .catch(thrown => {
        this.#failure = { thrown };
        this.#ended.abort();
      })
      .finally(() => {
        this.#busy = undefined;
      });
  }

  async #refresh(): Promise<void> {
    const began = this.#context.now();
    this.#dirty = false;
    try {
      this.#show(await this.#api.workflow(this.#id));
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      this.#view = undefined;
      this.#ended.abort();
    }
    this.#refreshedAt = this.#context.now();
    this.#refreshCost = this.#refreshedAt - began;
  }

  #show(view: WorkflowView): void {
    this.#view = view;
    this.#reporter.view(view);
    if (this.#isOver(view)) this.#ended.abort();
  }

  /** The stream ended: because we ended it, or because the engine at its other end is gone. */
  async #settle(): Promise<void> {
    await this.#busy;
    if (this.#interrupted || this.#failure !== undefined) return;
    if (this.#view !== undefined) await this.#refresh();
    if (this.#view !== undefined) await this.#catchUp();
    if (this.#view === undefined || this.#isOver(this.#view)) return;
    throw new EngineError(
      'transport_closed',
      `the engine that ran ${this.#id} has stopped`,
      `Go on with: murano-workflow resume ${this.#id}`,
    );
  }
}

const isGone = (thrown: unknown): boolean => thrown instanceof EngineError && thrown.code === 'not_found';
