// A workflow in each situation in which something outside of it is the root: the store, the broker, a quota of a service.
// Belongs here: the situations and the words expected. Does not belong here: other roots (why-roots.ts), tests.
import type { Root } from '../../engine/machine/why/types.ts';
import { state } from '../support/definitions.ts';
import type { Workflow } from '../support/workflow.ts';
import { group, type Situations } from './why-situations.ts';

function overQuota(given: Parameters<typeof state>[2]): Workflow {
  const w = group(1, [state('g', 'a', given)]);
  const error = { kind: 'quota', message: 'Quota exceeded for cores.' } as const;
  w.report('g[0].a', { kind: 'finished', outcome: { kind: 'failed', error } });
  return w;
}

export const TROUBLES: Situations<Extract<Root, { readonly kind: 'broker' | 'store' | 'quota' }>> = {
  broker: [
    {
      step: 'g[0].a',
      says: 'waits for g-0 to take the command, and nothing gets through since 1m00s: the broker is away: refused; times out in 10m00s',
      workflow: () => group(1, [state('g', 'a')]),
      around: now => ({ broker: { reason: 'the broker is away: refused', since: now - 60_000 } }),
    },
    {
      step: 'g[0].a',
      says: 'was started on g-0 and waits for word of it, and nothing gets through since 1m00s: it is blocked; times out in 10m00s',
      workflow: () => {
        const w = group(1, [state('g', 'a')]);
        w.report('g[0].a', { kind: 'started' });
        return w;
      },
      around: now => ({ broker: { reason: 'it is blocked', since: now - 60_000 } }),
    },
    {
      step: 'g[0].a',
      says: 'waits for g-0 to take the command, and nothing gets through since 0s: its queue is full; times out in 10m00s',
      workflow: () => group(1, [state('g', 'a')]),
      around: () => ({ word: () => ({ kind: 'stuck', says: 'its queue is full' }) }),
    },
  ],
  store: [
    {
      step: 'g[0].a',
      says: 'goes no further: for 1m00s the engine cannot write down what happens: the disk is full',
      workflow: () => group(1, [state('g', 'a')]),
      around: now => ({ store: { reason: 'the disk is full', since: now - 60_000 } }),
    },
  ],
  quota: [
    {
      step: 'g[0].a',
      says: 'has failed for lack of quota: Quota exceeded for cores',
      workflow: () => overQuota({}),
    },
    {
      step: 'g[0].a',
      says: 'has failed for lack of quota and is held for an operator: Quota exceeded for cores',
      workflow: () => overQuota({ onFailure: 'pause' }),
    },
    {
      step: 'g[0].a',
      says: 'was refused for lack of quota: Quota exceeded for cores; it is tried again in 30s',
      workflow: () => overQuota({ retry: { attempts: 2, delay: 30_000 } }),
    },
  ],
};
