// A name or index after a value: does it exist, what does reading it need, is it there for certain?
// Belongs here: unknown names, reads, guarantees. Does not belong here: operators, calls and loops (walker.ts).
//
// G1 An output read plainly is there for certain: inferred as a requirement, proven by has(), or given by the place.
// G2 What is read under has(), `.?` or default() infers nothing.
import { didYouMean } from '../nearest.ts';
import type { Findings } from './finding.ts';
import type { Shape } from './shapes.ts';
import { ANY, NOTHING_PROVEN, describe, either, entityOf, namesOf, nounOf, shapeOf } from './shapes.ts';
import type { ExpressionModel, ExpressionPlace, StateModel } from './types.ts';

/** Places whose reads become requirements; elsewhere nothing waits for what is read. */
const INFERRING: ReadonlySet<ExpressionPlace['use']> = new Set([
  'action',
  'change',
  'run_on',
  'probe',
  'condition',
  'set',
  'members',
]);

/** True in the rule by which a role is chosen. */
export const isRoleRule = (use: ExpressionPlace['use']): boolean =>
  use === 'role_where' || use === 'role_rank';

export interface AccessContext {
  readonly model: ExpressionModel;
  readonly place: ExpressionPlace;
  readonly findings: Findings;
}

export interface Access {
  readonly name: string;
  /** True under `.?`, has() and default(). */
  readonly tolerant: boolean;
  /** True when a condition around it has shown that it is there. */
  readonly proven: boolean;
}

/** Shape of `value.name`; says what is wrong with it. */
export function fieldOf(shape: Shape, access: Access, context: AccessContext): Shape {
  const names = namesOf(shape, context.model);
  if (names !== undefined && !names.includes(access.name))
    return unknownField(shape, access.name, names, context);
  switch (shape.kind) {
    case 'list':
      if (shape.of.kind === 'member') fieldOfMany(shape.of.entity, access.name, context.findings);
      return ANY;
    case 'any':
      return ANY;
    case 'secret':
      return exposed(`with '.${access.name}'`, context.findings);
    case 'optional':
      return { kind: 'optional', of: fieldOf(shape.of, { ...access, tolerant: true }, context) };
    case 'map':
      return shape.keys.get(access.name) ?? shape.keys.get('*') ?? ANY;
    case 'inputs':
      return inputOf(access.name, context);
    case 'workflow':
    case 'error':
    case 'response':
    case 'status':
      return ANY;
    case 'operation':
      return operationField(access, context);
    case 'operation_inputs':
      return operationInput(access, context);
    case 'previous':
      return previousField(access.name, context);
    case 'entity':
      return entityField(shape.entity, access.name, context);
    case 'member':
      return memberField(shape, access.name, context);
    case 'reached':
      context.findings.read({ kind: 'reached', entity: shape.entity, state: access.name });
      return membersOf(shape.entity, new Set([`outputs.${access.name}`]));
    case 'outputs':
      return stateOf(shape, access, context);
    case 'state':
      return outputOf(shape, access, context);
  }
}

/** A list of members has no name, but each of them has. */
function fieldOfMany(entity: string, name: string, findings: Findings): void {
  findings.say(
    'expression_type',
    `'.${name}' is asked of a list of members of ${entity}.`,
    `Write '[0].${name}' for the first of them, or '.map(m, m.${name})' for all.`,
  );
}

/** `sql[0]`, as steps are written on the command line, for `sql.members[0]`. */
function memberMeant(shape: Shape, source: string): string | undefined {
  const index = /\[\d+\]$/.exec(source)?.[0];
  return shape.kind === 'entity' && index !== undefined ? `${shape.entity}.members${index}` : undefined;
}

