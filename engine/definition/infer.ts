// Requirements that nobody wrote: what an expression reads must have been reached.
// Belongs here: reads -> requirements. Does not belong here: finding the reads (expressions/), roles (checks/needs.ts).
import type { EntityDraft } from './draft.ts';
import type { Read, Template } from './expressions/types.ts';
import { type PlacedRequirement, sameRequirement } from './resolve.ts';
import type { Quorum } from './types.ts';

/** The state's requirements, those of its expressions added. Only templates that may infer are given (row 34). */
export function withInferred(
  entity: EntityDraft,
  explicit: readonly PlacedRequirement[],
  templates: readonly Template[],
): PlacedRequirement[] {
  const all = [...explicit];
  for (const template of templates) {
    for (const read of template.reads) {
      const inferred = requirementOf(entity, read, explicit, template.at);
      if (inferred !== undefined && !isCovered(all, inferred)) all.push(inferred);
    }
  }
  return all;
}

function requirementOf(
  entity: EntityDraft,
  read: Read,
  explicit: readonly PlacedRequirement[],
  at: string,
): PlacedRequirement | undefined {
  if (read.kind !== 'outputs' && read.kind !== 'reached') return undefined;
  if (read.kind === 'outputs' && read.optional) return undefined;
  if (read.kind === 'reached' && hasQuorum(explicit, read.entity, read.state)) return undefined;
  const isSame = read.kind === 'outputs' && read.of === 'self' && read.entity === entity.name;
  const members: Quorum = { kind: isSame ? 'same' : 'all' };
  return { entity: read.entity, state: read.state, members, inferred: true, at };
}

/** The author said how many are enough, or how they end: then those are read, and no barrier is made of it. */
function hasQuorum(explicit: readonly PlacedRequirement[], entity: string, state: string): boolean {
  return explicit.some(
    each =>
      each.entity === entity &&
      each.state === state &&
      (each.outcome !== undefined || (each.members.kind !== 'same' && each.members.kind !== 'all')),
  );
}

/** A barrier over all members includes the same member. */
function isCovered(all: readonly PlacedRequirement[], one: PlacedRequirement): boolean {
  return all.some(
    each =>
      sameRequirement(each, one) ||
      (one.members.kind === 'same' &&
        each.members.kind === 'all' &&
        each.outcome === undefined &&
        each.choice === undefined &&
        each.entity === one.entity &&
        each.state === one.state),
  );
}
