// `engine`: the engine as a service, for Heat, until it is stopped.
// Belongs here: settings in, waiting for the end. Does not belong here: what the service is made of (engine/serving.ts).
import path from 'node:path';
import type { ExitCode } from '../exits.ts';
import type { Context } from '../host.ts';
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
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>(resolve => {
    stop = resolve;
  });
  const forget = context.onInterrupt(stop);
  try {
    const session = await context.host.serve({ ...settings, stateDirectory });
    try {
      const { server, topic } = settings.heat;
      if (session.away !== undefined) say(context, options, awayText(server, session.away));
      void session.serving.then(() => say(context, options, `The engine ${server} serves ${topic}.`));
      await stopped;
    } finally {
      await session.close();
    }
  } finally {
    forget();
  }
  return 0;
}

const awayText = (server: string, why: string): string =>
  `The engine ${server} cannot reach the broker of Heat, and tries again until it can: ${why}`;

function say({ terminal }: Context, { json }: EngineCommandOptions, message: string): ExitCode {
  if (json) terminal.out(`${JSON.stringify({ message })}\n`);
  else printLines(terminal, [[piece(message)]]);
  return 0;
}
