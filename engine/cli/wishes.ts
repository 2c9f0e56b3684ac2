// The words after `simulate` as wishes: durations and outputs from files or pairs, what fails, is lost, reboots.
// Belongs here: reading them. Does not belong here: which steps they name (whatif/).
import type { JsonObject, JsonValue } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { durationMs } from '../definition/durations.ts';
import type { Wishes } from '../whatif/types.ts';
import { usageError } from './failure.ts';
import type { ReadText } from './values.ts';
import { parseYaml, reason } from './values.ts';

export interface WishOptions {
  readonly durations?: readonly string[];
  readonly outputs?: readonly string[];
  readonly fail?: readonly string[];
  readonly lose?: readonly string[];
  readonly reboot?: readonly string[];
  readonly answer?: readonly string[];
  readonly signal?: readonly string[];
}

const PAIR = /^([a-z][a-z0-9_.[\]/]*)=(\S+)$/;
const DURATIONS =
  'Write each as name: 90s, 30m or 1h30m, where the name is a step, a state or a kind such as script.';
const OUTPUTS =
  'Write each as a state or step with a map of outputs below it, such as db.created: {port: 5432}.';

export async function readWishes(options: WishOptions, read: ReadText): Promise<Wishes> {
  const { fail = [], lose = [], reboot = [], answer = [], signal = [] } = options;
  return {
    durations: await readDurations(options.durations ?? [], read),
    outputs: await readOutputs(options.outputs ?? [], read),
    fail,
    lose,
    reboot,
    answers: answer,
    signals: signal,
  };
}

/** Later words win. */
async function readDurations(words: readonly string[], read: ReadText): Promise<Map<string, number>> {
  const durations = new Map<string, number>();
  for (const word of words) {
    const [, name, text] = PAIR.exec(word) ?? [];
    const pairs = name === undefined ? await readPairs(word, '--durations', DURATIONS, read) : [[name, text]];
    for (const [key, value] of pairs) durations.set(key as string, duration(key as string, value));
  }
  return durations;
}

function duration(name: string, value: JsonValue | undefined): number {
  const ms = typeof value === 'string' ? durationMs(value) : undefined;
  if (ms !== undefined && ms <= LIMITS.durationMs) return ms;
  throw usageError(`--durations: what stands for ${name} is no length of time up to 30 days`, DURATIONS);
}

async function readOutputs(files: readonly string[], read: ReadText): Promise<Map<string, JsonObject>> {
  const outputs = new Map<string, JsonObject>();
  for (const file of files)
    for (const [name, value] of await readPairs(file, '--outputs', OUTPUTS, read)) {
      if (!isObject(value)) throw usageError(`--outputs: what stands for ${name} is no map`, OUTPUTS);
      outputs.set(name, value);
    }
  return outputs;
}

/** Names to values of a YAML or JSON file. */
async function readPairs(
  file: string,
  option: string,
  next: string,
  read: ReadText,
): Promise<[string, JsonValue][]> {
  const value = parseYaml(await text(file, option, next, read), file);
  if (isObject(value)) return Object.entries(value);
  throw usageError(`${option}: ${file} is no map`, next);
}

async function text(file: string, option: string, next: string, read: ReadText): Promise<string> {
  try {
    return await read(file);
  } catch (thrown) {
    throw usageError(`${option}: cannot read ${file}: ${reason(thrown)}`, next);
  }
}
