// The critical path: the chain of steps that took longest, and how long each link of it took.
// Belongs here: that view. Does not belong here: finding the chain (runtime/critical-path.ts).
import type { TimelineLink } from '../../../runtime/timeline.ts';
import { absoluteText, spanText } from '../model/time.ts';
import { plural, STEP_LOOKS } from '../model/words.ts';
import type { Around } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { button, empty, loading } from './pieces.ts';
import { Rows } from './rows.ts';
import type { Open, TabView } from './open.ts';

const COLUMNS = [
  { name: 'Step', kind: 'c-name' },
  { name: 'Began after', kind: 'c-after' },
  { name: 'When', kind: 'c-bar grow' },
  { name: 'Took', kind: 'c-time' },
  { name: 'Share', kind: 'c-number' },
];

const AFTER: { readonly [after in TimelineLink['after']]: string } = {
  required: 'what it requires',
  machine: 'its machine was free',
  turn: 'its turn came',
};

export class TimelineView implements TabView {
  readonly #around: Around;
  readonly #rows: Rows<TimelineLink>;

  constructor(around: Around) {
    this.#around = around;
    this.#rows = new Rows(30, () => around.changed());
  }

  nodes(open: Open): readonly Child[] {
    const { timeline } = open;
    if (timeline === undefined) return [loading('the timeline')];
    const { criticalPath: path, from } = timeline;
    if (path.length === 0) return [empty('Nothing has run yet.')];
    const end = path.at(-1)?.to ?? this.#around.now;
    const whole = Math.max(1, end - from);
    const longest = path.reduce((a, b) => (tookOf(b, end) > tookOf(a, end) ? b : a));
    return [
      h(
        'div',
        { class: 'bar', key: 'bar' },
        h('p', { class: 'says' }, [
          `${plural(path.length, 'step')} in a row took ${spanText(end - (path[0]?.from ?? from))} of ${spanText(whole)}. Longest: `,
          button(longest.step, () => open.go({ step: longest.step }), { class: 'step-link' }),
          `, ${spanText(tookOf(longest, end))}. Whatever is not in this chain can take longer without making the whole any longer.`,
        ]),
      ),
      this.#rows.node({
        label: 'Critical path',
        kind: 'critical-path',
        columns: COLUMNS,
        items: path,
        key: ({ step }) => step,
        chosen: open.address.step,
        choose: ({ step }) => open.go({ step }, open.address.step !== ''),
        cells: link => cellsOf(link, { from, end, whole, isFirst: link === path[0] }, open),
      }),
    ];
  }
}

const tookOf = ({ from, to }: TimelineLink, end: number): number => (to ?? end) - from;

/** The time that all bars of the table are drawn in. */
interface Stretch {
  readonly from: number;
  readonly end: number;
  readonly whole: number;
  /** No link stands before it. */
  readonly isFirst: boolean;
}

function cellsOf(link: TimelineLink, { from, end, whole, isFirst }: Stretch, open: Open): readonly Child[] {
  const took = tookOf(link, end);
  const status = open.board.step(link.step)?.record.status ?? 'reached';
  const tone = link.to === undefined ? STEP_LOOKS[status].tone : 'good';
  return [
    button(link.step, () => open.go({ step: link.step }), { class: 'step-link' }),
    h('span', { class: 'faint' }, isFirst ? 'the beginning' : AFTER[link.after]),
    barNode((link.from - from) / whole, took / whole, tone, `${absoluteText(link.from)} · ${spanText(took)}`),
    `${spanText(took)}${link.to === undefined ? ' so far' : ''}`,
    `${Math.round((took / whole) * 100)} %`,
  ];
}

const barNode = (left: number, width: number, tone: string, title: string): Node_ =>
  h(
    'span',
    { class: 'gantt', title },
    h('span', {
      class: `gantt-bar tone-${tone}`,
      css: { left: `${left * 100}%`, width: `max(3px, ${width * 100}%)` },
    }),
  );
