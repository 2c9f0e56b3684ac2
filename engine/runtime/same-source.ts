// Whether two sources of a workflow are the same content. Pure.
// Belongs here: what of a source its author gave. Does not belong here: what is done when they differ (service.ts, absorb.ts).
import { canonicalJson, type JsonValue } from '../base/json.ts';
import type { Member } from '../graph/types.ts';
import type { WorkflowSource } from './ports.ts';

/**
 * Members are compared by agent, whatever index the engine gave them; who is leaving is none any more. What the engine itself
 * remembers beside the source, such as earlier definitions, makes no difference.
 */
export function sameSource(one: WorkflowSource, other: WorkflowSource): boolean {
  return textOf(one) === textOf(other);
}

const textOf = ({ stackName, project, definition, inputs, members, parent }: WorkflowSource): string =>
  canonicalJson({
    stackName,
    ...(project !== undefined && { project }),
    definition,
    inputs,
    members: membersOf(members),
    ...(parent && { parent }),
  } as unknown as JsonValue);

function membersOf(members: WorkflowSource['members']): object {
  const present = Object.entries(members).map(
    ([entity, group]) => [entity, group.filter(isStaying)] as const,
  );
  return Object.fromEntries(
    present
      .filter(([, group]) => group.length > 0)
      .map(([entity, group]) => [
        entity,
        Object.fromEntries(group.map(({ agent, name, data }) => [agent, { name, data }])),
      ]),
  );
}

const isStaying = ({ leaving }: Member): boolean => leaving !== true;
