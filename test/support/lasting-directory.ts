// A directory that lives as long as a suite: the engine's state outlives each of its tests.
// Belongs here: making and removing it. Does not belong here: directories of single tests (temporary.ts).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export function temporaryDirectoryFor(suite: string): { readonly path: string; remove(): void } {
  const made = mkdtempSync(path.join(tmpdir(), `murano-workflow-${suite}-`));
  return { path: made, remove: () => rmSync(made, { recursive: true, force: true }) };
}
