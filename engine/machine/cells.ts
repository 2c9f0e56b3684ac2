// Where running sums stand: live in an array, or laid over it while a decision is made.
// Belongs here: reading and writing one number. Does not belong here: which number means what (counters.ts, rolling/sums.ts,
// undo/order.ts).
export interface Cells {
  get(index: number): number;
  set(index: number, value: number): void;
}

/** The live numbers, packed: a few bytes per step. */
export class LiveCells implements Cells {
  readonly values: Int32Array;

  constructor(length: number) {
    this.values = new Int32Array(length);
  }

  get(index: number): number {
    return this.values[index] as number;
  }

  set(index: number, value: number): void {
    this.values[index] = value;
  }
}

/** Numbers of a decision: written here, read through to the live ones. */
export class OverlayCells implements Cells {
  private readonly below: Cells;
  private readonly changed = new Map<number, number>();

  constructor(below: Cells) {
    this.below = below;
  }

  get(index: number): number {
    return this.changed.get(index) ?? this.below.get(index);
  }

  set(index: number, value: number): void {
    this.changed.set(index, value);
  }
}
