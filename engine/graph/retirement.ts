// What waits for others before it is undone, as it was replaced (`retire_after`), and what waits with it.
// Belongs here: who that is, in a graph that is being compiled. Does not belong here: when it has come about (machine/update/retire.ts).
import type { WorkflowDefinition } from '../definition/types.ts';
import type { Choice, Gate, Ran, Step } from './types.ts';

type Retiring = Pick<Step, 'number' | 'needs' | 'choices' | 'leaving' | 'member'> & {
  retireAfter?: readonly number[];
};
type Retires = Pick<Gate, 'leaving'> & { retires?: readonly number[] };

interface Parts {
  readonly steps: readonly Retiring[];
  readonly gates: readonly Retires[];
  readonly choices: readonly Pick<Choice, 'alternatives'>[];
}

/** States that require it, where its author names none. */
export const requirersOf = (
  { entities }: WorkflowDefinition,
  entity: string,
  state: string,
): readonly Ran[] =>
  [...entities.values()].flatMap(({ name, states }) =>
    [...states.values()].flatMap(one =>
      one.requires.some(each => each.entity === entity && each.state === state)
        ? [{ entity: name, state: one.name }]
        : [],
    ),
  );

/** The step is looked at again when the gate is met. */
export function retireWith(gates: Parts['gates'], gate: number, step: number): void {
  const node = gates[gate];
  if (node) node.retires = [...(node.retires ?? []), step];
}

/** What is gone from the definition, and stands below what was replaced, goes with that. */
export function keepBelow(parts: Parts): void {
  const above = parts.steps.filter(({ retireAfter = [] }) => retireAfter.length > 0);
  for (let step = above.pop(); step !== undefined; step = above.pop()) {
    for (const below of standingBelow(parts, step)) {
      const known = below.retireAfter ?? [];
      const more = (step.retireAfter ?? []).filter(gate => !known.includes(gate));
      if (more.length === 0) continue;
      below.retireAfter = [...known, ...more];
      for (const gate of more) retireWith(parts.gates, gate, below.number);
      above.push(below);
    }
  }
}

function standingBelow(
  { steps, gates, choices: all }: Parts,
  { needs, choices }: Retiring,
): readonly Retiring[] {
  const below = [...needs, ...choices.flatMap(choice => all[choice]?.alternatives ?? [])];
  const found = below.flatMap(gate => gates[gate]?.leaving ?? []).flatMap(number => steps[number] ?? []);
  return found.filter(({ leaving, member }) => leaving && !member?.leaving);
}
