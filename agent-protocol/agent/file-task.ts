// The `file` task: a file appears whole with its mode and owner, or not at all. Doing it twice is doing it once.
// Belongs here: writing it. Does not belong here: what is in it.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { commandKey } from '../messages.ts';
import type { CommandMessage, Task } from '../messages.ts';
import type { Opener } from '../sealing.ts';
import { download } from './download.ts';
import { syncDirectory } from './journal.ts';
import { RunError } from './run-error.ts';
import { openSealed } from './runner.ts';
import { ownerIds } from './users.ts';

export type FileTask = Extract<Task, { kind: 'file' }>;

/**
 * Writes the file of this command. Rejects with RunError, an I/O error or, while it downloads, the signal's reason; then
 * nothing has changed.
 */
export async function writeFileTask(
  command: CommandMessage,
  task: FileTask,
  opener: Opener,
  signal: AbortSignal,
): Promise<void> {
  if (!path.isAbsolute(task.path)) throw new RunError(`path ${task.path}: must be absolute.`);
  const text = openSealed(command, opener, 'file') ?? task.text ?? '';
  const ids = task.owner === undefined ? undefined : ownerIds(task.owner);
  const directory = path.dirname(task.path);
  await makeDirectories(directory);
  const temporary = temporaryFor(directory, command, task);
  // Left by an agent that was killed in the middle.
  await rm(temporary, { force: true });
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await fill(handle, task, text, signal);
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

/** The same name again after a crash, so that a half of a file stays no longer than until the next try. */
function temporaryFor(directory: string, { id }: CommandMessage, task: FileTask): string {
  const key = createHash('sha256').update(commandKey(id)).digest('hex').slice(0, 12);
  return path.join(directory, `.${path.basename(task.path).slice(0, 200)}.${key}`);
}

function fill(handle: FileHandle, task: FileTask, text: string, signal: AbortSignal): Promise<void> {
  return task.download === undefined ? handle.writeFile(text) : download(task.download, handle, signal);
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
