// Declarations for the library: types, operators, functions and loops of one definition.
// Belongs here: what is registered. Does not belong here: parsing and checking (compile.ts), running (evaluate.ts).
import type { Environment } from '@marcbachmann/cel-js';
import type { HostFunction, HostLoop } from './functions/host.ts';
import type { Schema } from './schema.ts';
import { sameMember } from './schema.ts';
import { Secret, ValueError } from './values.ts';

const SYNC = { async: false };

/** Members and helpers of the library's checker and evaluator that loops use. */
interface Type {
  readonly kind: string;
  readonly valueType?: Type;
  readonly name: string;
  unify(registry: Registry, other: Type): Type | null;
}
interface Registry {
  getOptionalType(type: Type): Type;
  getMapType(key: Type, value: Type): Type;
}
interface Context {
  forkWithVariable(name: string, type: Type): Context;
  reuse(parent: Context): Context;
  setIterValue(value: unknown, evaluator: Evaluator): Context;
}
interface Checker {
  readonly registry: Registry;
  readonly dynType: Type;
  readonly stringType: Type;
  check(node: Node, context: Context): Type;
  createError(code: string, message: string, node: Node): Error;
}
interface Evaluator {
  run(node: Node, context: Context): unknown;
}
interface Node {
  readonly op: string;
  readonly args: unknown;
  setMeta(key: string, value: unknown): unknown;
}
interface MacroCall {
  readonly ast: Node;
  readonly args: readonly Node[];
  readonly receiver: Node;
}

/** What every definition shares. `absent` tells the library's error for a missing key from others. */
export function registerCommon(
  environment: Environment,
  functions: readonly HostFunction[],
  loops: readonly HostLoop[],
  missing: Missing,
): void {
  environment.registerType('Secret', { ctor: Secret, fields: {} });
  for (const [left, right] of SECRET_TEXT) {
    environment.registerOperator(`${left} + ${right}: Secret`, (a: Secret | string, b: Secret | string) =>
      Secret.join(a, b),
    );
  }
  registerMixedNumbers(environment);
  for (const { signature, run } of functions) environment.registerFunction(signature, run, SYNC as object);
  for (const loop of loops) registerLoop(environment, loop);
  environment.registerFunction('default(ast, ast): dyn', (call: MacroCall) => defaultMacro(call, missing));
}

const SECRET_TEXT = [
  ['Secret', 'Secret'],
  ['Secret', 'string'],
  ['string', 'Secret'],
] as const;

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
};

function registerMixedNumbers(environment: Environment): void {
  environment.registerOperator(
    'double == int: bool',
    (left: number, right: bigint) => left === Number(right),
  );
  for (const [op, compute] of Object.entries(ARITHMETIC)) {
    for (const [left, right] of [
      ['int', 'double'],
      ['double', 'int'],
    ] as const) {
      environment.registerOperator(
        `${left} ${op} ${right}: double`,
        (a: number | bigint, b: number | bigint) => compute(Number(a), Number(b)),
      );
    }
  }
}

/** Words that the library refuses as variables. The definition's checks say so; here they must only do no harm. */
const UNUSABLE: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** Types and variables of one definition. */
export function registerSchema(environment: Environment, schema: Schema): void {
  for (const type of schema.types) {
    environment.registerType(type.name, { ctor: type.ctor, fields: type.fields });
    if (type.member) environment.registerOperator(`${type.name} == ${type.name}: bool`, sameMember);
  }
  for (const [name, type] of schema.variables) {
    if (!environment.hasVariable(name) && !UNUSABLE.has(name)) environment.registerVariable(name, type);
  }
}

function registerLoop(environment: Environment, loop: HostLoop): void {
  const signature = `list.${loop.name}(${Array.from({ length: loop.expressions + 1 }, () => 'ast').join(', ')}): dyn`;
  environment.registerFunction(signature, ({ ast, args, receiver }: MacroCall) => {
    const [variable, ...expressions] = args as [Node, ...Node[]];
    let inner: Context;
    return {
      typeCheck(checker: Checker, _macro: unknown, context: Context): Type {
        ast.setMeta('async', false);
        const list = checker.check(receiver, context);
        if (list.kind !== 'list' && list.kind !== 'dyn') {
          throw checker.createError(
            'invalid_comprehension_range',
            `${loop.name}() needs a list, not ${list.name}`,
            ast,
          );
        }
        const item = list.valueType ?? checker.dynType;
        inner = context.forkWithVariable(variable.args as string, item);
        const computed = expressions.map(expression => checker.check(expression, inner));
        return loopType(loop, checker, list, item, computed.at(-1) as Type);
      },
      evaluate(evaluator: Evaluator, _macro: unknown, context: Context): unknown {
        const items = evaluator.run(receiver, context);
        if (!Array.isArray(items)) throw new ValueError(`${loop.name}() needs a list`);
        const scope = inner.reuse(context);
        const computed = items.map(item => {
          scope.setIterValue(item, evaluator);
          return expressions.map(expression => evaluator.run(expression, scope));
        });
        return loop.combine(items, computed);
      },
    };
  });
}

function loopType(loop: HostLoop, checker: Checker, list: Type, item: Type, computed: Type): Type {
  switch (loop.result) {
    case 'same':
      return list;
    case 'item':
      return checker.registry.getOptionalType(item);
    case 'map':
      return checker.registry.getMapType(checker.stringType, computed);
  }
}

/** How the library says that something is not there. */
export interface Missing {
  isError(thrown: unknown): boolean;
  /** The value, or undefined for null, an empty optional and nothing. */
  unwrap(value: unknown): unknown;
}

/** `default(x, d)`: x unless it is absent or null. */
function defaultMacro({ ast, args }: MacroCall, missing: Missing): object {
  const [value, fallback] = args as [Node, Node];
  const valueOf = (evaluator: Evaluator, context: Context): unknown => {
    try {
      return missing.unwrap(evaluator.run(value, context));
    } catch (thrown) {
      if (missing.isError(thrown)) return undefined;
      throw thrown;
    }
  };
  return {
    typeCheck(checker: Checker, _macro: unknown, context: Context): Type {
      ast.setMeta('async', false);
      const found = checker.check(value, context);
      const type = found.kind === 'optional' ? (found.valueType ?? checker.dynType) : found;
      const other = checker.check(fallback, context);
      const unified = type.unify(checker.registry, other);
      if (unified) return unified;
      const message = `default() needs two values of one type, not ${type.name} and ${other.name}`;
      throw checker.createError('incompatible_argument_type', message, ast);
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: Context): unknown {
      return valueOf(evaluator, context) ?? evaluator.run(fallback, context);
    },
  };
}
