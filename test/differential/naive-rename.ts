// States that the next definition calls otherwise, by row 29 alone.
// Belongs here: who is meant by a new name, and that steps go by it. Does not belong here: what becomes of them
// (naive-update.ts), names that are refused, in which both take no part.
import type { State, WorkflowDefinition } from '../../engine/definition/types.ts';
import { type Board, isOwing, type NaiveStep } from './naive-rules.ts';

interface Renaming {
  readonly entity: string;
  readonly from: string;
  readonly to: string;
}

/** `ENTITY.STATE` → what it was called before, in the order of that. */
type Called = ReadonlyMap<string, readonly string[]>;

interface Renamed {
  readonly called: Called;
  /** What a state of the definition before is called now. */
  readonly nameOf: (entity: string, name: string) => string;
}

/** The board's steps go by the next definition's names. */
export function rename(board: Board, next: WorkflowDefinition, called: Called): Renamed {
  const { definition } = board;
  const renamings = [...next.entities.keys()].flatMap(one => renamingsIn(one, definition, next, called));
  const isLeft = (key: string): boolean => board.steps.some(step => keyOf(step) === key && isLeftOf(step));
  const kept = new Map<string, readonly string[]>();
  for (const [key, names] of called)
    if ((has(definition, key) && has(next, key)) || isLeft(key)) kept.set(key, names);
  for (const { entity, from } of renamings) kept.delete(`${entity}.${from}`);
  for (const { entity, from, to } of renamings)
    kept.set(`${entity}.${to}`, [...(called.get(`${entity}.${from}`) ?? []), from]);
  const nameOf = (entity: string, name: string): string =>
    renamings.find(one => one.entity === entity && one.from === name)?.to ?? name;
  if (renamings.length > 0) for (const step of board.steps) goBy(step, nameOf);
  const reran = [...board.reran];
  board.reran.clear();
  for (const [key, source] of reran) {
    const [entity = '', name = ''] = key.split('.');
    board.reran.set(`${entity}.${nameOf(entity, name)}`, source);
  }
  return { called: kept, nameOf };
}

/** Who comes and says who it was, or had that name once. */
function renamingsIn(
  entity: string,
  before: WorkflowDefinition,
  next: WorkflowDefinition,
  called: Called,
): readonly Renaming[] {
  const old = before.entities.get(entity)?.states;
  const now = next.entities.get(entity)?.states;
  if (!old || !now) return [];
  const gone = [...old.keys()].filter(name => !now.has(name));
  return [...now.values()].flatMap(({ name: to, was }) => {
    if (old.has(to)) return [];
    const said = gone.find(name => name === was);
    const from = said ?? gone.find(name => called.get(`${entity}.${name}`)?.includes(to));
    if (from === undefined) return [];
    gone.splice(gone.indexOf(from), 1);
    return [{ entity, from, to }];
  });
}

function goBy(step: NaiveStep, nameOf: (entity: string, name: string) => string): void {
  const { entity, state, id } = step;
  const name = nameOf(entity, state.name);
  const requires = state.requires.map(one => ({ ...one, state: nameOf(one.entity, one.state) }));
  const renamed: State = { ...state, name, requires };
  Object.assign(step, { id: `${id.slice(0, -state.name.length)}${name}`, state: renamed });
}

const keyOf = ({ entity, state }: NaiveStep): string => `${entity}.${state.name}`;

const isLeftOf = (step: NaiveStep): boolean =>
  isOwing(step) || step.status === 'running' || step.status === 'undoing';

function has({ entities }: WorkflowDefinition, key: string): boolean {
  const [entity = '', name = ''] = key.split('.');
  return entities.get(entity)?.states.has(name) === true;
}
