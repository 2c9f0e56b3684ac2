// A small file of the agent, written whole or not at all, readable by its owner only.
// Belongs here: that write, in steps that a test can stop between. Does not belong here: what is in the file; the journal.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** The steps of a write, each with one effect on the disk. */
export interface FileSteps {
  /** Writes and syncs a file, mode 0600. */
  write(file: string, text: string): void;
  rename(from: string, to: string): void;
  syncDirectory(directory: string): void;
}

export const FILE_STEPS: FileSteps = {
  write(file, text) {
    const handle = openSync(file, 'w', 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  rename: renameSync,
  /** Windows cannot open directories; there a rename is as durable as the file system makes it. */
  syncDirectory(directory) {
    if (process.platform === 'win32') return;
    const handle = openSync(directory, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
};

/** Durable when it returns; a crash leaves the former content, or none. Throws the system's error. */
export function writeDurably(file: string, text: string, steps: FileSteps = FILE_STEPS): void {
  steps.write(`${file}.new`, text);
  steps.rename(`${file}.new`, file);
  steps.syncDirectory(path.dirname(file));
}

/** Undefined when there is no such file. Throws any other error. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
