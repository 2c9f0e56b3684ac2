// What an update asks for, judged as a new workflow would be, before anything of it is stored.
// Belongs here: another definition, other inputs, members; what stays as it is. Does not belong here: what becomes of
// steps (machine/), storing it (service.ts).
//
// U1  What is not named stays. An input that was never given takes the new definition's default, one that was given keeps
//     its value where the new definition has it: what it was given is what differs from the old default.
// U2  A hidden input that did not change keeps its reference, so equal references mean equal values.
import { canonicalJson, isObject, type JsonObject, type JsonValue, tagOf } from '../base/json.ts';
import { missingCredential } from '../definition/checks/credential.ts';
import { checkInputs, unknownInput } from '../definition/inputs.ts';
import type { Problem } from '../definition/problems.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import { encodeUserValue } from '../definition/values.ts';
import type { GenerationChange, NewSource } from '../machine/events.ts';
import type { ActRequest, NewMembers, PlanRequest } from './api.ts';
import type { LiveWorkflow } from './live.ts';
import type { Machine } from './machine.ts';
import type { DefinitionDocument, NewSecret } from './ports.ts';

export type UpdateRequest = ActRequest & { readonly kind: 'update' };

export interface JudgedUpdate {
  readonly change: GenerationChange;
  /** Absent: the definition stays. */
  readonly document?: DefinitionDocument;
  readonly definition?: WorkflowDefinition;
  readonly secrets: readonly NewSecret[];
  /** Errors and warnings; with an error nothing else counts. */
  readonly problems: readonly Problem[];
}

export interface Tools {
  readonly machine: Machine;
  /** Hidden values by reference. */
  readonly seal: (
    values: JsonObject,
    hidden: (name: string) => boolean,
  ) => { readonly values: JsonObject; readonly secrets: readonly NewSecret[] };
  /** The clear value behind a reference. */
  readonly open: (ref: string) => Promise<JsonValue>;
}

export async function judgeUpdate(
  request: PlanRequest,
  live: LiveWorkflow,
  tools: Tools,
): Promise<JudgedUpdate> {
  const change = memberChange(request);
  const { document, inputs, unset, whole } = request;
  if (document === undefined && inputs === undefined && unset === undefined && whole === undefined)
    return { change, secrets: [], problems: [] };
  const parsed = document && tools.machine.parseDefinition(document.source, document);
  const definition = parsed ? parsed.definition : live.shape.definition;
  if (definition === undefined) return { change, secrets: [], problems: parsed?.problems ?? [] };
  const isGranted = request.credential !== undefined || live.state.workflow.credential !== undefined;
  const lacking = isGranted ? undefined : missingCredential(definition);
  const asked = await wholeInputs(request, live, definition, tools);
  const judged = checkInputs(definition, asked);
  // One that only the former definition has is gone with it.
  const unknown = (unset ?? []).filter(
    name => !definition.inputs.has(name) && !live.shape.definition.inputs.has(name),
  );
  const problems = [
    ...(parsed?.problems ?? []),
    ...(lacking ? [lacking] : []),
    ...judged.problems,
    ...unknown.map(name => unknownInput(name, definition.inputs)),
  ];
  if (problems.some(({ severity }) => severity === 'error')) return { change, secrets: [], problems };
  const sealed = tools.seal(judged.inputs, name => definition.inputs.get(name)?.hidden === true);
  const source: NewSource = { definition: definition.digest, inputs: sealed.values };
  return {
    change: { ...change, source },
    ...(document && { document: { digest: definition.digest, ...document } }),
    definition,
    secrets: sealed.secrets,
    problems,
  };
}

/** What was given before and is now, in clear, as a new workflow would be given it (U1). */
async function wholeInputs(
  { inputs = {}, unset = [], whole }: PlanRequest,
  live: LiveWorkflow,
  definition: WorkflowDefinition,
  { open }: Tools,
): Promise<JsonObject> {
  if (whole) return inputs;
  const kept: [string, JsonValue][] = [];
  for (const [name, value] of Object.entries(live.source.inputs)) {
    const isNamed = Object.hasOwn(inputs, name) || unset.includes(name);
    if (isNamed || !definition.inputs.has(name) || isDefault(live, name, value)) continue;
    kept.push([name, await clear(value, open)]);
  }
  return { ...Object.fromEntries(kept), ...inputs };
}

/** Hidden ones are taken to have been given. */
function isDefault({ shape: { definition } }: LiveWorkflow, name: string, value: JsonValue): boolean {
  const declared = definition.inputs.get(name)?.default;
  if (declared === undefined) return false;
  const fitted = checkInputs({ ...definition, inputs: only(definition, name) }, {}).inputs[name];
  return fitted !== undefined && canonicalJson(fitted) === canonicalJson(value);
}

const only = ({ inputs }: WorkflowDefinition, name: string): WorkflowDefinition['inputs'] =>
  new Map([...inputs].filter(([key]) => key === name));

/** As a user would write it: tags of base/json.ts taken off. */
async function clear(value: JsonValue, open: Tools['open']): Promise<JsonValue> {
  if (Array.isArray(value)) {
    const items: JsonValue[] = [];
    for (const item of value as readonly JsonValue[]) items.push(await clear(item, open));
    return items;
  }
  if (!isObject(value)) return value;
  switch (tagOf(value)) {
    case '$secret':
      return clear(await open(value['$secret'] as string), open);
    case '$literal':
      return clearEntries(value['$literal'] as JsonObject, open);
    case '$integer':
      return value['$integer'] as string;
    case '$concat':
    case undefined:
      return clearEntries(value, open);
  }
}

async function clearEntries(value: JsonObject, open: Tools['open']): Promise<JsonObject> {
  const entries: [string, JsonValue][] = [];
  for (const [key, item] of Object.entries(value)) entries.push([key, await clear(item, open)]);
  return Object.fromEntries(entries);
}

/** Who takes part, as the event has it. */
function memberChange({ members, join, leave, abandon }: NewMembers): GenerationChange {
  return {
    ...(members && { members: encodedMembers(members) }),
    ...(join && { join: encodedMembers(join) }),
    ...(leave && { leave }),
    ...(abandon === true && { abandon }),
  };
}

const encodedMembers = (groups: NonNullable<NewMembers['join']>): NonNullable<GenerationChange['join']> =>
  Object.fromEntries(
    Object.entries(groups).map(([entity, group]) => [
      entity,
      group.map(({ agent, name, data }) => ({ agent, name, data: encodeUserValue(data ?? {}) })),
    ]),
  );
