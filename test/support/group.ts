// The smallest workflow of a group: `g` with the given states, and a service whose only state needs what is the goal.
// Belongs here: that shape, created. Does not belong here: driving it (workflow.ts), single parts (definitions.ts).
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { definition, entity, join, membership, state, type StateSpec } from './definitions.ts';
import { Workflow } from './workflow.ts';

export type NamedStates = { readonly [name: string]: StateSpec };

/** `goal`: states as `g.a`; `more`: keys at the top of the definition. */
export function groupWorkflow(
  states: NamedStates,
  goal: readonly string[],
  size = 1,
  more: Partial<WorkflowDefinition> = {},
): Workflow {
  const made = Object.entries(states).map(([name, spec]) => state('g', name, spec));
  const up = join('s', 'up', { needs: goal });
  const entities = [entity('g', { states: made }), entity('s', { type: 'service', states: [up] })];
  return new Workflow(definition(entities, ['s.up'], more), membership({ g: size })).create();
}
