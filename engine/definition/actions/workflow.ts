// The action `workflow`: runs another definition as a child.
// Belongs here: its fields, held against what the child declares. Does not belong here: finding and parsing the child's
// definition (children.ts), running it (runtime/, drivers/).
import type { JsonValue } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Compile } from '../draft.ts';
import type { Template } from '../expressions/types.ts';
import { hasExpression } from '../expression-marks.ts';
import { type Fields, type Node, readEntries, readMap } from '../reader.ts';
import type { ChildDefinition, Parameter, WorkflowAction } from '../types.ts';
import { fitValue, type Misfit } from '../values.ts';
import type { KindOfAction } from './kind.ts';

type Entries = readonly (readonly [string, Node])[];

export const workflow: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: true,
  idempotent: true,
  read(node, { report, contents, what, timeout }) {
    const fields = readMap(report, node, 'workflow action', `the workflow of ${what}`);
    const hint = 'Write {file: NAME}, or the definition itself.';
    const given = fields?.required('definition', hint);
    const child = given && contents.children.read(given, what);
    if (fields === undefined || child === undefined) return undefined;
    const inputs = readInputs(fields, child);
    const members = readMembers(fields, child);
    const { outputs, digest } = child.definition;
    return {
      kind: 'workflow',
      at: node.at,
      offers: outputs,
      build: (compile): WorkflowAction => ({
        kind: 'workflow',
        definition: digest,
        inputs: inputsOf(fields, child, inputs, compile),
        members: new Map(members.map(([name, entry]) => [name, membersOf(fields, name, entry, compile)])),
        ...(timeout !== undefined && { timeout }),
      }),
    };
  },
};

/** What is missing is said only where no other name may be meant for it. */
function readInputs(fields: Fields, { definition }: ChildDefinition): Entries {
  const { report, what } = fields;
  const known = definition.inputs;
  const entries = readEntries(report, fields.get('inputs'), `inputs of ${what}`, LIMITS.inputs);
  const named = new Set(entries.map(([name]) => name));
  const isClear = entries.every(([name]) => known.has(name));
  for (const { name, default: fallback } of known.values()) {
    if (named.has(name) || fallback !== undefined || !isClear) continue;
    report.add('missing_key', fields.place('inputs'), `${what} does not give the child's input '${name}'.`, {
      hint: `Write it under 'inputs', or give it a default in the child's definition.`,
    });
  }
  return entries.filter(([name, { at }]) => {
    if (known.has(name)) return true;
    const message = `${what} gives the input '${name}', which the child does not have.`;
    report.add('unknown_name', at, message, { near: { name, known: known.keys() }, key: true });
    return false;
  });
}

/** One template of all inputs, each compiled for itself, so that each is held against its declaration. */
function inputsOf(
  fields: Fields,
  { definition }: ChildDefinition,
  entries: Entries,
  compile: Compile,
): Template {
  const at = fields.get('inputs')?.at ?? fields.place('inputs');
  const compiled = entries.map(([name, { value, at: place }]) => {
    const template = compile(value, place);
    checkInput(fields, definition.inputs.get(name), template, place);
    return [name, template] as const;
  });
  return {
    root: { kind: 'map', entries: compiled.map(([name, { root }]) => [name, root] as const) },
    reads: compiled.flatMap(([, { reads }]) => reads),
    secret: compiled.some(([, { secret }]) => secret),
    at,
  };
}

/** Whatever is hidden here stays so there; what is written plainly must be of the declared type. */
function checkInput(
  { report, what }: Fields,
  declared: Parameter | undefined,
  { root, secret }: Template,
  at: string,
): void {
  if (declared === undefined) return;
  const { name, hidden } = declared;
  if (secret && !hidden) {
    const message = `${what} gives a hidden value to the child's input '${name}', which is not hidden.`;
    report.add('secret_exposed', at, message, {
      hint: `Declare it in the child's definition: ${name}: {type: ${declared.type}, hidden: true}.`,
    });
  }
  const misfits: Misfit[] = [];
  if (root.kind === 'literal' && root.value !== null) fitValue(declared, root.value, '', misfits);
  for (const { message } of misfits)
    report.add('wrong_value', at, `The child's input '${name}' cannot be used: ${message}.`);
}

function readMembers(fields: Fields, { definition }: ChildDefinition): Entries {
  const { report, what } = fields;
  const { entities } = definition;
  const entries = readEntries(report, fields.get('members'), `members of ${what}`, LIMITS.entities);
  const named = new Set(entries.map(([name]) => name));
  const isClear = entries.every(([name]) => entities.has(name));
  for (const { name, members } of entities.values()) {
    if (named.has(name) || members.min === 0 || !isClear) continue;
    report.add('missing_key', fields.place('members'), `${what} gives the child's ${name} no members.`, {
      hint: `Write who they are: members: {${name}: "<% ENTITY.members %>"}.`,
    });
  }
  return entries.filter(([name, { at }]) => {
    const entity = entities.get(name);
    if (entity !== undefined && entity.type !== 'service') return true;
    const message =
      entity === undefined
        ? `${what} gives members to '${name}', which the child does not have.`
        : `${what} gives members to the child's ${name}, which is a service.`;
    report.add(entity ? 'wrong_value' : 'unknown_name', at, message, {
      near: { name, known: entity ? [] : entities.keys() },
      key: true,
    });
    return false;
  });
}

/** An expression that names members, or a list of such. */
function membersOf(fields: Fields, name: string, { value, at }: Node, compile: Compile): Template {
  const template = compile(value, at, { members: true });
  const items = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
  const isText =
    template.root.kind === 'text' || !items.every(item => typeof item === 'string' && hasExpression(item));
  if (isText) {
    const message = `members of ${fields.what}: ${name} is no expression that names members.`;
    const hint = 'Write "<% ENTITY.members %>", or a list such as ["<% ENTITY.master %>"].';
    fields.report.add('wrong_type', at, message, { hint });
  }
  return template;
}
