// What is going to happen, earliest first; of the same time, what was noted first.
// Belongs here: the heap. Does not belong here: what happens then.

interface Entry<Item> {
  readonly at: number;
  readonly order: number;
  readonly item: Item;
}

/** A binary heap: noting and taking cost the logarithm of what is noted. */
export class Agenda<Item> {
  readonly #heap: Entry<Item>[] = [];
  #order = 0;

  note(at: number, item: Item): void {
    this.#heap.push({ at, order: this.#order++, item });
    this.#up(this.#heap.length - 1);
  }

  /** The earliest, taken off; undefined when nothing is left. */
  next(): { readonly at: number; readonly item: Item } | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down();
    }
    return first;
  }

  #up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(): void {
    for (let place = 0; ; ) {
      const left = 2 * place + 1;
      let least = place;
      for (const child of [left, left + 1])
        if (child < this.#heap.length && this.#before(child, least)) least = child;
      if (least === place) return;
      this.#swap(place, least);
      place = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a] as Entry<Item>, this.#heap[b] as Entry<Item>];
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Entry<Item>;
    this.#heap[a] = this.#heap[b] as Entry<Item>;
    this.#heap[b] = kept;
  }
}
