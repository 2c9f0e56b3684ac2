// Graph and state of a workflow, and the making of both from what the store holds.
// Belongs here: compiled graphs shared by digest and members, revival of stored workflows, start of new ones.
// Does not belong here: when they are made (live.ts), which workflows are in memory (loop.ts), what happens to them (absorb.ts).
import { createHash } from 'node:crypto';
import { EngineError } from '../base/errors.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import { seatsOf } from '../graph/seats.ts';
import type { Earlier, Member, Membership, StateGraph } from '../graph/types.ts';
import type { Hash } from '../machine/state.ts';
import { earlierOf } from '../machine/update/begin.ts';
import { BegunWorkflow, type LiveWorkflow, RevivedWorkflow, type Unfolded } from './live.ts';
import type { Machine } from './machine.ts';
import type { Store, StoredWorkflow, WorkflowSource } from './ports.ts';

/** Definitions and graphs kept though no workflow in memory uses them. */
const RECENT = 32;

export class Workflows {
  readonly #store: Store;
  readonly #machine: Machine;
  readonly #hash: Hash;
  readonly #definitions = new Cache<WorkflowDefinition>();
  readonly #graphs = new Cache<StateGraph>();
  /** By definition and seats: what workflows with other machines share. */
  readonly #shapes = new Cache<StateGraph>();

  /** `hash`: keyed, of values (secrets.ts); by it updates find out what changed. */
  constructor(store: Store, machine: Machine, hash: Hash) {
    this.#store = store;
    this.#machine = machine;
    this.#hash = hash;
  }

  /** A stored workflow with its state as committed. */
  async revive(stored: StoredWorkflow): Promise<LiveWorkflow> {
    return this.reviveAtOnce(stored) ?? this.#revived(stored, await this.#shape(stored.source));
  }

  /** The same without a wait; undefined when its definition has to be compiled first. */
  reviveAtOnce(stored: StoredWorkflow): LiveWorkflow | undefined {
    const shape = this.#shapes.get(shapeKey(stored.source));
    return shape && this.#revived(stored, shape);
  }

  #revived(stored: StoredWorkflow, shape: StateGraph): LiveWorkflow {
    return new RevivedWorkflow(stored, shape, this.#unfold);
  }

  readonly #unfold = ({ source, record, steps }: StoredWorkflow, shape: StateGraph): Unfolded => {
    const graph = this.#seated(source, shape);
    return { graph, state: this.#machine.restore(graph, record, steps, source.inputs, this.#hash) };
  };

  /** A new workflow in which nothing has happened yet. */
  async begin(id: string, source: WorkflowSource, at: number): Promise<LiveWorkflow> {
    const graph = await this.graph(source);
    const { stackName, inputs, parent } = source;
    const asked = { id, stackName, generation: 1, at, inputs, ...(parent && { parent }) };
    const state = this.#machine.initialState(graph, asked, this.#hash);
    return new BegunWorkflow(id, source, { graph, state });
  }

  /** Shared by all with equal definitions and members; with other members, everything but the members is. */
  async graph(source: WorkflowSource): Promise<StateGraph> {
    return this.#seated(source, await this.#shape(source));
  }

  #seated(source: WorkflowSource, shape: StateGraph): StateGraph {
    const text = JSON.stringify([source.members, source.earlier, source.also]);
    const key = createHash('sha256').update(`${source.definition}\0${text}`).digest('base64');
    const known = this.#graphs.get(key);
    if (known !== undefined) return known;
    return this.#graphs.set(key, this.#machine.reseat(shape, membership(source.members)));
  }

  async #shape(source: WorkflowSource): Promise<StateGraph> {
    const key = shapeKey(source);
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const definition = await this.definition(source.definition);
    const { also, members } = source;
    const earlier = source.earlier && (await this.#earlier(source));
    const options = { ...(earlier && { earlier }), ...(also && { also }) };
    return this.#shapes.set(key, this.#machine.compileGraph(definition, membership(members), options));
  }

  async #earlier({ earlier }: WorkflowSource): Promise<Earlier> {
    const { definitions = {}, states = [], inputs = {}, names } = earlier ?? {};
    const found = await this.definitionsOf(Object.values(definitions));
    return earlierOf(
      { definitions, states, inputs, ...(names && { names }) },
      digest => found.get(digest) as WorkflowDefinition,
    );
  }

  /** The typed definitions behind some digests. */
  async definitionsOf(
    digests: readonly (string | undefined)[],
  ): Promise<ReadonlyMap<string, WorkflowDefinition>> {
    const found = new Map<string, WorkflowDefinition>();
    for (const digest of digests) if (digest !== undefined) found.set(digest, await this.definition(digest));
    return found;
  }

  /** The typed definition behind a digest. EngineError `internal` when the store has no such document. */
  async definition(digest: string): Promise<WorkflowDefinition> {
    const known = this.#definitions.get(digest);
    if (known !== undefined) return known;
    const document = await this.#store.definition(digest);
    if (document === undefined) throw lost(digest, 'the store does not have it');
    const { source, fileName, files } = document;
    const parsed = this.#machine.parseDefinition(source, { fileName, files });
    if (parsed.definition === undefined)
      throw lost(digest, parsed.problems[0]?.message ?? 'it does not parse');
    return this.#definitions.set(digest, parsed.definition);
  }
}

/** Of most workflows nothing is left of earlier definitions, and no operation runs. */
function shapeKey({ definition, members, earlier, also }: WorkflowSource): string {
  const rest = earlier || also ? ` ${JSON.stringify([earlier, also])}` : '';
  return `${definition} ${seatsOf(members)}${rest}`;
}

export function membership(members: WorkflowSource['members']): Membership {
  return new Map<string, readonly Member[]>(Object.entries(members));
}

function lost(digest: string, why: string): EngineError {
  return new EngineError(
    'internal',
    `The definition ${digest.slice(0, 12)} of a stored workflow cannot be used: ${why}.`,
    'Start the version of murano-workflow that created the workflow, and report this with the log.',
  );
}

/** Keeps what is in use anywhere (weakly) and the most recent besides. */
class Cache<Value extends object> {
  readonly #known = new Map<string, WeakRef<Value>>();
  readonly #recent = new Map<string, Value>();
  readonly #gone = new FinalizationRegistry<string>(key => {
    if (this.#known.get(key)?.deref() === undefined) this.#known.delete(key);
  });

  get(key: string): Value | undefined {
    const value = this.#known.get(key)?.deref();
    if (value !== undefined) this.#touch(key, value);
    return value;
  }

  set(key: string, value: Value): Value {
    this.#known.set(key, new WeakRef(value));
    this.#gone.register(value, key);
    this.#touch(key, value);
    return value;
  }

  #touch(key: string, value: Value): void {
    this.#recent.delete(key);
    this.#recent.set(key, value);
    const oldest = this.#recent.keys().next();
    if (this.#recent.size > RECENT && oldest.done === false) this.#recent.delete(oldest.value);
  }
}
