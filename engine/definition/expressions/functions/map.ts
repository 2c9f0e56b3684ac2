// Functions on maps.
// Belongs here: map in, map or list out. Does not belong here: toMap, which loops over a list (list.ts).
import { checkItems } from '../values.ts';
import type { HostFunction } from './host.ts';

type AnyMap = Readonly<Record<string, unknown>>;

export const MAP: readonly HostFunction[] = [
  { signature: 'map.keys(): list<string>', run: (map: AnyMap) => Object.keys(map).sort() },
  { signature: 'map.values(): list', run: values },
  { signature: 'map.merge(map): map<string, dyn>', run: merge },
];

/** In the order of the sorted keys. */
function values(map: AnyMap): unknown[] {
  return Object.keys(map)
    .sort()
    .map(key => map[key]);
}

/** Keys of the second win. */
function merge(left: AnyMap, right: AnyMap): AnyMap {
  const result: Record<string, unknown> = Object.assign(Object.create(null), left, right);
  checkItems(Object.keys(result).length, 'the result of merge()');
  return result;
}
