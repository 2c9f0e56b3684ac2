// One walk along the graph: everything is judged after what it stands on.
// Belongs here: the order. Does not belong here: the judgement (judge.ts, roles.ts).
import type { StateGraph } from '../graph/types.ts';

/** Work done, for the test that holds it linear. */
export interface PlanCount {
  operations: number;
}

interface Judges {
  step(number: number): void;
  gate(number: number): void;
  role(number: number): void;
}

type Kind = 'steps' | 'gates' | 'choices' | 'roles';

/** Each step, gate and role once, none before what it hangs on. */
export function walk(graph: StateGraph, judges: Judges, count: PlanCount): void {
  const { steps, gates, choices, roles } = graph;
  const open = {
    steps: steps.map(step => step.needs.length + step.choices.length + step.roles.length),
    gates: gates.map(({ inputs }) => inputs.length),
    choices: choices.map(({ alternatives }) => alternatives.length),
    roles: roles.map(({ candidates }) => candidates.length),
  };
  const ready: (readonly [Kind, number])[] = [];
  const tick = (kind: Kind, number: number): void => {
    count.operations += 1;
    open[kind][number] = (open[kind][number] ?? 0) - 1;
    if (open[kind][number] === 0) ready.push([kind, number]);
  };
  const done = (kind: Kind, number: number): void => {
    switch (kind) {
      case 'steps': {
        judges.step(number);
        const step = steps[number];
        if (!step || step.leaving) return;
        for (const gate of step.feeds) tick('gates', gate);
        for (const role of step.candidateOf) tick('roles', role);
        return;
      }
      case 'gates':
        count.operations += gates[number]?.inputs.length ?? 0;
        judges.gate(number);
        for (const output of gates[number]?.outputs ?? []) tick('steps', output);
        for (const choice of gates[number]?.choices ?? []) tick('choices', choice);
        return;
      case 'choices':
        for (const output of choices[number]?.outputs ?? []) tick('steps', output);
        return;
      case 'roles':
        count.operations += roles[number]?.candidates.length ?? 0;
        judges.role(number);
        for (const output of roles[number]?.outputs ?? []) tick('steps', output);
        return;
      default:
        kind satisfies never;
    }
  };
  for (const kind of ['roles', 'gates', 'steps'] as const)
    open[kind].forEach((left, number) => left === 0 && ready.push([kind, number]));
  for (let next = ready.pop(); next; next = ready.pop()) done(...next);
}
