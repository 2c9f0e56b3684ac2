// Watches a simulation: when each step ran, what let it start, and in the end what took longest.
// Belongs here: the course from the machine's changes. Does not belong here: making them (simulate.ts).
//
// The critical path is read off, not computed: every start is decided at one event, and that event is about one step.
// So the chain backwards from the event that ended the workflow has no gaps, and busy machines are links like others.
import type { StepId } from '../base/ids.ts';
import { presentId } from '../graph/references.ts';
import { gateVerdict } from '../machine/counters.ts';
import { workflowOutputs } from '../machine/outputs.ts';
import { isWork, noteWork, type Span, type Work } from '../machine/spans.ts';
import { type MachineState, recordOf } from '../machine/state.ts';
import type { Change } from '../machine/types.ts';
import type { StateGraph, Step, Turn } from '../graph/types.ts';
import type { ChildCourse, Course, PathLink, StepCourse } from './types.ts';

interface Trace extends Work {
  /** One for each beginning: what is renewed (`valid_for`) begins again. */
  readonly starts: Start[];
  /** Of the last beginning: the time at which it had been reached before. */
  renewed?: number | undefined;
}

interface Start {
  readonly at: number;
  /** Number of the event. */
  readonly order: number;
  readonly by: StepId | undefined;
  readonly after: PathLink['after'];
}

export class Recorder {
  #graph: StateGraph;
  /** Beginning of what is watched; all times are told from there. */
  readonly #from: number;
  /** By id: the next graph may number steps otherwise. */
  readonly #traces = new Map<StepId, Trace>();
  readonly #answered: { readonly step: StepId; readonly at: number; readonly says: string }[] = [];
  readonly #children = new Map<StepId, ChildCourse>();
  #events = 0;
  #goalAt: number | undefined;
  #last: StepId | undefined;
  #end = 0;

  /** `state`: what it goes on from; what runs there is watched on. */
  constructor(graph: StateGraph, from = 0, state?: MachineState) {
    this.#graph = graph;
    this.#from = from;
    for (const { id, number } of state ? graph.steps : []) {
      const record = state?.records[number];
      if (record === undefined || !isWork(record)) continue;
      const trace: Trace = { spans: [], starts: [{ at: 0, order: 0, by: undefined, after: 'required' }] };
      noteWork(trace, record, 0);
      this.#traces.set(id, trace);
    }
  }

  /** A step of an operation begins: from now on other steps may be wanted. */
  enter(graph: StateGraph): void {
    this.#graph = graph;
  }

