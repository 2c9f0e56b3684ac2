// Many alike as one: steps of one state that went the same way, written as `sql[0..7,9].prepared`.
// Belongs here: grouping and the names of groups. Does not belong here: layout.
import type { StateGraph, Step } from '../../graph/types.ts';
import type { StepCourse } from '../../whatif/types.ts';

export interface Group {
  readonly label: string;
  readonly first: StepCourse;
  readonly size: number;
}

/** In the order of the first of each group. */
export function grouped(
  graph: StateGraph,
  steps: readonly StepCourse[],
  sameAs: (course: StepCourse) => string,
): Group[] {
  const groups = new Map<string, StepCourse[]>();
  for (const course of steps) {
    const { entity, state } = graph.steps[course.number] as Step;
    const key = `${entity.name}.${state.name} ${sameAs(course)}`;
    const known = groups.get(key);
    if (known) known.push(course);
    else groups.set(key, [course]);
  }
  return [...groups.values()].map(courses => ({
    label: labelOf(graph, courses),
    first: courses[0] as StepCourse,
    size: courses.length,
  }));
}

function labelOf(graph: StateGraph, courses: readonly StepCourse[]): string {
  const steps = courses.map(({ number }) => graph.steps[number] as Step);
  const [first] = steps as [Step];
  const indices = steps.flatMap(({ member }) => (member ? [member.index] : []));
  if (courses.length === 1) return first.id;
  return `${first.entity.name}[${rangeText(indices)}].${first.state.name}`;
}

/** How many ranges are written out. */
const RANGES = 4;

/** `0..2,4` of 0, 1, 2 and 4; of many ranges the first few. */
export function rangeText(indices: readonly number[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const index of indices.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && index === last.to + 1) last.to = index;
    else ranges.push({ from: index, to: index });
  }
  const told = ranges.slice(0, RANGES).map(({ from, to }) => (from === to ? `${from}` : `${from}..${to}`));
  return [...told, ...(ranges.length > RANGES ? ['…'] : [])].join(',');
}
