// The loop: what arrived while the last commit was in flight is decided together, committed, and only then let out.
// Belongs here: the order decide → commit → let out → ack, and what happens when a commit fails.
// Does not belong here: one item's absorption (absorb.ts), certainty about commits (committer.ts), I/O of any kind.
//
// L1  Nothing leaves (effects, answers, log entries to followers) before the commit that decided it (rule P1).
// L2  When a commit fails, the memory of every workflow in it is dropped and read again; its items are absorbed anew.
// L3  One workflow's own failure sets aside that workflow only; the store's failure makes everybody wait, no more.
// L4  `fenced` ends the engine: another one owns the store, and this one says nothing more to anybody.
import { EngineError, errorText } from '../base/errors.ts';
import { outsideId } from '../graph/references.ts';
import { noSuchStep } from '../machine/state.ts';
import type { Effect } from '../machine/types.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import {
  absorb,
  type Around,
  aroundOf,
  arrivingWith,
  type Draft,
  newDraft,
  notFound,
  sourceOf,
  toCommit,
  wasDeleted,
} from './absorb.ts';
import { asEngineError, Committer } from './committer.ts';
import type { Dispatcher } from './dispatch.ts';
import type { Followers } from './followers.ts';
import type { Log } from './log.ts';
import type { Machine } from './machine.ts';
import type { Clock, Store, StoredWorkflow, WorkflowCommit } from './ports.ts';
import { Quarantine } from './quarantine.ts';
import type { Observers } from './observers.ts';
import { Pace } from './pace.ts';
import { isCreate, type Item } from './queue.ts';
import { isLive } from './status.ts';
import { type DueTime, Timers } from './timers.ts';
import type { LiveWorkflow } from './live.ts';
import type { Watchers } from './watchers.ts';
import type { Workflows } from './workflows.ts';

/** Tries of a whole batch before its culprit is looked for. */
const PATIENCE = 3;
/** Times that the store takes something else, and one workflow's commit fails again, before that workflow is blamed. */
const WITNESSES = 3;
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 5_000;

export interface LoopParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly workflows: Workflows;
  readonly dispatcher: Dispatcher;
  readonly followers: Followers;
  readonly watchers: Watchers;
  readonly observers: Observers;
  readonly log: Log;
}

