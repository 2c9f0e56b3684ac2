// What may be said of anything that is thrown at the doors: parser, expressions, decoder, inputs.
// Belongs here: the properties, for any number of runs. Does not belong here: how values are spoiled (mutate.ts).
import fc from 'fast-check';
import { expect } from 'chai';
import { decode, encode } from '../../agent-protocol/codec.ts';
import type { Message } from '../../agent-protocol/messages.ts';
import type { JsonValue } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { checkInputs } from '../../engine/definition/inputs.ts';
import { type Parsed, parseDefinition } from '../../engine/definition/parse.ts';
import { PROBLEM_CODES, type Problem } from '../../engine/definition/problems.ts';
import { Report } from '../../engine/definition/report.ts';
import { loadYaml } from '../../engine/definition/yaml.ts';
import { analyseMembers } from '../../engine/graph/analyse.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { directionOf, SAMPLES } from '../agent-protocol/samples.ts';
import { outcome, place } from '../definition/expressions/fixture.ts';
import { membership } from '../support/definitions.ts';
import { spoiledBytes, spoiledExpression, spoiledMap, spoiledText } from './mutate.ts';
import { DEFINITIONS, EXPRESSIONS, FILES, KEY_WORDS } from './seeds.ts';

export interface Fuzzed {
  readonly runs: number;
  readonly seed: number;
}

const MARKS = [
  '<%',
  '%>',
  "'",
  '"',
  '- ',
  ': ',
  '\n',
  '{',
  '}',
  '[',
  ']',
  '&a',
  '*a',
  '!!x',
  '|',
  '>-',
  '#',
  '\t',
  '0644',
];
const VALUES = [
  '5m',
  '3',
  '60%',
  'any',
  'majority',
  'master',
  'true',
  '"<% member.name %>"',
  '"<% inputs.x %>"',
  'fail',
];
const YAML_WORDS = [...KEY_WORDS, ...MARKS, ...VALUES];
const EXPRESSION_WORDS =
  "( ) [ ] { } . .? , ? : + - * / % == != < && || ! in 1 2.5 'a' null m inputs member sql has( map( default(".split(
    ' ',
  );

/** By name: `npm run soak` and the tests run the same ones. */
export const FUZZERS: { readonly [name: string]: (how: Fuzzed) => void } = {
  'definitions as text': how =>
    check(how, spoiledText(DEFINITIONS, YAML_WORDS), text => {
      const parsed = parseDefinition(text, { fileName: 'f', files: FILES });
      // A definition names others, and what is wrong with those stands in their files.
      const texts: { readonly [file: string]: string } = { ...FILES, f: text };
      for (const problem of parsed.problems) {
        const of = texts[problem.file ?? ''];
        expect(of, `a file ${problem.file}`).to.be.a('string');
        const lines = (of ?? '').replace(/^\uFEFF/, '').split(/\r\n|\r|\n/).length;
        expect(problem.position?.line, problem.message).to.be.within(1, lines + 1);
        expect(problem.position?.column, problem.message).to.be.at.least(1);
      }
      judge(parsed);
    }),
  'definitions as maps': how =>
    check(how, spoiledMap(DEFINITIONS.map(mapOf), KEY_WORDS), value => {
      if (typeof value === 'string') return;
      const parsed = parseDefinition(value, { fileName: 'f', files: FILES });
      for (const { pointer, message } of parsed.problems) expect(pointer, message).to.match(/^(?:\/[^/]*)*$/);
      judge(parsed);
    }),
  expressions: how =>
    check(how, spoiledExpression(EXPRESSIONS, EXPRESSION_WORDS), text => {
      for (const use of ['action', 'condition', 'output', 'retry_when', 'undo', 'role_where'] as const) {
        const found = outcome(`<% ${text} %>`, place({ use }));
        if ('texts' in found) for (const said of found.texts) expect(said.trim()).not.to.equal('');
        if ('failed' in found) expect(found.failed).to.include('/at');
      }
    }),
  'messages as JSON': how =>
    check(
      how,
      spoiledMap(Object.values(SAMPLES) as unknown as JsonValue[], fields(Object.values(SAMPLES))),
      value => judgeBytes(Buffer.from(JSON.stringify(value)), kindOf(value)),
    ),
  'messages as bytes': how =>
    check(how, spoiledBytes(Object.values(SAMPLES).map(encode)), bytes => judgeBytes(bytes, undefined)),
};

function check<Value>(
  { runs, seed }: Fuzzed,
  values: fc.Arbitrary<Value>,
  holds: (value: Value) => void,
): void {
  fc.assert(
    fc.property(values, value => {
      holds(value);
    }),
    { numRuns: runs, seed },
  );
}

function mapOf(text: string): JsonValue {
  const loaded = loadYaml(text, new Report());
  if (loaded === undefined) throw new Error('a definition of the project is no YAML');
  return loaded.value;
}

/** What passes can be run: it compiles, and takes or refuses inputs and members. What does not says why. */
function judge({ definition, problems }: Parsed): void {
  problems.forEach(sentence);
  expect(problems.length).to.be.at.most(LIMITS.problems + 1);
  expect(definition === undefined).to.equal(problems.some(({ severity }) => severity === 'error'));
  if (definition === undefined) return;
  const sizes = [...definition.entities.values()].map(({ name, members }) => [name, members.min] as const);
  const members = membership(Object.fromEntries(sizes));
  checkInputs(definition, {}).problems.forEach(sentence);
  const wrong = analyseMembers(definition, members);
  wrong.forEach(sentence);
  if (wrong.length === 0) expect(compileGraph(definition, members).steps.length).to.be.at.most(LIMITS.steps);
}

function sentence({ code, message, hint }: Problem): void {
  expect(PROBLEM_CODES).to.include(code);
  expect(message).to.match(/[.!?:)'"]$/);
  expect(message.length).to.be.at.most(4_000);
  if (hint !== undefined) expect(hint.trim()).not.to.equal('');
}

/** Refused in a sentence, or a message that is the same after another journey. */
function judgeBytes(bytes: Uint8Array, kind: Message['kind'] | undefined): void {
  for (const direction of ['from_agent', 'from_engine'] as const) {
    const verdict = direction === 'from_agent' ? decode(bytes, 'from_agent') : decode(bytes, 'from_engine');
    if ('refused' in verdict) {
      expect(verdict.refused).not.to.equal('');
      expect(verdict.refused.length).to.be.at.most(1_000);
      continue;
    }
    const { message } = verdict;
    if (kind !== undefined) expect(message.kind).to.equal(kind);
    expect(directionOf(message.kind)).to.equal(direction);
    expect(decode(encode(message), direction as 'from_agent')).to.deep.equal({ message });
  }
}

function kindOf(value: JsonValue): Message['kind'] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly kind?: Message['kind'] }).kind;
}

/** Every name of a field of the messages. */
function fields(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set([...Object.keys(value), ...Object.values(value).flatMap(fields)])];
}
