// The words after `simulate --update` and `--operate`: what is asked of the workflow while it is played through.
// Belongs here: words and files → what is asked, each upon what was before. Does not belong here: when and how it is played (whatif/).
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { durationMs } from '../definition/durations.ts';
import { checkInputs } from '../definition/inputs.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import { encodeUserValue } from '../definition/values.ts';
import type { Asked } from '../whatif/asked.ts';
import { completeInputs, withoutSecrets } from '../whatif/values.ts';
import { ProblemsFound, usageError } from './failure.ts';
import type { Context } from './host.ts';
import type { Members } from './language.ts';
import { type Loaded, loadDefinition, readFrom } from './loading.ts';
import { groupsIn, parseMembers } from './members.ts';
import { parseValues, parseYaml } from './values.ts';

export interface LaterOptions {
  readonly update?: readonly string[];
  readonly operate?: readonly string[];
  readonly guessInputs: boolean;
}

/** What the workflow has before something is asked. */
export interface Standing {
  readonly loaded: Loaded;
  /** As they were given, or made up. */
  readonly inputs: JsonObject;
  readonly members: Members;
  readonly name: string;
}

interface Change {
  readonly definition?: string;
  readonly inputs?: JsonObject;
  /** Words, or entity → a number or a list of members. */
  readonly members?: JsonObject;
}

/** In the order in which it comes: by time, then updates and operations as they are written. EngineError `usage`; throws ProblemsFound. */
export async function readLater(
  context: Context,
  standing: Standing,
  options: LaterOptions,
): Promise<readonly Asked[]> {
  const updates = inTime((options.update ?? []).map(word => timed(word)));
  const versions = new Map<string, number>();
  const asked: Asked[] = [];
  let before = standing;
  for (const [place, { text, at }] of updates.entries()) {
    const change = await changeIn(context, before, text);
    for (const name of Object.keys(change.inputs ?? {})) versions.set(name, place + 1);
    const after = await changed(context, before, change, options.guessInputs);
    asked.push({
      kind: 'update',
      says: `update ${text}`,
      ...(at !== undefined && { at }),
      definition: after.loaded.definition,
      change: {
        source: {
          definition: after.loaded.definition.digest,
          inputs: encoded(after.loaded.definition, after.inputs, versions),
        },
        members: joining(before, after),
      },
    });
    before = after;
  }
  const operations = (options.operate ?? []).map(word => operation(word, options.guessInputs));
  return inTime([...asked, ...operations]);
}

/** Those with a time first, by it. */
const inTime = <One extends { readonly at?: number }>(all: readonly One[]): readonly One[] =>
  all.toSorted((one, other) => {
    if (one.at === other.at) return 0;
    return (one.at ?? Number.POSITIVE_INFINITY) - (other.at ?? Number.POSITIVE_INFINITY);
  });

function timed(word: string): { readonly text: string; readonly at?: number } {
  const [, text = '', time = ''] = /^(.+)@([0-9hms]{1,20})$/s.exec(word) ?? [];
  const at = durationMs(time);
  return at === undefined ? { text: word } : { text, at };
}

const OPERATION = /^([a-z][a-z0-9_]*)(?:@([0-9hms]{1,20}))?(?:=(.*))?$/s;

function operation(word: string, guesses: boolean): Asked {
  const [, name = '', time, text] = OPERATION.exec(word) ?? [];
  const at = time === undefined ? undefined : durationMs(time);
  const inputs = text === undefined ? {} : parseYaml(text, `what follows --operate ${name}=`);
  if (name === '' || (time !== undefined && at === undefined) || !isObject(inputs))
    throw usageError(
      `--operate ${word} names no operation`,
      'Write NAME, NAME@30m, or NAME={"label": "x"} with its inputs as JSON.',
    );
  const says = `operate ${name}`;
  return { kind: 'operate', says, operation: name, inputs, guesses, ...(at !== undefined && { at }) };
}

