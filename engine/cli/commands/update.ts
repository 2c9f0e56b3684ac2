// `update`: another definition, other inputs, other members for a workflow that runs, has failed or is complete.
// Belongs here: words → one request. Does not belong here: watching (act.ts), what becomes of steps (the machine).
import type { JsonObject } from '../../base/json.ts';
import type { WorkflowView } from '../../runtime/api.ts';
import { type CloudOptions, newRight } from '../cloud.ts';
import type { ExitCode } from '../exits.ts';
import { usageError } from '../failure.ts';
import type { WatchOptions } from '../finish.ts';
import type { Context } from '../host.ts';
import { type Loaded, loadDefinition, readFrom } from '../loading.ts';
import { parseMembers, parseNewMembers } from '../members.ts';
import { noState, withReader } from '../sessions.ts';
import { parseValues } from '../values.ts';
import { act, type Action } from './act.ts';

export interface UpdateOptions extends WatchOptions, CloudOptions {
  readonly definition?: string;
  readonly inputs?: readonly string[];
  readonly unset?: readonly string[];
  readonly members?: readonly string[];
  readonly abandon: boolean;
  readonly dryRun?: boolean;
}

type Update = Extract<Action, { readonly kind: 'update' }>;

/**
 * What is not named stays. Exit codes are those of the workflow's end. EngineError `usage` when nothing is to change;
 * throws ProblemsFound for a definition that may not be used.
 */
export async function update(context: Context, id: string, options: UpdateOptions): Promise<ExitCode> {
  const { definition: file, inputs, unset, members, cloud } = options;
  if (![file, inputs, unset, members, cloud].some(given => given !== undefined))
    throw usageError(
      'there is nothing to update',
      'Name what is to change: --definition FILE, --inputs name=value, --members db=3.',
    );
  const loaded = file === undefined ? undefined : await loadDefinition(context, file);
  const view = await withReader(context, options, session => session.api.workflow(id));
  if (view === undefined) throw noState(context, options, id);
  const action: Update = {
    kind: 'update',
    ...(loaded && { document: loaded.document }),
    ...(inputs && { inputs: await inputsFrom(context, inputs, loaded) }),
    ...(unset && { unset }),
    ...(await membersFrom(context, view, options, loaded)),
    ...(options.abandon && { abandon: true }),
    ...(options.dryRun && { dryRun: true as const }),
    ...(await newRight(context, options)),
  };
  return act(context, id, action, options);
}

/** Without the definition types are the engine's to know: it takes text as HOT would. */
const inputsFrom = (
  context: Context,
  words: readonly string[],
  loaded: Loaded | undefined,
): Promise<JsonObject> =>
  parseValues(words, '--inputs', name => loaded?.definition.inputs.get(name)?.type, readFrom(context));

/** Entities that only the new definition has get the least that it allows, as in a new workflow. */
async function membersFrom(
  context: Context,
  { members: known, record: { id } }: WorkflowView,
  { members: words = [] }: UpdateOptions,
  loaded: Loaded | undefined,
): Promise<Pick<Update, 'members'>> {
  const read = readFrom(context);
  const entities = [...(loaded?.definition.entities.values() ?? [])];
  const added = entities.filter(({ name, type }) => type !== 'service' && known[name] === undefined);
  const fresh = added.length > 0 ? await parseMembers([], added, id, read) : {};
  const named = await parseNewMembers(words, known, id, read);
  const members = { ...fresh, ...named };
  return Object.keys(members).length > 0 ? { members } : {};
}
