// The JSON Schema for editors, judged by the YAML language server's own validator: it must agree with the parser.
// Belongs here: valid and broken definitions against the schema. Does not belong here: what keys mean.
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { getLanguageService, type LanguageService, TextDocument } from 'yaml-language-server';
import { isObject, type JsonObject } from '../../engine/base/json.ts';
import { KEYS } from '../../engine/definition/keys.ts';
import { definitionSchema } from '../../engine/definition/schema.ts';
import { examples, files } from '../examples/definitions.ts';
import { actionPages } from '../support/action-pages.ts';
import { SCENARIOS } from '../simulation/scenarios.ts';
import { inProject } from '../support/project.ts';
import { groupWith, parse } from './support/parsing.ts';

/** The package names two types of documents; its service takes either. */
type Document = Parameters<LanguageService['doValidation']>[0];

const schema = definitionSchema();
const service = getLanguageService({
  schemaRequestService: () => Promise.reject(new Error('nothing is fetched')),
  workspaceContext: { resolveRelativePath: relative => relative },
});
service.configure({
  validate: true,
  schemas: [{ uri: 'schema:definition', fileMatch: ['*'], schema: definitionSchema() }],
});

let version = 0;

/** What an editor would underline: `line: message`. */
async function marks(text: string): Promise<string[]> {
  // The service remembers documents by name and version.
  version += 1;
  const document = TextDocument.create('file:///test.workflow.yaml', 'yaml', version, text);
  const found = await service.doValidation(document as Document, false);
  return found.map(({ range, message }) => `${range.start.line + 1}: ${String(message)}`);
}

const scenarios = inProject('test', 'scenarios');
const yamlOf = (text: string): string =>
  text.slice(text.indexOf('workflow_version'), text.search(/^> /m)).trimEnd();

const VALID: readonly (readonly [string, string])[] = [
  ...files.map(file => [file, readFileSync(path.join(examples, file), 'utf8')] as const),
  ...readdirSync(scenarios)
    .filter(file => file.endsWith('.txt'))
    .map(file => [file, yamlOf(readFileSync(path.join(scenarios, file), 'utf8'))] as const),
  ...actionPages.map(({ kind, example }) => [`the example of ${kind}`, example] as const),
  ...SCENARIOS.map(({ name, definition }) => [`simulation ${name}`, definition] as const),
];

const state = (keys: string): string => groupWith(`done: {action: {script: {sh: "true"}}, ${keys}}`);

const operation = (text: string): string =>
  groupWith('done: {action: {online: {}}}', {
    entity: 'roles: {boss: {choose: lowest_index, among: done}}',
    top: `operations:\n  op: ${text}`,
  });

