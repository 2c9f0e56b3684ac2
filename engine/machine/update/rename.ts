// States that another definition calls otherwise (`was`, row 29): their records, and all that they made, are theirs still.
// Belongs here: who is renamed, and what is remembered of names. Does not belong here: carrying records over (carry.ts),
// reading by an earlier definition (earlier.ts, view.ts).
//
//   N2  what is known outside under a name is known under it for good: commands, stacks, children and secrets of a
//       renamed state keep its first name, so nothing that is out is lost and nothing is made a second time.
//       Therefore no other state has that name while it is there.
import type { StepId } from '../../base/ids.ts';
import type { WorkflowDefinition } from '../../definition/types.ts';
import { stateKey } from '../../graph/references.ts';
import type { Names, StateGraph, Step } from '../../graph/types.ts';

/** A state of one entity: its name in the present definition, and in the next. */
export interface Renaming {
  readonly entity: string;
  readonly from: string;
  readonly to: string;
}

/** A state that is replaced: the old goes on as `now` until it is undone (replace.ts). */
export interface Replacement {
  readonly entity: string;
  /** Its name in the present definition, and in the next. */
  readonly from: string;
  readonly to: string;
  readonly now: string;
  /** What takes its place: something new, known outside by this name, or one that it had replaced itself. */
  readonly by: { readonly outside: string } | { readonly former: string };
}

type Before = Pick<StateGraph, 'definition' | 'earlier'>;

/**
 * A state that is new by its name is the one that `was` names, or that was called so before: also a definition that knows
 * nothing of the new name, as after a rollback, finds it.
 */
export function renamingsOf(before: Before, next: WorkflowDefinition): readonly Renaming[] {
  if (before.definition === next) return [];
  return [...next.entities.values()].flatMap(({ name: entity, states }) => {
    const old = before.definition.entities.get(entity)?.states;
    if (!old) return [];
    const gone = new Set([...old.keys()].filter(name => !states.has(name)));
    return [...states.values()].flatMap(({ name: to, was }) => {
      const from = old.has(to) ? undefined : formerly(before, entity, gone, to, was);
      if (from === undefined) return [];
      gone.delete(from);
      return [{ entity, from, to }];
    });
  });
}

function formerly(
  { earlier }: Before,
  entity: string,
  gone: ReadonlySet<string>,
  to: string,
  was: string | undefined,
): string | undefined {
  if (was !== undefined && gone.has(was)) return was;
  return [...gone].find(name => earlier?.names?.called[stateKey(entity, name)]?.includes(to));
}

/**
 * What is to be remembered of names with the next definition; undefined: nothing. `kept`: the definitions before it that are
 * still needed, by generation; `isLeft`: whether something of a state is to be undone or awaited, by its name until now.
 */
export function namesAfter(
  before: Before,
  next: WorkflowDefinition,
  kept: ReadonlyMap<number, WorkflowDefinition>,
  isLeft: (state: string) => boolean,
  replaced: readonly Replacement[] = [],
): Names | undefined {
  const renamings = [
    ...renamingsOf(before, next).filter(({ entity, from }) => !isReplaced(replaced, entity, from)),
    ...replaced.flatMap(({ entity, from, to, now, by }) => [
      { entity, from, to: now },
      ...('former' in by ? [{ entity, from: by.former, to }] : []),
    ]),
  ];
  const outside = replaced.flatMap(({ entity, to, by }) =>
    'outside' in by ? [[stateKey(entity, to), [by.outside]] as const] : [],
  );
  const called = { ...calledIn(before, next, renamings, isLeft), ...Object.fromEntries(outside) };
  const now = [...kept].flatMap(([generation, definition]) => {
    const names = nowCalled(before.earlier?.names?.now[generation] ?? {}, renamings, definition);
    return Object.keys(names).length > 0 ? [[generation, names] as const] : [];
  });
  if (now.length === 0 && Object.keys(called).length === 0) return undefined;
  return { called, now: Object.fromEntries(now) };
}

export const isReplaced = (replaced: readonly Replacement[], entity: string, from: string): boolean =>
  replaced.some(one => one.entity === entity && one.from === from);

