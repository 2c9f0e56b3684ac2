// Why a step, or a whole workflow, stands where it stands: causes, the chains to the roots, who can act.
// Belongs here: the two questions and their answers. Does not belong here: who is to blame (onward.ts), words.
//
// Pure: from graph, state, a time and what is known of agents. Cost is linear in what is looked at (rule P7): every
// step, gate and role is opened once, however many ways lead to it.
import { LIMITS } from '../../base/limits.ts';
import type { StateGraph, Step } from '../../graph/types.ts';
import { passedSteps } from '../counters.ts';
import { isDebt, isWithdrawn } from '../records.ts';
import { type MachineState, recordOf } from '../state.ts';
import type { StepStatus } from '../types.ts';
import { moverOf, URGENCY } from './answers.ts';
import { Causes } from './causes.ts';
import { Onwards } from './onward.ts';
import type { Cause, Explanation, Link, RootPath, Surroundings, Told, WorkflowExplanation } from './types.ts';
import { type Hop, Walk } from './walk.ts';
import { phraseOf, type Wording } from './words.ts';

/** Steps and gates looked at, for the test that holds it linear. */
export interface ExplainCount {
  operations: number;
}

/** Of one step, by number. */
export function explainStep(
  graph: StateGraph,
  state: MachineState,
  number: number,
  around: Surroundings,
  count: ExplainCount = { operations: 0 },
): Explanation {
  const teller = new Teller(graph, state, around);
  const answer = { ...teller.place(number), causes: teller.tell(number), ...teller.roots([number]) };
  count.operations += teller.operations;
  return answer;
}

/** Of all that the goal lacks, or still runs though it holds; in a deletion, of what is not undone yet. Empty: nothing. */
export function explainWorkflow(
  graph: StateGraph,
  state: MachineState,
  around: Surroundings,
  count: ExplainCount = { operations: 0 },
): WorkflowExplanation {
  const { status, reason, at, deadline, suspended } = state.workflow;
  const teller = new Teller(graph, state, around);
  const runsOut =
    deadline !== undefined && suspended === undefined && (status === 'running' || status === 'held');
  const until = runsOut ? { deadline } : {};
  const stands = suspended === undefined ? {} : { suspended };
  const answer = { status, reason, since: at, ...until, ...stands, ...teller.roots(teller.lacking()) };
  count.operations += teller.operations;
  return answer;
}

const BUSY = new Set<StepStatus | undefined>(['running', 'undoing']);

/** Links of a long chain that are told of its beginning, and of its end. */
const HALF = LIMITS.linksTold / 2;

/** A long chain is told from both ends: what was asked about, and what it all hangs on. */
function withinBound(hops: readonly Hop[]): { readonly told: readonly Hop[]; readonly left: readonly Hop[] } {
  if (hops.length <= LIMITS.linksTold) return { told: hops, left: [] };
  const end = hops.length - HALF;
  return { told: [...hops.slice(0, HALF), ...hops.slice(end)], left: hops.slice(HALF, end) };
}

class Teller {
  readonly #graph: StateGraph;
  readonly #state: MachineState;
  readonly #onwards: Onwards;
  readonly #causes: Causes;
  readonly #wording: Wording;

  constructor(graph: StateGraph, state: MachineState, around: Surroundings) {
    this.#graph = graph;
    this.#state = state;
    this.#onwards = new Onwards(graph, state);
    this.#causes = new Causes(this.#onwards, around);
    const names = new Map([...graph.membership.values()].flat().map(({ agent, name }) => [agent, name]));
    this.#wording = { now: around.now, machine: agent => names.get(agent) ?? agent };
  }

