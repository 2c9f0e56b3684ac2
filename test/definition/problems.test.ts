// docs/reference/problems.md says what every problem is, with an example: here the examples are tried.
// Belongs here: the page against the code. Does not belong here: more cases of one problem (the other tests).
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';
import { missingCredential } from '../../engine/definition/checks/credential.ts';
import { checkInputs, checkMembers } from '../../engine/definition/inputs.ts';
import { PROBLEM_CODES, type Problem, problemText } from '../../engine/definition/problems.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { Report } from '../../engine/definition/report.ts';
import { loadYaml } from '../../engine/definition/yaml.ts';
import { inProject } from '../support/project.ts';
import { definitionOf } from './support/parsing.ts';

const page = readFileSync(inProject('docs', 'reference', 'problems.md'), 'utf8');
const sections = [...page.matchAll(/^## `(\w+)`\n(?:(?!^## )[^])*?```yaml\n([^]*?)```\n\n> (.*)$/gm)].map(
  ([, code = '', yaml = '', sentence = '']) => ({ code, yaml, sentence }),
);

function problemsOf(code: string, yaml: string): readonly Problem[] {
  const parsed = parseDefinition(yaml, { fileName: 'example.yaml', files: {} });
  if (code === 'inputs_invalid') return checkInputs(definitionOf(parsed), { port: 'high' }).problems;
  if (code === 'members_invalid') return checkMembers(definitionOf(parsed), { web: [{ agent: 'web-1' }] });
  if (code === 'credential_missing')
    return [missingCredential(definitionOf(parsed))].filter(one => one !== undefined);
  return parsed.problems;
}

/** Of text alone: a map has been read by YAML before it comes to us. */
const OF_TEXT: ReadonlySet<string> = new Set(['yaml_syntax', 'yaml_ambiguous', 'duplicate']);

/** The value at a JSON pointer; undefined when it leads nowhere. */
function valueAt(map: JsonValue, pointer: string): JsonValue | undefined {
  let at: JsonValue | undefined = map;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = typeof at === 'object' && at !== null ? (at as JsonObject)[key] : undefined;
  }
  return at;
}

describe('The page of problems', () => {
  it('documents every code, and none that does not exist', () => {
    expect(sections.map(({ code }) => code).sort()).to.deep.equal([...PROBLEM_CODES].sort());
  });

  for (const { code, yaml, sentence } of sections) {
    it(`${code}: its example gives the line shown`, () => {
      const lines = problemsOf(code, yaml)
        .filter(problem => problem.code === code)
        .map(problemText);
      expect(lines).to.include(sentence);
    });
  }

  for (const { code, yaml } of sections.filter(section => !OF_TEXT.has(section.code))) {
    it(`${code}: is found in the same definition as a map, at a place that is there`, () => {
      const map = loadYaml(yaml, new Report())?.value as JsonObject;
      const inside = !code.endsWith('_invalid') && code !== 'credential_missing';
      const parsed = parseDefinition(map, { fileName: 'example.yaml', files: {} });
      if (!inside) return definitionOf(parsed);
      const found = parsed.problems.filter(problem => problem.code === code);
      expect(found).to.have.lengthOf.at.least(1);
      for (const { pointer, position, file } of found) {
        expect({ position, file }).to.deep.equal({ position: undefined, file: undefined });
        expect(valueAt(map, pointer), pointer).not.to.equal(undefined);
      }
    });
  }
});
