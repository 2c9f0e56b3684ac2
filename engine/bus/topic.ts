// Topic patterns of AMQP 0-9-1: words between dots, `*` for one word, `#` for any number of words.
// Belongs here: matching. Does not belong here: exchanges and bindings (memory-exchanges.ts).

/** Whether a routing key fits a binding's pattern. Linear in both but for `#`, which tries each suffix once. */
export function topicMatches(pattern: string, routingKey: string): boolean {
  const words = routingKey.split('.');
  // Positions in the key reachable after the pattern's words so far: no backtracking, whatever the pattern.
  let reachable = new Set([0]);
  for (const wanted of pattern.split('.')) {
    reachable = step(reachable, wanted, words);
    if (reachable.size === 0) return false;
  }
  return reachable.has(words.length);
}

function step(from: ReadonlySet<number>, wanted: string, words: readonly string[]): Set<number> {
  if (wanted === '#') return range(Math.min(...from), words.length);
  const next = new Set<number>();
  for (const at of from) {
    if (at < words.length && (wanted === '*' || wanted === words[at])) next.add(at + 1);
  }
  return next;
}

function range(first: number, last: number): Set<number> {
  const all = new Set<number>();
  for (let at = first; at <= last; at += 1) all.add(at);
  return all;
}
