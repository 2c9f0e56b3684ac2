// One expression from text to a program: parsed, walked, type-checked, metered.
// Belongs here: the library's parser and checker, and their errors in words of the author.
// Does not belong here: names and guarantees (walker.ts), templates (template.ts), running (evaluate.ts).
//
// C1 One environment per model and set of named entities, one parse and one check per expression; evaluation does neither.
import cel from '@marcbachmann/cel-js';
import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { errorText } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { registerCommon, registerSchema } from './environment.ts';
import { MISSING, evaluate, toOptional } from './evaluate.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';
import { hostFunctions, hostLoops } from './functions/index.ts';
import { meter } from './meter.ts';
import type { Schema } from './schema.ts';
import { memberVariable, schemaOf } from './schema.ts';
import { describe, holdsSecret, isValue } from './shapes.ts';
import type { Shape } from './shapes.ts';
import type { CompiledExpression, ExpressionModel, ExpressionPlace, Read } from './types.ts';
import { walk } from './walker.ts';
import { typeHint, typeSentence, typeText } from './wording.ts';

export interface Compiled {
  /** Absent when there are findings. */
  readonly expression?: CompiledExpression;
  readonly findings: readonly Finding[];
  readonly reads: readonly Read[];
  readonly secret: boolean;
}

interface Prepared {
  readonly environment: Environment;
  readonly schema: Schema;
}

/** Environments kept per model; beyond this, one that knows every entity serves the rest. */
const KEPT = 32;
const prepared = new WeakMap<ExpressionModel, Map<string, Prepared>>();
let common: Environment | undefined;

/** Compiles the text between `<%` and `%>`. `inText`: it stands between other text. */
export function compileExpression(
  source: string,
  pointer: string,
  inText: boolean,
  place: ExpressionPlace,
  model: ExpressionModel,
): Compiled {
  const text = source.trim();
  const { environment, schema } = prepare(text, place, model);
  const parsed = parse(environment, text);
  if ('finding' in parsed) return { findings: [parsed.finding], reads: [], secret: false };
  const { shape, findings } = walk(parsed.program.ast, place, model);
  checkResult(shape, inText, place, model, findings);
  if (findings.list.length === 0) checkTypes(parsed.program, place, schema, findings);
  const base = { findings: findings.list, reads: findings.reads, secret: holdsSecret(shape) };
  if (findings.list.length > 0) return base;
  meter(parsed.program.ast);
  const program = {
    source: text,
    pointer,
    run: parsed.program,
    schema,
    boolean: isBoolean(place),
    member: isMember(place),
    members: place.use === 'members',
  };
  return { ...base, expression: { source: text, evaluate: data => evaluate(program, data) } };
}

const BOOLEAN = new Set<ExpressionPlace['use']>([
  'condition',
  'retry_when',
  'role_where',
  'response_test',
  'operation_of',
]);

/** True where only true or false makes sense. */
export function isBoolean(place: ExpressionPlace): boolean {
  const { use } = place;
  return BOOLEAN.has(use);
}

/** True where a service's answer is all there is. */
export const readsResponse = ({ use }: Pick<ExpressionPlace, 'use'>): boolean =>
  use === 'response' || use === 'response_test';

/** True where only a member makes sense. */
const isMember = ({ use }: ExpressionPlace): boolean =>
  use === 'run_on' || use === 'undo_run_on' || use === 'operation_to';

/** True where members are put in an order. */
const isRank = ({ use }: ExpressionPlace): boolean => use === 'role_rank' || use === 'rolling_order';

/** Registering types costs the square of their number, so an environment knows only the entities that are named. */
function prepare(text: string, place: ExpressionPlace, model: ExpressionModel): Prepared {
  const kept = prepared.get(model) ?? new Map<string, Prepared>();
  prepared.set(model, kept);
  const wanted = readsResponse(place) ? [] : entitiesIn(text, place, model);
  const few = readsResponse(place) || kept.has(wanted.join(' ')) || kept.size < KEPT;
  const named = few ? wanted : [...model.entities.keys()];
  const key = named.join(' ');
  const known = kept.get(key);
  if (known) return known;
  const schema = schemaOf(model, named);
  const environment = commonEnvironment().clone();
  registerSchema(environment, schema);
  const made = { environment, schema };
  kept.set(key, made);
  return made;
}

