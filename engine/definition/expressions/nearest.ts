// The nearest of several names to a mistyped one: "Did you mean 'prepared'?"
// Belongs here: the distance and the sentence. Does not belong here: which names exist.

/** A hint naming the nearest candidate, or all of them when they are few and none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const names = [...new Set(candidates)];
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    if (Math.abs(name.length - word.length) > 4) continue;
    const distance = editDistance(word, name);
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  if (best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3))) {
    return `Did you mean '${best.name}'?`;
  }
  return names.length > 0 && names.length <= 12 ? `Known here: ${names.sort().join(', ')}.` : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
