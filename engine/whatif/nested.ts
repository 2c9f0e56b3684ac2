// A child in a simulation: played through in virtual time of its own, as the step that runs it begins.
// Belongs here: from the step's command to the child's course, and from that to the command's end. Does not belong here:
// the loop (simulate.ts), wishes (plan.ts).
//
// Parent and child are not kept apart on machines that they share: what a child takes is what it takes alone.
import { isObject, type JsonObject, type JsonValue, tagOf } from '../base/json.ts';
import { checkInputs, checkMembers } from '../definition/inputs.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import { compileGraph } from '../graph/compile.ts';
import type { Member, StateGraph, Step } from '../graph/types.ts';
import type { ChildTask, Outcome, RawOutput } from '../machine/types.ts';
import type { Course } from './types.ts';
import { completeInputs, withoutSecrets } from './values.ts';

export type RunTask = Extract<ChildTask, { task: 'run' }>;

/** A child that can be played through, or why it could not even be created. */
export type Staged =
  | { readonly graph: StateGraph; readonly inputs: JsonObject }
  | { readonly refused: string };

export function stage({ definition, membership }: StateGraph, task: RunTask): Staged {
  const child = definition.children?.get(task.definition)?.definition;
  if (child === undefined) return { refused: 'Its definition is not there.' };
  const members = Object.fromEntries(
    Object.entries(task.members).map(([entity, places]) => [
      entity,
      places.flatMap(({ entity: from, agent }, index): Member[] => {
        const member = membership.get(from)?.find(one => one.agent === agent);
        return member ? [{ ...member, index }] : [];
      }),
    ]),
  );
  const { inputs } = completeInputs(child, shownInputs(child, task.inputs), false);
  const checked = checkInputs(child, inputs);
  const [problem] = [...checked.problems, ...checkMembers(child, members)].filter(
    ({ severity }) => severity === 'error',
  );
  if (problem) return { refused: problem.message };
  const graph = compileGraph(child, new Map(Object.entries(members)));
  return { graph, inputs: withoutSecrets(child, checked.inputs) };
}

/** Hidden ones are made up, as everywhere in a simulation. */
function shownInputs(child: WorkflowDefinition, inputs: JsonObject): JsonObject {
  const pairs = Object.entries(inputs).filter(([name]) => child.inputs.get(name)?.hidden !== true);
  return Object.fromEntries(pairs.map(([name, value]) => [name, plain(value)]));
}

function plain(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(plain);
  if (!isObject(value)) return value;
  const tag = tagOf(value);
  if (tag === '$integer' || tag === '$literal') return value[tag] as JsonValue;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** How the command ends; undefined: its child is held for somebody who says nothing. */
export function outcomeOf(
  step: Step,
  { status, reason, outputs }: Course,
  otherwise: { readonly [name: string]: RawOutput },
): Outcome | undefined {
  if (status === 'held') return undefined;
  if (status !== 'complete') {
    return { kind: 'failed', error: { kind: 'child', message: `Its child would fail: ${reason}` } };
  }
  const given = [...step.state.outputs.keys()].flatMap((name): (readonly [string, RawOutput])[] => {
    const value = outputs[name];
    const made = otherwise[name];
    if (value !== undefined) return [[name, { json: plain(value) }]];
    return made === undefined ? [] : [[name, made]];
  });
  return { kind: 'succeeded', outputs: Object.fromEntries(given) };
}
