// Lanes over virtual time: when each machine works, and on how much of the whole.
// Belongs here: bars, their scale, lanes that look alike as one. Does not belong here: the course (whatif/).
import type { StateGraph, Step } from '../../graph/types.ts';
import type { Course, StepCourse } from '../../whatif/types.ts';
import { rangeText } from './runs.ts';
import type { Line, Style } from './style.ts';
import { piece, plain } from './style.ts';
import { durationText, pad, plural, sanitiseLine, truncate, widest } from './text.ts';

interface Lane {
  readonly entity: string;
  /** Of the machine; absent: what the entity does without one. */
  readonly index?: number;
  readonly steps: StepCourse[];
}

interface Drawn {
  readonly entity: string;
  readonly indices: number[];
  readonly bar: string;
}

const MOST_LANES = 40;
const NAME_WIDTH = 28;
const WIDEST_BAR = 100;
const BARS = {
  unicode: { work: ['█', '▓'], bad: '✗', idle: '·' },
  ascii: { work: ['#', '='], bad: 'x', idle: '.' },
} as const;

/** One line for each machine that did something, or for all of a group that did the same at the same time. */
export function timelineLines(graph: StateGraph, course: Course, width: number, style: Style): Line[] {
  const lanes = lanesOf(graph, course.steps);
  if (lanes.length === 0 || course.makespan === 0) return [];
  const most = widest(lanes.map(({ entity }) => `${entity}[0..999]`));
  const column = Math.min(NAME_WIDTH, most);
  const cells = Math.max(10, Math.min(WIDEST_BAR, width - column - 4));
  const drawn = together(lanes, steps => barOf(steps, course.makespan, cells, style));
  const more = drawn.length - MOST_LANES;
  return [
    [piece(`  ${' '.repeat(column)}  ${scaleText(course.makespan, cells)}`, 'faint')],
    ...drawn
      .slice(0, MOST_LANES)
      .map(
        (lane): Line => [
          piece(`  ${pad(truncate(nameOf(lane), column), column)}  `, 'strong'),
          piece(lane.bar, 'busy'),
        ],
      ),
    ...(more > 0 ? [plain(`  … and ${plural(more, 'more lane')}`)] : []),
  ];
}

/** By machine in the order of the definition; what runs elsewhere stands on the machine that does it. */
function lanesOf(graph: StateGraph, steps: readonly StepCourse[]): Lane[] {
  const lanes = new Map<string, Lane>();
  const seats = seatsByAgent(graph);
  for (const course of steps
    .filter(({ spans }) => spans.length > 0)
    .toSorted((a, b) => a.number - b.number)) {
    const { entity, index } = seatOf(graph.steps[course.number] as Step, course.agent, seats);
    const key = `${entity} ${index}`;
    const lane = lanes.get(key) ?? { entity, ...(index !== undefined && { index }), steps: [] };
    lane.steps.push(course);
    lanes.set(key, lane);
  }
  return [...lanes.values()];
}

interface Seat {
  readonly entity: string;
  readonly index?: number;
}

/** Its member's own; else the one of the agent that ran it: in its entity, or in another (`run_on`). */
function seatOf({ entity, member }: Step, agent: string | undefined, seats: ReadonlyMap<string, Seat>): Seat {
  const isOwn = member !== undefined && (agent === undefined || agent === member.agent);
  if (isOwn) return { entity: entity.name, index: member.index };
  return seats.get(`${entity.name} ${agent}`) ?? seats.get(`${agent}`) ?? { entity: entity.name };
}

/** By entity and agent, and by the agent alone: an agent's first seat. */
function seatsByAgent(graph: StateGraph): ReadonlyMap<string, Seat> {
  const seats = new Map<string, Seat>();
  for (const [entity, members] of graph.membership) {
    for (const { agent, index } of members) {
      const seat = { entity, index };
      seats.set(`${entity} ${agent}`, seat);
      if (!seats.has(agent)) seats.set(agent, seat);
    }
  }
  return seats;
}

function together(lanes: readonly Lane[], draw: (steps: readonly StepCourse[]) => string): Drawn[] {
  const drawn = new Map<string, Drawn>();
  for (const { entity, index, steps } of lanes) {
    const bar = draw(steps);
    const key = index === undefined ? `${entity} once` : `${entity} ${bar}`;
    const known = drawn.get(key) ?? { entity, indices: [], bar };
    if (index !== undefined) known.indices.push(index);
    drawn.set(key, known);
  }
  return [...drawn.values()];
}

const nameOf = ({ entity, indices }: Drawn): string =>
  sanitiseLine(indices.length === 0 ? entity : `${entity}[${rangeText(indices)}]`);

/** Neighbouring steps have different shades; an attempt that ended badly ends in a cross. */
function barOf(steps: readonly StepCourse[], makespan: number, cells: number, style: Style): string {
  const { work, bad, idle } = style.unicode ? BARS.unicode : BARS.ascii;
  const bar = Array.from({ length: cells }, (): string => idle);
  const inTime = steps.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0));
  for (const [place, { spans }] of inTime.entries()) {
    for (const span of spans) {
      const first = Math.min(cells - 1, Math.floor((span.from / makespan) * cells));
      const last = Math.max(first, Math.ceil((span.to / makespan) * cells) - 1);
      bar.fill(work[place % work.length] as string, first, last + 1);
      if (!span.good) bar[last] = bad;
    }
  }
  return bar.join('');
}

/** The beginning, the middle and the end, each where it is. */
function scaleText(makespan: number, cells: number): string {
  const [start, middle, end] = [0, makespan / 2, makespan].map(durationText) as [string, string, string];
  const half = Math.floor(cells / 2);
  const left = cells < 30 ? start : `${pad(start, half)}${middle}`;
  return `${pad(left, Math.max(left.length + 1, cells - end.length))}${end}`;
}
