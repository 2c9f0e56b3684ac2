// The `workflow` action: a child is created, gone on with or deleted, and its end is the command's.
// Belongs here: the life of a command to a child. Does not belong here: what a child is (runtime/children.ts), what its
// end means to the step (machine/).
//
// WD1 What is asked of a child follows from the command's id alone, so a command that is sent again asks for nothing new.
// WD2 A child is gone on with only by another command than the one that created it; only then is its end this command's.
// WD3 Commands to one child are carried out one after the other; a newer one takes the place of an older one.
// WD4 A child's end is looked up, not remembered: after a restart the command comes again, and the child is looked at.
// WD5 What is suspended suspends its children, and lets go on those that it suspended: asked whenever one of the two changes.
// WD6 What is unverified in a child runs again by its own converge, and a look at it is a check of its own.
import { createHash } from 'node:crypto';
import { EngineError, errorText } from '../base/errors.ts';
import { effectKey, type EffectId } from '../base/ids.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { ChildTask, Command, Outcome } from '../machine/types.ts';
import type {
  ChildLook,
  ChildWorkflows,
  Clock,
  Driver,
  DriverContext,
  NewChild,
  NewSecret,
  ReportSink,
} from '../runtime/ports.ts';
import { checkOutcome, untold } from './child-check.ts';
import { outputsOf } from './child-outputs.ts';
import { reveal, RenderFailure } from './reveal.ts';
import type { Teller } from './tell.ts';

/** Milliseconds until a child that could not be looked at is looked at again. */
const AGAIN = 1_000;

export interface WorkflowDriverDeps {
  readonly children: ChildWorkflows;
  readonly teller: Teller;
  readonly sink: ReportSink;
  readonly clock: Clock;
  readonly seal: (ref: string, value: JsonValue) => NewSecret;
}

type RunTask = Extract<ChildTask, { task: 'run' }>;

/** A command that waits for its child. */
interface Waiting {
  readonly id: EffectId;
  readonly task: ChildTask;
  readonly outputs: Command['outputs'];
  readonly context: DriverContext;
  readonly reason: Command['reason'];
  /** Why it was last said to be held; absent: it goes on. */
  held?: string | undefined;
  looking: boolean;
  again: boolean;
  over: boolean;
  stop: () => void;
}

export class WorkflowDriver implements Driver {
  readonly #deps: WorkflowDriverDeps;
  readonly #waiting = new Map<string, Waiting>();
  /** Child → when all that was begun for it is done. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Command → its child, for who calls it back. */
  readonly #children = new Map<string, string>();
  /** Commands that only look. */
  readonly #looks = new Set<string>();
  readonly #timers = new Set<() => void>();
  #closed = false;

  constructor(deps: WorkflowDriverDeps) {
    this.#deps = deps;
  }

  async start(id: EffectId, command: Command, context: DriverContext): Promise<void> {
    const { action, outputs, reason } = command;
    if (action.kind !== 'workflow') throw new TypeError(`A ${action.kind} action is not for this driver.`);
    this.#children.set(effectKey(id), action.child);
    if (action.task === 'check') this.#looks.add(effectKey(id));
    await this.#inTurn(action.child, () => this.#begin({ id, task: action, outputs, context, reason }));
  }

