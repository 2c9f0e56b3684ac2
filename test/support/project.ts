// Where the project is, whether a test runs from sources or from dist/.
// Belongs here: paths of the checkout. Does not belong here: temporary files (temporary.ts).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(directory, 'package.json'))) directory = path.dirname(directory);
  return directory;
}

/** The folder with package.json. */
export const projectRoot = findRoot();
export const inProject = (...parts: string[]): string => path.join(projectRoot, ...parts);
