// The command as users run it: a process of its own, in a directory of its own.
// Belongs here: starting it and waiting for it. Does not belong here: what is expected of it (test/cli/).
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inProject } from './project.ts';
import { temporaryDirectory } from './temporary.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with what was written to stdout so far, once that holds the text. */
  said(text: string): Promise<string>;
}

/** A folder with the files of a test, from which commands are run. */
export class Workplace {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(files: { readonly [name: string]: string } = {}): Promise<Workplace> {
    const place = new Workplace(await temporaryDirectory());
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(place.path(name)), { recursive: true });
      await writeFile(place.path(name), text);
    }
    return place;
  }

  path(...parts: readonly string[]): string {
    return path.join(this.directory, ...parts);
  }

  start(...words: readonly string[]): Started {
    const { MURANO_WORKFLOW_STATE: _, FORCE_COLOR: __, NO_COLOR: ___, ...env } = process.env;
    const child = spawn(process.execPath, [inProject('dist', 'engine', 'main.js'), ...words], {
      cwd: this.directory,
      env: { ...env, LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return started(child);
  }

  run(...words: readonly string[]): Promise<Ended> {
    return this.start(...words).ended;
  }

  /** The lines of a file that scripts append to; none while it is missing. */
  lines(name: string): string[] {
    try {
      return readFileSync(this.path(name), 'utf8')
        .split('\n')
        .filter(line => line !== '');
    } catch {
      return [];
    }
  }

  remove(name: string): Promise<void> {
    return rm(this.path(name));
  }

  /** Command lines of the processes that live and name this folder; only Linux tells. */
  processes(): string[] {
    if (process.platform !== 'linux') return [];
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(pid => commandLine(pid))
      .filter(text => text.includes(this.directory));
  }
}

function started(child: ChildProcess): Started {
  const told = { out: '', err: '' };
  let wake = (): void => undefined;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    told.out += text;
    wake();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (told.err += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, ...told });
      wake();
    });
  });
  const said = async (text: string): Promise<string> => {
    while (!told.out.includes(text)) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`It ended without saying '${text}':\n${told.out}\n${told.err}`);
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
    return told.out;
  };
  return { child, ended, said };
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** What `--json` wrote, line by line. */
export const jsonLines = (text: string): { readonly [key: string]: unknown }[] =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { [key: string]: unknown });
