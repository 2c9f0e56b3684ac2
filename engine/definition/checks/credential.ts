// Whether a workflow needs the right of an owner in a cloud, and what to say where it was given none.
// Belongs here: which states call a cloud. Does not belong here: credentials (base/credential.ts), who asks (runtime/,
// cli/, heat/).
import { pointerTo } from '../positions.ts';
import type { Problem } from '../problems.ts';
import type { Action, State, WorkflowDefinition } from '../types.ts';

const CALLS_OUT = new Set<Action['kind']>(['stack', 'openstack']);

/** States that call a cloud, themselves or by the child that they run, in the order of the definition. */
export function statesInCloud(definition: WorkflowDefinition): readonly State[] {
  return [...definition.entities.values()]
    .flatMap(({ states }) => [...states.values()])
    .filter(state => callOf(definition, state) !== undefined);
}

/** What of the state calls a cloud: its action by its kind, or another by its key. */
function callOf({ children }: WorkflowDefinition, state: State): string | undefined {
  const callsOut = (action: Action | undefined): boolean => {
    if (action?.kind !== 'workflow') return action !== undefined && CALLS_OUT.has(action.kind);
    const child = children?.get(action.definition);
    return child !== undefined && statesInCloud(child.definition).length > 0;
  };
  const { action, changeAction, probe, rescue, undo } = state;
  if (callsOut(action)) return action?.kind;
  const others = { on_change: changeAction, probe, on_failure: rescue?.action, undo: undo?.action };
  return Object.entries(others).find(([, other]) => callsOut(other))?.[0];
}

/** Undefined where none is needed. */
export function missingCredential(definition: WorkflowDefinition): Problem | undefined {
  const [first] = statesInCloud(definition);
  if (first === undefined) return undefined;
  const { entity, name } = first;
  return {
    code: 'credential_missing',
    pointer: ['entities', entity, 'states', name].reduce(pointerTo, ''),
    message: `${entity}.${name} (${callOf(definition, first) ?? ''}) calls the owner's cloud, and the workflow has no credential.`,
    hint:
      'In a template write credential: {id: …, secret: …} with an application credential ' +
      '(`openstack application credential create NAME --unrestricted`); on the command line give --cloud NAME.',
    severity: 'error',
  };
}
