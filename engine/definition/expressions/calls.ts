// Functions, methods and loops, as the walker sees them: who may be called, what comes out, how often it runs.
// Belongs here: rules about calls. Does not belong here: argument types (the library checks them).
import type { ASTNode } from '@marcbachmann/cel-js';
import { LIMITS } from '../../base/limits.ts';
import { FUNCTIONS, LOOPS, METHODS, ONE_ITEM, SAME_ITEMS, refusal } from './catalogue.ts';
import { didYouMean } from '../nearest.ts';
import type { Scope } from './scope.ts';
import { bind, factsOf, knowing } from './scope.ts';
import type { Shape } from './shapes.ts';
import { ANY, either, merged } from './shapes.ts';
import type { Walker } from './walker.ts';

/** `f(x)`. */
export function walkCall(walker: Walker, name: string, args: readonly ASTNode[], scope: Scope): Shape {
  if (!known(walker, name, FUNCTIONS, METHODS, '()')) return visitAll(walker, args, scope);
  if (name === 'has') return walkHas(walker, args, scope);
  if (name === 'default') return walkDefault(walker, args, scope);
  const shapes = args.map(arg => walker.visit(arg, scope));
  for (const shape of shapes) walker.guardSecret(shape, `with ${name}()`);
  if (name === 'dyn' && shapes[0]) return shapes[0];
  if (name === 'zip')
    return { kind: 'list', of: { kind: 'list', of: shapes.map(itemShape).reduce(either, ANY) } };
  return name === 'range' ? { kind: 'list', of: ANY } : ANY;
}

/** `x.f()`. */
export function walkMethod(
  walker: Walker,
  name: string,
  receiver: ASTNode,
  args: readonly ASTNode[],
  scope: Scope,
): Shape {
  if (receiver.op === 'id' && receiver.args === 'cel' && !scope.bindings.has('cel')) {
    return walkCel(walker, name, args, scope);
  }
  const shape = walker.visit(receiver, scope);
  if (!known(walker, name, METHODS, FUNCTIONS, 'x.')) return visitAll(walker, args, scope);
  if (LOOPS.has(name)) return walkLoop(walker, name, receiver, shape, args, scope);
  const shapes = args.map(arg => walker.visit(arg, scope));
  return methodShape(walker, name, shape, shapes);
}

function known(
  walker: Walker,
  name: string,
  names: ReadonlySet<string>,
  others: ReadonlySet<string>,
  other: '()' | 'x.',
): boolean {
  const refused = refusal(name);
  if (refused !== undefined) {
    walker.findings.say('expression_unsafe', `${name}() is not allowed: ${refused}.`);
    return false;
  }
  if (names.has(name)) return true;
  const swapped = other === 'x.' ? `Write ${name}(x).` : `Write x.${name}(…).`;
  const hint = others.has(name) ? swapped : didYouMean(name, names);
  walker.findings.say('unknown_name', `Unknown function '${name}'.`, hint);
  return false;
}

function visitAll(walker: Walker, nodes: readonly ASTNode[], scope: Scope): Shape {
  const declared = nodes[0]?.op === 'id' ? bind(scope, nodes[0].args, ANY, walker.bindingId('x')) : scope;
  for (const node of nodes) walker.visit(node, declared);
  return ANY;
}

/** Only the last name under has() may be absent: what stands before it is read plainly. */
function walkHas(walker: Walker, args: readonly ASTNode[], scope: Scope): Shape {
  const [path] = args;
  if (args.length !== 1 || path === undefined || (path.op !== '.' && path.op !== '.?')) {
    walker.findings.say(
      'expression_type',
      'has() asks for a name after a dot.',
      "Write has(a.b), or 'b' in a.",
    );
    return ANY;
  }
  const owner = walker.visit(path.args[0], scope);
  walker.named(owner, path, path.args[1], { ...scope, tolerant: true });
  return ANY;
}

function walkDefault(walker: Walker, args: readonly ASTNode[], scope: Scope): Shape {
  const [value, fallback, ...rest] = args;
  if (value === undefined || fallback === undefined || rest.length > 0) return visitAll(walker, args, scope);
  const shape = walker.visit(value, { ...scope, tolerant: true });
  return either(shape.kind === 'optional' ? shape.of : shape, walker.visit(fallback, scope));
}

function walkCel(walker: Walker, name: string, args: readonly ASTNode[], scope: Scope): Shape {
  const [variable, value, body] = args;
  if (name !== 'bind' || variable?.op !== 'id' || value === undefined || body === undefined) {
    walker.findings.say('expression_type', "'cel' has only cel.bind(name, value, expression).");
    return ANY;
  }
  if (scope.binds + 1 > LIMITS.expressionBinds) {
    walker.findings.say(
      'limit_exceeded',
      `cel.bind() is nested deeper than ${LIMITS.expressionBinds}.`,
      'Compute parts in a `set` state.',
    );
  }
  const bound = bind(scope, variable.args, walker.visit(value, scope), walker.bindingId(variable.args));
  return walker.visit(body, { ...bound, binds: scope.binds + 1 });
}

