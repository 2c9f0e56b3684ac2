// The workflows that the benchmarks run: chains, fans and grids, as definitions that the parser takes.
// Belongs here: definitions and their members by size. Does not belong here: running them (worlds.ts, agents.ts).
import { LIMITS } from '../../engine/base/limits.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import type { CreateRequest } from '../../engine/runtime/api.ts';

export interface Shape {
  readonly source: JsonObject;
  readonly members: CreateRequest['members'];
  readonly steps: number;
}

const ACTION: JsonObject = { script: { bash: 'true' } };

const definition = (entities: JsonObject, goal: string | readonly string[]): JsonObject => ({
  workflow_version: '2026-11-01',
  entities,
  goal: goal as string,
});

/** States `s0` … of one machine, each after the one before; the first after `before`. */
function states(count: number, before?: string): JsonObject {
  const entries = Array.from({ length: count }, (_, index): [string, JsonObject] => {
    const needs = index === 0 ? before : `s${index - 1}`;
    return [`s${index}`, { ...(needs === undefined ? {} : { requires: [needs] }), action: ACTION }];
  });
  return Object.fromEntries(entries);
}

const group = (count: number, prefix: string): CreateRequest['members'][string] =>
  Array.from({ length: count }, (_, index) => ({ agent: `${prefix}-${index}`, name: `${prefix}-${index}` }));

/** One step after the other, over as many machines as the states of one allow. */
export function chain(steps: number): Shape {
  const each = LIMITS.statesPerEntity;
  const machines = Math.ceil(steps / each);
  const entities: { [name: string]: JsonObject } = {};
  const members: { [entity: string]: CreateRequest['members'][string] } = {};
  for (let machine = 0; machine < machines; machine += 1) {
    const count = Math.min(each, steps - machine * each);
    const before = machine === 0 ? undefined : `m${machine - 1}.s${each - 1}`;
    entities[`m${machine}`] = { type: 'vm', states: states(count, before) };
    members[`m${machine}`] = group(1, `vm-${machine}`);
  }
  const last = steps - (machines - 1) * each - 1;
  return { source: definition(entities, `m${machines - 1}.s${last}`), members, steps };
}

/** One step, then one on each of so many machines at once. */
export function fan(width: number): Shape {
  const entities: JsonObject = {
    root: { type: 'vm', states: states(1) },
    leaf: { type: 'vm_group', states: states(1, 'root.s0') },
  };
  const members = { root: group(1, 'root'), leaf: group(width, 'leaf') };
  return { source: definition(entities, 'leaf.s0'), members, steps: width + 1 };
}

/** So many machines, each with so many steps in a row; `prefix` gives each workflow machines of its own. */
export function grid(width: number, depth: number, prefix = 'vm'): Shape {
  const entities: JsonObject = { app: { type: 'vm_group', states: states(depth) } };
  return {
    source: definition(entities, `app.s${depth - 1}`),
    members: { app: group(width, prefix) },
    steps: width * depth,
  };
}

/** Every step of a row waits for all of the row before. */
export function barriers(width: number, depth: number): Shape {
  const shape = grid(width, depth);
  const entries = Array.from({ length: depth }, (_, index): [string, JsonObject] => [
    `s${index}`,
    { ...(index === 0 ? {} : { requires: [`app.s${index - 1}`] }), action: ACTION },
  ]);
  const entities: JsonObject = { app: { type: 'vm_group', states: Object.fromEntries(entries) } };
  return { ...shape, source: definition(entities, `app.s${depth - 1}`) };
}

let requests = 0;

/** What asks for a workflow of this shape. */
export function requestFor(id: string, shape: Shape): CreateRequest {
  requests += 1;
  return {
    requestId: `bench-${requests}`,
    id,
    stackName: id,
    document: { source: shape.source, fileName: 'bench.yaml', files: {} },
    inputs: {},
    members: shape.members,
    by: 'bench',
  };
}
