// Ways to spoil what is valid: text line by line and word by word, maps place by place, bytes.
// Belongs here: arbitraries of spoiled values. Does not belong here: what must hold of them.
import fc from 'fast-check';
import type { JsonValue } from '../../engine/base/json.ts';

type Edit<Value> = (value: Value) => Value;

const place = fc.nat({ max: 1_000_000 });
const at = (length: number, where: number): number => (length === 0 ? 0 : where % length);

/** One to six edits, one after the other. */
function edited<Value>(values: readonly Value[], edit: fc.Arbitrary<Edit<Value>>): fc.Arbitrary<Value> {
  return fc
    .tuple(fc.constantFrom(...values), fc.array(edit, { minLength: 1, maxLength: 6 }))
    .map(([value, edits]) => edits.reduce((spoiled, one) => one(spoiled), value));
}

/** Pieces of text taken away, doubled, swapped, moved, or replaced by a word. */
function pieces(words: readonly string[], split: RegExp): fc.Arbitrary<Edit<string>> {
  return fc
    .tuple(
      fc.constantFrom('drop', 'double', 'swap', 'replace', 'insert'),
      place,
      place,
      fc.constantFrom(...words),
    )
    .map(([how, from, to, word]) => text => {
      const parts = text.split(split);
      const first = at(parts.length, from);
      const second = at(parts.length, to);
      const part = parts[first] ?? '';
      switch (how) {
        case 'drop':
          return parts.toSpliced(first, 1).join('');
        case 'double':
          return parts.toSpliced(second, 0, part).join('');
        case 'swap':
          return parts
            .with(first, parts[second] ?? '')
            .with(second, part)
            .join('');
        case 'replace':
          return parts.with(first, word).join('');
        case 'insert':
          return parts.toSpliced(first, 0, word).join('');
      }
    });
}

const indented: fc.Arbitrary<Edit<string>> = fc
  .tuple(place, fc.integer({ min: -4, max: 4 }))
  .map(([where, by]) => text => {
    const lines = text.split('\n');
    const line = lines[at(lines.length, where)] ?? '';
    const moved = by < 0 ? line.replace(new RegExp(`^ {0,${-by}}`), '') : ' '.repeat(by) + line;
    return lines.with(at(lines.length, where), moved).join('\n');
  });

/** Valid YAML, spoiled. */
export function spoiledText(texts: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  return edited(
    texts,
    fc.oneof(
      pieces(words, /(?<=\n)/),
      pieces(words, /(?<=[\s,:[\]{}])|(?=[\s,:[\]{}])/),
      pieces(words, /\b/),
      indented,
    ),
  );
}

/** Valid expressions, spoiled. */
export function spoiledExpression(texts: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  return edited(
    texts,
    fc.oneof(pieces([...words, ...texts], /\b/), pieces(words, /(?=[().,[\]{}?:+])|(?<=[().,[\]{}?:+])/)),
  );
}

/** A map or list, with entries taken away, renamed, doubled elsewhere, or replaced by anything. */
export function spoiledMap(values: readonly JsonValue[], words: readonly string[]): fc.Arbitrary<JsonValue> {
  const anything = fc.oneof(
    fc.constantFrom(...words),
    fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>,
    fc.constantFrom<JsonValue>(null, [], {}, '', -1, 1e21, '<% inputs.x %>', '<%', ['<% a', 'b %>']),
  );
  const edit = fc
    .tuple(
      fc.constantFrom('drop', 'rename', 'replace', 'move'),
      fc.array(place, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...words),
      anything,
    )
    .map(
      ([how, way, word, other]) =>
        (value: JsonValue): JsonValue =>
          change(value, way, how, word, other),
    );
  return edited(values, edit);
}

function change(
  value: JsonValue,
  way: readonly number[],
  how: string,
  word: string,
  other: JsonValue,
): JsonValue {
  if (typeof value !== 'object' || value === null || way.length === 0) return other;
  const [step = 0, ...rest] = way;
  const keys = Object.keys(value);
  const key = keys[at(keys.length, step)];
  if (key === undefined) return other;
  const inner = (value as { readonly [key: string]: JsonValue })[key] ?? null;
  const deeper = rest.length > 0 && typeof inner === 'object' && inner !== null;
  const entries = Object.entries(value) as [string, JsonValue][];
  const spoiled = entries.flatMap(([name, item]): [string, JsonValue][] => {
    if (name !== key) return [[name, item]];
    if (deeper) return [[name, change(inner, rest, how, word, other)]];
    if (how === 'drop') return [];
    if (how === 'rename') return [[word, item]];
    return how === 'move'
      ? [
          [name, item],
          [word, item],
        ]
      : [[name, other]];
  });
  return Array.isArray(value) ? spoiled.map(([, item]) => item) : Object.fromEntries(spoiled);
}

/** Bytes changed, cut off, doubled. */
export function spoiledBytes(values: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc
    .tuple(fc.constantFrom('change', 'cut', 'drop', 'double'), place, fc.integer({ min: 0, max: 255 }))
    .map(([how, where, byte]) => (bytes: Uint8Array): Uint8Array => {
      const index = at(bytes.length, where);
      if (how === 'cut') return bytes.slice(0, index);
      if (how === 'change') return bytes.with(index, byte);
      const [head, tail] = [bytes.slice(0, index), bytes.slice(index + 1)];
      return Buffer.concat(how === 'drop' ? [head, tail] : [bytes, tail]);
    });
  return edited(
    values.filter(bytes => bytes.length > 0),
    edit.map(one => bytes => (bytes.length === 0 ? bytes : one(bytes))),
  );
}
