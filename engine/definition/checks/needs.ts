// Which state needs which: the definition's own graph, before there are members.
// Belongs here: edges, circles, what is needed for something. Does not belong here: steps of members (graph/).
import type { Read } from '../expressions/types.ts';
import type { EntityDraft, StateDraft } from '../draft.ts';
import type { Entities, PlacedRequirement } from '../resolve.ts';
import type { Report } from '../report.ts';
import type { RequiredOutcome } from '../types.ts';
import { waitsForFailure } from './outcomes.ts';

/** `via`: the role that makes the edge; a state that names a role waits until all of `among` are final.
 * `outcome`, `choice`: as in the requirement; what has one makes nothing certain. */
export interface Need {
  readonly to: string;
  readonly at: string;
  readonly kind: PlacedRequirement['members']['kind'] | 'role' | 'uncertain';
  /** Of whom, also where it is uncertain; absent: a role's candidates. */
  readonly members?: PlacedRequirement['members']['kind'];
  readonly outcome?: RequiredOutcome;
  readonly choice?: number;
  readonly via?: string;
}

/** `entity.state` → what it needs first. */
export type Needs = ReadonlyMap<string, readonly Need[]>;

export function keyOf(place: { readonly entity: string; readonly state: string }): string {
  return `${place.entity}.${place.state}`;
}

/** Edges from requirements, and from roles named by a state or read by its expressions. */
export function needsOf(
  entities: Entities,
  requirementsOf: (state: StateDraft) => readonly PlacedRequirement[],
  readsOf: (state: StateDraft) => readonly Read[],
): Needs {
  const needs = new Map<string, Need[]>();
  for (const entity of entities.values()) {
    for (const state of entity.states.values()) {
      const required = requirementsOf(state).map(each => ({
        to: keyOf(each),
        at: each.at,
        kind: isCertain(each) ? each.members.kind : ('uncertain' as const),
        members: each.members.kind,
        ...(each.outcome && { outcome: each.outcome }),
        ...(each.choice !== undefined && { choice: each.choice }),
      }));
      needs.set(`${entity.name}.${state.name}`, [
        ...required,
        ...roleNeeds(entities, entity, state, readsOf(state)),
      ]);
    }
  }
  return needs;
}

const isCertain = ({ outcome, choice }: PlacedRequirement): boolean =>
  outcome === undefined && choice === undefined;

function roleNeeds(
  entities: Entities,
  entity: EntityDraft,
  state: StateDraft,
  reads: readonly Read[],
): Need[] {
  const once = state.once === undefined ? [] : [state.once];
  const named = [...state.only, ...state.except, ...once].map(({ name, at }) => ({
    entity: entity.name,
    role: name,
    at,
  }));
  const read = reads
    .filter(each => each.kind === 'role')
    .map(each => ({ entity: each.entity, role: each.role, at: state.at }));
  return [...named, ...read].flatMap(({ entity: owner, role, at }): Need[] => {
    const found = entities.get(owner)?.roles.get(role);
    return found === undefined
      ? []
      : [{ to: `${owner}.${found.among}`, at, kind: 'role', via: `${owner}.${role}` }];
  });
}

/** Everything that is needed, directly or not, for any of the given states, themselves included. */
export function neededFor(needs: Needs, from: Iterable<string>): Set<string> {
  const seen = new Set<string>(from);
  const open = [...seen];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    for (const need of needs.get(key) ?? []) {
      if (seen.has(need.to)) continue;
      seen.add(need.to);
      open.push(need.to);
    }
  }
  return seen;
}

/**
 * What is reached for certain once the given states are: by `all` members it applies to, or by the `same` member only.
 * Quorums, roles, other outcomes and choices make nothing certain; a state that waits for a failure may be passed without it.
 */