/** What is wrong → a definition that is; the parser refuses each of them too. */
const BROKEN: { readonly [what: string]: string } = {
  'an unknown key': state('requirs: [a]'),
  'an unknown kind of action': groupWith('done: {action: {scrpt: {sh: "true"}}}'),
  'two kinds of action': groupWith('done: {action: {wait: {for: 1s}, online: {}}}'),
  'no interpreter': groupWith('done: {action: {script: {inputs: {A: 1}}}}'),
  'two interpreters': groupWith('done: {action: {script: {sh: "true", bash: "true"}}}'),
  'a time without unit': state('timeout: 30'),
  'a time with an unknown unit': state('timeout: 30d'),
  'too many attempts': state('retry: {attempts: 100000}'),
  'half an attempt': state('retry: {attempts: 1.5}'),
  'text for a flag': state('idempotent: "true"'),
  'an unknown word': state('on_failure: {then: giveup}'),
  'a short form that there is not': state('on_failure: continue'),
  'an age without unit': state('valid_for: 90'),
  'two rescues': state('on_failure: {action: {wait: {for: 1s}, online: {}}, then: retry}'),
  'a rescue that asks': state('on_failure: {action: {approval: {message: a}}, then: retry}'),
  'a quorum of nobody': state('requires: [{state: sql.done, members: 0}]'),
  'more than everybody': state('requires: [{state: sql.done, members: 101%}]'),
  'a mode of numbers': groupWith('done: {action: {file: {path: /a, content: b, mode: 644}}}'),
  'neither content nor file': groupWith('done: {action: {file: {path: /a}}}'),
  'a download without its sum': groupWith('done: {action: {file: {path: /a, url: "https://a.b/c"}}}'),
  'a sum of nothing': groupWith(`done: {action: {file: {path: /a, content: b, sha256: ${'a'.repeat(64)}}}}`),
  'a sum that is none': groupWith('done: {action: {file: {path: /a, url: "https://a.b/c", sha256: abc}}}'),
  'a template of content': groupWith('done: {action: {file: {path: /a, content: b, template: true}}}'),
  'a size without unit': groupWith('done: {action: {online: {min_disk: 100}}}'),
  'an unknown type of entity': groupWith('done: {}').replace('vm_group', 'vms'),
  'an unknown rule of a role': groupWith('done: {action: {online: {}}}', {
    entity: 'roles: {boss: {choose: highest_index, among: done}}',
  }),
  'a name in capitals': groupWith('Done: {action: {online: {}}}', { goal: 'sql.Done' }),
  'a goal without its entity': groupWith('done: {action: {online: {}}}', { goal: 'done' }),
  'an unknown version': groupWith('done: {action: {online: {}}}').replace('2026-11-01', '2013-05-23'),
  'an input without type': groupWith('done: {action: {online: {}}}', { top: 'inputs: {port: {default: 1}}' }),
  'two constraints in one': groupWith('done: {action: {online: {}}}', {
    top: 'inputs: {port: {type: integer, constraints: [{range: {min: 1}, allowed_values: [1]}]}}',
  }),
  'an operation without steps': operation('{goal: sql.done}'),
  'a step of an operation that does two things': operation(
    '{steps: {rerun: sql.done, choose_again: sql.boss}}',
  ),
  'a step of an operation that does nothing': operation('{steps: [{of: "<% true %>"}]}'),
  'a move to nowhere': operation('{steps: {move: sql.boss}}'),
  'an unknown end of an operation': operation('{steps: {rerun: sql.done}, on_failure: halt}'),
  'an unknown way to meet a change': state('on_change: renew'),
  'a change that two actions meet': state('on_change: {file: {path: /a, content: b}, reboot: {}}'),
  'a call without its service': groupWith('done: {action: {openstack: {path: /servers}}}'),
  'no goal': groupWith('done: {action: {online: {}}}').replace(/^goal.*$/m, ''),
};

describe('The JSON Schema', () => {
  it('has a place for each place of keys, with these keys and no others', () => {
    const { $defs, ...root } = schema as { readonly $defs: JsonObject };
    const { workflow, ...inside } = KEYS;
    const keysOf = (place: unknown): string[] =>
      Object.keys((place as JsonObject)['properties'] as JsonObject);
    expect(keysOf(root)).to.have.members([...workflow]);
    expect(Object.keys($defs)).to.have.members(Object.keys(inside).map(place => place.replaceAll(' ', '_')));
    for (const [place, keys] of Object.entries(inside)) {
      expect(keysOf($defs[place.replaceAll(' ', '_')]), place).to.have.members([...keys]);
    }
  });

  it('refers only to places that it has, and uses each', () => {
    const used = new Set([...JSON.stringify(schema).matchAll(/#\/\$defs\/([^"]+)/g)].map(([, name]) => name));
    const { $defs } = schema;
    expect([...used]).to.have.members(Object.keys(isObject($defs ?? null) ? ($defs as JsonObject) : {}));
  });

  for (const [name, text] of VALID) {
    it(`finds nothing wrong with ${name}`, async () => {
      expect(await marks(text)).to.deep.equal([]);
    });
  }

  for (const [what, text] of Object.entries(BROKEN)) {
    it(`marks ${what}, as the parser does`, async () => {
      expect(await marks(text)).not.to.deep.equal([]);
      expect(parse(text).definition).to.equal(undefined);
    });
  }

  it('marks an unknown key where it stands, and says so', async () => {
    expect((await marks(state('requirs: [a]'))).join()).to.match(/^\d+: .*requirs.*not allowed/);
  });
});
