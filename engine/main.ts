#!/usr/bin/env node
// The command `murano-workflow`: this process's streams, signals and exit code around engine/cli.
// Belongs here: what only a whole process has. Does not belong here: adapters of the engine (embedded.ts), commands (cli/).
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from './cli/cli.ts';
import { failureText } from './cli/failure.ts';
import type { Context } from './cli/host.ts';
import { processInterrupts } from './cli/interrupts.ts';
import { language } from './cli/language.ts';
import { processTerminal } from './cli/terminal.ts';
import { embeddedHost } from './embedded.ts';

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

const { stdout, stderr, stdin, env, platform } = process;
const interrupts = processInterrupts(stdout.isTTY === true);
/** The reader is gone, as in `events prod | head`: nobody to write to is a reason to stop, not a fault. */
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') interrupts.press();
    else throw error;
  });
}
process.on('uncaughtException', thrown => {
  writeSync(2, failureText(thrown, true));
  process.exit(70);
});

const host = embeddedHost();
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

// Set, not exited with: what is still to be written to a pipe must get there.
process.exitCode = await runCli(process.argv.slice(2), version(), contextOf);
