// Watches a simulation: when each step ran, what let it start, and in the end what took longest.
// Belongs here: the course from the machine's changes. Does not belong here: making them (simulate.ts).
//
// The critical path is read off, not computed: every start is decided at one event, and that event is about one step.
// So the chain backwards from the event that ended the workflow has no gaps, and busy machines are links like others.
import { gateVerdict } from '../machine/counters.ts';
import { workflowOutputs } from '../machine/outputs.ts';
import { type MachineState, recordOf } from '../machine/state.ts';
import type { Change, StepRecord } from '../machine/types.ts';
import type { StateGraph, Step, Turn } from '../graph/types.ts';
import type { ChildCourse, Course, PathLink, Span, StepCourse } from './types.ts';

interface Trace {
  readonly spans: Span[];
  open?: { readonly from: number; readonly phase: Span['phase']; readonly dispatch: number } | undefined;
  /** One for each beginning: what is renewed (`valid_for`) begins again. */
  readonly starts: Start[];
  /** Of the last beginning: the time at which it had been reached before. */
  renewed?: number | undefined;
}

interface Start {
  readonly at: number;
  /** Number of the event. */
  readonly order: number;
  readonly by: number | undefined;
  readonly after: PathLink['after'];
}

export class Recorder {
  readonly #graph: StateGraph;
  readonly #traces: (Trace | undefined)[] = [];
  readonly #answered: { readonly step: string; readonly at: number; readonly says: string }[] = [];
  readonly #children = new Map<number, ChildCourse>();
  #events = 0;
  #goalAt: number | undefined;
  #last: number | undefined;
  #end = 0;

  constructor(graph: StateGraph) {
    this.#graph = graph;
  }

  /** `source`: the step that the event was about. */
  note(state: MachineState, changes: readonly Change[], at: number, source: number | undefined): void {
    this.#events += 1;
    if (changes.length > 0) {
      this.#last = source;
      this.#end = at;
    }
    for (const change of changes) if (change.kind === 'step') this.#noteStep(change, at, source);
    this.#goalAt ??= this.#holds(state) ? at : undefined;
  }

  /** Of several tries of one child the last. */
  noteChild(number: number, graph: StateGraph, { makespan, status, criticalPath }: Course): void {
    const kinds = graph.steps.map(({ state }) => state.action?.kind ?? '');
    const links = criticalPath.map(({ number: own, ...link }) => ({ ...link, kind: kinds[own] ?? '' }));
    this.#children.set(number, { makespan, status, criticalPath: links });
  }

  noteAnswer(number: number, at: number, says: string): void {
    this.#answered.push({ step: (this.#graph.steps[number] as Step).id, at, says });
  }

  course(state: MachineState): Course {
    const steps = this.#graph.steps.filter(step => step.wanted).map(step => this.#stepCourse(state, step));
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

  #noteStep(change: Extract<Change, { kind: 'step' }>, at: number, source: number | undefined): void {
    const number = this.#graph.stepById.get(change.step) as number;
    const { record } = change;
    const known = this.#traces[number];
    const asks = record.status === 'paused' && record.asks !== undefined;
    if (known === undefined && !isWork(record) && !asks) return;
    const trace: Trace = known ?? { spans: [], starts: [] };
    this.#traces[number] = trace;
    const { open } = trace;
    if (open && !continues(open, record)) {
      trace.spans.push({ from: open.from, to: at, phase: open.phase, good: endedWell(open.phase, record) });
      trace.open = undefined;
    }
    if (trace.open || (!isWork(record) && !asks)) return;
    // Nothing of a question runs, but it takes its time.
    if (!asks) trace.open = { from: at, phase: phaseOf(record), dispatch: record.dispatch };
    if (trace.starts.length > 0 && trace.renewed === record.renews) return;
    trace.renewed = record.renews;
    const after =
      change.from === 'ready' ? 'machine' : this.#entersAfter(number, source) ? 'turn' : 'required';
    trace.starts.push({ at, order: this.#events, by: source, after });
  }

  /** Its member entered the rolling because another went on in it. */
  #entersAfter(number: number, source: number | undefined): boolean {
    const turn = this.#turnOf(number);
    const other = source === undefined ? undefined : this.#turnOf(source);
    return turn !== undefined && other !== undefined && turn !== other && turn.rolling === other.rolling;
  }

  #turnOf(number: number): Turn | undefined {
    const { turn } = this.#graph.steps[number] as Step;
    return turn === undefined ? undefined : this.#graph.turns[turn];
  }

  #stepCourse(state: MachineState, step: Step): StepCourse {
    const { status, cause, error, asks, agent, attempt, since, held } = recordOf(state, step.number);
    const trace = this.#traces[step.number];
    const child = this.#children.get(step.number);
    const open = trace?.open;
    const cut: Span[] = open ? [{ from: open.from, to: this.#end, phase: open.phase, good: false }] : [];
    return {
      id: step.id,
      number: step.number,
      status,
      ...(cause !== undefined && { cause }),
      ...(error !== undefined && { error }),
      ...(asks?.kind === 'signal' && { signal: asks.name }),
      ...(agent !== undefined && { agent }),
      attempts: attempt,
      ...(held !== undefined && { held }),
      ...(child && { child }),
      spans: [...(trace?.spans ?? []), ...cut],
      ...(trace?.starts[0] && { start: trace.starts[0].at }),
      since,
    };
  }

  #criticalPath(): readonly PathLink[] {
    const links: PathLink[] = [];
    let to = this.#end;
    let before = this.#events;
    for (let number = this.#last; number !== undefined; ) {
      const { id } = this.#graph.steps[number] as Step;
      const start = this.#traces[number]?.starts.findLast(({ order }) => order <= before);
      if (start === undefined) break;
      links.push({ step: id, number, from: start.at, to, after: start.after });
      to = start.at;
      // What let it begin ended in the same event, so it began in an earlier one.
      before = start.order - 1;
      number = start.by === number ? undefined : start.by;
    }
    return links.reverse();
  }
}

/** True while something of it runs; an undo may wait for its machine, or for its next try. */
const isWork = ({ status, command }: StepRecord): boolean =>
  status === 'running' || (status === 'undoing' && command !== undefined);

function phaseOf({ phase = 'action' }: StepRecord): Span['phase'] {
  return phase === 'verify' ? 'undo' : phase;
}

const continues = (open: NonNullable<Trace['open']>, record: StepRecord): boolean =>
  isWork(record) && record.dispatch === open.dispatch && phaseOf(record) === open.phase;

/** A probe that leads to the action has done its work, and so has a rescue that the error does not name. */
function endedWell(phase: Span['phase'], record: StepRecord): boolean {
  if (phase === 'undo') return record.cause !== 'undo_failed' && record.due === undefined;
  if (phase === 'rescue') return record.error?.phase !== 'rescue' && record.status !== 'interrupted';
  if (record.status === 'reached') return record.cause !== 'tolerated';
  return phase === 'probe' && (record.status === 'running' ? record.phase : record.next) === 'action';
}

/** Joins and computed values have no start: they stand where they came to be. What never came is last. */
function when(step: StepCourse): number {
  if (step.start !== undefined) return step.start;
  return step.status === 'reached' ? step.since : Number.POSITIVE_INFINITY;
}
