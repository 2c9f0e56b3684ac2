// How many members `serial` lets in at a time.
// Belongs here: numbers, percentages, batches. Does not belong here: who is inside (rolling/sums.ts).
import type { Serial, Share } from '../definition/types.ts';

/** The size that holds after so many entries, and whether a batch begins there. The last batch is repeated. */
export function sizeAt(
  serial: Serial,
  entries: number,
  base: number,
): { readonly size: number; readonly begins: boolean } {
  if (serial.kind === 'window') return { size: countOf(serial.size, base), begins: false };
  let left = entries;
  for (const share of serial.sizes.slice(0, -1)) {
    const size = countOf(share, base);
    if (left < size) return { size, begins: left === 0 };
    left -= size;
  }
  const size = countOf(serial.sizes.at(-1) as Share, base);
  return { size, begins: left % size === 0 };
}

/** Row 7: a percentage rounds down, and is one at least. */
export const countOf = (share: Share, base: number): number =>
  'count' in share ? share.count : Math.max(1, Math.floor((base * share.percent) / 100));
