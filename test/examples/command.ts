// The command as a user has it, in a place of its own.
// Belongs here: running it, and reading what it says. Does not belong here: what is expected of an example.
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { inProject } from '../support/project.ts';
import { temporaryDirectory } from '../support/temporary.ts';

export interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** The command in a place of its own: a state directory, and a folder to play in; one that goes after the test, unless it is given. */
export async function command(place?: string): Promise<{
  scratch: string;
  murano: (...words: string[]) => Promise<Ended>;
}> {
  const scratch = place ?? (await temporaryDirectory());
  await chmod(scratch, 0o755);
  const environment = { ...process.env, NO_COLOR: '1' };
  const murano = (...words: string[]): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const state = ['validate', 'graph', 'simulate'].includes(words[0] ?? '')
        ? []
        : ['--state-dir', path.join(scratch, 'state')];
      const child = spawn(process.execPath, [inProject('dist', 'engine', 'main.js'), ...words, ...state], {
        cwd: inProject('docs', 'examples', 'hello'),
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      child.stdout.on('data', chunk => (text += String(chunk)));
      child.stderr.on('data', chunk => (text += String(chunk)));
      child.once('error', reject);
      child.once('close', code => resolve({ code, text }));
    });
  return { scratch, murano };
}

export type Murano = Awaited<ReturnType<typeof command>>['murano'];

export async function outputsOf(murano: Murano, name: string): Promise<Record<string, unknown>> {
  const { code, text } = await murano('status', name, '--json');
  expect(code, text).to.equal(0);
  return (JSON.parse(text) as { outputs: Record<string, unknown> }).outputs;
}

export async function expectExit(running: Promise<Ended>, code: number): Promise<string> {
  const ended = await running;
  expect(ended.code, ended.text).to.equal(code);
  return ended.text;
}
