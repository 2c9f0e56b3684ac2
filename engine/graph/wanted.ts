// What the goal needs: only those steps are ever run.
// Belongs here: the walk from the goal backwards. Does not belong here: building the graph (compile.ts).

interface Links {
  readonly steps: readonly {
    wanted: boolean;
    readonly needs: readonly number[];
    readonly choices: readonly number[];
    readonly roles: readonly number[];
  }[];
  readonly gates: readonly { readonly inputs: readonly number[] }[];
  readonly choices: readonly { readonly alternatives: readonly number[] }[];
  readonly roles: readonly { readonly candidates: readonly number[] }[];
}

/** Marks every step that the goal's gates need, directly or not; each gate and role is opened once. */
export function markWanted(graph: Links, goal: readonly number[], count: { operations: number }): void {
  const openedGates = new Uint8Array(graph.gates.length);
  const openedChoices = new Uint8Array(graph.choices.length);
  const openedRoles = new Uint8Array(graph.roles.length);
  const found: number[] = [];
  const want = (steps: readonly number[]): void => {
    for (const number of steps) {
      count.operations += 1;
      const step = graph.steps[number];
      if (!step || step.wanted) continue;
      step.wanted = true;
      found.push(number);
    }
  };
  const openGate = (gate: number): void => {
    if (openedGates[gate]) return;
    openedGates[gate] = 1;
    want(graph.gates[gate]?.inputs ?? []);
  };
  const openChoice = (choice: number): void => {
    if (openedChoices[choice]) return;
    openedChoices[choice] = 1;
    graph.choices[choice]?.alternatives.forEach(openGate);
  };
  const openRole = (role: number): void => {
    if (openedRoles[role]) return;
    openedRoles[role] = 1;
    want(graph.roles[role]?.candidates ?? []);
  };
  goal.forEach(openGate);
  for (let next = found.pop(); next !== undefined; next = found.pop()) {
    graph.steps[next]?.needs.forEach(openGate);
    graph.steps[next]?.choices.forEach(openChoice);
    graph.steps[next]?.roles.forEach(openRole);
  }
}
