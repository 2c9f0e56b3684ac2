// `agents`: every agent that the engine knows, whether it is there, and if not, why not.
// Belongs here: asking and showing. Does not belong here: layout (views/agents.ts), reasons (engine/agents/).
import type { ExitCode } from '../exits.ts';
import type { Context } from '../host.ts';
import type { EngineOptions } from '../sessions.ts';
import { withReader } from '../sessions.ts';
import { printLines } from '../terminal.ts';
import { agentsLines } from '../views/agents.ts';

export async function agents(context: Context, options: EngineOptions): Promise<ExitCode> {
  const found = await withReader(context, options, session => session.api.agents());
  const view = found ?? { agents: [], bus: { state: 'none' as const } };
  const { terminal } = context;
  if (options.json) terminal.out(`${JSON.stringify(view)}\n`);
  else printLines(terminal, agentsLines(view, context.now(), terminal.size().width));
  return 0;
}
