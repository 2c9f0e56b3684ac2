// `agents dead-letters` and `agents discard`: what neither the engine nor an agent took from the broker.
// Belongs here: asking and saying. Does not belong here: layout (views/dead-letters.ts), what is kept (engine/agents/letters/).
import { randomUUID } from 'node:crypto';
import { EngineError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Discard } from '../../runtime/dead-letters.ts';
import type { ExitCode } from '../exits.ts';
import type { Context } from '../host.ts';
import { attached, type EngineOptions, stateDirectory, withReader } from '../sessions.ts';
import { printLines } from '../terminal.ts';
import { noEngine } from './agent-decisions.ts';
import { deadLetterLines } from '../views/dead-letters.ts';
import { plural } from '../views/text.ts';

export async function deadLetters(context: Context, options: EngineOptions): Promise<ExitCode> {
  const found = await withReader(context, options, session =>
    session.api.deadLetters({ limit: LIMITS.deadLetters }),
  );
  const page = found ?? { letters: [], kept: 0 };
  const { terminal } = context;
  if (options.json) terminal.out(`${JSON.stringify(page)}\n`);
  else printLines(terminal, deadLetterLines(page, context.now(), terminal.size().width));
  return 0;
}

export interface DiscardOptions extends EngineOptions {
  readonly upTo?: number;
  readonly agent?: string;
}

/** EngineError `not_found` when no engine runs; `usage` when it is not said which. */
export async function discard(
  context: Context,
  numbers: readonly number[],
  options: DiscardOptions,
): Promise<ExitCode> {
  const asked = whichOf(numbers, options);
  const session = await attached(context, options);
  if (session === undefined) throw noEngine(stateDirectory(context, options));
  let discarded = 0;
  try {
    for (const one of asked) {
      const request = { ...one, requestId: randomUUID(), by: context.by } as Discard;
      discarded += (await session.api.discardDeadLetters(request)).discarded;
    }
  } finally {
    await session.close();
  }
  context.terminal.out(
    options.json ? `${JSON.stringify({ discarded })}\n` : `${plural(discarded, 'dead letter')} discarded.\n`,
  );
  return 0;
}

function whichOf(
  numbers: readonly number[],
  { upTo, agent }: DiscardOptions,
): readonly ({ readonly number: number } | { readonly upTo: number; readonly agent?: string })[] {
  if (numbers.length > 0 && upTo === undefined && agent === undefined)
    return numbers.map(number => ({ number }));
  if (numbers.length === 0 && upTo !== undefined) return [{ upTo, ...(agent !== undefined && { agent }) }];
  throw new EngineError(
    'usage',
    'It is not said which dead letters to discard.',
    'Give their numbers, or --up-to with the last number that you have seen (and --agent for those of one agent).',
  );
}
