// A definition on disk: its text, and the files that it names, read from the folder it stands in.
// Belongs here: reading them. Does not belong here: judging them (definition/).
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { Report } from '../definition/report.ts';
import { loadYaml } from '../definition/yaml.ts';
import { noSuchFile } from './values.ts';

export interface SourceFile {
  readonly text: string;
  /** As it is shown in problems: the path that was given. */
  readonly fileName: string;
  /** Name in the definition → text. A file that cannot be read is left out: the definition's check says where. */
  readonly files: { readonly [name: string]: string };
}

export async function readSource(file: string, directory: string): Promise<SourceFile> {
  const place = path.resolve(directory, file);
  const text = await readBounded(place, file, LIMITS.definitionBytes).catch(thrown => {
    throw thrown instanceof EngineError ? thrown : noSuchFile(file, thrown);
  });
  const files: { [name: string]: string } = {};
  await readFiles(text, path.dirname(place), files);
  return { text, fileName: file, files };
}

/** What the text names, and what children's definitions among that name in their turn; each once. */
async function readFiles(text: string, folder: string, files: { [name: string]: string }): Promise<void> {
  for (const { name, isDefinition } of named(text)) {
    if (Object.hasOwn(files, name)) continue;
    const content = await readNamed(path.resolve(folder, name), name);
    if (content === undefined) continue;
    files[name] = content;
    if (isDefinition && Object.keys(files).length <= MOST_FILES) await readFiles(content, folder, files);
  }
}

/** Beyond this no child's files are looked for: the definition's check says what is missing. */
const MOST_FILES = 10_000;

async function readNamed(place: string, name: string): Promise<string | undefined> {
  try {
    return await readBounded(place, name, LIMITS.fileBytes);
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    return undefined;
  }
}

/** Never reads more than may be used: `file: /dev/zero` must not fill the memory. */
async function readBounded(place: string, shown: string, limit: number): Promise<string> {
  const facts = await stat(place);
  if (facts.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
  if (!facts.isFile() || facts.size > limit) {
    throw new EngineError(
      'limit_exceeded',
      `${shown} ${facts.isFile() ? `has ${facts.size} bytes and the limit is ${limit}` : 'is no ordinary file'}`,
      'Use a smaller file, and let a script fetch what is large.',
    );
  }
  return readFile(place, 'utf8');
}

/** Every name that stands under a `file` key, at any depth; text that is no YAML names none. Aliases are not followed. */
export const namedFiles = (text: string): string[] => [...new Set(named(text).map(({ name }) => name))];

/** `isDefinition`: it is named by a `definition`, so it may name files itself. */
function named(text: string): readonly { readonly name: string; readonly isDefinition: boolean }[] {
  const found: { readonly name: string; readonly isDefinition: boolean }[] = [];
  const visit = (value: unknown, depth: number, under: string): void => {
    if (typeof value !== 'object' || value === null || depth > LIMITS.definitionDepth) return;
    for (const [key, item] of Object.entries(value)) {
      if (key === 'file' && typeof item === 'string' && item !== '')
        found.push({ name: item, isDefinition: under === 'definition' });
      else visit(item, depth + 1, key);
    }
  };
  if (Buffer.byteLength(text, 'utf8') <= LIMITS.definitionBytes)
    visit(loadYaml(text, new Report())?.value, 0, '');
  return found;
}
