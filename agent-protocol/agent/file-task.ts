// The `file` task: a file appears whole with its mode and owner, or not at all. Doing it twice is doing it once.
// Belongs here: writing it. Does not belong here: what is in it.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { CommandMessage, Task } from '../messages.ts';
import type { Opener } from '../sealing.ts';
import { syncDirectory } from './journal.ts';
import { RunError } from './run-error.ts';
import { openSealed } from './runner.ts';
import { ownerIds } from './users.ts';

type FileTask = Extract<Task, { kind: 'file' }>;

/** Writes the file of this command. Rejects with RunError or an I/O error; then nothing has changed. */
export async function writeFileTask(command: CommandMessage, task: FileTask, opener: Opener): Promise<void> {
  if (!path.isAbsolute(task.path)) throw new RunError(`path ${task.path}: must be absolute.`);
  const text = openSealed(command, opener, 'file') ?? task.text ?? '';
  const ids = task.owner === undefined ? undefined : ownerIds(task.owner);
  const directory = path.dirname(task.path);
  await makeDirectories(directory);
  const temporary = path.join(
    directory,
    `.${path.basename(task.path).slice(0, 200)}.${randomBytes(6).toString('hex')}`,
  );
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      if (ids !== undefined) await chown(temporary, ids.uid, ids.gid);
      // After chown, which clears set-user-id bits; 0644 is what a text editor would leave.
      await handle.chmod(task.mode ?? 0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, task.path);
    await syncDirectory(directory);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** One by one from the first that exists: Node's own recursive mkdir never ends where the kernel says ENOENT (/proc). */
async function makeDirectories(directory: string): Promise<void> {
  const missing: string[] = [];
  let at = directory;
  while (!existsSync(at) && at !== path.dirname(at)) {
    missing.unshift(at);
    at = path.dirname(at);
  }
  for (const one of missing) {
    await mkdir(one).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
