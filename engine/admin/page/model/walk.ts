// From step to step with the keys, as lanes lie: along a machine, or across to what ran on the next at the same time.
// Belongs here: which step comes next. Does not belong here: keys and focus (ui/lanes.ts).
import { type Lane, type LanePlan, barsIn } from './lanes.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The step to go to; undefined: there is none there. `chosen` unknown: the first there is. */
export function walkFrom(plan: LanePlan, chosen: string, direction: Direction): string | undefined {
  const place = plan.lanes.findIndex(({ steps }) => steps.some(({ id }) => id === chosen));
  const lane = plan.lanes[place];
  if (lane === undefined) return orderOf(plan.lanes[0])[0];
  if (direction === 'left' || direction === 'right') {
    const order = orderOf(lane);
    return order[order.indexOf(chosen) + (direction === 'right' ? 1 : -1)];
  }
  return across(lane, plan.lanes[place + (direction === 'down' ? 1 : -1)], chosen);
}

/** Steps of a lane from left to right, each once: those that ran, then those to come. */
const orderOf = (lane: Lane | undefined): readonly string[] => [
  ...new Set([...(lane?.bars ?? []).map(({ step }) => step.id), ...(lane?.ahead ?? []).map(({ id }) => id)]),
];

/** What ran at the same time, else what began last before that; from what is to come to what is to come. */
function across(from: Lane, to: Lane | undefined, chosen: string): string | undefined {
  const order = orderOf(to);
  if (to === undefined) return undefined;
  const at = from.bars.find(({ step }) => step.id === chosen)?.from;
  if (at === undefined) return to.ahead[0]?.id ?? order.at(-1);
  const near = barsIn(to, at, at)[0] ?? to.bars.findLast(bar => bar.from <= at);
  return near?.step.id ?? order[0];
}
