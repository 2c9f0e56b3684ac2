// `undo`: one step is taken back, after what stands on it; with --dry-run only said which, and in which order.
// Belongs here: asking and showing the order. Does not belong here: what stands on what (machine/undo/), watching (act.ts).
import type { ExitCode } from '../exits.ts';
import type { WatchOptions } from '../finish.ts';
import type { Context } from '../host.ts';
import { mustBeApplied, noState, withReader } from '../sessions.ts';
import { printLines } from '../terminal.ts';
import { undoLines } from '../views/undo.ts';
import { act, checkStep } from './act.ts';

export async function undo(
  context: Context,
  id: string,
  step: string,
  options: WatchOptions & { readonly dryRun: boolean },
): Promise<ExitCode> {
  if (!options.dryRun) return act(context, id, { kind: 'undo', step }, options);
  const about = { requestId: context.newRequestId(), workflow: id, by: context.by };
  const found = await withReader(context, options, async ({ api }) => {
    const view = await api.workflow(id);
    checkStep(view, { kind: 'undo', step });
    return { view, rehearsal: await api.rehearse({ ...about, kind: 'undo', step }) };
  });
  if (found === undefined) throw noState(context, options, id);
  const { view, rehearsal } = found;
  mustBeApplied(rehearsal.result);
  const { undoes = [] } = rehearsal;
  const { terminal } = context;
  if (options.json) terminal.out(`${JSON.stringify({ undoes })}\n`);
  else printLines(terminal, undoLines(view, step, undoes));
  return 0;
}
