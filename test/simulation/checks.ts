// What must hold after every commit and every event of a simulated world; each with the number of its rule.
// Belongs here: looking and judging. Does not belong here: making things happen.
import type { WireMessage } from '../../agent-protocol/transport.ts';
import { decode } from '../../agent-protocol/codec.ts';
import type { PublishContext } from '../../engine/bus/memory.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { Names, StateGraph } from '../../engine/graph/types.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { apply } from '../../engine/machine/apply.ts';
import { check } from '../../engine/machine/invariants.ts';
import { earlierOf, entered } from '../../engine/machine/update/begin.ts';
import { renamedBy } from '../../engine/machine/update/rename.ts';
import { initialState, restore, type MachineState } from '../../engine/machine/state.ts';
import { canonicalJson, type JsonValue } from '../../engine/base/json.ts';
import { effectKey, type StepId } from '../../engine/base/ids.ts';
import type { Change, StepRecord, StepStatus } from '../../engine/machine/types.ts';
import { definitionsOf, type LogEntry, type StoredWorkflow } from '../../engine/runtime/ports.ts';
import { MemoryStore, type MemoryDisk } from '../../engine/store/memory.ts';
import type { Vm } from './vm.ts';

/** The same in every world. */
const PARSED = new Map<string, ReturnType<typeof parseDefinition>>();

const found = (digest: string): WorkflowDefinition => PARSED.get(digest)?.definition as WorkflowDefinition;

const OPEN = new Set<StepStatus>(['waiting', 'ready', 'running']);

/** A broken rule: ends the run. */
export class Broken extends Error {
  constructor(rule: string, what: string) {
    super(`${rule}: ${what}`);
    this.name = 'Broken';
  }
}

interface Loaded {
  readonly graph: StateGraph;
  readonly state: MachineState;
  readonly stored: StoredWorkflow;
}

/** Of a step by the name that it has outside. */
const recordOf = ({ graph, stored }: Loaded, id: StepId): StepRecord | undefined =>
  stored.steps.find(({ number }) => number === graph.stepById.get(id))?.record;

export class Checker {
  readonly #store: MemoryStore;
  readonly #vms: readonly Vm[];
  /** By workflow and what it runs by. */
  readonly #graphs = new Map<string, StateGraph>();
  /** What each workflow began with. */
  readonly #first = new Map<string, StoredWorkflow['source']>();
  /** Highest log number seen per workflow: what was committed may never be gone. */
  readonly #lastSeq = new Map<string, number>();
  readonly #disk: MemoryDisk;
  readonly #made = new Map<string, Uint8Array>();

  constructor(disk: MemoryDisk, vms: readonly Vm[]) {
    this.#store = new MemoryStore(disk);
    this.#disk = disk;
    this.#vms = vms;
  }

