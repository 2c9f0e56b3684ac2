// The definitions under docs/examples, with the files beside them.
// Belongs here: finding and parsing them. Does not belong here: what is expected of them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Parsed, parseDefinition } from '../../engine/definition/parse.ts';
import { inProject } from '../support/project.ts';

export const examples = inProject('docs', 'examples');
export const cluster = 'postgresql-cluster/postgresql-cluster.workflow.yaml';
export const files = readdirSync(examples, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.workflow.yaml'))
  .toSorted();

/** Names relative to the definition's folder, as the command line reads them. */
function filesBeside(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    /\.(sh|ps1|mjs)$/.test(name),
  );
  return Object.fromEntries(names.map(name => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

/** `edit` may break the text before it is parsed. */
export function parseExample(file: string, edit: (text: string) => string = text => text): Parsed {
  const folder = path.join(examples, path.dirname(file));
  const text = edit(readFileSync(path.join(examples, file), 'utf8'));
  return parseDefinition(text, { fileName: file, files: filesBeside(folder) });
}