/** Arguments after the item's name run once per item. */
function walkLoop(
  walker: Walker,
  name: string,
  receiver: ASTNode,
  shape: Shape,
  args: readonly ASTNode[],
  scope: Scope,
): Shape {
  const [variable, ...bodies] = args;
  if (variable?.op !== 'id' || bodies.length === 0) {
    walker.findings.say('expression_type', `${name}() names its item first.`, `Write list.${name}(x, …).`);
    return ANY;
  }
  if (shape.kind === 'secret') walker.guardSecret(shape, `with ${name}()`);
  const id = walker.bindingId(variable.args);
  const inner = loopScope(walker, bind(scope, variable.args, itemShape(shape), id), receiver, shape);
  const first = bodies[0] as ASTNode;
  const firstShape = walker.visit(first, inner);
  const knownInside = knowing(inner, factsOf(first, true, inner));
  const last = bodies.length > 1 ? walker.visit(bodies.at(-1) as ASTNode, knownInside) : firstShape;
  if (name === 'filter')
    return { kind: 'list', of: proven(itemShape(shape), id, factsOf(first, true, inner)) };
  if (name === 'map') {
    if (bodies.length > 1) walker.guardSecret(firstShape, 'as a condition');
    return { kind: 'list', of: last };
  }
  if (name === 'toMap') {
    walker.guardSecret(firstShape, 'as a key of a map');
    return { kind: 'map', keys: new Map([['*', last]]), closed: false };
  }
  walker.guardSecret(firstShape, `with ${name}()`);
  return afterItems(name, shape);
}

function loopScope(walker: Walker, scope: Scope, receiver: ASTNode, shape: Shape): Scope {
  const loops = scope.loops + 1;
  if (loops > LIMITS.expressionLoops) {
    walker.findings.say(
      'limit_exceeded',
      `Loops are nested deeper than ${LIMITS.expressionLoops}.`,
      'Compute the inner list in a `set` state, or flatten() it first.',
    );
  }
  return { ...scope, loops, times: scope.times * lengthOf(walker, receiver, shape) };
}

/** The most items that the list can have. */
function lengthOf(walker: Walker, node: ASTNode, shape: Shape): number {
  if (node.op === 'list') return node.args.length;
  const count = node.op === 'call' && node.args[0] === 'range' ? node.args[1][0] : undefined;
  if (count?.op === 'value' && typeof count.args === 'bigint')
    return Math.min(Number(count.args), LIMITS.expressionItems);
  if (shape.kind === 'list' && shape.of.kind === 'member') {
    return walker.model.entities.get(shape.of.entity)?.maxMembers ?? LIMITS.members;
  }
  return LIMITS.expressionItems;
}

function itemShape(shape: Shape): Shape {
  return shape.kind === 'list' ? shape.of : ANY;
}

/** The item, with what the filter has shown of it. */
function proven(shape: Shape, id: string, facts: ReadonlySet<string>): Shape {
  if (shape.kind !== 'member') return shape;
  const prefix = `${id}.`;
  const paths = [...facts].filter(path => path.startsWith(prefix)).map(path => path.slice(prefix.length));
  return { ...shape, proven: new Set([...shape.proven, ...paths]) };
}

function afterItems(name: string, shape: Shape): Shape {
  if (SAME_ITEMS.has(name)) return shape;
  return ONE_ITEM.has(name) ? { kind: 'optional', of: itemShape(shape) } : ANY;
}

function methodShape(walker: Walker, name: string, shape: Shape, args: readonly Shape[]): Shape {
  switch (name) {
    case 'orValue':
      return shape.kind === 'optional' ? either(shape.of, args[0] ?? ANY) : either(shape, args[0] ?? ANY);
    case 'or':
      return either(shape, args[0] ?? ANY);
    case 'value':
      return shape.kind === 'optional' ? shape.of : shape;
    case 'hasValue':
      return ANY;
    case 'merge':
      if (shape.kind === 'map' && args[0]?.kind === 'map') return merged(shape, args[0]);
      return either(shape, args[0] ?? ANY);
    case 'values':
      return { kind: 'list', of: shape.kind === 'map' ? [...shape.keys.values()].reduce(either, ANY) : ANY };
    case 'flatten':
      return shape.kind === 'list' && shape.of.kind === 'list' ? shape.of : shape;
  }
  for (const arg of args) walker.guardSecret(arg, `with ${name}()`);
  if (SAME_ITEMS.has(name) && name !== 'sort' && name !== 'distinct') return shape;
  if (name === 'first' || name === 'last') return afterItems(name, shape);
  if (shape.kind === 'list' && (name === 'size' || name === 'keys')) return ANY;
  walker.guardSecret(shape, `with ${name}()`);
  return SAME_ITEMS.has(name) ? shape : ANY;
}
