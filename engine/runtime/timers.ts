// The times at which steps fall due, rebuilt from state after every start (rule P4).
// Belongs here: a heap of due times with one timer of the clock at its head. Does not belong here: what a due time means.
//
// A step has at most one timer. Setting another or clearing it leaves the old entry in the heap; it is passed over
// when its time comes, and the heap is rebuilt when such entries outnumber the real ones.
import type { StepId } from '../base/ids.ts';
import type { Clock } from './ports.ts';

export interface DueStep {
  readonly at: number;
  readonly workflow: string;
  readonly step: StepId;
}

/** Passed-over entries that may always be in the heap. */
const SLACK = 1_024;

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (due: readonly DueStep[]) => void;
  /** Workflow → step → the time that counts. */
  readonly #current = new Map<string, Map<StepId, number>>();
  #heap: DueStep[] = [];
  #count = 0;
  #armed: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, fire: (due: readonly DueStep[]) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  /** Number of timers that count. */
  get size(): number {
    return this.#count;
  }

  /** Sets the step's timer, in place of an earlier one; undefined clears it. */
  set(workflow: string, step: StepId, at: number | undefined): void {
    const steps = this.#current.get(workflow);
    if (steps?.get(step) === at) return;
    if (steps?.delete(step) === true) this.#count--;
    if (at !== undefined) this.#add({ workflow, step, at }, steps);
    else if (steps?.size === 0) this.#current.delete(workflow);
    if (this.#heap.length > 2 * this.#count + SLACK) this.#rebuild();
    this.#arm();
  }

  #add(due: DueStep, steps: Map<StepId, number> | undefined): void {
    const own = steps ?? new Map<StepId, number>();
    this.#current.set(due.workflow, own.set(due.step, due.at));
    this.#count++;
    push(this.#heap, due);
  }

  /** Clears all timers of a workflow. */
  forget(workflow: string): void {
    this.#count -= this.#current.get(workflow)?.size ?? 0;
    this.#current.delete(workflow);
  }

  stop(): void {
    this.#current.clear();
    this.#heap = [];
    this.#count = 0;
    this.#armed?.cancel();
    this.#armed = undefined;
  }

  #arm(): void {
    const head = this.#heap[0];
    if (this.#armed?.at === head?.at) return;
    this.#armed?.cancel();
    this.#armed = undefined;
    if (head === undefined) return;
    this.#armed = { at: head.at, cancel: this.#clock.at(head.at, () => this.#ring()) };
  }

  #ring(): void {
    this.#armed = undefined;
    const now = this.#clock.now();
    const due: DueStep[] = [];
    for (let head = this.#heap[0]; head !== undefined && head.at <= now; head = this.#heap[0]) {
      pop(this.#heap);
      const steps = this.#current.get(head.workflow);
      if (steps?.get(head.step) !== head.at) continue;
      steps.delete(head.step);
      this.#count--;
      due.push(head);
    }
    this.#arm();
    if (due.length > 0) this.#fire(due);
  }

  #rebuild(): void {
    this.#heap = [];
    for (const [workflow, steps] of this.#current) {
      for (const [step, at] of steps) push(this.#heap, { workflow, step, at });
    }
  }
}

function push(heap: DueStep[], due: DueStep): void {
  let place = heap.push(due) - 1;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (at(heap, parent) <= due.at) break;
    heap[place] = heap[parent] as DueStep;
    place = parent;
  }
  heap[place] = due;
}

function pop(heap: DueStep[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child + 1 < heap.length && at(heap, child + 1) < at(heap, child)) child++;
    if (child >= heap.length || at(heap, child) >= last.at) break;
    heap[place] = heap[child] as DueStep;
    place = child;
  }
  heap[place] = last;
}

const at = (heap: readonly DueStep[], place: number): number => heap[place]?.at ?? Number.POSITIVE_INFINITY;
