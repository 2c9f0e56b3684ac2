// What keeps a root from moving where that is neither the workflow nor whom it waits for: the store, the broker, a quota.
// Belongs here: which of them explains a root better than its own record. Does not belong here: how the engine comes to know
// of them (runtime/, agents/), words.
//
// The store comes first: without it nothing counts that anybody does. Then the broker, beyond which no agent is heard of.
import type { StepError } from '../types.ts';
import type { Must, Root, Surroundings, Trouble, Word } from './types.ts';

/** `word`: of the command that the root has out; `since`: of its record. */
export function troubled(
  root: Root,
  { store, broker }: Surroundings,
  word: Word | undefined,
  since: number,
): Root {
  if (store !== undefined && OPEN.has(root.kind)) return { kind: 'store', ...store };
  const trouble = broker ?? (word?.kind === 'stuck' ? { reason: word.says, since } : undefined);
  if (trouble !== undefined) return cutOff(root, trouble);
  if (word?.kind === 'seen' && root.kind === 'running') return { ...root, seen: word.says };
  return ofQuota(root);
}

/** Something that happens from outside of it is to be written next. */
const OPEN = new Set<Root['kind']>([
  'running',
  'child',
  'agent',
  'called_back',
  'retry',
  'wait',
  'operator',
  'approval',
  'signal',
  'interrupted',
  'engine',
]);

function cutOff(root: Root, trouble: Trouble): Root {
  if (root.kind === 'agent') return beyond(root.agent, root.must, root.until, trouble);
  if ((root.kind === 'running' || root.kind === 'called_back') && root.agent !== undefined)
    return beyond(root.agent, 'come_back', root.until, trouble);
  return root;
}

function beyond(agent: string, must: Must, until: number | undefined, trouble: Trouble): Root {
  return { kind: 'broker', agent, must, ...(until !== undefined && { until }), ...trouble };
}

function ofQuota(root: Root): Root {
  if (root.kind !== 'operator' && root.kind !== 'failure' && root.kind !== 'retry') return root;
  const { kind: waits, error } = root;
  if (error === undefined || !isOfQuota(error)) return root;
  return { kind: 'quota', error, waits, ...(root.kind === 'retry' && { at: root.at }) };
}

/** Its own, or what failed first in its child. */
const isOfQuota = ({ kind, cause }: StepError): boolean => kind === 'quota' || cause?.kind === 'quota';
