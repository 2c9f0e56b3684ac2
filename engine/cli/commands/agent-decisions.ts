// `agents approve`, `refuse`, `revoke`, `forget` and `keys rotate`: one request to the engine that runs, and what came of it.
// Belongs here: asking and saying. Does not belong here: what is allowed (engine/agents/enrolment/), the list (agents.ts).
import { EngineError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ExitCode } from '../exits.ts';
import type { Context } from '../host.ts';
import { attached, type EngineOptions, stateDirectory } from '../sessions.ts';

type Decision =
  | { readonly kind: 'approve' | 'refuse'; readonly agent: string; readonly key?: string }
  | { readonly kind: 'revoke' | 'delete_agent'; readonly agent: string }
  | { readonly kind: 'rotate_keys'; readonly drop: boolean };

/** EngineError `not_found` when no engine runs: only the one that serves has the agents' broker. */
export async function administer(
  context: Context,
  decision: Decision,
  options: EngineOptions,
): Promise<ExitCode> {
  const session = await attached(context, options);
  if (session === undefined) throw noEngine(stateDirectory(context, options));
  try {
    const answer = await session.api.administer({ ...decision, by: context.by });
    context.terminal.out(options.json ? `${JSON.stringify(answer)}\n` : `${sentence(decision, answer)}\n`);
    return 0;
  } finally {
    await session.close();
  }
}

function sentence(decision: Decision, answer: JsonObject): string {
  switch (decision.kind) {
    case 'approve':
      return answer['state'] === 'enrolled'
        ? `Agent ${decision.agent} is enrolled by your word; its former key counts no more.`
        : `Agent ${decision.agent} may enrol again.`;
    case 'refuse':
      return `What wanted to be agent ${decision.agent} is refused; its key never enrols again.`;
    case 'revoke':
      return `Agent ${decision.agent} is cut off, until: murano-workflow agents approve ${decision.agent}`;
    case 'delete_agent':
      return `Agent ${decision.agent} is forgotten: its login has ended, and nobody enrols in its place.`;
    case 'rotate_keys':
      return `The engine signs with a new key (key set ${JSON.stringify(answer['version'])}); agents learn it as they are greeted.`;
    default:
      return decision satisfies never;
  }
}

export const noEngine = (directory: string): EngineError =>
  new EngineError(
    'not_found',
    `No engine runs on ${directory}.`,
    'Start it (murano-workflow engine), or name its directory with --state-dir.',
  );
