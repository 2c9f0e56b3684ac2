// Steps as a table: what lanes show, for reading in order, filtering, and for screen readers; the same failures together.
// Belongs here: that view. Does not belong here: one step (panel.ts).
import type { StepView } from '../../../runtime/api.ts';
import { type FailureGroup, failureGroups } from '../model/groups.ts';
import { spanText } from '../model/time.ts';
import { doubtText, plural, STEP_LOOKS } from '../model/words.ts';
import { openMany } from './act-dialog.ts';
import type { Around } from './around.ts';
import { type Child, classes, h, type Node_ } from './dom.ts';
import { ago, button, empty, field, stepChip } from './pieces.ts';
import { Rows } from './rows.ts';
import type { Open, TabView } from './open.ts';

const COLUMNS = [
  { name: 'State', kind: 'c-state' },
  { name: 'Step', kind: 'c-name' },
  { name: 'Machine', kind: 'c-machine' },
  { name: 'What about it', kind: 'c-why grow' },
  { name: 'Attempt', kind: 'c-number' },
  { name: 'Took', kind: 'c-time' },
  { name: 'Since', kind: 'c-time' },
];

interface Found {
  readonly shown: readonly StepView[];
  /** Status → how many have it. */
  readonly counts: ReadonlyMap<string, number>;
  readonly groups: readonly FailureGroup[];
}

export class Steps implements TabView {
  readonly #around: Around;
  readonly #rows: Rows<StepView>;
  #revealed = '';
  #last: Found | undefined;
  #made: readonly unknown[] = [];

  constructor(around: Around) {
    this.#around = around;
    this.#rows = new Rows(32, () => around.changed());
  }

  nodes(open: Open): readonly Child[] {
    const { step } = open.address;
    const { shown } = this.#found(open);
    if (step !== this.#revealed) {
      this.#revealed = step;
      this.#rows.reveal(shown.findIndex(({ id }) => id === step));
    }
    return [
      this.#bar(open),
      this.#groups(open),
      shown.length === 0
        ? empty(
            'No step fits.',
            button('Show all', () => open.go({ text: '', show: '' })),
          )
        : this.#rows.node({
            label: plural(shown.length, 'step'),
            kind: 'steps',
            columns: COLUMNS,
            items: shown,
            key: ({ id }) => id,
            cells: one => this.#cells(one, open),
            chosen: step,
            choose: one => open.go({ step: one.id }, step !== ''),
          }),
    ];
  }

  /** Looked for anew only when something changed: a frame of scrolling must not look at ten thousand steps. */
  #found(open: Open): Found {
    const { text, show } = open.address;
    const { view } = open.board;
    const made = [open.board, view.record.seq, text, show];
    if (this.#last && made.every((one, place) => one === this.#made[place])) return this.#last;
    this.#made = made;
    const all = view.steps.filter(one => one.wanted || one.record.touched);
    const counts = new Map<string, number>();
    for (const { record } of all) counts.set(record.status, (counts.get(record.status) ?? 0) + 1);
    const shown = all.filter(one => (show === '' || one.record.status === show) && fits(one, text));
    this.#last = { shown, counts, groups: failureGroups(all).filter(({ steps }) => steps.length > 1) };
    return this.#last;
  }

  #bar(open: Open): Node_ {
    const { text, show } = open.address;
    const { counts } = this.#found(open);
    return h(
      'div',
      { class: 'bar', key: 'bar' },
      field('Filter by step, machine or words', text, typed => open.go({ text: typed }, true)),
      h(
        'div',
        { class: 'picks', role: 'group', 'aria-label': 'States' },
        (Object.keys(STEP_LOOKS) as (keyof typeof STEP_LOOKS)[])
          .filter(status => counts.has(status) || show === status)
          .map(status =>
            button(
              [
                STEP_LOOKS[status].word,
                ' ',
                h('span', { class: 'count' }, (counts.get(status) ?? 0).toLocaleString('en')),
              ],
              () => open.go({ show: show === status ? '' : status }),
              {
                key: status,
                class: classes('pick', show === status && 'on'),
                'aria-pressed': String(show === status),
              },
            ),
          ),
      ),
    );
  }

  #groups(open: Open): Child {
    const { groups } = this.#found(open);
    if (groups.length === 0) return undefined;
    return h(
      'ul',
      { class: 'groups', key: 'groups', 'aria-label': 'The same failure in several steps' },
      groups.slice(0, 3).map(({ key, says, steps }) =>
        h(
          'li',
          { key },
          h('strong', {}, `${steps.length} ×`),
          h('span', { class: 'says' }, says),
          button(`Retry all ${steps.length} …`, () =>
            openMany(
              this.#around,
              steps.map(() => open.address.id),
              { kind: 'retry' },
              steps.map(({ id }) => id),
            ),
          ),
        ),
      ),
    );
  }

  #cells(step: StepView, open: Open): readonly Child[] {
    const { record, id, member, waitsFor } = step;
    const { now } = this.#around;
    const said = record.asks?.kind === 'approval' ? record.asks.message : record.asks?.name;
    const waits = waitsFor.length > 0 ? `waits for ${waitsFor.join(', ')}` : '';
    const doubt = doubtText(record);
    const about = said ?? (doubt === '' ? undefined : doubt) ?? record.error?.message ?? waits;
    const isAtWork = record.status === 'running' || record.status === 'undoing';
    const took =
      record.startedAt === undefined
        ? ''
        : spanText((isAtWork ? Math.max(now, record.since) : record.since) - record.startedAt);
    return [
      stepChip(record.status),
      button(id, () => open.go({ step: id }), { class: 'step-link' }),
      member?.name ?? '',
      h('span', { class: 'why', title: about }, about),
      record.attempt === 0 ? '' : String(record.attempt),
      took,
      record.status === 'waiting' && record.attempt === 0 ? '' : ago(now, record.since),
    ];
  }
}

function fits({ id, member, kind, record }: StepView, text: string): boolean {
  const words = `${id} ${member?.name ?? ''} ${kind} ${record.error?.message ?? ''}`.toLowerCase();
  return words.includes(text.toLowerCase());
}
