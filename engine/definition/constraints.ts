// HOT's constraints on inputs and outputs: how they are written, and whether a value keeps them.
// Belongs here: the six kinds. Does not belong here: types of values (values.ts).
import { isObject, type JsonObject, type JsonValue, canonicalJson } from '../base/json.ts';
import { CUSTOM_CONSTRAINTS } from './custom-constraints.ts';
import { compilePattern } from './pattern.ts';
import { type Fields, type Node, readItems, readMap, readText, typeName } from './reader.ts';
import type { Report } from './report.ts';
import type { Constraint, ParameterType } from './types.ts';

const KINDS = [
  'length',
  'range',
  'modulo',
  'allowed_values',
  'allowed_pattern',
  'custom_constraint',
] as const;
type Kind = (typeof KINDS)[number];
const MOST_CONSTRAINTS = 20;
const MOST_VALUES = 1_000;

/** Types that each kind can be put on. */
const TYPES: Readonly<Record<Kind, readonly ParameterType[]>> = {
  length: ['string', 'list', 'map'],
  range: ['number', 'integer'],
  modulo: ['number', 'integer'],
  allowed_values: ['string', 'number', 'integer', 'boolean', 'list'],
  allowed_pattern: ['string'],
  custom_constraint: ['string'],
};

/** Reads the list under `constraints`. */
export function readConstraints(
  report: Report,
  node: Node | undefined,
  type: ParameterType,
  what: string,
): Constraint[] {
  return readItems(report, node, `constraints of ${what}`, MOST_CONSTRAINTS)
    .map(item => readConstraint(report, item, type, what))
    .filter(constraint => constraint !== undefined);
}

