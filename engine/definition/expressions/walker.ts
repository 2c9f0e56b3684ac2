// A walk over one expression before it ever runs: every unknown name, every unguaranteed read, every leak of a
// hidden value, what it reads, and what it may cost at most.
// Belongs here: the rules per kind of node. Does not belong here: types of operators and functions (the library
// checks those, compile.ts), names after a value (access.ts), calls (calls.ts).
//
// W1 Every problem of the expression is found, not the first.
// W2 What passes has a static cost of at most LIMITS.expressionCost.
import type { ASTNode } from '@marcbachmann/cel-js';
import { LIMITS } from '../../base/limits.ts';
import { exposed, fieldOf, itemOf } from './access.ts';
import { walkCall, walkMethod } from './calls.ts';
import { Findings, sourceOf } from './finding.ts';
import { didYouMean } from '../nearest.ts';
import { checkKey, checkLiteral } from './literals.ts';
import type { Scope } from './scope.ts';
import { OUTERMOST, factsOf, knowing, pathOf } from './scope.ts';
import type { Shape } from './shapes.ts';
import { ANY, NOTHING_PROVEN, SECRET, either, holdsSecret } from './shapes.ts';
import type { EntityModel, ExpressionModel, ExpressionPlace } from './types.ts';

export interface Walked {
  readonly shape: Shape;
  readonly findings: Findings;
}

/** Walks the expression. Pure: the tree is left as it is. */
export function walk(root: ASTNode, place: ExpressionPlace, model: ExpressionModel): Walked {
  const walker = new Walker(place, model);
  const shape = walker.visit(root, OUTERMOST);
  walker.checkCost();
  return { shape, findings: walker.findings };
}

export class Walker {
  readonly place: ExpressionPlace;
  readonly model: ExpressionModel;
  readonly findings = new Findings();
  #bindings = 0;

  constructor(place: ExpressionPlace, model: ExpressionModel) {
    this.place = place;
    this.model = model;
  }

  /** A fresh identity for a bound name. */
  bindingId(name: string): string {
    this.#bindings += 1;
    return `${name}#${this.#bindings}`;
  }

  visit(node: ASTNode, scope: Scope): Shape {
    if (node.op !== 'value' && node.op !== 'id') this.findings.cost += scope.times;
    switch (node.op) {
      case 'value':
        checkLiteral(node.args, this.findings);
        return ANY;
      case 'id':
        return this.#name(node, node.args, scope);
      case '.':
      case '.?':
        return this.#field(node, node.args[0], node.args[1], node.op === '.?', scope);
      case '[]':
      case '[?]':
        return this.#index(node, node.args[0], node.args[1], node.op === '[?]', scope);
      case 'call':
        return walkCall(this, node.args[0], node.args[1], scope);
      case 'rcall':
        return walkMethod(this, node.args[0], node.args[1], node.args[2], scope);
      case 'list':
        return this.#list(node.args, scope);
      case 'map':
        return this.#map(node.args, scope);
      case '?:':
        return this.#choice(node.args, scope);
      case '&&':
      case '||':
        return this.#logical(node.op, node.args, scope);
      case '!_':
      case '-_':
        return this.#operands(node.op[0] as string, [node.args], scope);
      case '+':
        return this.#plus(node.args, scope);
      case '-':
      case '*':
      case '/':
      case '%':
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
      case 'in':
        return this.#operands(node.op, node.args, scope);
    }
  }

  /** Says that the value must not be used so when something hidden is in it. */
  guardSecret(shape: Shape, use: string): void {
    if (holdsSecret(shape)) exposed(use, this.findings);
  }

  checkCost(): void {
    if (this.findings.cost <= LIMITS.expressionCost) return;
    this.findings.say(
      'limit_exceeded',
      `The expression may take ${this.findings.cost} steps; the limit is ${LIMITS.expressionCost}.`,
      'Take work out of the inner loop, or split it over a `set` state.',
    );
  }

  #name(node: ASTNode, name: string, scope: Scope): Shape {
    const bound = scope.bindings.get(name);
    if (bound) return bound.shape;
    if (name === 'member' && this.#hasMember()) {
      this.findings.memberNodes.push(node);
      return { kind: 'member', entity: this.place.entity as string, of: 'self', proven: NOTHING_PROVEN };
    }
    if (this.#entities().includes(name)) return { kind: 'entity', entity: name };
    if (!this.#plainNames().includes(name)) return this.#unknownName(name, scope);
    switch (name) {
      case 'inputs':
      case 'workflow':
      case 'error':
      case 'response':
      case 'operation':
      case 'previous':
        return { kind: name };
      default:
        return ANY;
    }
  }

  #entities(): readonly string[] {
    return this.#readsResponse() ? [] : [...this.model.entities.keys()];
  }

