// `engine`: the engine as a service, for Heat, until it is stopped.
// Belongs here: settings in, waiting for the end. Does not belong here: what the service is made of (engine/serving.ts).
import path from 'node:path';
import type { ExitCode } from '../exits.ts';
import { EngineError } from '../../base/errors.ts';
import type { Context, EngineSettings } from '../host.ts';
import { readFrom } from '../loading.ts';
import { readSettings } from '../settings.ts';
import { printLines } from '../terminal.ts';
import { piece } from '../views/style.ts';

export interface EngineCommandOptions {
  readonly config?: string;
  readonly check: boolean;
  readonly json: boolean;
}

/** Ctrl-C or SIGTERM is the ordinary end of a service. */
export async function engine(context: Context, options: EngineCommandOptions): Promise<ExitCode> {
  const settings = await readSettings(options.config, context.env, readFrom(context));
  const stateDirectory = path.resolve(context.directory, settings.stateDirectory);
  if (options.check) {
    await context.host.check(settings);
    return say(context, options, 'The settings can be used.');
  }
  const stopping = new AbortController();
  const forget = context.onInterrupt(() => stopping.abort());
  try {
    await serve(context, options, { ...settings, stateDirectory }, stopping.signal);
  } catch (thrown) {
    // Stopped while it stood by.
    if (!stopping.signal.aborted || thrown instanceof EngineError) throw thrown;
  } finally {
    forget();
  }
  return 0;
}

/** Until it is stopped. Throws why it ended by itself: a service manager starts it again, and it stands by or fails likewise. */
async function serve(
  context: Context,
  options: EngineCommandOptions,
  settings: EngineSettings,
  signal: AbortSignal,
): Promise<void> {
  const { name: server, heat } = settings;
  const session = await context.host.serve(settings, {
    signal,
    onWait: holder => say(context, options, `The engine ${server} stands by: ${holder} is active.`),
    onTrouble: message => say(context, options, `The engine ${server}: ${message}`),
  });
  let failure: EngineError | undefined;
  try {
    if (session.away !== undefined) say(context, options, awayText(server, session.away));
    if (session.admin !== undefined)
      say(context, options, `The engine ${server} answers operators at ${session.admin}.`);
    void session.serving?.then(() => say(context, options, `The engine ${server} serves ${heat?.topic}.`));
    failure = await Promise.race([interrupted(signal), session.ended]);
  } finally {
    await session.close();
  }
  if (failure !== undefined) throw failure;
}

const interrupted = (signal: AbortSignal): Promise<undefined> =>
  new Promise(resolve => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

const awayText = (server: string, why: string): string =>
  `The engine ${server} cannot reach the broker of Heat, and tries again until it can: ${why}`;

function say({ terminal }: Context, { json }: EngineCommandOptions, message: string): ExitCode {
  if (json) terminal.out(`${JSON.stringify({ message })}\n`);
  else printLines(terminal, [[piece(message)]]);
  return 0;
}
