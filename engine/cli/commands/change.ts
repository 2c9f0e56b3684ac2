// What `update` and `plan` are told is to change: definition, inputs, members, the right to a cloud.
// Belongs here: words → what the engine is asked. Does not belong here: asking it (update.ts, plan.ts).
import type { JsonObject } from '../../base/json.ts';
import type { ParameterType } from '../../definition/types.ts';
import type { PlanRequest, WorkflowView } from '../../runtime/api.ts';
import { type CloudOptions, newRight } from '../cloud.ts';
import { usageError } from '../failure.ts';
import type { WatchOptions } from '../finish.ts';
import type { Context } from '../host.ts';
import { type Loaded, loadDefinition, readFrom } from '../loading.ts';
import { parseMembers, parseNewMembers } from '../members.ts';
import { noState, withReader } from '../sessions.ts';
import { parseValues } from '../values.ts';

export interface UpdateOptions extends WatchOptions, CloudOptions {
  readonly definition?: string;
  readonly inputs?: readonly string[];
  readonly unset?: readonly string[];
  readonly members?: readonly string[];
  readonly abandon: boolean;
  readonly dryRun?: boolean;
}

type Change = Omit<PlanRequest, 'workflow'>;

/** EngineError `usage` when nothing is to change; throws ProblemsFound for a definition that may not be used. */
export async function loadChange(
  context: Context,
  id: string,
  options: UpdateOptions,
): Promise<{ readonly change: Change; readonly loaded?: Loaded }> {
  const { definition: file, inputs, unset, members, cloud } = options;
  if (![file, inputs, unset, members, cloud].some(given => given !== undefined))
    throw usageError(
      'there is nothing to update',
      'Name what is to change: --definition FILE, --inputs name=value, --members db=3.',
    );
  const loaded = file === undefined ? undefined : await loadDefinition(context, file);
  const view = await withReader(context, options, session => session.api.workflow(id));
  if (view === undefined) throw noState(context, options, id);
  const change = {
    ...(loaded && { document: loaded.document }),
    ...(inputs && { inputs: await inputsFrom(context, inputs, view, loaded) }),
    ...(unset && { unset }),
    ...(await membersFrom(context, view, options, loaded)),
    ...(options.abandon && { abandon: true }),
    ...(await newRight(context, options)),
  };
  return { change, ...(loaded && { loaded }) };
}

/** By the types of the definition that comes with them, or else of the one that the workflow has. */
function inputsFrom(
  context: Context,
  words: readonly string[],
  { inputTypes }: WorkflowView,
  loaded: Loaded | undefined,
): Promise<JsonObject> {
  const typeOf = (name: string): ParameterType | undefined =>
    loaded ? loaded.definition.inputs.get(name)?.type : inputTypes[name];
  return parseValues(words, '--inputs', typeOf, readFrom(context));
}

/** Entities that only the new definition has get the least that it allows, as in a new workflow. */
async function membersFrom(
  context: Context,
  { members: known, record: { id } }: WorkflowView,
  { members: words = [] }: UpdateOptions,
  loaded: Loaded | undefined,
): Promise<Pick<Change, 'members'>> {
  const read = readFrom(context);
  const entities = [...(loaded?.definition.entities.values() ?? [])];
  const added = entities.filter(({ name, type }) => type !== 'service' && known[name] === undefined);
  const fresh = added.length > 0 ? await parseMembers([], added, id, read) : {};
  const named = await parseNewMembers(words, known, id, read);
  const members = { ...fresh, ...named };
  return Object.keys(members).length > 0 ? { members } : {};
}