/** Shape of `value[index]` whose index is not a literal. */
export function itemOf(shape: Shape, context: AccessContext, source: string): Shape {
  switch (shape.kind) {
    case 'any':
      return ANY;
    case 'list':
      return shape.of;
    case 'optional':
      return { kind: 'optional', of: itemOf(shape.of, context, source) };
    case 'map':
      return [...shape.keys.values()].reduce(either, ANY);
    case 'secret':
      return exposed('with an index', context.findings);
    case 'inputs':
    case 'workflow':
    case 'error':
    case 'response':
    case 'operation':
    case 'operation_inputs':
    case 'previous':
    case 'entity':
    case 'member':
    case 'outputs':
    case 'state':
    case 'status':
    case 'reached': {
      const meant = memberMeant(shape, source);
      context.findings.say(
        'expression_unsafe',
        meant === undefined
          ? `'${source}' picks a name of ${describe(shape)} that is only known later.`
          : `'${source}' picks a member of ${describe(shape)} without saying so.`,
        meant === undefined
          ? 'Write the name itself, so that it is known beforehand what the expression reads.'
          : `Write '${meant}'.`,
      );
      return ANY;
    }
  }
}

/** Says that a hidden value is used where it would show. */
export function exposed(use: string, findings: Findings): Shape {
  findings.say(
    'secret_exposed',
    `A hidden value cannot be used ${use}: that would show something of it.`,
    "A hidden value may be passed on whole, chosen by '? :', put in a list or map, or joined with text by '+'.",
  );
  return ANY;
}

function unknownField(shape: Shape, name: string, names: readonly string[], context: AccessContext): Shape {
  const hint =
    onceHint(shape, name, context) ??
    groupHint(shape, name) ??
    noOutputs(shape, names) ??
    didYouMean(name, names);
  context.findings.say('unknown_name', `Unknown ${nounOf(shape)} '${name}' of ${ownerOf(shape)}.`, hint);
  return ANY;
}

function ownerOf(shape: Shape): string {
  if (shape.kind === 'state') return `${shape.entity}.${shape.state}`;
  if (shape.kind === 'status') return shape.entity;
  return shape.kind === 'outputs' && shape.of !== 'once' ? shape.entity : describe(shape);
}

function onceHint(shape: Shape, name: string, { model }: AccessContext): string | undefined {
  if (shape.kind !== 'outputs') return undefined;
  const state = entityOf(model, shape.entity).states.get(name);
  if (state === undefined) return undefined;
  return state.once
    ? `It has 'once': its outputs belong to the group. Write ${shape.entity}.once.${name}.`
    : `It has no 'once': each member has its own outputs. Write m.outputs.${name} for a member m.`;
}

/** A group has no outputs of its own: each member has. */
function groupHint(shape: Shape, name: string): string | undefined {
  if (shape.kind !== 'entity') return undefined;
  const { entity } = shape;
  if (name === 'facts' || name === 'data') {
    return `Each member has its own: write member.${name} for the same member, ${entity}.members[0].${name} for another.`;
  }
  if (name !== 'outputs') return undefined;
  return `Each member has its own: write member.outputs for the same member, ${entity}.members.map(m, m.outputs.…) for all, ${entity}.once for a state with 'once'.`;
}

function noOutputs(shape: Shape, names: readonly string[]): string | undefined {
  if (shape.kind !== 'state' || names.length > 0) return undefined;
  return `Declare it under outputs of ${shape.entity}.${shape.state}.`;
}

function inputOf(name: string, { model, findings }: AccessContext): Shape {
  findings.read({ kind: 'input', name });
  const type = model.inputs.get(name);
  return type ? shapeOf(type) : ANY;
}

/** What it was given may be of an earlier definition, of which nothing is known here; its outputs are as they are declared. */
function previousField(name: string, { place: { entity, state } }: AccessContext): Shape {
  if (name === 'inputs' || entity === undefined || state === undefined) return ANY;
  return { kind: 'state', entity, state, proven: NOTHING_PROVEN };
}

/** Whatever else it runs for, `operation.inputs` is there to be asked. */
function operationField(access: Access, context: AccessContext): Shape {
  if (access.name === 'inputs') return { kind: 'operation_inputs' };
  needOperation(access, context);
  return ANY;
}

function operationInput(access: Access, context: AccessContext): Shape {
  needOperation(access, context);
  const type = context.model.operation?.inputs.get(access.name);
  return type ? shapeOf(type) : ANY;
}

function needOperation({ name, tolerant, proven }: Access, { model, findings }: AccessContext): void {
  if (tolerant || proven || model.operation?.isCertain) return;
  findings.say(
    'not_guaranteed',
    `The operation's ${name} may be absent: the state also runs for no operation, or for another.`,
    absentHint(name),
  );
}