  #readsResponse(): boolean {
    return this.place.use === 'response' || this.place.use === 'response_test';
  }

  #hasMember(): boolean {
    if (this.#readsResponse()) return false;
    const entity = this.#entity();
    if (entity === undefined || this.#isOfGroup()) return false;
    return entity.type !== 'service' && this.place.use !== 'output';
  }

  #entity(): EntityModel | undefined {
    return this.place.entity === undefined ? undefined : this.model.entities.get(this.place.entity);
  }

  /** One step of the whole group runs for no member. */
  #isOfGroup(): boolean {
    const entity = this.#entity();
    const { state } = this.place;
    return entity?.type === 'vm_group' && state !== undefined && entity.states.get(state)?.once === true;
  }

  #plainNames(): readonly string[] {
    switch (this.place.use) {
      case 'retry_when':
        return ['inputs', 'workflow', 'error'];
      case 'rescue':
        return ['inputs', 'workflow', 'error', 'attempt', ...this.#operation()];
      case 'change':
        return ['inputs', 'workflow', 'attempt', 'previous', ...this.#operation()];
      case 'action':
      case 'probe':
      case 'run_on':
        return ['inputs', 'workflow', 'attempt', ...this.#operation()];
      case 'operation_of':
      case 'operation_to':
        return ['inputs', 'workflow', ...this.#operation()];
      case 'undo':
      case 'undo_run_on':
      case 'members':
        return ['inputs', 'workflow', 'attempt'];
      case 'condition':
      case 'set':
      case 'output':
      case 'role_where':
      case 'role_rank':
      case 'rolling_order':
        return ['inputs', 'workflow'];
      case 'response':
      case 'response_test':
        return ['response'];
    }
  }

  #insteadOfMember(): string {
    const [role] = this.#entity()?.roles ?? [];
    return role === undefined
      ? "Give the group a role, let 'once' name it, and write that."
      : `Write a role, such as '${this.place.entity}.${role}'.`;
  }

  #operation(): readonly string[] {
    return this.model.operation === undefined ? [] : ['operation'];
  }

  #unknownName(name: string, scope: Scope): Shape {
    const member = this.#hasMember() ? ['member'] : [];
    const known = [...this.#plainNames(), ...member, ...this.#entities(), ...scope.bindings.keys()];
    const exists = ['inputs', 'workflow'].includes(name) || this.model.entities.has(name);
    const hint =
      this.#readsResponse() && exists
        ? "Only 'response' exists where a service's answer is read."
        : name === 'member' && this.#isOfGroup()
          ? `The state is one step of the whole group (once), so it has none. ${this.#insteadOfMember()}`
          : ['member', 'error', 'attempt', 'operation', 'previous'].includes(name)
            ? `'${name}' does not exist in this place.`
            : didYouMean(name, known);
    this.findings.say('unknown_name', `Unknown name '${name}'.`, hint);
    return ANY;
  }

  #field(node: ASTNode, left: ASTNode, name: string, safe: boolean, scope: Scope): Shape {
    return this.#perhaps(
      this.named(this.visit(left, scope), node, name, { ...scope, tolerant: scope.tolerant || safe }),
      safe,
    );
  }

  /** Shape of a name after a value. */
  named(shape: Shape, node: ASTNode, name: string, scope: Scope): Shape {
    const path = pathOf(node, scope);
    const proven = path !== undefined && scope.facts.has(path);
    return fieldOf(shape, { name, tolerant: scope.tolerant, proven }, this);
  }

  #perhaps(shape: Shape, safe: boolean): Shape {
    return safe && shape.kind !== 'optional' ? { kind: 'optional', of: shape } : shape;
  }

  #index(node: ASTNode, left: ASTNode, key: ASTNode, safe: boolean, scope: Scope): Shape {
    const shape = this.visit(left, scope);
    this.guardSecret(this.visit(key, scope), 'as an index');
    const base = shape.kind === 'optional' ? shape.of : shape;
    if (key.op === 'value' && typeof key.args === 'string' && base.kind !== 'list') {
      return this.#perhaps(
        this.named(shape, node, key.args, { ...scope, tolerant: scope.tolerant || safe }),
        safe,
      );
    }
    return this.#perhaps(itemOf(shape, this, sourceOf(node)), safe);
  }

  #list(items: readonly ASTNode[], scope: Scope): Shape {
    const shapes = items.map(item => this.visit(item, scope));
    return { kind: 'list', of: shapes.length === 0 ? ANY : shapes.reduce(either) };
  }

  #map(entries: readonly (readonly [ASTNode, ASTNode])[], scope: Scope): Shape {
    const keys = new Map<string, Shape>();
    for (const [key, value] of entries) {
      this.guardSecret(this.visit(key, scope), 'as a key of a map');
      checkKey(key, keys, this.findings);
      const name = key.op === 'value' ? String(key.args) : '*';
      if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
        this.findings.say('expression_unsafe', `'${name}' cannot be a key of a map in an expression.`);
      }
      const shape = this.visit(value, scope);
      keys.set(name, keys.has(name) ? either(keys.get(name) as Shape, shape) : shape);
    }
    return { kind: 'map', keys, closed: false };
  }

  #choice([condition, yes, no]: readonly [ASTNode, ASTNode, ASTNode], scope: Scope): Shape {
    this.guardSecret(this.visit(condition, scope), 'as a condition');
    const left = this.visit(yes, knowing(scope, factsOf(condition, true, scope)));
    const right = this.visit(no, knowing(scope, factsOf(condition, false, scope)));
    return either(left, right);
  }

  #logical(op: '&&' | '||', [left, right]: readonly [ASTNode, ASTNode], scope: Scope): Shape {
    this.guardSecret(this.visit(left, scope), `with '${op}'`);
    this.guardSecret(this.visit(right, knowing(scope, factsOf(left, op === '&&', scope))), `with '${op}'`);
    return ANY;
  }

  #plus([left, right]: readonly [ASTNode, ASTNode], scope: Scope): Shape {
    const shapes = [this.visit(left, scope), this.visit(right, scope)] as const;
    if (shapes[0].kind === 'secret' || shapes[1].kind === 'secret') return SECRET;
    return shapes[0].kind === 'list' || shapes[1].kind === 'list' ? either(...shapes) : ANY;
  }

  #operands(op: string, operands: readonly ASTNode[], scope: Scope): Shape {
    for (const operand of operands) this.guardSecret(this.visit(operand, scope), `with '${op}'`);
    return ANY;
  }
}
