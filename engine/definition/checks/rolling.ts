// Rollings that could never end, because members in them wait for members that wait for their turn.
// Belongs here: the two ways in which that can be. Does not belong here: the keys (rolling.ts).
//
//   one     a state of a rolling needs a state of the same rolling of other members, directly or through others:
//           those may not enter before this member has left;
//   several two rollings need each other's states: a member inside one may wait for its turn in the other, which one
//           has that waits for its turn in the first.
import type { EntityDraft, RollingDraft } from '../draft.ts';
import type { Entities } from '../resolve.ts';
import type { Report } from '../report.ts';
import { knotsOf, type Need, type Needs } from './needs.ts';

/** Notes what would deadlock. To be asked only when no states wait for each other in a circle. */
export function checkRollings(report: Report, entities: Entities, needs: Needs): void {
  const isKnotted = checkKnots(report, entities, needs);
  for (const entity of entities.values()) {
    for (const rolling of entity.rollings)
      if (!isKnotted.has(keyOf(entity, rolling))) checkOne(report, entity, rolling, needs);
  }
}

const keyOf = (entity: EntityDraft, { name }: RollingDraft): string => `${entity.name}.${name}`;

interface Visit {
  readonly key: string;
  /** The same member's, or those of other members as well. */
  readonly of: 'same' | 'others';
  readonly from?: Visit;
}

/** Widens the search from the states of the rolling; every state is met once for the same member and once for others. */
function checkOne(report: Report, entity: EntityDraft, rolling: RollingDraft, needs: Needs): void {
  const inside = new Set(rolling.states.map(({ name }) => `${entity.name}.${name}`));
  if (inside.size < 2) return;
  const queue: Visit[] = [...inside].map(key => ({ key, of: 'same' }));
  const seen = new Set(queue.map(({ key }) => `${key} same`));
  for (const visit of queue) {
    for (const need of needs.get(visit.key) ?? []) {
      const of = visit.of === 'same' && need.members === 'same' ? 'same' : 'others';
      const next: Visit = { key: need.to, of, from: visit };
      if (of === 'others' && inside.has(need.to)) return sayDeadlock(report, entity, rolling, next, needs);
      if (seen.has(`${need.to} ${of}`)) continue;
      seen.add(`${need.to} ${of}`);
      queue.push(next);
    }
  }
}

function sayDeadlock(
  report: Report,
  entity: EntityDraft,
  { name }: RollingDraft,
  last: Visit,
  needs: Needs,
): void {
  const path: string[] = [];
  for (let visit: Visit | undefined = last; visit; visit = visit.from) path.unshift(visit.key);
  const [first = '', second] = path;
  const at = needs.get(first)?.find(need => need.to === second)?.at ?? entity.at;
  const message = `The rolling ${entity.name}.${name} could never end: ${first} waits for ${last.key} of other members, which wait for their turn until this one has left: ${path.join(' → ')}.`;
  report.add('deadlock', at, message, {
    hint: `Require the same member's state by its bare name, or leave one of the two out of ${name}.`,
  });
}

/** Rollings in a circle, the states of each taken for one. */
function checkKnots(report: Report, entities: Entities, needs: Needs): ReadonlySet<string> {
  const owner = new Map<string, string>();
  const placeOf = new Map<string, string>();
  for (const entity of entities.values()) {
    for (const rolling of entity.rollings) {
      placeOf.set(`rolling ${keyOf(entity, rolling)}`, rolling.at);
      for (const { name } of rolling.states)
        owner.set(`${entity.name}.${name}`, `rolling ${keyOf(entity, rolling)}`);
    }
  }
  if (placeOf.size < 2) return new Set();
  const knotted = new Set<string>();
  for (const knot of knotsOf(contracted(needs, owner))) {
    const rollings = knot
      .filter(key => placeOf.has(key))
      .map(key => key.slice('rolling '.length))
      .toSorted();
    if (rollings.length < 2) continue;
    for (const rolling of rollings) knotted.add(rolling);
    const at = placeOf.get(`rolling ${rollings[0]}`) ?? '';
    report.add(
      'deadlock',
      at,
      `Members could wait for each other's turn for ever: the rollings ${rollings.join(' and ')} need each other's states.`,
      {
        hint: 'Put these states into one rolling.',
      },
    );
  }
  return knotted;
}

function contracted(needs: Needs, owner: ReadonlyMap<string, string>): Needs {
  const merged = new Map<string, Need[]>();
  for (const [key, own] of needs) {
    const from = owner.get(key) ?? key;
    const found = merged.get(from) ?? [];
    merged.set(from, found);
    for (const need of own) {
      const to = owner.get(need.to) ?? need.to;
      if (to !== from) found.push({ ...need, to });
    }
  }
  return merged;
}
