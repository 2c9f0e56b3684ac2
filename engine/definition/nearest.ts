// "Did you mean …?": the nearest of some known names.
// Belongs here: the distance, its bound and the sentence. Does not belong here: which names are known where.

/** As many names are listed when none is near. */
const FEW = 16;

/** A hint that names the nearest candidate, or all of them when they are few and none is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const names = [...new Set(candidates)];
  const guess = nearest(name, names);
  if (guess !== undefined) return `Did you mean '${guess}'?`;
  return names.length > 0 && names.length <= FEW ? `Known here: ${names.sort().join(', ')}.` : undefined;
}

/** The closest candidate within a third of the name's length (at least one edit), else the only one it abbreviates. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > 64) return undefined;
  const known = [...candidates];
  return closest(name, known) ?? abbreviated(name, known);
}

/** `int` for `integer`: a beginning of three letters or more that only one candidate has. */
function abbreviated(name: string, candidates: readonly string[]): string | undefined {
  const long = candidates.filter(candidate => name.length >= 3 && candidate.startsWith(name.toLowerCase()));
  return long.length === 1 ? long[0] : undefined;
}

function closest(name: string, candidates: readonly string[]): string | undefined {
  const bound = Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = bound + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, changes and swaps of neighbours between two words; `limit` or more is said as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cell = Math.min(change, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cell = Math.min(cell, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cell);
    }
    if (Math.min(...row) >= limit) return limit;
    [beforeLast, last] = [last, row];
  }
  return Math.min(last[b.length] ?? limit, limit);
}