  /** Whether people may still move steps of it. */
  get #open(): boolean {
    const { status } = this.#state.workflow;
    return (
      (status === 'running' || status === 'held' || status === 'failed') && this.#lackedByGoal().length > 0
    );
  }

  get operations(): number {
    return this.#onwards.operations;
  }

  /** A step that never left `waiting` waits since the workflow was created. */
  place(number: number) {
    const { id, member } = this.#graph.steps[number] as Step;
    const record = recordOf(this.#state, number);
    const machine =
      member?.name ?? (record.agent === undefined ? undefined : this.#wording.machine(record.agent));
    return {
      step: id,
      ...(machine !== undefined && { machine }),
      status: record.status,
      since: record.since === 0 ? this.#state.workflow.createdAt : record.since,
    };
  }

  tell(number: number): readonly Told[] {
    return this.#causes.of(number).map(cause => this.#told(cause));
  }

  /** What the goal lacks, or what is not undone yet; when the goal holds, what still runs. */
  lacking(): readonly number[] {
    if (this.#onwards.isTakenBack) {
      const { records } = this.#state;
      const { workflow } = this.#state;
      return this.#numbers().filter(step => records[step] && isDebt(records[step], workflow));
    }
    const { records, leaving } = this.#state;
    const left = leaving ? this.#numbers().filter(step => isWithdrawn(records[step])) : [];
    const lacked = [...this.#lackedByGoal(), ...left];
    if (lacked.length > 0) return lacked;
    return this.#graph.steps
      .map(step => step.number)
      .filter(step => BUSY.has(this.#state.records[step]?.status));
  }

  #lackedByGoal(): readonly number[] {
    const gates = this.#graph.goal.map(number => ({ kind: 'gate', number }) as const);
    const lacked = gates
      .filter(gate => this.#onwards.verdictOf(gate) !== 'met')
      .flatMap(gate => this.#onwards.blamed(gate));
    if (passedSteps(this.#state.cells, this.#graph) === 0) return lacked;
    return [...new Set([...lacked, ...this.#numbers().flatMap(step => this.#onwards.passedBy(step))])];
  }

  #numbers(): readonly number[] {
    return this.#graph.steps.map(step => step.number);
  }

  roots(starts: readonly number[]): Pick<Explanation, 'roots' | 'moreRoots'> {
    const walk = new Walk(this.#onwards, starts);
    const found = this.#atFault(walk.roots).map(number => {
      const [cause] = this.#causes.of(number) as readonly [Cause];
      const { who } = moverOf(cause, '', true);
      return { number, who, since: this.place(number).since };
    });
    const ranked = found.sort(
      (a, b) => URGENCY[a.who] - URGENCY[b.who] || a.since - b.since || a.number - b.number,
    );
    const told = ranked.slice(0, LIMITS.rootsTold);
    return {
      roots: told.map(({ number }) => this.#rootPath(walk.pathTo(number))),
      moreRoots: found.length - told.length,
    };
  }

  /** Of what a workflow undid because it failed, what had failed: the rest was taken back because of that. */
  #atFault(roots: readonly number[]): readonly number[] {
    const isUndone = (number: number): boolean => recordOf(this.#state, number).status === 'undone';
    const failed = roots.filter(number => isUndone(number) && recordOf(this.#state, number).error);
    if (failed.length === 0) return roots;
    return roots.filter(number => !isUndone(number) || failed.includes(number));
  }

  #rootPath(hops: readonly Hop[]): RootPath {
    const { told, left } = withinBound(hops);
    const path = told.map(({ step, via }): Link => {
      const cause = via ? this.#causes.through(via, step) : (this.#causes.of(step)[0] as Cause);
      return { ...this.place(step), told: this.#told(cause) };
    });
    const root = path.at(-1) as Link;
    const next = this.#graph.steps[left[0]?.step ?? -1]?.id;
    const omitted = next === undefined ? {} : { omitted: { after: HALF, links: left.length, next } };
    return { path, ...moverOf(root.told.cause, root.step, this.#open), ...omitted };
  }

  #told(cause: Cause): Told {
    return { cause, says: phraseOf(cause, this.#wording) };
  }
}
