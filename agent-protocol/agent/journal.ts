// The agent's journal: appended frames with checksums, synced before anything is let out.
// Belongs here: bytes on disk, torn tails, damage, compaction, the space kept in reserve. Does not belong here: what
// records mean (agent-records.ts).
//
// One append is one frame: magic, length, CRC-32, JSON array of records. The next append begins after the last one was
// synced, so a bad frame with a good one behind it is damage (A10), and a bad one at the end is a torn write (A9).
import { constants } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { JournalRecord } from '../agent-records.ts';

const MAGIC = Buffer.from('MWJ1');
const HEAD_BYTES = 12;

export interface Journal {
  /** Resolves when the records are on disk. After a rejection the file is as it was before. */
  append(records: readonly JournalRecord[]): Promise<void>;
  /** Everything in it, from the disk. */
  read(): Promise<readonly JournalRecord[]>;
  /** Replaces the whole content, by rename. */
  rewrite(records: readonly JournalRecord[]): Promise<void>;
  /** Gives up the reserved space, once the disk is full; false when there is none left. */
  releaseReserve(): Promise<boolean>;
  /** Makes the reserve again; false while it does not fit. */
  restoreReserve(): Promise<boolean>;
  readonly reserved: boolean;
  /** Records in the file. */
  readonly length: number;
  close(): Promise<void>;
}

export interface OpenedJournal {
  readonly journal: Journal;
  /** Empty for a new journal. */
  readonly records: readonly JournalRecord[];
  /** Bytes of a torn last frame that were cut off. */
  readonly cut: number;
}

/** A journal that cannot be believed; the file is left as it is. */
export interface DamagedJournal {
  readonly damaged: string;
}

/** Where bytes go; replaced in tests that let the disk fail. */
export interface JournalFiles {
  write(handle: FileHandle, bytes: Uint8Array, position: number): Promise<unknown>;
  sync(handle: FileHandle): Promise<void>;
}

const FILES: JournalFiles = {
  write: (handle, bytes, position) => writeAll(handle, bytes, position),
  sync: handle => handle.datasync(),
};

/** Opens `journal` in the directory, made if missing; cuts a torn tail off. Rejects only for I/O errors. */
export async function openJournal(
  directory: string,
  files: JournalFiles = FILES,
): Promise<OpenedJournal | DamagedJournal> {
  const file = path.join(directory, 'journal');
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const read = readFrames(bytes);
  if ('damaged' in read) return { damaged: `${file}: ${read.damaged}` };
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (read.end < bytes.length) {
    await handle.truncate(read.end);
    await handle.sync();
  } else if (bytes.length === 0) await syncDirectory(directory);
  const journal = new FileJournal(directory, handle, read.end, read.records.length, files);
  await journal.restoreReserve();
  return { journal, records: read.records, cut: bytes.length - read.end };
}

/** Reads frames up to the first bad one, which must be the last. */
export function readFrames(bytes: Buffer): { records: JournalRecord[]; end: number } | DamagedJournal {
  const records: JournalRecord[] = [];
  let end = 0;
  while (end < bytes.length) {
    const frame = frameAt(bytes, end);
    if (frame === undefined) break;
    records.push(...frame.records);
    end += frame.bytes;
  }
  for (let at = bytes.indexOf(MAGIC, end + 1); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    if (frameAt(bytes, at) !== undefined) {
      return { damaged: `the record at byte ${end} is damaged, and good ones follow at byte ${at}` };
    }
  }
  return { records, end };
}

function frameAt(bytes: Buffer, at: number): { records: JournalRecord[]; bytes: number } | undefined {
  if (bytes.length - at < HEAD_BYTES || !bytes.subarray(at, at + 4).equals(MAGIC)) return undefined;
  const length = bytes.readUInt32LE(at + 4);
  const payload = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
  if (length === 0 || payload.length < length || crc32(payload) !== bytes.readUInt32LE(at + 8))
    return undefined;
  return { records: JSON.parse(payload.toString('utf8')) as JournalRecord[], bytes: HEAD_BYTES + length };
}

export function frame(records: readonly JournalRecord[]): Buffer {
  const payload = Buffer.from(JSON.stringify(records), 'utf8');
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(payload.length, 4);
  head.writeUInt32LE(crc32(payload), 8);
  return Buffer.concat([head, payload]);
}

class FileJournal implements Journal {
  length: number;
  reserved = false;
  readonly #directory: string;
  readonly #files: JournalFiles;
  #handle: FileHandle;
  #end: number;
  /** Bytes of a failed append may lie behind `#end`. */
  #dirty = false;

  constructor(directory: string, handle: FileHandle, end: number, length: number, files: JournalFiles) {
    this.#directory = directory;
    this.#handle = handle;
    this.#end = end;
    this.length = length;
    this.#files = files;
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    if (records.length === 0) return;
    const bytes = frame(records);
    if (this.#dirty) await this.#handle.truncate(this.#end);
    this.#dirty = true;
    try {
      await this.#files.write(this.#handle, bytes, this.#end);
      await this.#files.sync(this.#handle);
    } catch (error) {
      await this.#handle.truncate(this.#end).catch(() => undefined);
      throw error;
    }
    this.#dirty = false;
    this.#end += bytes.length;
    this.length += records.length;
  }

  async read(): Promise<readonly JournalRecord[]> {
    const bytes = await readFile(path.join(this.#directory, 'journal'));
    const read = readFrames(bytes.subarray(0, this.#end));
    if ('damaged' in read) throw new Error(read.damaged);
    return read.records;
  }

  async rewrite(records: readonly JournalRecord[]): Promise<void> {
    const file = path.join(this.#directory, 'journal');
    const bytes = frame(records);
    const handle = await open(`${file}.new`, 'w', 0o600);
    try {
      await this.#files.write(handle, bytes, 0);
      await handle.sync();
      await rename(`${file}.new`, file);
      await syncDirectory(this.#directory);
    } catch (error) {
      await handle.close();
      await rm(`${file}.new`, { force: true });
      throw error;
    }
    await this.#handle.close();
    this.#handle = handle;
    this.#end = bytes.length;
    this.length = records.length;
    this.#dirty = false;
  }

  async releaseReserve(): Promise<boolean> {
    const file = this.#reserve();
    const size = await stat(file).then(
      found => found.size,
      () => 0,
    );
    this.reserved = false;
    await rm(file, { force: true });
    return size > 0;
  }

  async restoreReserve(): Promise<boolean> {
    const file = this.#reserve();
    const size = await stat(file).then(
      found => found.size,
      () => 0,
    );
    this.reserved = size >= LIMITS.journalReserveBytes;
    if (this.reserved) return true;
    try {
      const handle = await open(file, 'w', 0o600);
      try {
        await this.#files.write(handle, Buffer.alloc(LIMITS.journalReserveBytes, 0x5a), 0);
        await this.#files.sync(handle);
      } finally {
        await handle.close();
      }
      this.reserved = true;
    } catch {
      await rm(file, { force: true });
    }
    return this.reserved;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #reserve(): string {
    return path.join(this.#directory, 'journal.reserve');
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Makes a rename or a new file in the directory durable; where directories cannot be synced, nothing. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
