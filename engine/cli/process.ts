// The command in a process of its own: its streams, signals and environment as a Context.
// Belongs here: what only a whole process has. Does not belong here: commands (program.ts), the engine (host.ts).
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from './cli.ts';
import type { ExitCode } from './exits.ts';
import { failureText } from './failure.ts';
import type { Context, EngineHost } from './host.ts';
import { processInterrupts } from './interrupts.ts';
import { language } from './language.ts';
import { processTerminal } from './terminal.ts';

/** Runs one command, words as after `murano-workflow`; resolves to its exit code, with everything closed. */
export type RunCommand = (words: readonly string[]) => Promise<ExitCode>;

/** Takes this process's signals and streams; call once. */
export function commandProcess(host: EngineHost): RunCommand {
  const { stdout, stderr, stdin, env, platform } = process;
  const interrupts = processInterrupts(stdout.isTTY === true);
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader is gone, as in `events prod | head`: a reason to stop, not a fault.
      if (error.code === 'EPIPE') interrupts.press();
      else throw error;
    });
  }
  process.on('uncaughtException', thrown => {
    writeSync(2, failureText(thrown, true));
    process.exit(70);
  });
  const contextOf = (colour: boolean): Context => ({
    host,
    language,
    terminal: processTerminal({ stdout, stderr, stdin, env, platform }, colour),
    now: () => Date.now(),
    newRequestId: () => randomUUID(),
    by: `cli:${userName()}`,
    directory: process.cwd(),
    env,
    onInterrupt: listener => interrupts.on(listener),
  });
  return words => runCli(words, version(), contextOf);
}

function version(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(directory, 'package.json'))) directory = path.dirname(directory);
  return (JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as { version: string })
    .version;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
