// A workflow as lanes: one per machine, one per group for what it does once, one per service; time runs to the right.
// Belongs here: which bar stands in which lane and row, what is in view, what a pointer meets. Does not belong here:
// drawing (ui/lanes-canvas.ts), the axis (scale.ts).
//
// Cost: laying out is linear in steps and spans (and sorts each lane once); what is in view is found without a look at
// the rest.
import type { StepView, WorkflowView } from '../../../runtime/api.ts';
import type { StepSpan, Timeline } from '../../../runtime/timeline.ts';

export type BarKind = 'work' | 'probe' | 'undo' | 'asks' | 'join';

/** `to` absent: it goes on. `row`: from the top of its lane. */
export interface Bar {
  readonly step: StepView;
  readonly from: number;
  readonly to?: number;
  readonly kind: BarKind;
  /** False: the attempt came to no good end. */
  readonly good: boolean;
  readonly row: number;
}

export interface Lane {
  readonly key: string;
  readonly name: string;
  /** What tells it apart: its entity and index. */
  readonly about: string;
  readonly steps: readonly StepView[];
  /** By their beginnings. */
  readonly bars: readonly Bar[];
  /** Steps that have not begun and still may, in the order of the definition. */
  readonly ahead: readonly StepView[];
  readonly rows: number;
  /** Pixels from the top of the first lane. */
  readonly top: number;
  readonly height: number;
  readonly done: number;
  /** The latest end of the bars up to each. */
  readonly ends: readonly number[];
}

export interface LanePlan {
  readonly lanes: readonly Lane[];
  readonly height: number;
  readonly from: number;
  /** The latest moment that is known; absent bars go on past it. */
  readonly to: number;
}

export const ROW = 20;
export const PAD = 5;
const MOST_ROWS = 6;

/** Times of every bar; `timeline` absent: as the records alone tell. */
export function planLanes(view: WorkflowView, timeline: Timeline | undefined): LanePlan {
  const groups = new Map<string, StepView[]>();
  for (const step of view.steps) {
    if (!step.wanted && !step.record.touched) continue;
    const key = laneKey(step);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [step]);
    else known.push(step);
  }
  const spans = new Map(timeline?.steps.map(({ step, spans: own }) => [step, own]));
  let top = 0;
  const lanes = [...groups].map(([key, steps]) => {
    const lane = laneOf(key, steps, spans, top);
    top += lane.height;
    return lane;
  });
  return { lanes, height: top, from: view.record.createdAt, to: view.record.at };
}

export const laneKey = ({ entity, member }: StepView): string =>
  member === undefined ? entity : `${entity}[${member.index}]`;

const DONE = new Set(['reached', 'skipped', 'not_needed']);
const AHEAD = new Set(['waiting', 'ready']);

function laneOf(
  key: string,
  steps: readonly StepView[],
  spans: ReadonlyMap<string, readonly StepSpan[]>,
  top: number,
): Lane {
  const loose = steps
    .flatMap(step => barsOf(step, spans.get(step.id)))
    .toSorted((a, b) => a.from - b.from || (a.to ?? Infinity) - (b.to ?? Infinity));
  const { bars, rows } = packed(loose);
  let latest = -Infinity;
  const [first] = steps;
  return {
    key,
    name: first?.member?.name ?? key,
    about: key,
    steps,
    bars,
    ahead: steps.filter(({ record }) => AHEAD.has(record.status)),
    rows,
    top,
    height: rows * ROW + 2 * PAD,
    done: steps.filter(({ record }) => DONE.has(record.status)).length,
    ends: bars.map(({ to = Infinity }) => (latest = Math.max(latest, to))),
  };
}

type Loose = Omit<Bar, 'row'>;