  async cancel(id: EffectId, _agent: string | undefined, why: string): Promise<void> {
    const child = this.#children.get(effectKey(id));
    if (child === undefined)
      return this.#deps.teller.end(id, { kind: 'refused', message: 'Nothing runs under this id.' });
    // The child's check goes on: it changes nothing, and has its own end.
    if (this.#looks.has(effectKey(id)))
      return this.#end(id, child, { kind: 'refused', message: `It was called back: ${why}` });
    await this.#inTurn(child, async () => {
      if ((await this.#deps.children.look(child)) === undefined)
        return this.#end(id, child, { kind: 'refused', message: 'Its child was not created.' });
      const by = `its parent ${id.workflow} (${why})`;
      await this.#deps.children.ask(child, { kind: 'cancel', requestId: requestOf(id, 'cancel'), by });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#timers) stop();
    for (const waiting of this.#waiting.values()) waiting.stop();
    this.#timers.clear();
    this.#waiting.clear();
    this.#deps.teller.close();
  }

  /** WD3. What one command fails at is no matter of the next. */
  #inTurn<T>(child: string, carryOut: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(child) ?? Promise.resolve();
    const now = before.then(carryOut, carryOut);
    const done = now.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(child, done);
    void done.then(() => this.#turns.get(child) === done && this.#turns.delete(child));
    return now;
  }

  async #begin(asked: Pick<Waiting, 'id' | 'task' | 'outputs' | 'context' | 'reason'>) {
    const { id, task } = asked;
    const { child } = task;
    const waits = { looking: false, again: false, over: false, stop: () => {} };
    const waiting: Waiting = { ...asked, ...waits };
    if (task.task === 'check' && !this.#looks.has(effectKey(id))) return;
    this.#replace(child, waiting);
    const early = await this.#ask(waiting);
    if (early !== undefined) return waiting.over ? undefined : this.#end(id, child, early);
    if (this.#waiting.get(child) !== waiting) return;
    const { children } = this.#deps;
    const stops = [child, id.workflow].map(one => children.watch(one, () => void this.#look(waiting)));
    waiting.stop = () => stops.forEach(stop => stop());
    await this.#look(waiting);
  }

  /** How it ends at once; undefined: the child is to be watched. */
  async #ask({ id, task, context, reason }: Waiting): Promise<Outcome | undefined> {
    switch (task.task) {
      case 'run': {
        const refused = await this.#run(id, task, context, reason);
        return refused === undefined
          ? undefined
          : { kind: 'failed', error: { kind: 'refused', message: refused } };
      }
      case 'delete':
        return this.#remove(id, task);
      case 'check':
        return this.#check(id, task);
      default:
        return task satisfies never;
    }
  }

  #replace(child: string, waiting: Waiting): void {
    const before = this.#waiting.get(child);
    if (before) {
      before.over = true;
      before.stop();
      if (effectKey(before.id) !== effectKey(waiting.id)) {
        this.#children.delete(effectKey(before.id));
        this.#looks.delete(effectKey(before.id));
      }
    }
    this.#waiting.set(child, waiting);
  }

  /** Why the child cannot be run; undefined once it runs, or has ended. Rejects with what passes. */
  async #run(
    id: EffectId,
    task: RunTask,
    context: DriverContext,
    reason: Command['reason'],
  ): Promise<string | undefined> {
    const { children } = this.#deps;
    const { child, allowed } = task;
    const found = await children.look(child);
    if (found === undefined) return this.#create(id, task, context);
    if (found.parent?.workflow !== id.workflow) return `There is another workflow '${child}'.`;
    if (found.parent.dispatch === id.dispatch) return undefined;
    const request = { requestId: requestOf(id, 'resume'), by: parentOf(id) };
    // The first word ends a suspension only.
    if (found.suspended)
      await children.ask(child, { kind: 'resume', ...request, requestId: requestOf(id, 'release') });
    const kind = reason === 'verify' ? 'converge' : 'resume';
    await children.ask(child, { kind, ...request, ...(allowed !== undefined && { allowed }) });
    return undefined;
  }

  /** Why it cannot even be asked; undefined once it has been. */
  async #check(
    id: EffectId,
    { child, allowed }: Extract<ChildTask, { task: 'check' }>,
  ): Promise<Outcome | undefined> {
    const { children } = this.#deps;
    const found = await children.look(child);
    if (found === undefined) return checkOutcome(child, found);
    if (found.parent?.workflow !== id.workflow) return untold(`There is another workflow '${child}'`);
    const request = { requestId: requestOf(id, 'check'), by: parentOf(id) };
    const result = await children.ask(child, { kind: 'check', ...request, allowed });
    if (result.status === 'applied') return undefined;
    return untold(`Its child ${child} cannot be checked: ${result.message}`);
  }

  async #create(id: EffectId, task: RunTask, context: DriverContext): Promise<string | undefined> {
    try {
      return await this.#deps.children.create(await newChild(id, task, context));
    } catch (thrown) {
      if (isPassing(thrown)) throw thrown;
      return `Its child cannot be created: ${errorText(thrown)}`;
    }
  }

  async #remove(id: EffectId, task: Extract<ChildTask, { task: 'delete' }>): Promise<undefined> {
    const request = { requestId: requestOf(id, 'delete'), by: parentOf(id) };
    await this.#deps.children.ask(task.child, { kind: 'delete', ...request, abandon: task.abandon });
  }

  /** One look at a time, so that what is said of a child is said in its order. */
  async #look(waiting: Waiting): Promise<void> {
    waiting.again = true;
    if (waiting.looking) return;
    waiting.looking = true;
    try {
      while (waiting.again && !waiting.over && !this.#closed) {
        waiting.again = false;
        const found = await this.#deps.children.look(waiting.task.child);
        if (found && waiting.task.task !== 'check') await this.#follow(waiting, found);
        await this.#tell(waiting, found);
      }
    } catch {
      this.#lookLater(waiting);
    } finally {
      waiting.looking = false;
    }
  }

  #lookLater(waiting: Waiting): void {
    if (this.#closed || waiting.over) return;
    const { clock } = this.#deps;
    const cancel = clock.at(clock.now() + AGAIN, () => {
      this.#timers.delete(cancel);
      void this.#look(waiting);
    });
    this.#timers.add(cancel);
  }