  /** `about`: the step that the event was about, by any of its names. */
  note(state: MachineState, changes: readonly Change[], then: number, about: StepId | undefined): void {
    const source = about && presentId(this.#graph, about);
    const at = then - this.#from;
    this.#events += 1;
    if (changes.length > 0) {
      // What follows at once, as the end of an operation does, follows from the same step.
      this.#last = source ?? (at === this.#end ? this.#last : undefined);
      this.#end = at;
    }
    for (const change of changes) if (change.kind === 'step') this.#noteStep(change, at, source);
    this.#goalAt ??= this.#holds(state) ? at : undefined;
  }

  /** Of several tries of one child the last. */
  noteChild(step: StepId, graph: StateGraph, { makespan, status, criticalPath }: Course): void {
    const kinds = graph.steps.map(({ state }) => state.action?.kind ?? '');
    const links = criticalPath.map(({ number: own, ...link }) => ({ ...link, kind: kinds[own] ?? '' }));
    this.#children.set(presentId(this.#graph, step), { makespan, status, criticalPath: links });
  }

  noteAnswer(step: StepId, at: number, says: string): void {
    this.#answered.push({ step: presentId(this.#graph, step), at: at - this.#from, says });
  }

  /** `until`: when something else was asked; absent: all has ended. Of what came later, also what is taken back is told. */
  course(state: MachineState, until?: number): Course {
    if (until !== undefined) this.#end = until - this.#from;
    const isShown = ({ wanted, id }: Step): boolean => wanted || (this.#from > 0 && this.#traces.has(id));
    const steps = this.#graph.steps
      .filter(isShown)
      .map(step => this.#stepCourse(state, step, until !== undefined));
    const { status, reason, roles } = state.workflow;
    const { values, failures } = workflowOutputs(this.#graph, state);
    return {
      status,
      reason,
      makespan: this.#end,
      ...(this.#goalAt !== undefined && { goalAt: this.#goalAt }),
      steps: steps.sort((a, b) => when(a) - when(b) || a.number - b.number),
      criticalPath: this.#criticalPath(),
      asked: steps
        .filter(({ status: of, number }) => of === 'paused' || recordOf(state, number).held !== undefined)
        .map(step => step.id),
      answered: this.#answered,
      roles,
      outputs: values,
      outputFailures: failures,
      events: this.#events,
    };
  }

  #holds(state: MachineState): boolean {
    return this.#graph.goal.every(gate => gateVerdict(state.cells, this.#graph, gate) === 'met');
  }

  #noteStep(change: Extract<Change, { kind: 'step' }>, at: number, source: StepId | undefined): void {
    const { record, step } = change;
    const known = this.#traces.get(step);
    const asks = record.status === 'paused' && record.asks !== undefined;
    if (known === undefined && !isWork(record) && !asks) return;
    const trace: Trace = known ?? { spans: [], starts: [] };
    this.#traces.set(step, trace);
    const begins = noteWork(trace, record, at);
    // Nothing of a question runs, but it takes its time.
    if (!begins && (trace.open !== undefined || !asks)) return;
    if (trace.starts.length > 0 && trace.renewed === record.renews) return;
    trace.renewed = record.renews;
    const after = change.from === 'ready' ? 'machine' : this.#entersAfter(step, source) ? 'turn' : 'required';
    trace.starts.push({ at, order: this.#events, by: source, after });
  }

  /** Its member entered the rolling because another went on in it. */
  #entersAfter(step: StepId, source: StepId | undefined): boolean {
    const turn = this.#turnOf(step);
    const other = source === undefined ? undefined : this.#turnOf(source);
    return turn !== undefined && other !== undefined && turn !== other && turn.rolling === other.rolling;
  }

  #turnOf(id: StepId): Turn | undefined {
    const turn = this.#graph.steps[this.#graph.stepById.get(id) ?? -1]?.turn;
    return turn === undefined ? undefined : this.#graph.turns[turn];
  }

  #stepCourse(state: MachineState, step: Step, goesOn: boolean): StepCourse {
    const { status, cause, error, asks, agent, attempt, since, held } = recordOf(state, step.number);
    const trace = this.#traces.get(step.id);
    const child = this.#children.get(step.id);
    const open = trace?.open;
    const cut: Span[] = open ? [{ from: open.from, to: this.#end, phase: open.phase, good: goesOn }] : [];
    return {
      id: step.id,
      number: step.number,
      status,
      ...(cause !== undefined && { cause }),
      ...(error !== undefined && { error }),
      ...(asks?.kind === 'signal' && { signal: asks.name }),
      ...(agent !== undefined && { agent }),
      // What came before what was asked is another phase's.
      attempts: this.#from === 0 ? attempt : attemptsIn(trace),
      ...(held !== undefined && { held }),
      ...(child && { child }),
      spans: [...(trace?.spans ?? []), ...cut],
      ...(trace?.starts[0] && { start: trace.starts[0].at }),
      since: since - this.#from,
    };
  }

  #criticalPath(): readonly PathLink[] {
    const links: PathLink[] = [];
    let to = this.#end;
    let before = this.#events;
    for (let step = this.#last; step !== undefined; ) {
      const number = this.#graph.stepById.get(step);
      const start = this.#traces.get(step)?.starts.findLast(({ order }) => order <= before);
      if (start === undefined || number === undefined) break;
      links.push({ step, number, from: start.at, to, after: start.after });
      to = start.at;
      // What let it begin ended in the same event, so it began in an earlier one.
      before = start.order - 1;
      step = start.by === step ? undefined : start.by;
    }
    return links.reverse();
  }
}

const attemptsIn = (trace: Trace | undefined): number =>
  (trace?.spans.filter(({ phase }) => phase === 'action').length ?? 0) + (trace?.open ? 1 : 0);

/** Joins and computed values have no start: they stand where they came to be. What never came is last. */
function when(step: StepCourse): number {
  if (step.start !== undefined) return step.start;
  return step.status === 'reached' ? Math.max(0, step.since) : Number.POSITIVE_INFINITY;
}