/** A definition, a file that says what changes, or one input or number of members as name=value. */
async function changeIn(context: Context, before: Standing, text: string): Promise<Change> {
  const [, name = '', value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name !== '' && !(await isFile(context, text))) return oneChange(context, before, name, value);
  const content = parseYaml(await textOf(context, text), text);
  if (!isObject(content)) throw noChange(text);
  if (Object.hasOwn(content, 'workflow_version')) return { definition: text };
  const { definition, inputs, members, ...others } = content;
  const isMap = (one: JsonValue | undefined): boolean => one === undefined || isObject(one);
  const isText = definition === undefined || typeof definition === 'string';
  if (Object.keys(others).length > 0 || !isText || !isMap(inputs) || !isMap(members)) throw noChange(text);
  const besides = definition === undefined ? {} : { definition: path.join(path.dirname(text), definition) };
  return { ...(content as Change), ...besides };
}

const isFile = (context: Context, file: string): Promise<boolean> =>
  stat(path.resolve(context.directory, file)).then(
    () => true,
    () => false,
  );

async function textOf(context: Context, file: string): Promise<string> {
  try {
    return await readFrom(context)(file);
  } catch {
    throw usageError(`--update: cannot read ${file}`, HOW);
  }
}

const HOW =
  'Give a definition, a file with any of definition, inputs and members, or one change such as db=4 or port=5433; @30m behind it says when.';
const noChange = (text: string) => usageError(`--update: ${text} says no change`, HOW);

async function oneChange(
  context: Context,
  { loaded: { definition } }: Standing,
  name: string,
  value: string,
): Promise<Change> {
  const entity = definition.entities.get(name);
  const isGroup = entity !== undefined && entity.type !== 'service' && /^\d+$/.test(value);
  if (isGroup) return { members: { [name]: Number(value) } };
  const typeOf = (input: string) => definition.inputs.get(input)?.type;
  return { inputs: await parseValues([`${name}=${value}`], '--inputs', typeOf, readFrom(context)) };
}

/** What is not named stays: an input that the definition still has, the members of its entities. */
async function changed(
  context: Context,
  before: Standing,
  change: Change,
  guesses: boolean,
): Promise<Standing> {
  const loaded =
    change.definition === undefined ? before.loaded : await loadDefinition(context, change.definition);
  const { definition } = loaded;
  const kept = Object.entries(before.inputs).filter(([name]) => definition.inputs.has(name));
  const given = { ...Object.fromEntries(kept), ...change.inputs };
  const { inputs } = completeInputs(definition, given, guesses);
  const entities = [...definition.entities.values()].filter(({ type }) => type !== 'service');
  const least = await parseMembers([], entities, before.name, readFrom(context));
  const named = groupsIn('--update', change.members ?? {}, entities, before.name);
  const stay = Object.entries(before.members).filter(([entity]) => definition.entities.has(entity));
  const members = { ...least, ...Object.fromEntries(stay), ...named };
  const problems = context.language.checkStart(definition, inputs, members);
  if (problems.some(({ severity }) => severity === 'error'))
    throw new ProblemsFound([...problems], loaded.sources);
  return { ...before, loaded, inputs, members };
}

const encoded = (
  definition: WorkflowDefinition,
  inputs: JsonObject,
  versions: ReadonlyMap<string, number>,
): JsonObject => withoutSecrets(definition, checkInputs(definition, inputs).inputs, versions);

/** Groups that are others than before; those that are gone leave by themselves. */
const joining = (before: Standing, after: Standing) =>
  Object.fromEntries(
    Object.entries(after.members)
      .filter(([entity, group]) => JSON.stringify(group) !== JSON.stringify(before.members[entity]))
      .map(([entity, group]) => [
        entity,
        group.map(({ agent, name, data }) => ({ agent, name, data: encodeUserValue(data ?? {}) })),
      ]),
  );