function readConstraint(
  report: Report,
  item: Node,
  type: ParameterType,
  what: string,
): Constraint | undefined {
  const fields = readMap(report, item, 'constraint', `a constraint of ${what}`);
  if (fields === undefined) return undefined;
  const kinds = KINDS.filter(kind => fields.has(kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    report.add(
      'wrong_value',
      item.at,
      `A constraint of ${what} must have exactly one of the keys ${KINDS.join(', ')}.`,
    );
    return undefined;
  }
  if (!TYPES[kind].includes(type)) {
    report.add('wrong_value', item.at, `The constraint ${kind} cannot be put on the ${type} ${what}.`);
    return undefined;
  }
  const body = readKind(fields, kind, what);
  const description = fields.string('description');
  return body && { ...body, ...(description === undefined ? {} : { description }) };
}

function readKind(fields: Fields, kind: Kind, what: string): Constraint | undefined {
  const node = fields.required(kind);
  if (node === undefined) return undefined;
  switch (kind) {
    case 'length':
    case 'range':
      return readBounds(fields.report, kind, node, what);
    case 'modulo':
      return readModulo(fields.report, node, what);
    case 'allowed_values':
      return {
        kind,
        values: readItems(fields.report, node, `allowed_values of ${what}`, MOST_VALUES).map(
          ({ value }) => value,
        ),
      };
    case 'allowed_pattern':
      return readPattern(fields.report, node, what);
    case 'custom_constraint':
      return readCustom(fields.report, node, what);
    default:
      return kind satisfies never;
  }
}

function readBounds(
  report: Report,
  kind: 'length' | 'range',
  node: Node,
  what: string,
): Constraint | undefined {
  const fields = readMap(report, node, 'bounds', `${kind} of ${what}`);
  if (fields === undefined) return undefined;
  const lowest = kind === 'length' ? 0 : -Number.MAX_VALUE;
  const min = fields.number('min', lowest, Number.MAX_VALUE);
  const max = fields.number('max', lowest, Number.MAX_VALUE);
  if (!fields.has('min') && !fields.has('max')) {
    report.add('missing_key', node.at, `${kind} of ${what} needs 'min' or 'max'.`);
  }
  if (min !== undefined && max !== undefined && min > max) {
    report.add('wrong_value', node.at, `${kind} of ${what} allows nothing: min ${min} is above max ${max}.`);
  }
  return { kind, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

function readModulo(report: Report, node: Node, what: string): Constraint | undefined {
  const fields = readMap(report, node, 'modulo', `modulo of ${what}`);
  if (fields === undefined) return undefined;
  fields.required('step');
  const step = fields.number('step', -Number.MAX_VALUE, Number.MAX_VALUE);
  const offset = fields.number('offset', -Number.MAX_VALUE, Number.MAX_VALUE) ?? 0;
  if (step === 0) report.add('wrong_value', node.at, `step of modulo of ${what} must not be 0.`);
  return step === undefined || step === 0 ? undefined : { kind: 'modulo', step, offset };
}

function readPattern(report: Report, node: Node, what: string): Constraint | undefined {
  const pattern = readText(report, node, `allowed_pattern of ${what}`);
  if (pattern === undefined) return undefined;
  const compiled = compilePattern(pattern);
  if (!('refused' in compiled)) return { kind: 'allowed_pattern', pattern };
  report.add('wrong_value', node.at, `allowed_pattern of ${what} cannot be used: ${compiled.refused}.`);
  return undefined;
}

function readCustom(report: Report, node: Node, what: string): Constraint | undefined {
  const name = readText(report, node, `custom_constraint of ${what}`);
  if (name === undefined) return undefined;
  if (CUSTOM_CONSTRAINTS.has(name)) return { kind: 'custom_constraint', name };
  const known = [...CUSTOM_CONSTRAINTS.keys()];
  const message = `custom_constraint '${name.slice(0, 60)}' of ${what} is not one that can be checked without a cloud.`;
  report.add('unknown_name', node.at, message, { near: { name, known } });
  return undefined;
}

/** Why a value of the right type breaks the constraint; undefined when it keeps it. Never quotes the value. */
export function brokenConstraint(constraint: Constraint, value: JsonValue): string | undefined {
  const sentence = breaks(constraint, value);
  return sentence === undefined ? undefined : (constraint.description ?? sentence);
}

function breaks(constraint: Constraint, value: JsonValue): string | undefined {
  switch (constraint.kind) {
    case 'length':
      return outside(lengthOf(value), constraint, 'its length');
    case 'range':
      return outside(numberOf(value), constraint, 'it');
    case 'modulo':
      return modulo(numberOf(value), constraint.step, constraint.offset);
    case 'allowed_values':
      return isAllowed(value, constraint.values)
        ? undefined
        : `it must be one of ${constraint.values
            .map(one => JSON.stringify(one))
            .join(', ')
            .slice(0, 500)}`;
    case 'allowed_pattern':
      return patternBroken(constraint.pattern, textOf(value));
    case 'custom_constraint': {
      const custom = CUSTOM_CONSTRAINTS.get(constraint.name);
      return custom === undefined || custom.test(textOf(value)) ? undefined : `it must be ${custom.form}`;
    }
    default:
      return constraint satisfies never;
  }
}

function outside(
  number: number,
  { min, max }: { readonly min?: number; readonly max?: number },
  what: string,
): string | undefined {
  if (min !== undefined && number < min) return `${what} must be at least ${min}`;
  return max !== undefined && number > max ? `${what} must be at most ${max}` : undefined;
}

function modulo(number: number, step: number, offset: number): string | undefined {
  const rest = (number - offset) / step;
  return Number.isInteger(rest) ? undefined : `it must be ${offset} plus a multiple of ${step}`;
}

/** A list is allowed when each of its items is, as in HOT. */
function isAllowed(value: JsonValue, allowed: readonly JsonValue[]): boolean {
  const texts = new Set(allowed.map(canonicalJson));
  const items = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
  return items.every(
    item =>
      texts.has(canonicalJson(item)) ||
      (typeof item === 'string' &&
        typeof value === 'string' &&
        allowed.some(one => typeof one === 'number' && String(one) === item)),
  );
}

function patternBroken(pattern: string, text: string): string | undefined {
  const compiled = compilePattern(pattern);
  return 'refused' in compiled || compiled.matches(text)
    ? undefined
    : `it must match the pattern ${pattern.slice(0, 200)}`;
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function lengthOf(value: JsonValue): number {
  if (typeof value === 'string') return Array.from(value).length;
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
}

function numberOf(value: JsonValue): number {
  return Number(isObject(value) ? (value as JsonObject)['$integer'] : value);
}

/** Sentence for a value of another type; used where types are checked. */
export function notOfType(type: ParameterType, value: JsonValue): string {
  return `it must be of type ${type}, not ${typeName(value)}`;
}
