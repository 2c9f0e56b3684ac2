// Whether a workflow needs the right of an owner in a cloud, and what to say where it was given none.
// Belongs here: which states call a cloud. Does not belong here: credentials (base/credential.ts), who asks (runtime/,
// cli/, heat/).
import { pointerTo } from '../positions.ts';
import type { Problem } from '../problems.ts';
import type { Action, State, WorkflowDefinition } from '../types.ts';

const CALLS_OUT = new Set<Action['kind']>(['stack']);

const actionsOf = ({ action, undo }: State): readonly (Action | undefined)[] => [action, undo?.action];

/** States that call a cloud, themselves or by the child that they run, in the order of the definition. */
export function statesInCloud({ entities, children }: WorkflowDefinition): readonly State[] {
  const callsOut = (action: Action | undefined): boolean => {
    if (action?.kind !== 'workflow') return action !== undefined && CALLS_OUT.has(action.kind);
    const child = children?.get(action.definition);
    return child !== undefined && statesInCloud(child.definition).length > 0;
  };
  return [...entities.values()]
    .flatMap(({ states }) => [...states.values()])
    .filter(state => actionsOf(state).some(callsOut));
}

/** Undefined where none is needed. */
export function missingCredential(definition: WorkflowDefinition): Problem | undefined {
  const [first] = statesInCloud(definition);
  if (first === undefined) return undefined;
  const { entity, name, action } = first;
  const kind = action && (CALLS_OUT.has(action.kind) || action.kind === 'workflow') ? action.kind : 'undo';
  return {
    code: 'credential_missing',
    pointer: ['entities', entity, 'states', name].reduce(pointerTo, ''),
    message: `${entity}.${name} (${kind}) calls the owner's cloud, and the workflow has no credential.`,
    hint:
      'In a template write credential: {id: …, secret: …} with an application credential ' +
      '(`openstack application credential create NAME --unrestricted`); on the command line give --cloud NAME.',
    severity: 'error',
  };
}
