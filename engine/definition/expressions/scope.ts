// The names in reach at one point of an expression, and what conditions around that point have proven.
// Belongs here: scopes, paths, the facts that has() establishes. Does not belong here: problems (walker.ts).
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Shape } from './shapes.ts';

export interface Binding {
  readonly shape: Shape;
  /** Distinguishes equal names of different loops. */
  readonly id: string;
}

export interface Scope {
  readonly bindings: ReadonlyMap<string, Binding>;
  /** Paths that are present for certain here, such as `m#2.outputs.prepared`. */
  readonly facts: ReadonlySet<string>;
  readonly loops: number;
  readonly binds: number;
  /** Evaluations of this point for one of the expression. */
  readonly times: number;
  /** Inside has(), default(): what is read may be absent. */
  readonly tolerant: boolean;
}

export const OUTERMOST: Scope = {
  bindings: new Map(),
  facts: new Set(),
  loops: 0,
  binds: 0,
  times: 1,
  tolerant: false,
};

export function bind(scope: Scope, name: string, shape: Shape, id: string): Scope {
  return { ...scope, bindings: new Map(scope.bindings).set(name, { shape, id }) };
}

export function knowing(scope: Scope, facts: ReadonlySet<string>): Scope {
  return facts.size === 0 ? scope : { ...scope, facts: new Set([...scope.facts, ...facts]) };
}

/** `m.outputs.prepared` as a path rooted at its binding; undefined for anything but names after names. */
export function pathOf(node: ASTNode, scope: Scope): string | undefined {
  if (node.op === 'id') return scope.bindings.get(node.args)?.id ?? node.args;
  if (node.op === '.' || node.op === '.?') {
    const left = pathOf(node.args[0], scope);
    return left && `${left}.${node.args[1]}`;
  }
  if (node.op !== '[]' && node.op !== '[?]') return undefined;
  const left = pathOf(node.args[0], scope);
  const key = node.args[1];
  return left !== undefined && key.op === 'value' ? `${left}.${String(key.args)}` : undefined;
}

const NONE: ReadonlySet<string> = new Set();

/** The paths present for certain when the condition has answered `truth`. */
export function factsOf(node: ASTNode, truth: boolean, scope: Scope): ReadonlySet<string> {
  if (node.op === '!_') return factsOf(node.args, !truth, scope);
  if (node.op === 'call') return truth && node.args[0] === 'has' ? pathFacts(node.args[1][0], scope) : NONE;
  if (node.op !== '&&' && node.op !== '||') return NONE;
  const left = factsOf(node.args[0], truth, scope);
  const right = factsOf(node.args[1], truth, scope);
  return (node.op === '&&') === truth ? union(left, right) : common(left, right);
}

/** A present path has present prefixes. */
function pathFacts(node: ASTNode | undefined, scope: Scope): ReadonlySet<string> {
  const path = node && pathOf(node, scope);
  if (path === undefined) return NONE;
  const parts = path.split('.');
  return new Set(parts.map((_, index) => parts.slice(0, index + 1).join('.')));
}

function union(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left, ...right]);
}

function common(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left].filter(path => right.has(path)));
}
