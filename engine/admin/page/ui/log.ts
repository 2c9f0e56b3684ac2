// What happened, line by line.
// Belongs here: reading the log and showing it. Does not belong here: words of entries (model/log-lines.ts).
import type { JsonObject } from '../../../base/json.ts';
import type { LogEntry } from '../../../runtime/ports.ts';
import { lookLine } from '../model/acts.ts';
import { type LogLine, LogReader } from '../model/log-lines.ts';
import { absoluteText, spanText } from '../model/time.ts';
import { plural } from '../model/words.ts';
import type { Around } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { button, cli, empty, field, loading, trouble } from './pieces.ts';
import { Rows } from './rows.ts';
import type { Open, TabView } from './open.ts';

const COLUMNS = [
  { name: 'After', kind: 'c-time' },
  { name: 'Step', kind: 'c-name' },
  { name: 'What happened', kind: 'c-why grow' },
];

export class Log implements TabView {
  readonly #around: Around;
  readonly #id: string;
  readonly #rows: Rows<LogLine>;
  readonly #reader = new LogReader();
  readonly #lines: LogLine[] = [];
  readonly #inputs = new Map<string, JsonObject>();
  #seq = 0;
  #state: 'unread' | 'reading' | 'read' = 'unread';
  #waiting: LogEntry[] = [];
  #error: unknown;
  #seen = 0;

  constructor(around: Around, id: string) {
    this.#around = around;
    this.#id = id;
    this.#rows = new Rows(26, () => around.changed());
  }

  /** What a step was last given, as far as the log has been read: its record keeps that only while it runs. */
  inputsOf(step: string): JsonObject | undefined {
    return this.#inputs.get(step);
  }

  /** Reads the log, once. */
  wanted(): void {
    if (this.#state === 'unread') void this.#read();
  }

  /** An entry that was just written; the log is read when somebody looks at it. */
  heard(entry: LogEntry): void {
    if (this.#state === 'read') this.#take(entry);
    else if (this.#state === 'reading') this.#waiting.push(entry);
  }

  nodes(open: Open): readonly Child[] {
    this.wanted();
    if (this.#error !== undefined) return [trouble(this.#error, () => void this.#read())];
    const { text } = open.address;
    const shown =
      text === ''
        ? this.#lines
        : this.#lines.filter(line => `${line.step} ${line.says}`.toLowerCase().includes(text.toLowerCase()));
    if (this.#rows.isAtEnd) {
      this.#seen = this.#lines.length;
      requestAnimationFrame(() => this.#rows.stayAtEnd());
    }
    const fresh = this.#lines.length - this.#seen;
    return [
      h(
        'div',
        { class: 'bar', key: 'bar' },
        field('Filter by step or words', text, typed => open.go({ text: typed }, true)),
        h('span', { class: 'faint' }, plural(shown.length, 'line')),
        fresh > 0 &&
          button(`↓ ${plural(fresh, 'new line')}`, () => this.#rows.toEnd(), { class: 'main', key: 'fresh' }),
        h('span', { class: 'grow' }),
        cli(lookLine('events', this.#id)),
      ),
      this.#state !== 'read' && this.#lines.length === 0
        ? loading('the log')
        : shown.length === 0
          ? empty('No line fits.')
          : this.#rows.node({
              label: 'Log',
              kind: 'log',
              columns: COLUMNS,
              items: shown,
              key: ({ seq }) => String(seq),
              cells: line => this.#cells(line, open),
            }),
    ];
  }

  #cells({ at, step, mark, tone, says }: LogLine, open: Open): readonly Child[] {
    return [
      h('time', { title: absoluteText(at) }, spanText(at - open.board.view.record.createdAt)),
      step === '' ? h('strong', {}, this.#id) : button(step, () => open.go({ step }), { class: 'step-link' }),
      lineOf(mark, tone, says),
    ];
  }

  async #read(): Promise<void> {
    this.#state = 'reading';
    this.#error = undefined;
    try {
      for (;;) {
        const entries = await this.#around.client.log(this.#id, this.#seq);
        for (const entry of entries) this.#take(entry);
        this.#around.changed();
        if (entries.length === 0) break;
      }
      this.#state = 'read';
      for (const entry of this.#waiting.splice(0)) this.#take(entry);
    } catch (error) {
      this.#error = error;
      this.#state = 'reading';
    }
    this.#seen = this.#lines.length;
    this.#around.changed();
  }

  #take(entry: LogEntry): void {
    if (entry.seq <= this.#seq) return;
    this.#seq = entry.seq;
    const action = entry.change.kind === 'step' ? entry.change.record.command?.action : undefined;
    if (entry.change.kind === 'step' && action !== undefined && 'inputs' in action)
      this.#inputs.set(entry.change.step, action.inputs);
    const line = this.#reader.line(entry);
    if (line) this.#lines.push(line);
  }
}

const lineOf = (mark: string, tone: string, says: string): Node_ =>
  h(
    'span',
    { class: 'why', title: says },
    h('span', { class: `mark tone-${tone}`, 'aria-hidden': 'true' }, mark),
    ' ',
    says,
  );