  async #graphOf(id: string, source: StoredWorkflow['source']): Promise<StateGraph> {
    const { definition, members, earlier, also } = source;
    const key = JSON.stringify([id, definition, members, earlier, also]);
    const known = this.#graphs.get(key);
    if (known) return known;
    for (const digest of definitionsOf(source)) await this.#parse(id, digest);
    const graph = compileGraph(found(definition), new Map(Object.entries(members)), {
      ...(earlier && { earlier: earlierOf(earlier, found) }),
      ...(also && { also }),
    });
    this.#graphs.set(key, graph);
    return graph;
  }

  async #parse(id: string, digest: string): Promise<void> {
    const { source = null, fileName = id, files = {} } = (await this.#store.definition(digest)) ?? {};
    const parsed = PARSED.get(digest) ?? parseDefinition(source, { fileName, files });
    if (!parsed.definition) throw new Error(`${id}: ${JSON.stringify(parsed.problems)}`);
    PARSED.set(digest, parsed);
  }

  async load(id: string): Promise<Loaded | undefined> {
    const stored = await this.#store.load(id);
    if (!stored) return undefined;
    const graph = await this.#graphOf(id, stored.source);
    const state = restore(graph, stored.record, stored.steps, stored.source.inputs);
    return { graph, state, stored };
  }

  /** Every child of the workflow, and theirs: one for each step at most (row 40). */
  async children(id: string): Promise<readonly string[]> {
    const records = await this.#store.list({ limit: 10_000 });
    const own = records.filter(({ parent }) => parent?.workflow === id);
    const steps = own.map(({ parent }) => parent?.step);
    if (new Set(steps).size < steps.length) throw new Broken('row 40', `two children of one step of ${id}`);
    const deeper = await Promise.all(own.map(record => this.children(record.id)));
    return [...own.map(record => record.id), ...deeper.flat()];
  }

  /** Every change of the workflow that was committed, in order. */
  async changes(id: string): Promise<readonly Change[]> {
    return (await this.#store.events(id, 0, 1_000_000)).map(entry => entry.change);
  }

  /** I5: a commit under an outdated term. `newest` is the term that the store gave last. */
  fenced(term: number | undefined, newest: number): void {
    if (term !== undefined && term < newest) {
      throw new Broken('I5', `an engine of term ${term} committed though term ${newest} had begun`);
    }
  }

  /** After each commit: the machine's invariants hold of what is stored, and its log replays to it (I12). */
  async committed(id: string): Promise<void> {
    this.#kept();
    const now = await this.load(id);
    const last = this.#lastSeq.get(id) ?? 0;
    if (!now) return;
    const { graph, state, stored } = now;
    if (stored.record.seq < last)
      throw new Broken('E1', `log entry ${last} of ${id} was committed and is gone`);
    this.#lastSeq.set(id, stored.record.seq);
    const broken = check(graph, state);
    if (broken[0]) throw new Broken('machine', broken[0]);
    if (!this.#first.has(id)) this.#first.set(id, stored.source);
    await this.#replays(id, graph, stored);
  }

  /** GD1: what was made once stays what it was; a script may have it already. */
  #kept(): void {
    for (const [ref, { sealed }] of this.#disk.secrets) {
      if (!ref.startsWith('generated/')) continue;
      const before = this.#made.get(ref);
      if (before && Buffer.compare(before, sealed) !== 0) throw new Broken('GD1', `${ref} was made again`);
      this.#made.set(ref, sealed);
    }
  }

  /** I2: the count of spent attempts goes down only when a person opens the step again, once for each rescue, or it is over. */
  #counts(log: readonly LogEntry[]): void {
    const tries = new Map<string, number>();
    const rescues = new Map<string, number>();
    let source = 1;
    for (const { change } of log) {
      if (change.kind === 'generation' && change.definition) source = change.generation;
      if (change.kind === 'generation' || change.kind === 'operation') tries.clear();
      if (change.kind !== 'step') continue;
      const { step, from, record } = change;
      // With another definition everything gets a new beginning, what runs when it has ended: then it may run again at once.
      if ((record.source ?? 1) < source) {
        tries.delete(step);
        continue;
      }
      const going = OPEN.has(from) && (OPEN.has(record.status) || record.status === 'failed');
      const isLess = record.tries < (tries.get(step) ?? 0);
      const { rescues: rescued = 0 } = record;
      if (going && isLess && rescued <= (rescues.get(step) ?? 0))
        throw new Broken('I2', `${step} forgot its spent attempts`);
      tries.set(step, record.tries);
      if (isLess) rescues.set(step, rescued);
    }
  }

  /** S1: while it is suspended no command of any step is sent; what a decision sends that ends it stands before that end. */
  #stands(id: string, log: readonly LogEntry[]): void {
    let sent = new Map<string, number>();
    let names: Names | undefined;
    let suspended = false;
    let since: { readonly step: string; readonly at: number }[] = [];
    for (const { at, change } of log) {
      if (change.kind === 'step') {
        const { step, record } = change;
        if (suspended && record.dispatch > (sent.get(step) ?? 0)) since.push({ step, at });
        sent.set(step, record.dispatch);
      } else if (change.kind === 'workflow') {
        suspended = change.record.suspended !== undefined;
        const wrong = since.find(one => suspended || one.at !== at);
        if (wrong) throw new Broken('S1', `${wrong.step} of ${id} was sent a command while it was suspended`);
        since = [];
      } else if (change.kind === 'generation') {
        const now = renamedBy(names, change.earlier?.names);
        names = change.earlier?.names;
        sent = new Map([...sent].map(([step, count]) => [now(step), count]));
      }
    }
    if (since[0])
      throw new Broken('S1', `${since[0].step} of ${id} was sent a command while it was suspended`);
  }

  async #replays(id: string, graph: StateGraph, stored: StoredWorkflow): Promise<void> {
    const log = await this.#store.events(id, 0, 1_000_000);
    this.#counts(log);
    this.#stands(id, log);
    const { createdAt } = stored.record;
    const fresh = await this.#replayed(id, stored, log);
    const text = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value)) as JsonValue);
    for (const { number, record } of stored.steps) {
      if (text(fresh.records[number] ?? null) !== text(record)) {
        throw new Broken('I12', `replaying the log gives another record of ${graph.steps[number]?.id}`);
      }
    }
    // The row's time and number follow from the last entry: it is not written for every event.
    const { seq: _, ...replayed } = { ...fresh.workflow, at: log.at(-1)?.at ?? createdAt };
    const { seq: __, ...kept } = stored.record;
    if (text(replayed) !== text(kept))
      throw new Broken(
        'I12',
        `replaying the log of ${id} gives another workflow record: ${text(replayed)} for ${text(kept)}`,
      );
  }

  /** The state that the log leads to, from what the workflow began with. */
  async #replayed(
    id: string,
    { record: { createdAt, stackName }, source }: StoredWorkflow,
    log: readonly LogEntry[],
  ): Promise<MachineState> {
    const first = this.#first.get(id) ?? source;
    let graph = await this.#graphOf(id, first);
    const { inputs, parent } = first;
    const asked = { id, stackName, generation: 1, at: createdAt, inputs, ...(parent && { parent }) };
    let state = initialState(graph, asked);
    for (const { change } of log) {
      if (change.kind === 'generation' && change.definition) await this.#parse(id, change.definition);
      if (change.kind === 'generation' || change.kind === 'operation')
        ({ graph, state } = entered(graph, state, change, found));
      apply(graph, state, [change]);
    }
    return state;
  }

  /** P1: a command on the wire was committed first. */
  async published({ exchange, message }: PublishContext): Promise<void> {
    if (exchange !== '') return;
    const decoded = decode(message.body, 'from_engine');
    if ('refused' in decoded)
      throw new Broken('protocol', `the engine sent what agents refuse: ${decoded.refused}`);
    if (decoded.message.kind !== 'command') return;
    const { id } = decoded.message;
    const now = await this.load(id.workflow);
    const record = now && recordOf(now, id.step);
    const wasDecided = now === undefined || (record !== undefined && record.dispatch >= id.dispatch);
    if (!wasDecided) throw new Broken('P1', `${effectKey(id)} was sent before it was committed`);
  }

  /** I4: the end of a command is acked only once a commit has absorbed it. */
  async acked({ body }: Pick<WireMessage, 'body'>): Promise<void> {
    const decoded = decode(body, 'from_agent');
    if ('refused' in decoded) return;
    const { message } = decoded;
    const ends = message.kind === 'finished' || message.kind === 'interrupted' || message.kind === 'refused';
    if (!ends || (message.kind === 'refused' && message.reason === 'old_term')) return;
    const { id } = message;
    const now = await this.load(id.workflow);
    const record = now && recordOf(now, id.step);
    // What is suspended may keep it: that is a commit too.
    const isOut =
      record?.dispatch === id.dispatch && record.command !== undefined && record.kept === undefined;
    if (isOut) throw new Broken('I4', `the end of ${effectKey(id)} was acked before it was committed`);
  }

  /** I1 and I5, of every VM. */
  vms(): void {
    for (const vm of this.#vms) {
      for (const [run, starts] of vm.starts) {
        if (starts > 1) throw new Broken('I1', `${run} was started ${starts} times on ${vm.name}`);
      }
      const journaled = vm.journal.filter(record => record.kind === 'reboot').length;
      if (vm.asked > journaled)
        throw new Broken('AM8', `${vm.name} was rebooted ${vm.asked} times for ${journaled} wishes`);
      if (vm.besides > 0) throw new Broken('R5', `scripts ran on ${vm.name} when it was rebooted`);
      if (vm.together) throw new Broken('R5', vm.together);
      if (vm.forgotten) throw new Broken('A4', vm.forgotten);
      if (vm.staleStart) throw new Broken('I5', vm.staleStart);
    }
  }
}
