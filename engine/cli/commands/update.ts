// `update`: other members for a workflow that runs, has failed or is complete.
// Belongs here: words → members, one request. Does not belong here: watching (act.ts), what becomes of members (the machine).
import type { ExitCode } from '../exits.ts';
import { usageError } from '../failure.ts';
import type { WatchOptions } from '../finish.ts';
import type { Context } from '../host.ts';
import { readFrom } from '../loading.ts';
import { parseNewMembers } from '../members.ts';
import { noState, withReader } from '../sessions.ts';
import { act } from './act.ts';

export interface UpdateOptions extends WatchOptions {
  readonly members?: readonly string[];
  readonly abandon: boolean;
}

/** Exit codes are those of the workflow's end. EngineError `usage` when nothing is to change. */
export async function update(context: Context, id: string, options: UpdateOptions): Promise<ExitCode> {
  const { members: words = [], abandon } = options;
  if (words.length === 0)
    throw usageError('there is nothing to update', 'Name the members that it is to have: --members db=3');
  const view = await withReader(context, options, session => session.api.workflow(id));
  if (view === undefined) throw noState(context, options, id);
  const members = await parseNewMembers(words, view.members, id, readFrom(context));
  return act(context, id, { kind: 'update', members, ...(abandon && { abandon }) }, options);
}