export function certainFor(
  needs: Needs,
  from: Iterable<string>,
  level: 'same' | 'all',
): Map<string, 'same' | 'all'> {
  const certain = new Map<string, 'same' | 'all'>([...from].map(key => [key, level]));
  const open = [...certain.keys()];
  const starts = new Set(open);
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const own = needs.get(key) ?? [];
    const isItself = level === 'same' && starts.has(key);
    if (!isItself && waitsForFailure(own)) continue;
    for (const { to, kind } of own) {
      if (kind !== 'same' && kind !== 'all') continue;
      const reached = kind === 'all' ? 'all' : (certain.get(key) ?? 'same');
      if (certain.get(to) === 'all' || certain.get(to) === reached) continue;
      certain.set(to, reached);
      open.push(to);
    }
  }
  return certain;
}

/** Notes one circle of each knot of states that need each other; returns all states that are in one. */
export function checkCycles(report: Report, needs: Needs): Set<string> {
  const tangled = new Set<string>();
  for (const knot of knotsOf(needs)) {
    const [first] = knot;
    if (first === undefined) continue;
    const circle = circleFrom(needs, first, new Set(knot));
    if (circle === undefined) continue;
    for (const key of knot) tangled.add(key);
    reportCircle(report, first, circle);
  }
  return tangled;
}

function reportCircle(report: Report, first: string, circle: readonly Need[]): void {
  const path = circle
    .map(({ to, via }) => (via === undefined ? ` → ${to}` : ` → (role ${via}) → ${to}`))
    .join('');
  const message =
    circle.length === 1
      ? `${first} waits for itself: ${first}${path}.`
      : `These states wait for each other in a circle: ${first}${path}.`;
  report.add('cycle', circle[0]?.at ?? '', message, { hint: 'Remove one of these requirements.' });
}

/** The shortest way from a state back to itself inside its knot. */
function circleFrom(needs: Needs, first: string, knot: ReadonlySet<string>): Need[] | undefined {
  const cameBy = new Map<string, { readonly from: string; readonly need: Need }>();
  const queue = [first];
  for (const key of queue) {
    for (const need of needs.get(key) ?? []) {
      if (!knot.has(need.to) || cameBy.has(need.to)) continue;
      cameBy.set(need.to, { from: key, need });
      if (need.to === first) return wayBack(cameBy, first);
      queue.push(need.to);
    }
  }
  return undefined;
}

function wayBack(
  cameBy: ReadonlyMap<string, { readonly from: string; readonly need: Need }>,
  first: string,
): Need[] {
  const way: Need[] = [];
  let step = cameBy.get(first);
  while (step !== undefined) {
    way.unshift(step.need);
    step = step.from === first ? undefined : cameBy.get(step.from);
  }
  return way;
}

interface Visit {
  readonly key: string;
  next: number;
}

/** Strongly connected components (Tarjan 1972), without recursion: a chain may be 20,000 states long. */
export function knotsOf(needs: Needs): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const knots: string[][] = [];
  const enter = (key: string): Visit => {
    order.set(key, order.size);
    low.set(key, order.size - 1);
    open.push(key);
    isOpen.add(key);
    return { key, next: 0 };
  };
  const lower = (key: string, value: number): void =>
    void low.set(key, Math.min(low.get(key) ?? value, value));
  const leave = (key: string): void => {
    if (low.get(key) !== order.get(key)) return;
    const knot = open.splice(open.lastIndexOf(key));
    for (const each of knot) isOpen.delete(each);
    knots.push(knot);
  };
  for (const root of needs.keys()) {
    if (order.has(root)) continue;
    const path = [enter(root)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const need = needs.get(visit.key)?.[visit.next];
      visit.next += 1;
      if (need === undefined) {
        path.pop();
        leave(visit.key);
        const parent = path.at(-1);
        if (parent !== undefined) lower(parent.key, low.get(visit.key) ?? 0);
      } else if (!order.has(need.to)) path.push(enter(need.to));
      else if (isOpen.has(need.to)) lower(visit.key, order.get(need.to) ?? 0);
    }
  }
  return knots;
}
