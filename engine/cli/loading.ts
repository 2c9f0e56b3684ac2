// From the words after `run`, `validate` and `graph` to a definition, inputs and members.
// Belongs here: this order, and stopping at problems. Does not belong here: reading each of them (values.ts, members.ts).
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { JsonObject } from '../base/json.ts';
import type { Problem } from '../definition/problems.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import { ProblemsFound } from './failure.ts';
import type { Context } from './host.ts';
import type { Document, Members } from './language.ts';
import { parseMembers } from './members.ts';
import { readSource } from './source-file.ts';
import type { ReadText } from './values.ts';
import type { Sources } from './views/problems.ts';
import { parseValues } from './values.ts';

export interface Loaded {
  readonly document: Document;
  /** Texts by the names that problems call them: the definition, and the files that it names. */
  readonly sources: Sources;
  readonly definition: WorkflowDefinition;
  readonly warnings: readonly Problem[];
}

/** Throws ProblemsFound when the definition may not be used. */
export async function loadDefinition(context: Context, file: string): Promise<Loaded> {
  const source = await readSource(file, context.directory);
  const document = { source: source.text, fileName: source.fileName, files: source.files };
  const { definition, problems } = context.language.parse(document);
  const sources = { ...source.files, [source.fileName]: source.text };
  if (definition === undefined) throw new ProblemsFound(problems, sources);
  return { document, sources, definition, warnings: problems };
}

export const readFrom =
  (context: Context): ReadText =>
  file =>
    readFile(path.resolve(context.directory, file), 'utf8');

export function loadInputs(
  context: Context,
  { definition }: Loaded,
  words: readonly string[],
): Promise<JsonObject> {
  return parseValues(words, '--inputs', name => definition.inputs.get(name)?.type, readFrom(context));
}

export function loadMembers(
  context: Context,
  { definition }: Loaded,
  words: readonly string[],
  workflow: string,
): Promise<Members> {
  return parseMembers(words, [...definition.entities.values()], workflow, readFrom(context));
}
