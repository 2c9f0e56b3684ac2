// What the fuzzers begin with: everything in the project that is valid, and the words it is made of.
// Belongs here: reading it. Does not belong here: spoiling it (the fuzzers).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { KEYS } from '../../engine/definition/keys.ts';
import { actionPages } from '../support/action-pages.ts';
import { inProject } from '../support/project.ts';

/** Texts of all definitions under docs/, with an action of each kind, operations and changes among them. */
export const DEFINITIONS: readonly string[] = [
  ...readdirSync(inProject('docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.workflow.yaml'))
    .toSorted()
    .map(name => readFileSync(inProject('docs', name), 'utf8')),
  ...actionPages.map(({ example }) => example),
];

/** Names that `file:` has in them, with a text each. */
export const FILES: { readonly [name: string]: string } = Object.fromEntries(
  DEFINITIONS.flatMap(text => [...text.matchAll(/file: ([\w./-]+)/g)]).map(([, name = '']) => [name, 'true']),
);

/** Every key of the language. */
export const KEY_WORDS: readonly string[] = [...new Set(Object.values(KEYS).flat())].toSorted();

/** Every expression of the corpus, right and wrong. */
export const EXPRESSIONS: readonly string[] = ['corpus.json', 'refused.json'].flatMap(name => {
  const file = path.join('test', 'definition', 'expressions', name);
  const rows = JSON.parse(readFileSync(inProject(file), 'utf8')) as { readonly expression: string }[];
  return rows.map(({ expression }) => expression);
});
