// What a state refers to: the roles it waits for, the templates it evaluates; and how states are keyed.
// Belongs here: reading references out of a typed state. Does not belong here: steps and gates (compile.ts).
import { durationText } from '../definition/durations.ts';
import type { Template } from '../definition/expressions/types.ts';
import type { StepId } from '../base/ids.ts';
import type { StateGraph, Step } from './types.ts';
import type { Action, Quorum, RequiredOutcome, Requirement, State, FileAction } from '../definition/types.ts';

/** The key of a state in `StateGraph.stepByState`; also the text of a role. */
export const stateKey = (entity: string, state: string): string => `${entity}.${state}`;

/** The id of a step to everybody outside, and the same for good: a state that is renamed is known by its first name. */
export const outsideId = ({ id, outside }: Pick<Step, 'id' | 'outside'>): StepId => outside ?? id;

/** The present id of what is told of under the one that is known outside. */
export const presentId = (
  { steps, stepByOutside }: Pick<StateGraph, 'steps' | 'stepByOutside'>,
  id: StepId,
): StepId => steps[stepByOutside.get(id) ?? -1]?.id ?? id;

/** Roles that must be chosen first: those that say on whom it runs, and those that its expressions read. */
export function rolesReadBy(state: State): readonly { readonly entity: string; readonly role: string }[] {
  const named = [...state.only, ...state.except];
  if (state.once && 'role' in state.once) named.push(state.once.role);
  const found = named.map(role => ({ entity: state.entity, role }));
  // A turn waits for the roles that the order of turns reads.
  const order = state.rolling?.order;
  for (const template of [...templatesOf(state), ...(order ? [order] : [])]) {
    for (const read of template.reads) {
      if (read.kind === 'role') found.push({ entity: read.entity, role: read.role });
    }
  }
  return found;
}

/** Templates evaluated before the action is done; `undo` and `retry.when` wait for no choice (row 34). */
function templatesOf(state: State): readonly Template[] {
  // An undo waits for nothing (row 34), but without its VM it could not run.
  const found = [state.condition, state.runOn, state.probeRunOn, state.undo?.runOn];
  for (const action of [state.action, state.probe]) if (action) found.push(...actionTemplates(action));
  return found.filter(template => template !== undefined);
}

/** States whose outputs its action reads; `isOwn`: of its own member. */
export function statesReadBy({
  action,
  runOn,
}: State): readonly { readonly entity: string; readonly state: string; readonly isOwn: boolean }[] {
  const templates = [runOn, ...(action ? actionTemplates(action) : [])].filter(one => one !== undefined);
  return templates.flatMap(({ reads }) =>
    reads.flatMap(read => {
      if (read.kind !== 'outputs' && read.kind !== 'reached') return [];
      return [
        { entity: read.entity, state: read.state, isOwn: read.kind === 'outputs' && read.of === 'self' },
      ];
    }),
  );
}

function actionTemplates(action: Action): readonly (Template | undefined)[] {
  switch (action.kind) {
    case 'script':
      return [action.inputs, action.runAs, action.workingDirectory];
    case 'file':
      return [action.path, action.owner, ...contentTemplates(action.content)];
    case 'http':
      return [action.url, action.headers, action.body];
    case 'openstack':
      return [action.path, action.headers, action.body];
    case 'set':
      return [action.outputs];
    case 'approval':
      return [action.message];
    case 'workflow':
      return [action.inputs, ...action.members.values()];
    case 'stack':
      return action.change === 'create' ? [action.parameters] : [];
    case 'online':
    case 'reboot':
    case 'wait':
    case 'signal':
      return [];
    default:
      return action satisfies never;
  }
}

function contentTemplates(content: FileAction['content']): readonly Template[] {
  switch (content.kind) {
    case 'template':
      return [content.template];
    case 'download':
      return [content.url, content.sha256];
    case 'copy':
      return [];
    default:
      return content satisfies never;
  }
}

/** The quorum, and how they must have ended where that is not reached: `any failed`, `all final`. */
export const demandText = (quorum: Quorum, outcome: RequiredOutcome | undefined): string =>
  outcome === undefined ? quorumText(quorum) : `${quorumText(quorum)} ${outcome}`;

/**
 * A requirement in few words, empty where it is plain: a barrier is worth one where a group meets (`isMany`), a bare name and a
 * state that is one step are not; an outcome and a time always are.
 */
export function requirementText({ members, outcome, within }: Requirement, isMany: boolean): string {
  const demand = isMany && members.kind !== 'same' ? demandText(members, outcome) : (outcome ?? '');
  const time = within === undefined ? '' : `within ${durationText(within)}`;
  return [demand, time].filter(text => text !== '').join(' ');
}

/** What an author would write: `all`, `any`, `majority`, `2`, `60%`; `same` for a bare name. */
export function quorumText(quorum: Quorum): string {
  switch (quorum.kind) {
    case 'count':
      return String(quorum.count);
    case 'percent':
      return `${quorum.percent}%`;
    case 'same':
    case 'all':
    case 'any':
    case 'majority':
      return quorum.kind;
    default:
      return quorum satisfies never;
  }
}
