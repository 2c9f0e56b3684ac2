// How each interpreter is found and called, and what text it can read.
// Belongs here: programs, arguments, file endings, normalised text (A23). Does not belong here: starting them.
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import type { Task } from '../messages.ts';
import { RunError } from './run-error.ts';

export type Interpreter = Extract<Task, { kind: 'script' }>['interpreter'];

interface Way {
  readonly programs: readonly string[];
  readonly options: readonly string[];
  readonly fileName: string;
  /** Text as the interpreter wants it, from text without a byte order mark. */
  readonly text: (text: string) => string;
}

const unix = (text: string): string => text.replaceAll('\r\n', '\n');
const dos = (text: string): string => unix(text).replaceAll('\n', '\r\n');
const POWERSHELL_OPTIONS = ['-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File'];

const WAYS: { readonly [I in Interpreter]: Way } = {
  bash: { programs: ['bash'], options: [], fileName: 'script.sh', text: unix },
  sh: { programs: ['sh'], options: [], fileName: 'script.sh', text: unix },
  python: { programs: ['python3', 'python'], options: [], fileName: 'script.py', text: unix },
  // Windows PowerShell reads UTF-8 only behind a byte order mark.
  powershell: {
    programs: ['pwsh', 'powershell'],
    options: POWERSHELL_OPTIONS,
    fileName: 'script.ps1',
    text: text => `\ufeff${dos(text)}`,
  },
  cmd: { programs: ['cmd'], options: ['/d', '/c'], fileName: 'script.cmd', text: dos },
};

export interface Invocation {
  readonly argv: readonly string[];
  readonly fileName: string;
  readonly text: string;
}

/** How to run this text from a file in `directory`. Throws RunError when the interpreter is not installed. */
export function invocation(
  interpreter: Interpreter,
  text: string,
  directory: string,
  searchPath: string,
): Invocation {
  const way = WAYS[interpreter];
  const program = way.programs.map(name => findProgram(name, searchPath)).find(found => found !== undefined);
  if (program === undefined) {
    throw new RunError(
      `${interpreter} is not installed on this machine: ${way.programs.join(' or ')} is not in ${searchPath}.`,
    );
  }
  const { fileName } = way;
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  return { argv: [program, ...way.options, path.join(directory, fileName)], fileName, text: way.text(plain) };
}

/** Interpreters that this machine has. */
export function installedInterpreters(searchPath: string): Interpreter[] {
  return (Object.keys(WAYS) as Interpreter[]).filter(name =>
    WAYS[name].programs.some(program => findProgram(program, searchPath) !== undefined),
  );
}

function findProgram(name: string, searchPath: string): string | undefined {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const directory of searchPath.split(path.delimiter)) {
    for (const ending of endings) {
      const file = path.join(directory, name + ending);
      if (directory !== '' && isProgram(file)) return file;
    }
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
