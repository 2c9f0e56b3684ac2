// Temporary directories for tests, removed when the test that asked for one is over.
// Belongs here: making and removing them. Does not belong here: what is put in.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Every name begins with this and the test process's id: what stands in one was started by this run. */
export const TEMPORARY_PREFIX = `murano-workflow-test-${process.pid}-`;

const made: string[] = [];

/** A new empty directory; removed after the current test by the root hook. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), TEMPORARY_PREFIX));
  made.push(directory);
  return directory;
}

export async function removeTemporaryDirectories(): Promise<void> {
  await Promise.all(
    made.splice(0).map(directory => rm(directory, { recursive: true, force: true, maxRetries: 5 })),
  );
}
