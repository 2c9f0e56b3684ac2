// The engine: a store, a clock and drivers tied together by the loop. Everything that it touches comes in as a port.
// Belongs here: wiring and life cycle. Does not belong here: anything that a part of it does.
//
//   start: take the lease → load what is live → send again what was out → absorb the waiting requests
//   stop:  finish the commit in flight → let nothing more out → fail what waits. Drivers and store are closed by who
//          opened them (releasers.ts), in reverse.
import { createHash } from 'node:crypto';
import { EngineError } from '../base/errors.ts';
import type { EffectId, StepId } from '../base/ids.ts';
import type { JsonValue } from '../base/json.ts';
import { presentId } from '../graph/references.ts';
import { generationOf } from '../machine/records.ts';
import type { Effect, Report, StepRecord } from '../machine/types.ts';
import type { Trouble, Word } from '../machine/why/types.ts';
import type { Doubt } from '../machine/verify/types.ts';
import type { Happening } from './api.ts';
import { Dispatcher, type Drivers } from './dispatch.ts';
import { Followers } from './followers.ts';
import { Inbox } from './inbox.ts';
import { type Log, silentLog } from './log.ts';
import { Loop } from './loop.ts';
import { type Machine, machine as realMachine } from './machine.ts';
import type {
  Clock,
  DefinitionDocument,
  Doubts,
  DriverContext,
  InboxRow,
  NewSecret,
  ReportSink,
  ReportVerdict,
  RequestResult,
  Store,
} from './ports.ts';
import { Observers } from './observers.ts';
import { type Recovered, recover } from './recovery.ts';
import type { Vault } from './secrets.ts';
import type { LiveWorkflow } from './live.ts';
import { Changes } from './changes.ts';
import { Watchers } from './watchers.ts';
import { Workflows } from './workflows.ts';

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly vault: Vault;
  /** By action kind; a command of a kind without a driver waits for an engine that has one. */
  readonly drivers: Drivers;
  /** Who this is, for the store's lease: host and process. */
  readonly owner: string;
  readonly log?: Log;
  /** Replaced only in tests. */
  readonly machine?: Machine;
}

export class Engine implements ReportSink, Doubts {
  readonly store: Store;
  readonly clock: Clock;
  readonly vault: Vault;
  readonly machine: Machine;
  readonly workflows: Workflows;
  readonly followers = new Followers();
  readonly watchers = new Watchers();
  readonly changes = new Changes();
  readonly observers: Observers;
  /** Resolves when the engine is over: undefined after `stop`, else the error that ended it (`fenced`, a damaged store). */
  readonly ended: Promise<EngineError | undefined>;
  readonly #loop: Loop;
  readonly #inbox: Inbox;
  readonly #dispatcher: Dispatcher;
  readonly #owner: string;
  readonly #log: Log;
  #term = 0;
  #started = false;

