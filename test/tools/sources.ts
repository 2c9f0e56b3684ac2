// The project's own source files, for tests that read code as data.
// Belongs here: listing files and the imports in them. Does not belong here: any rule about them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inProject, projectRoot } from '../support/project.ts';

export interface SourceFile {
  /** Path from the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Specifiers as written, with what they resolve to when relative. */
  readonly imports: readonly {
    readonly specifier: string;
    readonly target: string | undefined;
    readonly typeOnly: boolean;
  }[];
}

const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string, text: string): SourceFile['imports'] {
  const found = [...text.matchAll(IMPORT)].map(match => ({
    specifier: match[2] as string,
    typeOnly: match[1] !== undefined,
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map(match => ({
    specifier: match[1] as string,
    typeOnly: false,
  }));
  return [...found, ...dynamic].map(item => ({
    ...item,
    target: item.specifier.startsWith('.')
      ? path.posix.join(path.posix.dirname(file), item.specifier)
      : undefined,
  }));
}

/** The file without its comments. */
export const codeOf = (file: SourceFile): string =>
  file.text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '$1');

function listed(folder: string): string[] {
  return readdirSync(inProject(folder), { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name.split(path.sep).join('/')}`)
    .filter(name => name.endsWith('.ts'))
    .sort();
}

/** Every TypeScript file below the given top-level folders. */
export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  return folders.flatMap(listed).map(file => {
    const text = readFileSync(path.join(projectRoot, file), 'utf8');
    return { path: file, text, imports: importsOf(file, text) };
  });
}
