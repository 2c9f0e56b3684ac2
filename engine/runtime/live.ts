// A workflow in memory. One that was read from the store is unfolded at the first thing that happens to it.
// Belongs here: what the loop holds of a workflow, and when graph and state are made. Does not belong here: their
// making (workflows.ts), which workflows are in memory (loop.ts).
//
// A starting engine reads thousands of workflows of which most wait for an agent or a time. For that it needs their
// records alone: commands that are out are sent again and timers set from them (recovery.ts), nothing is decided.
import type { StateGraph } from '../graph/types.ts';
import type { MachineState } from '../machine/state.ts';
import { stored } from '../machine/update/begin.ts';
import type { StoredWorkflow, WorkflowSource } from './ports.ts';

export interface LiveWorkflow {
  readonly id: string;
  readonly source: WorkflowSource;
  /** Its graph, but for the members: those may be of another workflow of the same shape. */
  readonly shape: StateGraph;
  readonly graph: StateGraph;
  readonly state: MachineState;
  /** False until its first commit, which carries the source. */
  stored: boolean;
  /** Goes on with graph and state of the next generation, and the source that they follow from. `named`: what its resource is called. */
  enter(next: Unfolded, named?: Named): void;
}

export type Named = Pick<WorkflowSource, 'resource'>;
export type Unfolded = Pick<LiveWorkflow, 'graph' | 'state'>;

/** What graph and state follow from: the same are made of it again. */
function sourceOf(
  { stackName, resource, project, parent }: WorkflowSource,
  { graph, state }: Unfolded,
): WorkflowSource {
  const { definition, membership, earlier, also } = graph;
  return {
    stackName,
    ...(resource !== undefined && { resource }),
    ...(project !== undefined && { project }),
    definition: definition.digest,
    inputs: state.inputs,
    members: Object.fromEntries(membership),
    ...(earlier && { earlier: stored(earlier) }),
    ...(also && { also }),
    ...(parent && { parent }),
  };
}

/** A workflow in which nothing has happened yet. */
export class BegunWorkflow implements LiveWorkflow {
  readonly id: string;
  source: WorkflowSource;
  graph: StateGraph;
  state: MachineState;
  stored = false;

  constructor(id: string, source: WorkflowSource, { graph, state }: Unfolded) {
    this.id = id;
    this.source = source;
    this.graph = graph;
    this.state = state;
  }

  get shape(): StateGraph {
    return this.graph;
  }

  enter(next: Unfolded, named: Named = {}): void {
    this.source = sourceOf({ ...this.source, ...named }, next);
    this.graph = next.graph;
    this.state = next.state;
  }
}

/** A workflow as committed. */
export class RevivedWorkflow implements LiveWorkflow {
  readonly id: string;
  source: WorkflowSource;
  stored = true;
  #shape: StateGraph;
  readonly #unfold: (stored: StoredWorkflow, shape: StateGraph) => Unfolded;
  /** What was read, until it is unfolded; then what became of it. */
  #content: StoredWorkflow | Unfolded;

  constructor(
    stored: StoredWorkflow,
    shape: StateGraph,
    unfold: (stored: StoredWorkflow, shape: StateGraph) => Unfolded,
  ) {
    this.id = stored.record.id;
    this.source = stored.source;
    this.#shape = shape;
    this.#unfold = unfold;
    this.#content = stored;
  }

  get shape(): StateGraph {
    return this.#shape;
  }

  get graph(): StateGraph {
    return this.#unfolded().graph;
  }

  get state(): MachineState {
    return this.#unfolded().state;
  }

  enter(next: Unfolded, named: Named = {}): void {
    this.source = sourceOf({ ...this.source, ...named }, next);
    this.#shape = next.graph;
    this.#content = next;
  }

  #unfolded(): Unfolded {
    if ('graph' in this.#content) return this.#content;
    const unfolded = this.#unfold(this.#content, this.#shape);
    this.#shape = unfolded.graph;
    this.#content = unfolded;
    return unfolded;
  }
}
