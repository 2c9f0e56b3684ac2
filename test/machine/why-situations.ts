// What situations of `why` are made of.
// Belongs here: their type and what several need. Does not belong here: the situations (why-onward.ts, why-roots.ts).
import type { Role, State } from '../../engine/definition/types.ts';
import type { Cause, Surroundings } from '../../engine/machine/why/types.ts';
import { definition, entity, membership, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

export interface Situation {
  readonly step: string;
  readonly says: string;
  readonly workflow: () => Workflow;
  readonly offline?: string;
  /** What the engine around the machine knows, with the time of it. */
  readonly around?: (now: number) => Partial<Surroundings>;
}

/** At least one for every kind of cause. */
export type Situations<Union extends Cause> = { readonly [Kind in Union['kind']]: readonly Situation[] };

export const MASTER = { name: 'master', choose: 'lowest_index', among: 'a' } as const;

/** A group `g` of `members` with these states; the last one is the goal. */
export function group(members: number, states: readonly State[], roles: readonly Role[] = []): Workflow {
  const last = states.at(-1)?.name ?? '';
  const g = entity('g', { states, roles });
  return new Workflow(definition([g], [`g.${last}`]), membership({ g: members })).create();
}

export function failed(): Workflow {
  const w = group(1, [state('g', 'a'), state('g', 'b', { needs: ['a'] })]);
  w.exit('g[0].a', 3, 'no licence\n');
  return w;
}
