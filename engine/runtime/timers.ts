// The times at which steps and workflows fall due, rebuilt from state after every start (rule P4).
// Belongs here: a heap of due times with one timer of the clock at its head. Does not belong here: what a due time means.
//
// A step has at most one timer, and so has a workflow of its own. Setting another or clearing it leaves the old entry in the heap; it is passed over
// when its time comes, and the heap is rebuilt when such entries outnumber the real ones.
import type { StepId } from '../base/ids.ts';
import type { Clock } from './ports.ts';

export interface DueTime {
  readonly at: number;
  readonly workflow: string;
  /** Absent: the workflow's own. */
  readonly step?: StepId;
}

/** Passed-over entries that may always be in the heap. */
const SLACK = 1_024;

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (due: readonly DueTime[]) => void;
  /** Workflow → the entries that count: most workflows have one at a time, and need no map for it. */
  readonly #current = new Map<string, DueTime | Map<StepId | undefined, DueTime>>();
  #heap: DueTime[] = [];
  #count = 0;
  #armed: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, fire: (due: readonly DueTime[]) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  /** Number of timers that count. */
  get size(): number {
    return this.#count;
  }

  /** Sets the timer of a step, or of the workflow itself, in place of an earlier one; without a time it is cleared. */
  set(workflow: string, step: StepId | undefined, at: number | undefined): void {
    const known = this.#entry(workflow, step);
    if (known?.at === at) return;
    if (known !== undefined) this.#remove(known);
    if (at !== undefined) this.#add(dueTime(workflow, step, at));
    if (this.#heap.length > 2 * this.#count + SLACK) this.#rebuild();
    this.#arm();
  }

  #entry(workflow: string, step: StepId | undefined): DueTime | undefined {
    const own = this.#current.get(workflow);
    if (own instanceof Map) return own.get(step);
    return own?.step === step ? own : undefined;
  }

  #add(due: DueTime): void {
    const own = this.#current.get(due.workflow);
    if (own === undefined) this.#current.set(due.workflow, due);
    else if (own instanceof Map) own.set(due.step, due);
    else this.#current.set(due.workflow, new Map([own, due].map(each => [each.step, each])));
    this.#count++;
    push(this.#heap, due);
  }

  #remove(due: DueTime): void {
    const own = this.#current.get(due.workflow);
    this.#count--;
    if (own instanceof Map && own.delete(due.step) && own.size > 0) return;
    this.#current.delete(due.workflow);
  }

  /** Clears all timers of a workflow. */
  forget(workflow: string): void {
    for (const due of entries(this.#current.get(workflow))) this.#remove(due);
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
    const due: DueTime[] = [];
    for (let head = this.#heap[0]; head !== undefined && head.at <= now; head = this.#heap[0]) {
      pop(this.#heap);
      // An entry that was set anew or cleared is not the one that counts.
      if (this.#entry(head.workflow, head.step) !== head) continue;
      this.#remove(head);
      due.push(head);
    }
    this.#arm();
    if (due.length > 0) this.#fire(due);
  }

  #rebuild(): void {
    this.#heap = [];
    for (const own of this.#current.values()) for (const due of entries(own)) push(this.#heap, due);
  }
}

function entries(own: DueTime | Map<unknown, DueTime> | undefined): readonly DueTime[] {
  if (own === undefined) return [];
  return own instanceof Map ? [...own.values()] : [own];
}

const dueTime = (workflow: string, step: StepId | undefined, at: number): DueTime => ({
  at,
  workflow,
  ...(step !== undefined && { step }),
});

function push(heap: DueTime[], due: DueTime): void {
  let place = heap.push(due) - 1;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (at(heap, parent) <= due.at) break;
    heap[place] = heap[parent] as DueTime;
    place = parent;
  }
  heap[place] = due;
}

function pop(heap: DueTime[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child + 1 < heap.length && at(heap, child + 1) < at(heap, child)) child++;
    if (child >= heap.length || at(heap, child) >= last.at) break;
    heap[place] = heap[child] as DueTime;
    place = child;
  }
  heap[place] = last;
}

const at = (heap: readonly DueTime[], place: number): number => heap[place]?.at ?? Number.POSITIVE_INFINITY;