export class Loop {
  /** Workflows in memory: all that are live, and others while they are used. */
  readonly live = new Map<string, LiveWorkflow>();
  readonly quarantine = new Quarantine();
  readonly committer: Committer;
  /** Resolves when the loop is over, with the error that ended it, if one did. */
  readonly ended: Promise<EngineError | undefined>;
  readonly #parts: LoopParts;
  readonly #pace: Pace;
  readonly #timers: Timers;
  readonly #lifted = new Set<string>();
  /** Workflows whose memory runs ahead of the store: their commit is in flight. */
  readonly #ahead = new Set<string>();
  #over: EngineError | undefined;
  #stopping = false;
  #wakePause = (): void => {};
  #tellEnded = (_error: EngineError | undefined): void => {};

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.committer = new Committer(parts.store, parts.clock, tries => this.#pause(tries));
    this.#pace = new Pace({
      clock: parts.clock,
      carryOut: items =>
        this.#carryOut(items, PATIENCE).catch((thrown: unknown) => this.#end(asEngineError(thrown))),
      over: () => this.#stopping || this.#over !== undefined,
    });
    this.#timers = new Timers(parts.clock, due => due.forEach(each => this.#fire(each)));
    this.ended = new Promise(resolve => {
      this.#tellEnded = resolve;
    });
  }

  /** Takes an item in; it is settled after the commit that absorbs it. */
  add(item: Item): void {
    if (this.#over !== undefined || this.#stopping) return fail(item, this.#over ?? stopped());
    if (item.kind === 'request' && this.quarantine.lift(item.workflow)) this.#lifted.add(item.workflow);
    this.#parts.observers.arrived(item);
    this.#pace.add(item);
  }

  /** The workflow in memory, unless its memory runs ahead of what is committed: nobody outside may see that (L1). */
  committed(id: string): LiveWorkflow | undefined {
    return this.#ahead.has(id) ? undefined : this.live.get(id);
  }

  /** Puts a workflow into memory as it is stored, with its timers. Returns what is out of it, in step order. */
  adopt(live: LiveWorkflow, { record: workflow, steps }: StoredWorkflow): readonly Effect[] {
    const effects: Effect[] = [];
    for (const { number, record } of steps)
      effects.push(...this.#parts.machine.effectsOf(workflow, outsideId(stepOf(live, number)), record));
    this.live.set(live.id, live);
    this.#parts.observers.found(live.id, steps, number => stepOf(live, number).id);
    for (const { number, record } of steps)
      if (record.due !== undefined) this.#timers.set(live.id, stepOf(live, number).id, record.due.at);
    this.#timers.set(live.id, undefined, this.#parts.machine.workflowDue(workflow));
    return effects;
  }

  /** Resolves when nothing waits, runs or is being handed over. Due times in the future are not waited for. */
  async idle(): Promise<void> {
    this.#pace.wake();
    while (this.#pace.running !== undefined || this.#parts.dispatcher.busy) {
      await this.#pace.running;
      await this.#parts.dispatcher.idle();
    }
  }

  /** Rejects when this engine was replaced, and then ends it. */
  async owned(): Promise<void> {
    const failure = this.#over ?? (await this.committer.stillOwner());
    if (failure === undefined) return;
    if (!failure.retriable) this.#end(failure);
    throw failure;
  }

  /** Ends the loop after the commit that is in flight; what is not absorbed fails. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakePause();
    await this.#pace.running;
    this.#end(undefined);
  }

  /** Absorbs the items, however often the store has to be asked. */
  async #carryOut(items: readonly Item[], patience: number): Promise<void> {
    const workflows = new Set(items.map(item => item.workflow));
    let witnesses = workflows.size > 1 ? 1 : WITNESSES;
    for (let tries = 1; ; tries++) {
      const failure = await this.#attempt(items);
      if (failure !== undefined) for (const item of items) this.live.delete(item.workflow);
      this.#ahead.clear();
      if (failure === undefined) return;
      if (!failure.retriable && failure.code !== 'internal') this.#end(failure);
      const mayWait = tries < patience || failure.code === 'store_full';
      if (!mayWait && (await this.#storeAnswers())) witnesses -= 1;
      if (this.#over === undefined && witnesses === 0)
        return this.#findCulprit([...workflows], items, failure);
      this.#parts.log.warn(`A commit failed and is tried again: ${failure.message}`, {
        tries,
        next: failure.next,
      });
      if (!(await this.#pause(tries))) return items.forEach(item => fail(item, this.#over ?? stopped()));
    }
  }

  /** The store works and this batch does not: halves it until the one workflow is found that cannot be written. */
  async #findCulprit(
    workflows: readonly string[],
    items: readonly Item[],
    failure: EngineError,
  ): Promise<void> {
    const only = workflows.length === 1 ? workflows[0] : undefined;
    if (only !== undefined) return this.#setAside(only, failure, items);
    const half = new Set(workflows.slice(0, workflows.length / 2));
    await this.#carryOut(
      items.filter(item => half.has(item.workflow)),
      1,
    );
    await this.#carryOut(
      items.filter(item => !half.has(item.workflow)),
      1,
    );
  }

  /** An empty commit: does the store take anything at all? */
  async #storeAnswers(): Promise<boolean> {
    const failure = await this.committer.commit([]);
    if (failure !== undefined && !failure.retriable) this.#end(failure);
    return failure === undefined;
  }

  /** Decide, commit, let out, ack. Returns why nothing was committed, or undefined. */
  async #attempt(items: readonly Item[]): Promise<EngineError | undefined> {
    const failures = new Map<string, EngineError>();
    let absent: ReadonlyMap<string, EngineError>;
    let arriving: ReadonlyMap<string, WorkflowDefinition>;
    try {
      absent = await this.#load(items, failures);
      arriving = await this.#parts.workflows.definitionsOf(items.map(arrivingWith));
    } catch (thrown) {
      const failure = asEngineError(thrown);
      this.committer.heard(failure);
      return failure;
    }
    const drafts = this.#absorbAll(items, item => aroundOf(item, absent, arriving), failures);
    const commits = [...drafts.values()].map(toCommit).filter(commit => commit !== undefined);
    const failure = await this.#commit(commits, drafts);
    if (failure !== undefined) return failure;
    for (const draft of drafts.values()) this.#letOut(draft);
    for (const [workflow, error] of failures) this.#strike(workflow, error, items);
    return undefined;
  }

  async #commit(
    commits: readonly WorkflowCommit[],
    drafts: ReadonlyMap<string, Draft>,
  ): Promise<EngineError | undefined> {
    if (commits.length > 0) return this.committer.commit(commits, this.#parts.observers);
    const answers = [...drafts.values()].some(draft => draft.answers.length > 0);
    return answers ? this.committer.stillOwner() : undefined;
  }

  #absorbAll(
    items: readonly Item[],
    around: (item: Item) => Around,
    failures: Map<string, EngineError>,
  ): Map<string, Draft> {
    const now = this.#parts.clock.now();
    const drafts = new Map<string, Draft>();
    for (const item of items) {
      const { workflow } = item;
      if (failures.has(workflow)) continue;
      const draft = drafts.get(workflow) ?? newDraft(workflow, this.live.get(workflow));
      this.#ahead.add(workflow);
      drafts.set(workflow, draft);
      try {
        absorb(this.#parts.machine, draft, item, now, around(item));
      } catch (thrown) {
        failures.set(workflow, asEngineError(thrown));
        drafts.delete(workflow);
        this.live.delete(workflow);
      }
    }
    return drafts;
  }

  /** Brings the items' workflows into memory. Returns why some are not there; `failures`: those that cannot be read. */
  async #load(items: readonly Item[], failures: Map<string, EngineError>): Promise<Map<string, EngineError>> {
    const absent = new Map<string, EngineError>();
    for (const item of items) {
      const { workflow } = item;
      if (this.live.has(workflow) || failures.has(workflow)) continue;
      const reason = this.quarantine.reason(workflow);
      if (reason !== undefined) failures.set(workflow, setAside(workflow, reason));
      else if (!absent.has(workflow) || isCreate(item)) await this.#loadOne(item, absent, failures);
    }
    return absent;
  }

  async #loadOne(
    item: Item,
    absent: Map<string, EngineError>,
    failures: Map<string, EngineError>,
  ): Promise<void> {
    const { workflow } = item;
    const { store, workflows, clock } = this.#parts;
    const stored = await store.load(workflow);
    const buried = stored === undefined && (await store.tombstone(workflow));
    try {
      if (stored !== undefined) this.#revived(await workflows.revive(stored), stored);
      else if (buried || !isCreate(item))
        absent.set(workflow, buried ? wasDeleted(workflow) : notFound(workflow));
      else this.live.set(workflow, await workflows.begin(workflow, sourceOf(item.row), clock.now()));
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.code.startsWith('store_')) throw error;
      if (stored !== undefined) failures.set(workflow, error);
      else absent.set(workflow, error);
    }
  }

  #revived(live: LiveWorkflow, stored: StoredWorkflow): void {
    const effects = this.adopt(live, stored);
    if (!this.#lifted.delete(live.id)) return;
    for (const effect of effects) this.#parts.dispatcher.letOut(effect, live);
  }

  /** The commit happened: commands, timers, followers, then the answers by which others forget what they sent. */
  #letOut(draft: Draft): void {
    const { dispatcher, followers } = this.#parts;
    const { id, live } = draft;
    this.quarantine.clear(id);
    if (live !== undefined) {
      live.stored ||= draft.log.length > 0;
      for (const [at, record] of draft.steps) this.#timers.set(id, stepOf(live, at).id, record.due?.at);
      if (draft.recordChanged)
        this.#timers.set(id, undefined, this.#parts.machine.workflowDue(live.state.workflow));
      if (!draft.erase) for (const effect of draft.effects) dispatcher.letOut(effect, live);
    }
    this.#parts.observers.told(draft);
    if (followers.watched(id)) for (const entry of draft.log) followers.tell(id, { kind: 'log', entry });
    for (const answer of draft.answers) answer();
    if (draft.erase) this.#forget(id);
    else if (live !== undefined && (isOver(live) || !live.stored)) this.live.delete(id);
    if (draft.recordChanged || draft.erase) this.#parts.watchers.tell(id, live?.source.project);
  }

  #forget(id: string): void {
    this.live.delete(id);
    this.#timers.forget(id);
    this.#parts.followers.end(id);
  }

  /** A workflow's own data or rules failed: once it is read again and tried anew, then it is set aside. */
  #strike(workflow: string, error: EngineError, items: readonly Item[]): void {
    const own = items.filter(item => item.workflow === workflow);
    if (this.quarantine.reason(workflow) !== undefined) return own.forEach(item => fail(item, error));
    if (this.quarantine.strike(workflow)) return this.#setAside(workflow, error, own);
    this.#pace.queue.putBack(own);
  }

  #setAside(workflow: string, error: EngineError, items: readonly Item[]): void {
    this.quarantine.set(workflow, error.message);
    this.live.delete(workflow);
    this.#timers.forget(workflow);
    this.#parts.log.error(`Workflow '${workflow}' is set aside: ${errorText(error)}`, { next: error.next });
    for (const item of items) fail(item, setAside(workflow, error.message));
    this.#parts.watchers.tell(workflow);
  }

  /** For recovery: a stored workflow that cannot even be read. */
  exclude(workflow: string, error: EngineError): void {
    this.#setAside(workflow, error, []);
  }

  #fire({ workflow, step, at }: DueTime): void {
    this.add({ kind: 'timer', workflow, ...(step !== undefined && { step }), due: at });
  }

  async #pause(tries: number): Promise<boolean> {
    if (this.#stopping || this.#over !== undefined) return false;
    const { clock } = this.#parts;
    await new Promise<void>(resolve => {
      const delay = Math.min(FIRST_PAUSE * 2 ** Math.min(tries, 10), LONGEST_PAUSE);
      const cancel = clock.at(clock.now() + delay, resolve);
      this.#wakePause = () => {
        cancel();
        resolve();
      };
    });
    this.#wakePause = () => {};
    return !this.#stopping && this.#over === undefined;
  }

  #end(error: EngineError | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = error ?? stopped();
    if (error !== undefined)
      this.#parts.log.error(`The engine stops: ${error.message}`, { next: error.next });
    this.#parts.dispatcher.stop();
    this.#timers.stop();
    this.#pace.stop();
    for (const item of this.#pace.queue.drain()) fail(item, this.#over);
    this.#parts.followers.end(undefined, error);
    this.#tellEnded(error);
  }
}

function stepOf({ id, shape }: LiveWorkflow, number: number): LiveWorkflow['shape']['steps'][number] {
  const step = shape.steps[number];
  if (step === undefined) throw noSuchStep(id, `number ${number}`);
  return step;
}

/** Nothing of it can move by itself: it needs no memory until somebody asks. */
const isOver = (live: LiveWorkflow): boolean => !isLive(live.state.workflow) && live.state.busy.size === 0;

function fail(item: Item, error: Error): void {
  if (item.kind !== 'timer') item.fail(error);
}

function stopped(): EngineError {
  return new EngineError(
    'transport_closed',
    'The engine is stopping.',
    'Ask again once it has started again.',
  );
}

function setAside(workflow: string, reason: string): EngineError {
  return new EngineError(
    'internal',
    `Workflow '${workflow}' is set aside: ${reason}`,
    'Look at the log; `resume` or `retry` makes the engine try it again.',
  );
}
