// Declarations of inputs, of state outputs and of what is inside maps and lists: HOT's parameter schema plus `integer`.
// Belongs here: reading declarations. Does not belong here: judging values (values.ts).
import { isObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { readConstraints } from './constraints.ts';
import { checkName } from './names.ts';
import { nearest } from './nearest.ts';
import { type Fields, type Node, oneOf, readEntries, readMap, readText } from './reader.ts';
import type { Report } from './report.ts';
import type { Parameter, ParameterSchema, ParameterType, StateOutput } from './types.ts';
import { fitValue, type Misfit, type Shape } from './values.ts';

const TYPES = ['string', 'number', 'integer', 'boolean', 'list', 'map'] as const;
/** HOT's older names. */
const ALIASES: ReadonlyMap<string, ParameterType> = new Map([
  ['comma_delimited_list', 'list'],
  ['json', 'map'],
]);
const DEEPEST_SCHEMA = 8;

/** The `inputs` of a definition. */
export function readInputs(report: Report, node: Node | undefined): Map<string, Parameter> {
  const inputs = new Map<string, Parameter>();
  for (const [name, entry] of readEntries(report, node, 'inputs', LIMITS.inputs)) {
    const usable = checkName(report, 'input', name, entry.at);
    const input = readInput(report, name, entry);
    if (usable && input !== undefined) inputs.set(name, input);
  }
  return inputs;
}

function readInput(report: Report, name: string, node: Node): Parameter | undefined {
  const what = `input ${name}`;
  const fields = readMap(report, node, 'input', what);
  if (fields === undefined) return undefined;
  fields.string('label');
  const shape = readShape(fields, 0);
  return {
    name,
    ...shape,
    description: fields.string('description') ?? '',
    hidden: fields.boolean('hidden') ?? false,
  };
}

/** The `outputs` of a state. */
export function readStateOutputs(
  report: Report,
  node: Node | undefined,
  state: string,
): Map<string, StateOutput> {
  const outputs = new Map<string, StateOutput>();
  for (const [name, entry] of readEntries(report, node, `outputs of ${state}`, LIMITS.outputs)) {
    const usable = checkName(report, 'output', name, entry.at);
    const fields = readMap(report, entry, 'state output', `output ${name} of ${state}`);
    if (fields === undefined || !usable) continue;
    const flags = {
      hidden: fields.boolean('hidden') ?? false,
      optional: fields.boolean('optional') ?? false,
    };
    outputs.set(name, {
      name,
      ...readShape(fields, 0),
      description: fields.string('description') ?? '',
      ...flags,
    });
  }
  return outputs;
}

/** Type, schema, constraints and default, which all declarations have in common. */
function readShape(fields: Fields, depth: number): Shape {
  const type = readType(fields);
  if (type === undefined) return { type: 'string', constraints: [] };
  const schema = readSchema(fields, type, depth);
  const constraints = readConstraints(fields.report, fields.get('constraints'), type, fields.what);
  const shape: Shape = { type, constraints, ...(schema === undefined ? {} : { schema }) };
  return withDefault(fields, shape);
}

/** The type, or the one that was probably meant, so that what depends on it is judged too. */
function readType(fields: Fields): ParameterType | undefined {
  const node = fields.required('type', `It is ${oneOf(TYPES)}.`);
  const text = node && readText(fields.report, node, `type of ${fields.what}`);
  if (node === undefined || text === undefined) return undefined;
  const type = TYPES.find(candidate => candidate === text) ?? ALIASES.get(text);
  if (type !== undefined) return type;
  const message = `type of ${fields.what} is '${text.slice(0, 60)}'; it must be ${oneOf(TYPES)}.`;
  const meant = nearest(text, TYPES);
  const hint = meant === undefined ? {} : { hint: `Did you mean '${meant}'?` };
  fields.report.add('wrong_value', node.at, message, hint);
  return TYPES.find(candidate => candidate === meant);
}

function readSchema(fields: Fields, type: ParameterType, depth: number): ParameterSchema | undefined {
  const node = fields.get('schema');
  if (node === undefined) return undefined;
  const { report, what } = fields;
  if (type !== 'map' && type !== 'list') {
    report.add('wrong_value', node.at, `schema of ${what} has no meaning: its type is ${type}.`, {
      hint: 'Only map and list have one.',
    });
    return undefined;
  }
  if (depth >= DEEPEST_SCHEMA) {
    report.add(
      'limit_exceeded',
      node.at,
      `schema of ${what} is nested deeper than ${DEEPEST_SCHEMA} levels.`,
    );
    return undefined;
  }
  if (type === 'list') return { items: readItemShape(report, node, 'item', `an item of ${what}`, depth + 1) };
  const keys = readEntries(report, node, `schema of ${what}`, LIMITS.inputs).map(
    ([name, entry]) => [name, readItemShape(report, entry, name, `${name} of ${what}`, depth + 1)] as const,
  );
  return { keys: new Map(keys) };
}

/** A bare type name, or a declaration. */
function readItemShape(report: Report, node: Node, name: string, what: string, depth: number): Parameter {
  const long: Node =
    isObject(node.value) || node.value === null ? node : { value: { type: node.value }, at: node.at };
  const fields = readMap(report, long, 'schema item', what);
  const shape: Shape = fields === undefined ? { type: 'string', constraints: [] } : readShape(fields, depth);
  return { name, ...shape, description: fields?.string('description') ?? '', hidden: false };
}

function withDefault(fields: Fields, shape: Shape): Shape {
  const node = fields.get('default');
  if (node === undefined || node.value === null) return shape;
  const misfits: Misfit[] = [];
  const value = fitValue(shape, node.value, node.at, misfits);
  for (const { at, message } of misfits) {
    fields.report.add('wrong_value', at, `default of ${fields.what} does not fit: ${message}.`);
  }
  return value === undefined ? shape : { ...shape, default: node.value };
}
