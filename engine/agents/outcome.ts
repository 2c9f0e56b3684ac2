// What an agent's last word on a command means to a step: success with outputs, a failure in a sentence, or neither.
// Belongs here: the mapping, tails, hidden outputs on their way to the store. Does not belong here: types of outputs
// and what a probe's exit code means (the machine judges), signatures (judge.ts).
import type {
  Finished,
  Interrupted,
  OutputValue,
  Refused,
  SealedBox,
} from '../../agent-protocol/messages.ts';
import { effectKey } from '../base/ids.ts';
import { isObject, type JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Outcome, RawOutput } from '../machine/types.ts';
import type { NewSecret } from '../runtime/ports.ts';
import type { Vault } from './ports.ts';

export interface Ended {
  readonly outcome: Outcome;
  readonly secrets: readonly NewSecret[];
}

export interface OutputReader {
  /** Declared outputs: name → hidden. */
  readonly declared: ReadonlyMap<string, boolean>;
  /** Clear bytes of a box, undefined when it does not open. */
  open(name: string, box: SealedBox): Uint8Array | undefined;
  readonly vault: Vault;
}

type FailedOutcome = Extract<Outcome, { kind: 'failed' }>;
type ErrorKind = FailedOutcome['error']['kind'];

/** Turns a terminal message into the outcome to report, with the secrets to commit beside it. */
export function endOf(message: Finished | Interrupted | Refused, reader: OutputReader): Ended {
  switch (message.kind) {
    case 'interrupted':
      return plain({ kind: 'interrupted', evidence: short(message.evidence) });
    case 'refused':
      return plain({ kind: 'refused', message: short(`${message.reason}: ${message.message}`) });
    case 'finished':
      return message.result.kind === 'exit' && message.result.code === 0
        ? succeeded(message, reader)
        : plain(failedBy(message));
    default:
      return message satisfies never;
  }
}

function failedBy({ result, stdout, stderr }: Finished): FailedOutcome {
  const tail = tailOf(stdout, stderr);
  const failed = (kind: ErrorKind, message: string): FailedOutcome => failure(kind, message, tail);
  switch (result.kind) {
    case 'exit': {
      const { error } = failed('exit', `It ended with exit code ${result.code}.`);
      return { kind: 'failed', error: { ...error, exitCode: result.code } };
    }
    case 'signal':
      return failed('signal', `It was ended by ${result.signal}.`);
    case 'timeout':
      return failed('timeout', 'It ran longer than its timeout and was killed.');
    case 'cancelled':
      return failed('cancelled', 'It was cancelled and killed.');
    case 'error':
      return failed('refused', result.reason);
    case 'reboots':
      return failed('reboots', `It asked for a reboot ${result.count} times, more often than allowed.`);
    default:
      return result satisfies never;
  }
}

function succeeded(message: Finished, reader: OutputReader): Ended {
  const outputs: { [name: string]: RawOutput } = {};
  const secrets: NewSecret[] = [];
  const tail = tailOf(message.stdout, message.stderr);
  for (const [name, value] of Object.entries(message.outputs)) {
    const hidden = reader.declared.get(name);
    if (hidden === undefined) continue;
    const read = readOutput(message, name, value, hidden, reader);
    if ('problem' in read) return plain(failure('outputs', read.problem, tail));
    outputs[name] = read.raw;
    if (read.secret !== undefined) secrets.push(read.secret);
  }
  return { outcome: { kind: 'succeeded', outputs, ...(tail !== '' && { tail }) }, secrets };
}

type ReadOutput = { readonly raw: RawOutput; readonly secret?: NewSecret } | { readonly problem: string };

function readOutput(
  message: Finished,
  name: string,
  value: OutputValue,
  hidden: boolean,
  reader: OutputReader,
): ReadOutput {
  if (!('sealed' in value)) {
    return hidden ? { problem: `Hidden output '${name}' came unsealed from the agent.` } : { raw: value };
  }
  if (!hidden) return { problem: `Output '${name}' came sealed, though it is not hidden.` };
  const bytes = reader.open(name, value.sealed);
  if (bytes === undefined)
    return { problem: `Hidden output '${name}' cannot be opened with the engine's key.` };
  const clear = hiddenValue(bytes);
  if (clear === undefined) return { problem: `Hidden output '${name}' holds neither text nor JSON.` };
  const ref = `output/${effectKey(message.id)}/${name}`;
  return { raw: { secret: ref }, secret: { ref, sealed: reader.vault.seal(ref, clear) } };
}

/** In the box is the same `{"text": …}` or `{"json": …}` that a clear output would be; undefined for anything else. */
function hiddenValue(bytes: Uint8Array): JsonValue | undefined {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonValue;
    if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
    return typeof value['text'] === 'string' ? value['text'] : value['json'];
  } catch {
    return undefined;
  }
}

const plain = (outcome: Outcome): Ended => ({ outcome, secrets: [] });

export function failure(kind: ErrorKind, message: string, tail = ''): FailedOutcome {
  return { kind: 'failed', error: { kind, message: short(message), ...(tail !== '' && { tail }) } };
}

const short = (text: string): string =>
  text.length <= LIMITS.errorText ? text : `${text.slice(0, LIMITS.errorText - 1)}…`;

/** The end of stderr, or of stdout when stderr is empty, cut at a character within LIMITS.tailBytes. */
function tailOf(stdout: string, stderr: string): string {
  const bytes = Buffer.from(stderr.trim() === '' ? stdout : stderr, 'utf8');
  let from = Math.max(0, bytes.length - LIMITS.tailBytes);
  while (from < bytes.length && ((bytes[from] as number) & 0xc0) === 0x80) from += 1;
  return bytes.toString('utf8', from);
}
