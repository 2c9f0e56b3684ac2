// Temporary directories for tests, removed when the test that asked for one is over.
// Belongs here: making and removing them. Does not belong here: what is put in.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const made: string[] = [];

/** A new empty directory; removed after the current test by the root hook. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'murano-workflow-test-'));
  made.push(directory);
  return directory;
}

export async function removeTemporaryDirectories(): Promise<void> {
  await Promise.all(
    made.splice(0).map(directory => rm(directory, { recursive: true, force: true, maxRetries: 5 })),
  );
}
