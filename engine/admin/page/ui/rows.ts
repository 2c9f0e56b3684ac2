// A table of which only the rows in view are in the document.
// Belongs here: which rows those are. Does not belong here: what stands in a row.
import { type Child, h, type Node_ } from './dom.ts';

export interface Column {
  readonly name: string;
  /** Class of its cells. */
  readonly kind: string;
}

export interface Table<Item> {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly items: readonly Item[];
  readonly key: (item: Item) => string;
  readonly cells: (item: Item) => readonly Child[];
  readonly chosen?: string | undefined;
  /** By a click, by `Enter`, and, without `move`, by the arrow keys. */
  readonly choose?: (item: Item) => void;
  /** By the arrow keys, where choosing leads elsewhere. */
  readonly move?: (item: Item) => void;
  readonly kind?: string;
}

const BEYOND = 8;

export class Rows<Item> {
  readonly #height: number;
  readonly #changed: () => void;
  #top = 0;
  #view = 800;
  #scroller: HTMLElement | undefined;
  #items = 0;
  /** At its end before the last change, so it stays there. */
  #atEnd = false;

  /** `height`: pixels of a row. */
  constructor(height: number, changed: () => void) {
    this.#height = height;
    this.#changed = changed;
  }

  get isAtEnd(): boolean {
    return this.#top + this.#view >= this.#items * this.#height - 2;
  }

  node(table: Table<Item>): Node_ {
    const { items, columns } = table;
    this.#atEnd = this.isAtEnd;
    this.#items = items.length;
    const first = Math.max(0, Math.floor(this.#top / this.#height) - BEYOND);
    const end = Math.min(items.length, Math.ceil((this.#top + this.#view) / this.#height) + BEYOND);
    return h(
      'div',
      {
        class: `table ${table.kind ?? ''}`,
        role: 'table',
        'aria-label': table.label,
        'aria-rowcount': items.length + 1,
      },
      h('div', { class: 'table-head', role: 'rowgroup' }, [
        h(
          'div',
          { class: 'row', role: 'row', 'aria-rowindex': 1 },
          columns.map(column => head(column)),
        ),
      ]),
      h(
        'div',
        {
          class: 'rows',
          role: 'rowgroup',
          tabindex: 0,
          'aria-label': table.label,
          on: { scroll: () => this.#scrolled(), keydown: (event: KeyboardEvent) => this.#key(event, table) },
          ref: element => this.#measure(element),
        },
        h(
          'div',
          { class: 'rows-all', role: 'presentation', css: { height: `${items.length * this.#height}px` } },
          items.slice(first, end).map((item, place) => this.#row(table, item, first + place)),
        ),
      ),
    );
  }

  #row(table: Table<Item>, item: Item, index: number): Node_ {
    const key = table.key(item);
    const isChosen = key === table.chosen;
    return h(
      'div',
      {
        key,
        class: isChosen ? 'row chosen' : 'row',
        role: 'row',
        'aria-rowindex': index + 2,
        'aria-current': isChosen ? 'true' : undefined,
        css: { transform: `translateY(${index * this.#height}px)`, height: `${this.#height}px` },
        on: { click: (event: MouseEvent) => chosenBy(event) && table.choose?.(item) },
      },
      table
        .cells(item)
        .map((cell, place) =>
          h('div', { role: 'cell', class: `cell ${table.columns[place]?.kind ?? ''}` }, cell),
        ),
    );
  }

  /** Scrolls as little as it takes to have it in view. */
  reveal(index: number): void {
    const [top, bottom] = [index * this.#height, (index + 1) * this.#height];
    if (this.#scroller === undefined || index < 0) return;
    if (top < this.#top) this.#scroller.scrollTop = top;
    else if (bottom > this.#top + this.#view) this.#scroller.scrollTop = bottom - this.#view;
  }

  toEnd(): void {
    if (this.#scroller) this.#scroller.scrollTop = this.#items * this.#height;
  }

  /** New rows at the end are followed by whoever stood there. */
  stayAtEnd(): void {
    if (this.#atEnd) this.toEnd();
  }

  #key(event: KeyboardEvent, { items, key, chosen, choose, move = choose }: Table<Item>): void {
    const at = items.find(item => key(item) === chosen);
    if (event.key === 'Enter' && event.target === this.#scroller && at !== undefined) return choose?.(at);
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || move === undefined || items.length === 0) return;
    event.preventDefault();
    const known = items.findIndex(item => key(item) === chosen);
    const next = Math.min(items.length - 1, Math.max(0, known < 0 ? 0 : known + step));
    move(items[next] as Item);
    this.reveal(next);
  }

  #scrolled(): void {
    const top = this.#scroller?.scrollTop ?? 0;
    if (top === this.#top) return;
    this.#top = top;
    this.#changed();
  }

  #measure(element: HTMLElement): void {
    if (this.#scroller !== element) {
      this.#scroller = element;
      element.scrollTop = this.#top;
      new ResizeObserver(() => this.#resized(element)).observe(element);
    }
  }

  #resized(element: HTMLElement): void {
    if (element.clientHeight === 0 || element.clientHeight === this.#view) return;
    this.#view = element.clientHeight;
    this.#changed();
  }
}

const head = ({ name, kind }: Column): Node_ =>
  h('div', { role: 'columnheader', class: `cell ${kind}` }, name);

/** A click on a link or a button in a row is theirs. */
const chosenBy = (event: MouseEvent): boolean =>
  event.target instanceof Element && event.target.closest('a, button, input') === null;