/** Of states that go on, or are still being undone. The first name stays the first: it is the one that is known outside. */
function calledIn(
  { definition, earlier }: Before,
  next: WorkflowDefinition,
  renamings: readonly Renaming[],
  isLeft: (state: string) => boolean,
): Names['called'] {
  const before = earlier?.names?.called ?? {};
  const to = new Map(renamings.map(one => [stateKey(one.entity, one.from), stateKey(one.entity, one.to)]));
  const goesOn = (state: string): boolean => has(definition, state) && has(next, state);
  const kept = Object.entries(before).filter(([state]) => !to.has(state) && (goesOn(state) || isLeft(state)));
  const called = new Map(kept);
  for (const { entity, from } of renamings) {
    const state = stateKey(entity, from);
    called.set(to.get(state) as string, [...new Set([...(before[state] ?? []), from])]);
  }
  return Object.fromEntries(called);
}

function has({ entities }: WorkflowDefinition, state: string): boolean {
  const [entity = '', name = ''] = state.split('.');
  return entities.get(entity)?.states.has(name) === true;
}

function nowCalled(
  known: { readonly [state: string]: string },
  renamings: readonly Renaming[],
  definition: WorkflowDefinition,
): { readonly [state: string]: string } {
  const now = new Map(Object.entries(known));
  for (const { entity, from, to } of renamings) {
    for (const name of definition.entities.get(entity)?.states.keys() ?? []) {
      const key = stateKey(entity, name);
      if ((known[key] ?? name) === from) now.set(key, to);
    }
  }
  return Object.fromEntries(now);
}

/** What a step is called after an update, by what it was called before. */
export function renamedBy(before: Names | undefined, after: Names | undefined): (step: StepId) => StepId {
  const had = byFirstName(before);
  const now = new Map([...byFirstName(after)].map(([first, state]) => [had.get(first) ?? first, state]));
  return step => {
    const dot = step.lastIndexOf('.');
    const [entity = ''] = step.split(/[.[]/);
    const state = now.get(stateKey(entity, step.slice(dot + 1)));
    return state === undefined ? step : step.slice(0, dot) + state.slice(entity.length);
  };
}

/** First name → present one, each as `ENTITY.STATE`; the first is no other state's (N2). */
const byFirstName = (names: Names | undefined): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(names?.called ?? {}).map(([state, [first = '']]) => [
      stateKey(state.slice(0, state.indexOf('.')), first),
      state,
    ]),
  );

/** What the definition of an earlier generation calls a state. */
export function nameIn(
  names: Names | undefined,
  generation: number,
  { entity, state }: Pick<Step, 'entity' | 'state'>,
): string {
  const start = stateKey(entity.name, '');
  const found = Object.entries(names?.now[generation] ?? {}).find(
    ([key, now]) => now === state.name && key.startsWith(start),
  );
  return found ? found[0].slice(start.length) : state.name;
}

/** N2; and a name is free only when nothing is left (`isLeft`) of the state that had it. */
export function clashOf(
  before: Before,
  next: WorkflowDefinition,
  isLeft: (state: string) => boolean,
): { readonly message: string; readonly next: string } | undefined {
  const renamings = renamingsOf(before, next);
  const called = calledIn(before, next, renamings, isLeft);
  for (const [key, [first = '']] of Object.entries(called)) {
    const taken = stateKey(key.slice(0, key.indexOf('.')), first);
    // What took the place of a replaced state has its name, and another one outside.
    const isItsOwn = called[taken] !== undefined && called[taken][0] !== first;
    if (taken === key || isItsOwn || !has(next, taken)) continue;
    return {
      message: `There cannot be a state ${taken}: ${key} was called so, and what it made outside still is.`,
      next: 'Give the new state another name.',
    };
  }
  const left = renamings.find(({ entity, to }) => isLeft(stateKey(entity, to)));
  if (!left) return undefined;
  const [from, to] = [stateKey(left.entity, left.from), stateKey(left.entity, left.to)];
  return {
    message: `${from} cannot be called ${to} yet: a state that had this name is still being undone.`,
    next: 'Wait until that is done, or choose another name.',
  };
}
