// `update`: another definition, other inputs, other members for a workflow that runs, has failed or is complete.
// Belongs here: one request. Does not belong here: reading what is to change (change.ts), watching (act.ts), what becomes
// of steps (the machine).
import type { ExitCode } from '../exits.ts';
import type { Context } from '../host.ts';
import { act } from './act.ts';
import { loadChange, type UpdateOptions } from './change.ts';
import { planOf } from './plan.ts';

/**
 * What is not named stays. Exit codes are those of the workflow's end. EngineError `usage` when nothing is to change;
 * throws ProblemsFound for a definition that may not be used.
 */
export async function update(context: Context, id: string, options: UpdateOptions): Promise<ExitCode> {
  const { loaded, change } = await loadChange(context, id, options);
  if (options.dryRun) return planOf(context, { workflow: id, ...change }, options, loaded);
  return act(context, id, { kind: 'update', ...change }, options);
}
