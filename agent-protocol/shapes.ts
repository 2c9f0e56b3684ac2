// Small checks that judge JSON values against a declared shape: plain functions, no library, nothing thrown.
// Belongs here: the combinators. Does not belong here: the shape of any message (codec.ts).

/** Undefined when the value fits; else what is wrong, led by where: `.id.step: must be text`. */
export type Check = (value: unknown) => string | undefined;

interface Optional {
  readonly optional: Check;
}

/** One entry per key of T; keys that T may lack are wrapped in `optional`. */
type Fields<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? Optional : Check };

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inside = (key: string, problem: string): string => `.${key.slice(0, 64)}${problem}`;

export const optional = (check: Check): Optional => ({ optional: check });

/** A map with exactly these keys: a missing one and an unknown one are both problems. */
export function object<T>(fields: Fields<T>): Check {
  const rules = Object.entries(fields as Record<string, Check | Optional>).map(([key, rule]) =>
    typeof rule === 'function'
      ? { key, check: rule, required: true }
      : { key, check: rule.optional, required: false },
  );
  const known = new Set(rules.map(rule => rule.key));
  return value => {
    if (!isMap(value)) return ': must be a map';
    for (const key of Object.keys(value)) if (!known.has(key)) return inside(key, ': unknown field');
    for (const { key, check, required } of rules) {
      if (!Object.hasOwn(value, key)) {
        if (required) return inside(key, ': missing');
        continue;
      }
      const problem = check(value[key]);
      if (problem !== undefined) return inside(key, problem);
    }
    return undefined;
  };
}

/** A map from names to values of one shape. */
export function mapOf(name: Check, item: Check, most: number): Check {
  return value => {
    if (!isMap(value)) return ': must be a map';
    const keys = Object.keys(value);
    if (keys.length > most) return `: holds ${keys.length} entries, at most ${most} are allowed`;
    for (const key of keys) {
      const problem = name(key) ?? item(value[key]);
      if (problem !== undefined) return inside(key, problem);
    }
    return undefined;
  };
}

export function listOf(item: Check, most: number): Check {
  return value => {
    if (!Array.isArray(value)) return ': must be a list';
    if (value.length > most) return `: holds ${value.length} items, at most ${most} are allowed`;
    for (const [index, entry] of value.entries()) {
      const problem = item(entry);
      if (problem !== undefined) return `[${index}]${problem}`;
    }
    return undefined;
  };
}

/** Text of bounded length, matching `pattern` where one is given. */
export function text(most: number, pattern?: RegExp): Check {
  return value => {
    if (typeof value !== 'string') return ': must be text';
    if (value.length > most) return `: has ${value.length} characters, at most ${most} are allowed`;
    if (pattern !== undefined && !pattern.test(value)) return `: does not match ${pattern.source}`;
    return undefined;
  };
}

export function integer(least: number, most: number): Check {
  return value =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `: must be a whole number from ${least} to ${most}`;
}

export const boolean: Check = value => (typeof value === 'boolean' ? undefined : ': must be true or false');

export function oneOf(...words: readonly string[]): Check {
  const known: ReadonlySet<unknown> = new Set(words);
  return value => (known.has(value) ? undefined : `: must be one of ${words.join(', ')}`);
}

/** A map whose `kind` chooses its shape. */
export function byKind(kinds: { readonly [kind: string]: Check }): Check {
  return value => {
    if (!isMap(value)) return ': must be a map';
    const kind = value['kind'];
    if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) return '.kind: unknown kind';
    return (kinds[kind] as Check)(value);
  };
}

/** A map with exactly one of these keys. */
export function byKey(keys: { readonly [key: string]: Check }): Check {
  return value => {
    if (!isMap(value)) return ': must be a map';
    const [key, ...more] = Object.keys(value);
    if (key === undefined || more.length > 0 || !Object.hasOwn(keys, key)) {
      return `: must hold one of ${Object.keys(keys).join(', ')} and nothing else`;
    }
    const problem = (keys[key] as Check)(value[key]);
    return problem === undefined ? undefined : inside(key, problem);
  };
}

/** Both must hold. */
export const both =
  (first: Check, second: Check): Check =>
  value =>
    first(value) ?? second(value);

/** Any JSON of bounded size; `__proto__` and numbers beyond JSON are refused for the whole message (codec.ts). */
export function json(mostBytes: number): Check {
  return value => {
    const size = Buffer.byteLength(JSON.stringify(value), 'utf8');
    return size <= mostBytes ? undefined : `: has ${size} bytes as JSON, at most ${mostBytes} are allowed`;
  };
}