function barsOf(step: StepView, spans: readonly StepSpan[] | undefined): readonly Loose[] {
  const { record } = step;
  const work = spans?.map(span => workIn(span, step)) ?? workOf(step);
  const asks =
    record.status === 'paused' ? [{ step, from: record.since, kind: 'asks', good: true } as const] : [];
  const isJoin = work.length === 0 && record.status === 'reached';
  const joins = isJoin
    ? [{ step, from: record.since, to: record.since, kind: 'join', good: true } as const]
    : [];
  return [...work, ...asks, ...joins];
}

/** The record may be newer than the timeline: what rests by now has ended. */
function workIn(span: StepSpan, step: StepView): Loose {
  const { from, good } = span;
  const { status, since } = step.record;
  const to = span.to ?? (isAtWork(step) ? undefined : Math.max(from, since));
  const isGood = span.to === undefined ? status !== 'failed' && status !== 'interrupted' : good;
  return { step, from, ...(to !== undefined && { to }), kind: kindOf(span), good: isGood };
}

const isAtWork = ({ record }: StepView): boolean =>
  record.status === 'running' || record.status === 'undoing';

function kindOf({ phase }: StepSpan): BarKind {
  return phase === 'undo' ? 'undo' : phase === 'probe' ? 'probe' : 'work';
}

/** From its first start to its end, as long as nobody has read the log. */
function workOf(step: StepView): readonly Loose[] {
  const { startedAt, since, status, asks } = step.record;
  // Nothing of a question runs.
  if (asks !== undefined) return [];
  if (startedAt === undefined) return isAtWork(step) ? [{ step, from: since, kind: 'work', good: true }] : [];
  const kind = status === 'undoing' || status === 'undone' ? 'undo' : 'work';
  const good = status !== 'failed' && status !== 'interrupted';
  return [
    { step, from: startedAt, ...(isAtWork(step) ? {} : { to: Math.max(since, startedAt) }), kind, good },
  ];
}

/** Bars that overlap stand below each other; of very many the last row takes what is left. */
function packed(loose: readonly Loose[]): { readonly bars: readonly Bar[]; readonly rows: number } {
  const ends: number[] = [];
  const bars = loose.map((bar): Bar => {
    const free = ends.findIndex(end => end <= bar.from);
    const row = free >= 0 ? free : Math.min(ends.length, MOST_ROWS - 1);
    ends[row] = Math.max(ends[row] ?? -Infinity, bar.to ?? Infinity);
    return { ...bar, row };
  });
  return { bars, rows: Math.max(1, ends.length) };
}

/** Lanes that a stretch of pixels touches. */
export function lanesIn({ lanes }: LanePlan, top: number, bottom: number): readonly Lane[] {
  const first = firstWhere(lanes.length, place => bottomOf(lanes[place] as Lane) > top);
  const end = firstWhere(lanes.length, place => (lanes[place] as Lane).top >= bottom);
  return lanes.slice(first, end);
}

const bottomOf = ({ top, height }: Lane): number => top + height;

/** Bars that a stretch of time touches. */
export function barsIn({ bars, ends }: Lane, from: number, to: number): readonly Bar[] {
  const first = firstWhere(bars.length, place => (ends[place] as number) >= from);
  const end = firstWhere(bars.length, place => (bars[place] as Bar).from > to);
  return bars.slice(first, end).filter(({ to: own = Infinity }) => own >= from);
}

/** The first place for which it holds, and for all after it; the number of places where it holds for none. */
function firstWhere(count: number, holds: (place: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The lane under a pixel. */
export const laneAt = (plan: LanePlan, y: number): Lane | undefined => lanesIn(plan, y, y + 1)[0];

/** The bar nearest to a moment in a row, no farther than `slack` ms. */
export function barAt(lane: Lane, y: number, at: number, slack: number): Bar | undefined {
  const row = Math.floor((y - lane.top - PAD) / ROW);
  const near = barsIn(lane, at - slack, at + slack).filter(bar => bar.row === row);
  const away = ({ from, to = Infinity }: Bar): number => Math.max(0, from - at, at - to);
  return near.toSorted((a, b) => away(a) - away(b))[0];
}