function entityField(entity: string, name: string, { model, findings, place }: AccessContext): Shape {
  switch (name) {
    case 'members':
      findings.read({ kind: 'members', entity });
      return membersOf(entity, NOTHING_PROVEN);
    case 'reached':
      return { kind: 'reached', entity };
    case 'once':
      return { kind: 'outputs', entity, of: 'once', proven: NOTHING_PROVEN };
    case 'outputs':
      return { kind: 'outputs', entity, of: 'self', proven: NOTHING_PROVEN };
    default:
      findings.read({ kind: 'role', entity, role: name });
      if (isRoleRule(place.use)) {
        findings.say(
          'expression_unsafe',
          `A role's rule reads the role ${entity}.${name}, which may not be chosen yet.`,
          'Choose by what the members are or gave: their data, facts and outputs.',
        );
      }
      return entityOf(model, entity).counted?.has(name) === true
        ? membersOf(entity, NOTHING_PROVEN)
        : { kind: 'member', entity, of: 'all', proven: NOTHING_PROVEN };
  }
}

function membersOf(entity: string, proven: ReadonlySet<string>): Shape {
  return { kind: 'list', of: { kind: 'member', entity, of: 'all', proven } };
}

function memberField(
  shape: Extract<Shape, { kind: 'member' }>,
  name: string,
  { findings }: AccessContext,
): Shape {
  const { entity, of } = shape;
  if (name === 'status' || name === 'facts') findings.read({ kind: 'passing', entity });
  if (name === 'outputs') return { kind: 'outputs', entity, of, proven: below(shape.proven, 'outputs') };
  return name === 'status' ? { kind: 'status', entity } : ANY;
}

function below(proven: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const prefix = `${name}.`;
  return new Set([...proven].filter(path => path.startsWith(prefix)).map(path => path.slice(prefix.length)));
}

function stateOf(shape: Extract<Shape, { kind: 'outputs' }>, access: Access, context: AccessContext): Shape {
  const { entity } = shape;
  const state = access.name;
  const proven = access.proven || shape.proven.has(state);
  const optional = proven || access.tolerant || !INFERRING.has(context.place.use);
  context.findings.read({ kind: 'outputs', entity, state, of: shape.of, optional });
  if (!proven && !access.tolerant) needState(entity, state, shape.of, context);
  return { kind: 'state', entity, state, proven: below(shape.proven, state) };
}

function needState(
  entity: string,
  state: string,
  of: 'self' | 'all' | 'once',
  { model, place, findings }: AccessContext,
): void {
  if (place.use === 'output' || place.guaranteed(entity, state, of)) return;
  const whole = `${entity}.${state}`;
  if (!INFERRING.has(place.use)) {
    findings.say(
      'not_guaranteed',
      `The outputs of ${whole} may be absent here: nothing makes ${useText(place.use)} wait for that state.`,
      absentHint(state),
    );
  } else if ((entityOf(model, entity).states.get(state) as StateModel).mayBeAbsent) {
    findings.say(
      'not_guaranteed',
      `The outputs of ${whole} may be absent: that state may be skipped, tolerated or not apply to a member.`,
      `${absentHint(state)} Or read them from ${entity}.reached.${state}.`,
    );
  }
}

function outputOf(shape: Extract<Shape, { kind: 'state' }>, access: Access, context: AccessContext): Shape {
  const { model, place, findings } = context;
  const state = entityOf(model, shape.entity).states.get(shape.state) as StateModel;
  const output = state.outputs.get(access.name);
  const certain = access.proven || access.tolerant || shape.proven.has(access.name) || place.use === 'output';
  if (output?.optional === true && !certain) {
    findings.say(
      'not_guaranteed',
      `The output ${access.name} of ${shape.entity}.${shape.state} may be absent: it is declared optional.`,
      absentHint(access.name),
    );
  }
  return output ? shapeOf(output) : ANY;
}

function absentHint(name: string): string {
  return `Write '.?${name}' and end with '.orValue(…)', or ask has() first.`;
}

function useText(use: ExpressionPlace['use']): string {
  if (isRoleRule(use)) return "a role's rule";
  if (use === 'rescue') return 'a rescue';
  return use === 'retry_when' ? "a retry's 'when'" : 'an undo';
}
