// A store around a store: writes down what happens in which order, and fails when a test says so.
// Belongs here: planned faults of single calls. Does not belong here: drawn faults (test/simulation).
import type { Store } from '../../engine/runtime/ports.ts';

/** What a commit does instead of committing: nothing and fail, or commit and then fail. */
export interface Fault {
  readonly error: Error;
  readonly happened: boolean;
}

export interface Faults {
  /** Asked before every commit; undefined lets it pass. */
  commit?: (batch: Parameters<Store['commit']>[0]) => Fault | undefined;
  /** Asked before every `committed`. */
  committed?: () => Error | undefined;
}

/** The same store, with `happened('commit')` called after each commit that is durable. */
export function watched(store: Store, faults: Faults, happened: (what: string) => void): Store {
  const commit: Store['commit'] = async batch => {
    const fault = faults.commit?.(batch);
    if (fault?.happened !== false) {
      await store.commit(batch);
      happened('commit');
    }
    if (fault !== undefined) throw fault.error;
  };
  const committed: Store['committed'] = async () => {
    const error = faults.committed?.();
    if (error !== undefined) throw error;
    return store.committed();
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'commit') return commit;
      if (name === 'committed') return committed;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
