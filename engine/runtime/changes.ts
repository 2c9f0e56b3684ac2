// Which workflows changed last, numbered in the order of their commits: who follows all of them goes on where it was cut.
// Belongs here: the numbers of this engine's own term, each workflow's last. Does not belong here: what changed (whoever reads
// looks), what one workflow's log says (its own numbers are stored), who is told (watchers.ts).
import { LIMITS } from '../base/limits.ts';

interface Last {
  readonly number: number;
  readonly project?: string;
}

export class Changes {
  /** In the order of their numbers. */
  readonly #last = new Map<string, Last>();
  readonly #most: number;
  #head = 0;
  #forgotten = 0;

  constructor(most: number = LIMITS.changesKept) {
    this.#most = most;
  }

  /** Number of the last change. */
  get head(): number {
    return this.#head;
  }

  note(workflow: string, project: string | undefined): void {
    const owner = project ?? this.#last.get(workflow)?.project;
    this.#last.delete(workflow);
    this.#head += 1;
    this.#last.set(workflow, { number: this.#head, ...(owner !== undefined && { project: owner }) });
    if (this.#last.size <= this.#most) return;
    for (const [oldest, { number }] of this.#last) {
      this.#last.delete(oldest);
      this.#forgotten = number;
      return;
    }
  }

  /** Of one that is gone, too, as long as it is among the last. */
  projectOf(workflow: string): string | undefined {
    return this.#last.get(workflow)?.project;
  }

  /** What changed after a number, each with the number of its last change; undefined: that is not known (any more). */
  since(number: number): readonly (readonly [workflow: string, number: number])[] | undefined {
    if (number < this.#forgotten || number > this.#head) return undefined;
    return [...this.#last].filter(([, last]) => last.number > number).map(([id, last]) => [id, last.number]);
  }
}
