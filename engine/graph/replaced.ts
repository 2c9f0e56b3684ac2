// Names of a state of which the new runs beside the old (`on_change: replace`, R3).
// Belongs here: what the old is called, and by what name the new is known outside. Does not belong here: who is replaced
// (machine/update/replace.ts), the steps of the old (compile.ts).
//
// The old is `STATE~GENERATION` from the generation on that replaces it. It keeps the name by which it is known outside (N2), so
// the new, which is called as the old was, gets another one there.
import type { WorkflowDefinition } from '../definition/types.ts';
import { stateKey } from './references.ts';
import type { Names } from './types.ts';

/** No name of a state has this sign in it. */
const SIGN = '~';

export const replacedName = (state: string, generation: number): string => `${state}${SIGN}${generation}`;

export const isReplacedName = (state: string): boolean => state.includes(SIGN);

/** By which the new is known outside; no state of these definitions has it. */
export function outsideNameOfNew(
  entity: string,
  state: string,
  generation: number,
  definitions: readonly WorkflowDefinition[],
): string {
  let name = `${state}_g${generation}`;
  const isTaken = (): boolean => definitions.some(one => one.entities.get(entity)?.states.has(name) === true);
  while (isTaken()) name += '_';
  return name;
}

/** What took the place of a replaced state, by its present name; undefined: it is gone too. */
export function successorOf(
  {
    definition,
    earlier,
  }: { readonly definition: WorkflowDefinition; readonly earlier?: { readonly names?: Names } },
  entity: string,
  replaced: string,
): string | undefined {
  const called = replaced.slice(0, replaced.indexOf(SIGN));
  const states = definition.entities.get(entity)?.states;
  if (states?.has(called)) return called;
  const renamed = [...(states?.keys() ?? [])].find(name =>
    earlier?.names?.called[stateKey(entity, name)]?.includes(called),
  );
  return renamed;
}
