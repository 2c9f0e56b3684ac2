// Virtual time: what is to happen, and when. Nothing in a simulation happens but through here.
// Belongs here: the queue of tasks and the Clock made of it. Does not belong here: faults, or who schedules what.
import type { Clock } from '../../engine/runtime/ports.ts';
import type { Random } from './random.ts';

interface Task {
  readonly time: number;
  /** Drawn: tasks due at the same time run in any order, but the same one for the same seed. */
  readonly tie: number;
  readonly run: () => void;
  cancelled: boolean;
}

const before = (a: Task, b: Task): boolean => a.time < b.time || (a.time === b.time && a.tie < b.tie);

export class Scheduler {
  time: number;
  /** Tasks run so far. */
  steps = 0;
  readonly #random: Random;
  readonly #heap: Task[] = [];

  constructor(random: Random, start = 1_800_000_000_000) {
    this.#random = random;
    this.time = start;
  }

  /** Runs `task` at virtual time `time` (now at the earliest); returns how to take it back. */
  at(time: number, run: () => void): () => void {
    const task: Task = { time: Math.max(time, this.time), tie: this.#random.next(), run, cancelled: false };
    this.#push(task);
    return () => {
      task.cancelled = true;
    };
  }

  /** Runs `task` after a drawn delay in [low, high] milliseconds. */
  after(low: number, high: number, run: () => void): () => void {
    return this.at(this.time + this.#random.between(low, high), run);
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => this.at(this.time + milliseconds, resolve));
  }

  /** A clock of this world; `skew` milliseconds off, as real ones are. */
  clock(skew: () => number = () => 0): Clock {
    return {
      now: () => this.time + skew(),
      at: (time, callback) => this.at(time - skew(), callback),
    };
  }

  /** Runs the next task; false when there is none. */
  step(): boolean {
    for (;;) {
      const task = this.#pop();
      if (!task) return false;
      if (task.cancelled) continue;
      this.time = task.time;
      this.steps += 1;
      task.run();
      return true;
    }
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(task, heap[parent] as Task)) break;
      heap[at] = heap[parent] as Task;
      at = parent;
    }
    heap[at] = task;
  }

  #pop(): Task | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && before(heap[right] as Task, heap[left] as Task) ? right : left;
      if (!before(heap[child] as Task, last)) break;
      heap[at] = heap[child] as Task;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

/**
 * Lets everything that is already decided happen: promise callbacks run until none is left. A macrotask boundary is
 * needed because promise chains may be any length; the simulated world does no real I/O, so one boundary is enough.
 */
export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