  async #tell(waiting: Waiting, found: ChildLook | undefined): Promise<void> {
    const { id, task } = waiting;
    if (task.task === 'check') {
      const outcome = checkOutcome(task.child, found);
      return outcome && this.#end(id, task.child, outcome);
    }
    if (task.task === 'delete') {
      const outcome = goneOr(task.child, found);
      return outcome ? this.#end(id, task.child, outcome) : this.#tellHeld(waiting, found);
    }
    const ended = await this.#endOf(waiting, found);
    if (waiting.over) return;
    if (ended) return this.#end(id, task.child, ended.outcome, ended.secrets);
    await this.#tellHeld(waiting, found);
  }

  /** WD5. Who was suspended by somebody else stays so. */
  async #follow({ id, task: { child } }: Waiting, { status, suspended, seq }: ChildLook): Promise<void> {
    const { children } = this.#deps;
    if (ENDED.has(status)) return;
    const by = parentOf(id);
    const parent = await children.suspension(id.workflow);
    const kind = parent ? 'suspend' : 'resume';
    const isRight = parent ? suspended !== undefined : suspended?.by !== by;
    // The number of the child's last entry: what it was asked before is asked again after it went on.
    if (!isRight) await children.ask(child, { kind, by, requestId: requestOf(id, `${kind} after ${seq}`) });
  }

  async #tellHeld(waiting: Waiting, found: ChildLook | undefined): Promise<void> {
    const { id } = waiting;
    const held = heldBy(found);
    if (held === waiting.held) return;
    await this.#deps.sink.report(
      id,
      held === undefined ? { kind: 'started' } : { kind: 'held', reason: held },
    );
    waiting.held = held;
  }

  /** Undefined while it goes on. */
  async #endOf(
    { id, task, outputs, context }: Waiting,
    found: ChildLook | undefined,
  ): Promise<{ readonly outcome: Outcome; readonly secrets: readonly NewSecret[] } | undefined> {
    const { child } = task;
    if (found === undefined) return failed(`Its child ${child} was deleted`, '');
    const { status, reason, cause } = found;
    if (status === 'failed') return failed(`Its child ${child} failed`, reason, cause);
    if (status === 'delete_failed') return failed(`Its child ${child} could not be deleted`, reason, cause);
    if (status !== 'complete') return undefined;
    return outputsOf(id, outputs, found.outputs, context, this.#deps.seal);
  }

  #end(id: EffectId, child: string, outcome: Outcome, secrets: readonly NewSecret[] = []): void {
    const waiting = this.#waiting.get(child);
    if (waiting && effectKey(waiting.id) === effectKey(id)) {
      waiting.over = true;
      waiting.stop();
      this.#waiting.delete(child);
    }
    this.#children.delete(effectKey(id));
    this.#looks.delete(effectKey(id));
    this.#deps.teller.end(id, outcome, secrets);
  }
}

const ENDED = new Set<ChildLook['status']>(['complete', 'failed', 'delete_failed', 'deleted']);

/** Why only a person, or its parent, moves the child; undefined: it moves by itself. */
function heldBy(found: ChildLook | undefined): string | undefined {
  if (found?.suspended?.rests) return `it is suspended by ${found.suspended.by}`;
  return found?.status === 'held' ? found.reason : undefined;
}

/** As whom a parent asks. */
const parentOf = (id: EffectId): string => `workflow ${id.workflow}`;

/** The same for the same command, another for any other. */
const requestOf = (id: EffectId, verb: string): string =>
  `child-${createHash('sha256')
    .update(`${effectKey(id)} ${verb}`)
    .digest('hex')
    .slice(0, 40)}`;

/** Trying again may help. */
const isPassing = (thrown: unknown): boolean => {
  const error = thrown instanceof RenderFailure ? thrown.cause : thrown;
  return !(error instanceof EngineError) || error.retriable;
};

async function newChild(id: EffectId, task: RunTask, context: DriverContext): Promise<NewChild> {
  const { child, definition, inputs, members, allowed } = task;
  const { parent } = context;
  const clear = await reveal(inputs, ref => context.secret(ref));
  const groups = Object.entries(members).map(([entity, places]) => [
    entity,
    places.flatMap(place => parent.member(place) ?? []),
  ]);
  return {
    id: child,
    requestId: requestOf(id, 'create'),
    parent: { workflow: id.workflow, step: id.step, dispatch: id.dispatch },
    stackName: parent.stackName,
    document: parent.definition(definition),
    inputs: clear as JsonObject,
    members: Object.fromEntries(groups) as NewChild['members'],
    ...(allowed !== undefined && { allowed }),
  };
}

function failed(what: string, why: string, cause?: ChildLook['cause']) {
  const message = `${what}${why === '' ? '.' : `: ${why}`}`;
  const outcome: Outcome = { kind: 'failed', error: { kind: 'child', message, ...(cause && { cause }) } };
  return { outcome, secrets: [] };
}

/** The end of a deletion; undefined while it goes on. */
function goneOr(child: string, found: ChildLook | undefined): Outcome | undefined {
  if (found === undefined) return { kind: 'succeeded', outputs: {} };
  if (found.status !== 'delete_failed') return undefined;
  return failed(`Its child ${child} could not be deleted`, found.reason, found.cause).outcome;
}