  constructor(options: EngineOptions) {
    const { store, clock, vault, drivers, owner, log = silentLog, machine = realMachine } = options;
    this.store = store;
    this.clock = clock;
    this.vault = vault;
    this.machine = machine;
    this.#owner = owner;
    this.#log = log;
    this.workflows = new Workflows(store, machine, value => vault.fingerprint('step', value));
    this.#dispatcher = new Dispatcher({
      drivers,
      clock,
      log,
      context: live => this.#context(live),
      isCurrent: effect => this.#isCurrent(effect),
    });
    this.observers = new Observers(clock);
    this.watchers.watchAll((workflow, project) => this.changes.note(workflow, project));
    const { workflows, followers, watchers, observers } = this;
    const parts = { store, clock, machine, workflows, followers, watchers, observers, log };
    this.#loop = new Loop({ ...parts, dispatcher: this.#dispatcher });
    this.#inbox = new Inbox(store, this.#loop);
    this.ended = this.#loop.ended;
  }

  /** Term of this engine's lease; 0 before `start`. */
  get term(): number {
    return this.#term;
  }

  /** Takes the lease and recovers. Throws the store's errors. */
  async start(): Promise<Recovered> {
    this.#term = await this.#loop.committer.acquire(this.#owner);
    this.#started = true;
    const { store, workflows } = this;
    const parts = { dispatcher: this.#dispatcher, loop: this.#loop, inbox: this.#inbox };
    const recovered = await recover({ store, workflows, ...parts });
    this.#log.info('The engine has started.', { term: this.#term, ...recovered });
    return recovered;
  }

  /** Resolves when the report is committed: only then may a message be acked. Rejects when it was not absorbed. */
  report(id: EffectId, report: Report, secrets: readonly NewSecret[] = []): Promise<ReportVerdict> {
    return new Promise((settle, fail) => {
      if (!this.#started) return fail(notStarted());
      this.#loop.add({ kind: 'report', workflow: id.workflow, id, report, secrets, settle, fail });
    });
  }

  async owned(): Promise<void> {
    if (!this.#started) throw notStarted();
    await this.#loop.owned();
  }

  /** One that is set aside keeps the request in its inbox, and is not waited for. */
  async doubt(agent: string, why: Doubt, journal: string): Promise<void> {
    if (!this.#started) throw notStarted();
    for (const workflow of await this.store.seating(agent)) {
      const digest = createHash('sha256').update(JSON.stringify([workflow, agent, journal]));
      const requestId = `unverify-${digest.digest('hex').slice(0, 40)}`;
      const asked = { requestId, workflow, kind: 'unverify', payload: { agent, why } } as const;
      await this.#inbox
        .submit({ ...asked, by: `agent ${agent}`, at: this.clock.now() })
        .catch(unlessSetAside);
    }
  }

  /** Puts the request into the store's inbox and resolves when it is applied or rejected. */
  async submit(
    row: InboxRow,
    definition?: DefinitionDocument,
    secrets?: readonly NewSecret[],
  ): Promise<RequestResult> {
    if (!this.#started) throw notStarted();
    return this.#inbox.submit(row, definition, secrets);
  }

  /** What a driver has to tell the followers of one workflow, such as a script's live output. Never stored. */
  tell(workflow: string, happening: Happening): void {
    const live = this.#loop.live.get(workflow);
    const isRenamed = live !== undefined && happening.kind === 'output';
    const now = isRenamed ? { ...happening, step: presentId(live.graph, happening.step) } : happening;
    this.followers.tell(workflow, now);
  }

  /** An agent came or went: told to the followers of every workflow that it is a member of. */
  tellOfAgent(happening: Happening & { readonly kind: 'agent' }): void {
    this.followers.tellAll(happening, id => {
      const groups = Object.values(this.#loop.live.get(id)?.source.members ?? {});
      return groups.some(group => group.some(member => member.agent === happening.agent));
    });
  }

  /** The workflow as committed: from memory, or from the store while memory runs ahead; undefined when there is none. */
  async find(id: string): Promise<LiveWorkflow | undefined> {
    const live = this.#loop.committed(id);
    if (live !== undefined) return live;
    const stored = await this.store.load(id);
    return stored === undefined ? undefined : this.workflows.revive(stored);
  }

  /** Why a workflow is set aside; undefined when it isn't. */
  setAside(id: string): string | undefined {
    return this.#loop.quarantine.reason(id);
  }

  /** Why the store takes nothing at present; undefined: it does, as far as is known. */
  get storeTrouble(): Trouble | undefined {
    return this.#loop.committer.trouble;
  }

  /** What is known of the command that a step has out, beside its record. */
  word(workflow: string, step: StepId, record: StepRecord): Word | undefined {
    const [start] = this.machine.effectsOf({ id: workflow }, step, record);
    return start?.kind === 'start' ? this.#dispatcher.word(start) : undefined;
  }

  get setAsideCount(): number {
    return this.#loop.quarantine.size;
  }

  /** Workflows held in memory. */
  get inMemory(): number {
    return this.#loop.live.size;
  }

  /** Resolves when nothing waits, runs or is being handed to a driver. Due times in the future are not waited for. */
  idle(): Promise<void> {
    return this.#loop.idle();
  }

  /** Ends after the commit in flight. What was not absorbed rejects, and is taken up by the next engine. */
  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  #context(live: LiveWorkflow): DriverContext {
    return {
      term: this.#term,
      content: digest => {
        const text = contentIn(live, digest);
        if (text === undefined)
          throw missing(`The definition of '${live.id}' has no content ${digest.slice(0, 12)}.`);
        return text;
      },
      secret: ref => this.secret(ref),
      holds: async ref => (await this.store.secret(ref)) !== undefined,
      parent: {
        stackName: live.source.stackName,
        definition: digest => {
          const child = live.shape.definition.children?.get(digest);
          if (child === undefined)
            throw missing(`The definition of '${live.id}' runs no child ${digest.slice(0, 12)}.`);
          const { source, fileName, files } = child;
          return { source, fileName, files };
        },
        member: ({ entity, agent }) => live.source.members[entity]?.find(member => member.agent === agent),
      },
    };
  }

  /** The clear value behind a reference. EngineError `internal` when there is none. */
  async secret(ref: string): Promise<JsonValue> {
    const sealed = await this.store.secret(ref);
    if (sealed === undefined) throw missing(`The store has no hidden value ${ref}.`);
    return this.vault.open(ref, sealed);
  }

  #isCurrent({ id }: Effect): boolean {
    const live = this.#loop.live.get(id.workflow);
    const number = live?.graph.stepByOutside.get(id.step);
    const record = number === undefined ? undefined : live?.state.records[number];
    if (record?.command === undefined || record.dispatch !== id.dispatch) return false;
    return generationOf(record) === id.generation;
  }
}

/** Also of earlier definitions: what was done under them is taken back by their scripts. */
function contentIn({ shape: { definition, earlier } }: LiveWorkflow, digest: string): string | undefined {
  const all = [definition, ...(earlier?.definitions.values() ?? [])];
  return all.map(({ contents }) => contents.get(digest)).find(text => text !== undefined);
}

function missing(message: string): EngineError {
  return new EngineError('internal', message, 'Report this with the log.');
}

function unlessSetAside(thrown: unknown): void {
  if (!(thrown instanceof EngineError) || thrown.code !== 'internal') throw thrown;
}

function notStarted(): EngineError {
  return new EngineError('transport_closed', 'The engine has not started yet.', 'Ask again in a moment.');
}