function entitiesIn(text: string, place: ExpressionPlace, model: ExpressionModel): string[] {
  const words = new Set(text.match(/[a-z][a-z0-9_]*/g));
  if (place.entity !== undefined && words.has('member')) words.add(place.entity);
  return [...model.entities.keys()].filter(name => words.has(name));
}

function commonEnvironment(): Environment {
  if (common) return common;
  common = new cel.Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: LIMITS.expressionNodes,
      maxDepth: LIMITS.expressionDepth,
      maxListElements: LIMITS.expressionNodes,
      maxMapEntries: LIMITS.expressionNodes,
    },
  });
  registerCommon(common, hostFunctions(toOptional), hostLoops(toOptional), MISSING);
  return common;
}

function parse(environment: Environment, text: string): { program: ParseResult } | { finding: Finding } {
  if (text === '')
    return {
      finding: { code: 'expression_syntax', message: "The expression between '<%' and '%>' is empty." },
    };
  try {
    return { program: environment.parse(text) };
  } catch (thrown) {
    return { finding: syntaxFinding(thrown, text) };
  }
}

function syntaxFinding(thrown: unknown, text: string): Finding {
  const summary = thrown instanceof cel.ParseError ? thrown.summary : errorText(thrown);
  if (summary.startsWith('Exceeded')) {
    return {
      code: 'limit_exceeded',
      message: `The expression is too large: ${tooLarge(summary)}.`,
      hint: 'Split it over a `set` state.',
    };
  }
  const at =
    thrown instanceof cel.ParseError && thrown.range ? ` at '${excerpt(text, thrown.range.start)}'` : '';
  const hint = foreignOperator(text);
  return {
    code: 'expression_syntax',
    message: `The expression cannot be read${at}: ${summary}.`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** `Exceeded maxDepth (32)`: the library's names of its limits. */
function tooLarge(summary: string): string {
  if (summary.includes('maxDepth')) return `it is nested deeper than ${LIMITS.expressionDepth} levels`;
  return `it has more than ${LIMITS.expressionNodes} parts`;
}

/** Operators of other languages, and CEL's own; only outside of quotes. */
const FOREIGN_OPERATORS: readonly (readonly [RegExp, string])[] = [
  [/===/, '=='],
  [/!==/, '!='],
  [/\band\b/, '&&'],
  [/\bor\b/, '||'],
  [/\bnot\b/, '!'],
];

function foreignOperator(text: string): string | undefined {
  const bare = text.replaceAll(/'[^']*'|"[^"]*"/g, "''");
  const own = FOREIGN_OPERATORS.find(([pattern]) => pattern.test(bare))?.[1];
  return own === undefined ? undefined : `Write ${own}.`;
}

function excerpt(text: string, start: number): string {
  const rest = text.slice(start, start + 20).replaceAll(/\s+/g, ' ');
  return rest === '' ? 'its end' : rest;
}

function checkResult(
  shape: Shape,
  inText: boolean,
  place: ExpressionPlace,
  model: ExpressionModel,
  findings: Findings,
): void {
  const result = shape.kind === 'optional' ? shape.of : shape;
  if (isMember(place)) sayNoMember(result, model, findings);
  else if (place.use === 'members') sayNoMembers(result, findings);
  else if (!isValue(result)) {
    const hint =
      result.kind === 'member' ? "Write one of its fields, such as '.name'." : 'Write one of its fields.';
    findings.say('expression_type', `The result is ${describe(result)}, which is no value.`, hint);
  }
  if (shape.kind === 'optional') {
    findings.say('expression_type', 'The result may be absent.', "End it with '.orValue(…)'.");
  }
  if (!holdsSecret(result)) return;
  if (isBoolean(place) || isRank(place)) {
    findings.say('secret_exposed', 'A hidden value cannot decide: its value would show in what happens.');
  } else if (inText && result.kind !== 'secret') {
    findings.say(
      'secret_exposed',
      'A list or map with a hidden value cannot stand inside text.',
      'Pass it whole, or put the hidden value itself into the text.',
    );
  }
}

/** What may be a member is left to the check of types. */
function sayNoMember(shape: Shape, model: ExpressionModel, findings: Findings): void {
  if (shape.kind === 'member' || shape.kind === 'any') return;
  const isList = shape.kind === 'list' && shape.of.kind === 'member';
  const whole = shape.kind === 'entity' ? wholeHint(shape.entity, model) : undefined;
  findings.say(
    'expression_type',
    `The result is ${describe(shape)}; it must be a member.`,
    isList
      ? "Write '[0]' after it for the first."
      : (whole ?? "Write a member, such as 'sql.members[0]' or a role."),
  );
}

function sayNoMembers(shape: Shape, findings: Findings): void {
  const one = shape.kind === 'list' ? shape.of : shape;
  if (one.kind === 'member' || one.kind === 'any') return;
  findings.say(
    'expression_type',
    `The result is ${describe(shape)}; it must be members.`,
    "Write members, such as 'sql.members' or a role.",
  );
}

/** An entity stands for all its members, also where there is one. */
function wholeHint(entity: string, { entities }: ExpressionModel): string | undefined {
  const type = entities.get(entity)?.type;
  if (type === 'vm') return `Write '${entity}.members[0]': the one member that it has.`;
  if (type === 'service')
    return `${entity} is a service, which has no VM. Name a member of a vm or a vm_group.`;
  return `Write '${entity}.members[0]' for its first member, or a role of it.`;
}

/** The library stops at its first complaint; the walk before it has found every unknown name already. */
function checkTypes(program: ParseResult, place: ExpressionPlace, schema: Schema, findings: Findings): void {
  for (const node of findings.memberNodes) {
    (node as { args: unknown }).args = memberVariable(place.entity as string);
  }
  const result = program.check();
  if (!result.valid) return sayTypeError(result.error, schema, findings);
  const type = result.type as string;
  if (isBoolean(place) && type !== 'bool' && !type.startsWith('dyn')) {
    findings.say('expression_type', `The answer is ${typeText(type, schema)}; it must be true or false.`);
  } else if (isMember(place) && !schema.types.some(({ name, member }) => member && name === type)) {
    findings.say(
      'expression_type',
      `The answer is ${typeText(type, schema)}; it must be a member.`,
      "Write a member, such as 'sql.members[0]' or a role.",
    );
  } else if (place.use === 'members' && !namesMembers(type, schema)) {
    findings.say(
      'expression_type',
      `The answer is ${typeText(type, schema)}; it must be members.`,
      "Write members, such as 'sql.members' or a role.",
    );
  } else if (place.use === 'role_rank' && !/^(?:int|double|dyn.*)$/.test(type)) {
    findings.say('expression_type', `The answer is ${typeText(type, schema)}; it must be a number.`);
  } else if (place.use === 'rolling_order' && !/^(?:int|double|string|dyn.*)$/.test(type)) {
    findings.say('expression_type', `The answer is ${typeText(type, schema)}; it must be a number or text.`);
  } else if (/^(?:optional<.*>|optional)$/.test(type)) {
    findings.say('expression_type', 'The result may be absent.', "End it with '.orValue(…)'.");
  } else if (['bytes', 'type', 'uint', 'CelNamespace', 'OptionalNamespace'].includes(type)) {
    findings.say('expression_type', `The result is of type ${type}, which JSON cannot hold.`);
  }
}

/** A member, or a list of members. */
const namesMembers = (type: string, { types }: Schema): boolean =>
  types.some(({ name, member }) => member && (type === name || type === `list<${name}>`));

function sayTypeError(error: Error | undefined, schema: Schema, findings: Findings): void {
  const summary =
    error instanceof cel.TypeError || error instanceof cel.ParseError ? error.summary : errorText(error);
  const text = typeText(summary, schema);
  if (summary.includes('Secret') && summary.startsWith('Ternary')) {
    findings.say('expression_type', "Both branches of '? :' must be hidden, or neither.");
    return;
  }
  if (summary.includes('Secret')) {
    findings.say(
      'secret_exposed',
      `A hidden value is used where its text would show: ${text}.`,
      "A hidden value may be passed on whole, chosen by '? :', put in a list or map, or joined with text by '+'.",
    );
    return;
  }
  findings.say('expression_type', typeSentence(text), typeHint(text));
}
