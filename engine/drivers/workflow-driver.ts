// The `workflow` action: a child is created, gone on with or deleted, and its end is the command's.
// Belongs here: the life of a command to a child. Does not belong here: what a child is (runtime/children.ts), what its
// end means to the step (machine/).
//
// WD1 What is asked of a child follows from the command's id alone, so a command that is sent again asks for nothing new.
// WD2 A child is gone on with only by another command than the one that created it; only then is its end this command's.
// WD3 Commands to one child are carried out one after the other; a newer one takes the place of an older one.
// WD4 A child's end is looked up, not remembered: after a restart the command comes again, and the child is looked at.
import { createHash } from 'node:crypto';
import { EngineError, errorText } from '../base/errors.ts';
import { effectKey, type EffectId } from '../base/ids.ts';
import { isObject, tagOf, type JsonObject, type JsonValue } from '../base/json.ts';
import type { ChildTask, Command, Outcome, RawOutput } from '../machine/types.ts';
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
  readonly #timers = new Set<() => void>();
  #closed = false;

  constructor(deps: WorkflowDriverDeps) {
    this.#deps = deps;
  }

  async start(id: EffectId, command: Command, context: DriverContext): Promise<void> {
    const { action, outputs } = command;
    if (action.kind !== 'workflow') throw new TypeError(`A ${action.kind} action is not for this driver.`);
    this.#children.set(effectKey(id), action.child);
    await this.#inTurn(action.child, () => this.#begin({ id, task: action, outputs, context }));
  }

  async cancel(id: EffectId, _agent: string | undefined, why: string): Promise<void> {
    const child = this.#children.get(effectKey(id));
    if (child === undefined)
      return this.#deps.teller.end(id, { kind: 'refused', message: 'Nothing runs under this id.' });
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

  async #begin({ id, task, outputs, context }: Pick<Waiting, 'id' | 'task' | 'outputs' | 'context'>) {
    const { child } = task;
    const waits = { looking: false, again: false, over: false, stop: () => {} };
    const waiting: Waiting = { id, task, outputs, context, ...waits };
    this.#replace(child, waiting);
    const refused = task.task === 'run' ? await this.#run(id, task, context) : await this.#remove(id, task);
    if (refused !== undefined)
      return this.#end(id, child, { kind: 'failed', error: { kind: 'refused', message: refused } });
    if (this.#waiting.get(child) !== waiting) return;
    waiting.stop = this.#deps.children.watch(child, () => void this.#look(waiting));
    await this.#look(waiting);
  }

  #replace(child: string, waiting: Waiting): void {
    const before = this.#waiting.get(child);
    if (before) {
      before.over = true;
      before.stop();
      if (effectKey(before.id) !== effectKey(waiting.id)) this.#children.delete(effectKey(before.id));
    }
    this.#waiting.set(child, waiting);
  }

  /** Why the child cannot be run; undefined once it runs, or has ended. Rejects with what passes. */
  async #run(id: EffectId, task: RunTask, context: DriverContext): Promise<string | undefined> {
    const { children } = this.#deps;
    const { child, allowed } = task;
    const found = await children.look(child);
    if (found === undefined) return this.#create(id, task, context);
    if (found.parent?.workflow !== id.workflow) return `There is another workflow '${child}'.`;
    if (found.parent.dispatch === id.dispatch) return undefined;
    const request = { requestId: requestOf(id, 'resume'), by: `workflow ${id.workflow}` };
    await children.ask(child, { kind: 'resume', ...request, ...(allowed !== undefined && { allowed }) });
    return undefined;
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
    const request = { requestId: requestOf(id, 'delete'), by: `workflow ${id.workflow}` };
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
        await this.#tell(waiting, await this.#deps.children.look(waiting.task.child));
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
    if (task.task === 'delete') {
      const outcome = goneOr(task.child, found);
      if (outcome) this.#end(id, task.child, outcome);
      return;
    }
    const ended = await this.#endOf(waiting, found);
    if (waiting.over) return;
    if (ended) return this.#end(id, task.child, ended.outcome, ended.secrets);
    const held = found?.status === 'held' ? found.reason : undefined;
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
    this.#deps.teller.end(id, outcome, secrets);
  }
}

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

/** What the step declares of what the child gives; hidden values sealed anew, for they outlive the child's own. */
async function outputsOf(
  id: EffectId,
  wanted: Command['outputs'],
  given: JsonObject,
  context: DriverContext,
  seal: WorkflowDriverDeps['seal'],
): Promise<{ readonly outcome: Outcome; readonly secrets: readonly NewSecret[] }> {
  const outputs: { [name: string]: RawOutput } = {};
  const secrets: NewSecret[] = [];
  for (const { name, hidden } of wanted) {
    const value = given[name];
    if (value === undefined) continue;
    if (!hidden)
      outputs[name] = holdsInteger(value) ? { text: exactText(value) } : { json: await plain(value) };
    else {
      const ref = `child/${effectKey(id)}/${name}`;
      outputs[name] = { secret: ref };
      secrets.push(seal(ref, await reveal(value, one => context.secret(one))));
    }
  }
  return { outcome: { kind: 'succeeded', outputs }, secrets };
}

/** Without the tags: nothing is hidden in it. */
const plain = (value: JsonValue): Promise<JsonValue> =>
  reveal(value, ref => Promise.reject(new Error(`${ref} is hidden`)));

function holdsInteger(value: JsonValue): boolean {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some(holdsInteger);
  if (!isObject(value)) return false;
  return tagOf(value) === '$integer' || Object.values(value).some(holdsInteger);
}

/** JSON text in which integers beyond what JSON's numbers hold keep all their digits. */
function exactText(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(exactText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const tag = tagOf(value);
  if (tag === '$integer') return value['$integer'] as string;
  const inner = tag === '$literal' ? (value['$literal'] as JsonObject) : value;
  const pairs = Object.entries(inner).map(([key, item]) => `${JSON.stringify(key)}:${exactText(item)}`);
  return `{${pairs.join(',')}}`;
}
