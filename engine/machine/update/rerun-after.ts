// `rerun_after`: a step runs again with another one that did (row 27).
// Belongs here: remembering what ran again, and asking who has to follow. Does not belong here: the edge, which is a
// requirement like any other (definition/build.ts), the re-run itself (judge.ts).
//
// Of every state that another follows the workflow remembers the last generation in which one of its steps ran again, and each
// such step its own: so one question costs the same however many members there are (P7). Who began after that has followed.
import type { WorkflowDefinition } from '../../definition/types.ts';
import { stateKey } from '../../graph/references.ts';
import type { Step } from '../../graph/types.ts';
import type { Draft } from '../draft.ts';
import { sourceOf } from '../records.ts';
import type { StepRecord } from '../types.ts';

/** What is kept of a step that is reached now; nothing, unless it ran again and something may follow it. */
export function rerunOf(draft: Draft, number: number): Pick<StepRecord, 'reran'> {
  const { again, source } = draft.record(number);
  if (again?.why === undefined || source === undefined) return {};
  const { entity, state } = draft.step(number);
  const key = stateKey(entity.name, state.name);
  if (!followedIn(draft.graph.definition).has(key)) return {};
  const { reran } = draft.workflow;
  if (reran?.[key] !== source) draft.mark('reran', { ...reran, [key]: source });
  return { reran: source };
}

/** True when something that it follows has run again since it began. */
export function hasToFollow(draft: Draft, step: Step, record: StepRecord): boolean {
  return (step.state.rerunAfter ?? []).some(({ entity, state, members }) => {
    const key = stateKey(entity, state);
    const other = members.kind === 'same' ? sameMember(draft, step, key) : undefined;
    const reran = other === undefined ? draft.workflow.reran?.[key] : draft.record(other).reran;
    return reran !== undefined && reran > sourceOf(record);
  });
}

/** The step of the same member; undefined: it has none of its own. */
function sameMember(
  { graph }: Draft,
  { number, entity, state, member }: Step,
  key: string,
): number | undefined {
  const targets = graph.stepByState.get(key) ?? [];
  if (targets.length <= 1) return targets[0];
  const first = graph.stepByState.get(stateKey(entity.name, state.name))?.[0] ?? number;
  return member && targets[number - first];
}

/** Definition → keys of the states that others follow. */
const FOLLOWED = new WeakMap<WorkflowDefinition, ReadonlySet<string>>();

function followedIn(definition: WorkflowDefinition): ReadonlySet<string> {
  const known = FOLLOWED.get(definition);
  if (known) return known;
  const states = [...definition.entities.values()].flatMap(one => [...one.states.values()]);
  const followed = new Set(
    states.flatMap(({ rerunAfter = [] }) => rerunAfter.map(({ entity, state }) => stateKey(entity, state))),
  );
  FOLLOWED.set(definition, followed);
  return followed;
}
