// What the goal cannot do without: everything else begins only as long as the goal does not hold yet (row 15).
// Belongs here: the walk from the goal backwards. Does not belong here: what the goal needs at all (graph/wanted.ts).
import type { Gate, RoleNode, Step } from '../graph/types.ts';
import { isOnly } from './ends.ts';
import type { Foresight } from './foresight.ts';
import type { PlanCount } from './walk.ts';

/** By step number: true where the goal cannot hold before the step is where it is to be. */
export function neededSteps(foresight: Foresight, count: PlanCount): readonly boolean[] {
  const { graph } = foresight;
  const needed = graph.steps.map(() => false);
  const opened = new Set<number>();
  const found: number[] = [];
  const need = (steps: readonly number[]): void => {
    for (const number of steps) {
      count.operations += 1;
      if (needed[number]) continue;
      needed[number] = true;
      found.push(number);
    }
  };
  const open = (number: number): void => {
    if (opened.has(number)) return;
    opened.add(number);
    const gate = graph.gates[number] as Gate;
    if (asksForAll(gate)) need(gate.inputs);
  };
  graph.goal.forEach(open);
  for (let next = found.pop(); next !== undefined; next = found.pop()) {
    const step = graph.steps[next] as Step;
    if (!goesByItsRequirements(foresight, step)) continue;
    step.needs.forEach(open);
    for (const role of step.roles)
      if (isChosenOfAll(foresight, role)) need((graph.roles[role] as RoleNode).candidates);
  }
  return needed;
}

const asksForAll = ({ requirement, outcome, some }: Gate): boolean =>
  outcome === undefined && some === undefined && (requirement.kind === 'all' || requirement.kind === 'same');

/** What may not apply needs nothing, nor does what a person vouched for. */
function goesByItsRequirements(foresight: Foresight, step: Step): boolean {
  const judged = foresight.steps[step.number];
  const record = foresight.record(step.number);
  if (!judged || !isOnly(judged.ends, 'counts')) return false;
  return !(record.status === 'skipped' && record.cause === 'skipped_by_operator');
}

function isChosenOfAll(foresight: Foresight, number: number): boolean {
  const { choose } = foresight.graph.roles[number] as RoleNode;
  return choose !== 'first_ready' && foresight.roles[number]?.atOnce === false;
}
