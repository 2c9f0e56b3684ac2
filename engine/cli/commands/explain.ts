// `explain NAME [STEP]`: why a step, or the whole workflow, stands where it stands.
// Belongs here: asking and showing. Does not belong here: the answer (machine/why), layout (views/explanation.ts).
import type { ExitCode } from '../exits.ts';
import type { Context } from '../host.ts';
import type { EngineOptions } from '../sessions.ts';
import { nextCommand, noState, withReader } from '../sessions.ts';
import { printWhole, textWidth } from '../terminal.ts';
import { standsStill } from '../watch.ts';
import { explanationLines } from '../views/explanation.ts';

export async function explain(
  context: Context,
  workflow: string,
  step: string | undefined,
  options: EngineOptions,
): Promise<ExitCode> {
  const asked = await withReader(context, options, async ({ api, kind }) => ({
    answer: await api.explain(workflow, step),
    // One that stands still needs no engine.
    engineRuns: kind !== 'reading' || standsStill(await api.workflow(workflow)),
  }));
  if (asked === undefined) throw noState(context, options, workflow);
  const { answer, engineRuns } = asked;
  const { terminal } = context;
  if (options.json) {
    terminal.out(`${JSON.stringify({ ...answer, engineRuns })}\n`);
    return 0;
  }
  const shown = { width: textWidth(terminal), style: terminal.style, command: nextCommand(options) };
  printWhole(terminal, explanationLines(answer, { ...shown, workflow, now: context.now(), engineRuns }));
  return 0;
}
