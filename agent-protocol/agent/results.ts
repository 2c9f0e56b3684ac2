// What a script left: its outputs and the tails of its streams, ready to be journaled and sent.
// Belongs here: reading them without trusting the script, sealing and masking. Does not belong here: types of outputs
// (the engine checks them).
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { Ending } from '../agent-records.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { CommandMessage, Json, OutputValue } from '../messages.ts';
import type { Sealer } from '../sealing.ts';
import { readTail } from './kept-output.ts';
import type { StreamName } from './kept-output.ts';
import type { Masker } from './masking.ts';
import { reasonOf, RunError } from './run-error.ts';
import type { ExitRecord } from './run-files.ts';
import { WORK_FILES, workOf } from './runner.ts';

type ClearValue = { readonly text: string } | { readonly json: Json };

/** Everything of a run that has an exit record. */
export function collectEnding(
  directory: string,
  command: CommandMessage,
  exit: ExitRecord,
  masker: Masker,
  sealer: Sealer | undefined,
): Ending {
  const tails = { stdout: tailOf(directory, 'stdout', masker), stderr: tailOf(directory, 'stderr', masker) };
  const result = resultOf(exit);
  if (result.kind !== 'exit') return { result, outputs: {}, ...tails };
  try {
    return { result, outputs: readOutputs(workOf(directory), command, sealer), ...tails };
  } catch (error) {
    const failed = {
      kind: 'error' as const,
      reason: masker.mask(reasonOf(error)).slice(0, LIMITS.sentenceLength),
    };
    return { result: result.code === 0 ? failed : result, outputs: {}, ...tails };
  }
}

function resultOf(exit: ExitRecord): Ending['result'] {
  switch (exit.ended) {
    case 'exit':
      return { kind: 'exit', code: exit.code };
    case 'signal':
      return { kind: 'signal', signal: exit.signal };
    case 'error':
      return { kind: 'error', reason: exit.reason };
    case 'timeout':
    case 'cancelled':
      return { kind: exit.ended };
  }
}

function tailOf(directory: string, stream: StreamName, masker: Masker): string {
  const masked = masker.mask(readTail(directory, stream, LIMITS.tailBytes).toString('utf8'));
  return lastBytes(masked, LIMITS.reportedTailBytes);
}

/** The end of a text, at most so many bytes of UTF-8, beginning at a whole character. */
function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= most) return text;
  let from = bytes.length - most;
  while (((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return bytes.subarray(from).toString('utf8');
}

function readOutputs(
  work: string,
  command: CommandMessage,
  sealer: Sealer | undefined,
): { readonly [name: string]: OutputValue } {
  const found: { [name: string]: OutputValue } = {};
  if (command.outputs.length === 0) return found;
  const all = readJsonOutputs(path.join(work, WORK_FILES.outputs));
  let total = 0;
  for (const { name, hidden } of command.outputs) {
    const value = outputOf(work, name, all);
    if (value === undefined) continue;
    total += Buffer.byteLength(JSON.stringify(value));
    if (total > LIMITS.outputsBytes) throw tooLarge(`All outputs together, up to ${name},`);
    found[name] = hidden ? sealValue(command, name, value, sealer) : value;
  }
  return found;
}

function outputOf(work: string, name: string, all: Record<string, Json>): ClearValue | undefined {
  const text = readBounded(path.join(work, `${WORK_FILES.outputPrefix}.${name}`), `Output ${name}`);
  if (text !== undefined) return { text };
  return Object.hasOwn(all, name) ? { json: all[name] as Json } : undefined;
}

function readJsonOutputs(file: string): Record<string, Json> {
  const text = readBounded(file, '$WORKFLOW_OUTPUTS');
  if (text === undefined || text.trim() === '') return {};
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new RunError('$WORKFLOW_OUTPUTS holds no JSON. Write one map of names to values.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RunError('$WORKFLOW_OUTPUTS must hold a map of names to values.');
  }
  return value as Record<string, Json>;
}

/** Text of a plain file; undefined when there is none. The script may have put anything in its place. */
function readBounded(file: string, what: string): string | undefined {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  let descriptor: number;
  try {
    descriptor = openSync(file, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new RunError(`${what} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}.`);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() || status.nlink > 1) throw new RunError(`${what} is not a plain file.`);
    const buffer = Buffer.alloc(LIMITS.outputBytes + 1);
    const length = readFully(descriptor, buffer);
    if (length > LIMITS.outputBytes) throw tooLarge(what);
    return buffer.subarray(0, length).toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

function readFully(descriptor: number, buffer: Buffer): number {
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += read;
    if (read === 0 || length === buffer.length) return length;
  }
}

const tooLarge = (what: string): RunError =>
  new RunError(
    `${what} is larger than ${LIMITS.outputBytes} bytes. Pass the place of the data instead of the data.`,
  );

function sealValue(
  command: CommandMessage,
  name: string,
  value: ClearValue,
  sealer: Sealer | undefined,
): OutputValue {
  if (sealer === undefined)
    throw new RunError(`Output ${name} is hidden and the engine gave no key to seal it to.`);
  const { agent, incarnation, id } = command;
  const plain = Buffer.from(JSON.stringify(value), 'utf8');
  return { sealed: sealer.seal({ agent, incarnation, id, purpose: `output:${name}` }, plain) };
}
