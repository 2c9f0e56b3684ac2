// Values of a template, as we resolve them and as Heat's own library does.
// Belongs here: what functions, parameters and conditions come to; what is open, and what is wrong, with its place. Does not belong
// here: what a workflow's properties mean (workflow.test.ts).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';
import { problemText } from '../../engine/definition/problems.ts';
import { Open } from '../../engine/hot/open.ts';
import { parametersOf } from '../../engine/hot/parameters.ts';
import { filesIn, Resolver } from '../../engine/hot/resolve.ts';
import { HotText } from '../../engine/hot/text.ts';
import { needs } from '../support/needs.ts';
import { inProject } from '../support/project.ts';

const HEAT = '/usr/lib/python3/dist-packages/heat/engine/resource.py';

const TEMPLATE = `heat_template_version: 2021-04-16
parameters:
  port: {type: number, default: 5432}
  part: {type: number}
  names: {type: comma_delimited_list}
  listed: {type: comma_delimited_list, default: [a, 7]}
  none: {type: comma_delimited_list, default: ""}
  big: {type: boolean, default: "yes"}
  off: {type: boolean}
  tree: {type: json, default: {a: [1, {b: true}], c: {}}}
  text: {type: json}
  word: {type: string, default: 12}
conditions:
  large: {equals: [{get_param: port}, 5432]}
  small: {not: large}
  both: {and: [large, {get_param: big}]}
  either: {or: [small, {equals: [{get_param: word}, x]}]}
resources: {}
`;
const PARAMETERS = { part: '2.5', names: 'x, y,z', off: 'off', text: '{"k": "é"}' };
const FILES = { 'a.txt': 'of a file' };

/** Heat comes to the same. */
const KNOWN: readonly JsonValue[] = [
  ...['port', 'part', 'names', 'listed', 'none', 'big', 'off', 'tree', 'text', 'word', 'OS::stack_name'].map(
    name => ({ get_param: name }),
  ),
  { get_param: ['tree', 'a', 1, 'b'] },
  { get_param: ['tree', 'a', '0'] },
  { get_param: ['tree', 'gone', 'b'] },
  { get_param: ['names', 2] },
  { get_file: 'a.txt' },
  { get_file: { list_join: ['.', ['a', 'txt']] } },
  { str_replace: { template: 'a ab $b', params: { a: 'ab', ab: 'a', $b: { get_param: 'big' } } } },
  { str_replace: { template: 'x y', params: { x: { k: ['é', 1], a: null }, y: { get_param: 'names' } } } },
  { str_replace: { template: 'x', params: { x: null, z: 1 } } },
  { str_replace: { template: { get_file: 'a.txt' }, params: { file: { get_param: 'port' } } } },
  { str_replace_strict: { template: 'a-b', params: { a: 1, b: 2 } } },
  { str_replace_vstrict: { template: 'a-b', params: { a: 1, b: false } } },
  { list_join: ['-', ['a', { k: 1 }], { get_param: 'names' }, ['', null]] },
  { list_join: [', ', { get_param: 'listed' }] },
  { list_concat: [['a'], { get_param: 'names' }, null] },
  {
    list_concat_unique: [
      ['a', 'b'],
      ['b', 'c', 'a'],
    ],
  },
  { map_merge: [{ a: 1, b: { c: 1 } }, null, { get_param: 'tree' }] },
  { str_split: [',', 'a,b,c'] },
  { str_split: [', ', 'a, b', 1] },
  ...['large', 'small', 'both', 'either', true, { not: 'small' }].map(condition => ({
    if: [condition, 'yes', { get_param: 'port' }],
  })),
  { here: { if: ['large', 'one'] }, gone: { if: ['small', 'one'] } },
  [{ if: ['small', 'one'] }, 'two', { if: ['small', 1, { if: ['large', 3] }] }],
  { nested: [{ deep: { get_param: 'port' } }], get_param: 'not alone', plain: 1 },
];

/** Heat refuses it too. */
const WRONG: readonly [JsonValue, RegExp][] = [
  [{ get_param: 'prot' }, /The template has no parameter 'prot'\. Did you mean 'port'\?/],
  [{ get_file: 'b.txt' }, /There is no file 'b\.txt'/],
  [{ str_replace: { template: 'x' } }, /str_replace takes a map of `template`/],
  [{ str_replace: ['x'] }, /str_replace takes a map/],
  [{ str_replace_strict: { template: 'x', params: { y: 1 } } }, /has all of the params in it/],
  [{ str_replace_vstrict: { template: 'x', params: { x: '' } } }, /none of them empty/],
  [{ list_join: ['-', [1]] }, /list_join takes/],
  [{ list_join: ['-'] }, /list_join takes/],
  [{ list_concat: ['a'] }, /list_concat takes a list of lists/],
  [{ map_merge: ['a'] }, /map_merge takes a list of maps/],
  [{ str_split: ['-', 'a', 3] }, /str_split takes/],
  [{ if: ['large'] }, /if takes a list/],
  [{ if: ['lagre', 1, 2] }, /no condition 'lagre'\. Did you mean 'large'\?/],
];

function resolving(): { readonly template: HotText; readonly resolver: Resolver } {
  const template = new HotText(TEMPLATE, 't.yaml', 'template');
  const given = { words: PARAMETERS, environments: [], pseudo: { 'OS::stack_name': 'prod' } };
  const { values } = parametersOf(template, given);
  const files = new Map(Object.entries(FILES));
  return { template, resolver: new Resolver({ template, parameters: values, files }) };
}

const ours = (snippet: JsonValue): unknown => resolving().resolver.resolve(snippet, '/resources');

describe('a value of a template', () => {
  it('is open where only Heat knows it, with everything around it and what it hangs on', () => {
    const open = (snippet: JsonValue): readonly string[] => {
      const found = ours(snippet);
      expect(found, JSON.stringify(snippet)).to.be.instanceOf(Open);
      return (found as Open).whys;
    };
    expect(open({ get_attr: ['db', 'member', 0] })).to.eql(['get_attr db, member, 0']);
    expect(open([1, { a: { get_resource: 'net' } }])).to.eql(['get_resource net']);
    expect(open({ list_join: [',', [{ get_attr: ['a', 'b'] }, { get_attr: ['a', 'b'] }]] })).to.eql([
      'get_attr a, b',
    ]);
    expect(open({ yaql: { expression: '$', data: {} } })).to.eql(['yaql']);
    expect(open({ get_param: 'OS::stack_id' })).to.eql(['get_param OS::stack_id']);
    expect(open({ if: [{ equals: [{ get_attr: ['a', 'b'] }, 1] }, 1, 2] })).to.eql(['get_attr a, b']);
    expect(open({ get_file: 'https://example.org/x' })).to.eql(['get_file https://example.org/x']);
  });

  it('is open where a parameter has no value', () => {
    const template = new HotText(TEMPLATE, 't.yaml', 'template');
    const { values } = parametersOf(template, { words: {}, environments: [], pseudo: {} });
    expect((values.get('part') as Open).whys).to.eql(['get_param part, which has no value here']);
    expect(template.problems()).to.eql([]);
  });

  it('names the files that it reads', () => {
    expect(filesIn({ a: [{ get_file: 'x' }], b: { get_file: { get_param: 'y' } }, get_file: 'z' })).to.eql([
      'x',
    ]);
  });

  for (const [snippet, words] of WRONG)
    it(`is refused: ${JSON.stringify(snippet)}`, () => {
      const { template, resolver } = resolving();
      resolver.resolve(snippet, '/resources');
      expect(template.problems().map(problemText)).to.have.length(1);
      expect(template.problems().map(problemText).join(''))
        .to.match(/^t\.yaml:18:1: /)
        .and.match(words);
    });

  if (needs(existsSync(HEAT), 'values of a template', "Heat's Python library: test/services/install.sh"))
    it('is what Heat itself makes of it', function () {
      this.timeout(60_000);
      const theirs = byHeat([...KNOWN, ...WRONG.map(([snippet]) => snippet)]);
      KNOWN.forEach((snippet, index) =>
        expect({ value: ours(snippet) }, JSON.stringify(snippet)).to.eql(theirs[index]),
      );
      WRONG.forEach(([snippet], index) =>
        expect(theirs[KNOWN.length + index], JSON.stringify(snippet)).to.have.property('error'),
      );
    });
});

function byHeat(snippets: readonly JsonValue[]): readonly JsonObject[] {
  const { value: template } = new HotText(TEMPLATE, 't.yaml', 'template');
  const input = JSON.stringify({ template, parameters: PARAMETERS, files: FILES, snippets });
  const script = inProject('test', 'hot', 'resolve_by_heat.py');
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-W', 'ignore', script], {
    input,
    encoding: 'utf8',
  });
  expect(status, stderr).to.equal(0);
  return JSON.parse(stdout) as JsonObject[];
}

describe('parameters of a template', () => {
  const template = (): HotText => new HotText(TEMPLATE, 't.yaml', 'template');
  const env = (text: string, name = 'e.yaml'): HotText => new HotText(text, name, 'environment');

  it('are given by hand, by the newest environment, by its defaults, or by the template, in this order', () => {
    const environments = [
      env('parameters: {port: 1, part: 1, word: a}\nparameter_defaults: {word: c, off: true}'),
      env('parameters: {port: 2}\nparameter_defaults: {elsewhere: 1}'),
    ];
    const { values } = parametersOf(template(), { words: { part: '9' }, environments, pseudo: {} });
    expect(['port', 'part', 'word', 'off', 'big'].map(name => values.get(name))).to.eql([
      2,
      9,
      'a',
      true,
      true,
    ]);
  });

  it('are told where they are none: by the place in their file', () => {
    const environment = env('parameters:\n  prot: 1\n  port: many\n');
    const text = template();
    const words = { part: 'half', nobody: '1' };
    const { unknown } = parametersOf(text, { words, environments: [environment], pseudo: {} });
    expect(unknown).to.eql(['nobody']);
    expect(environment.problems().map(problemText)).to.eql([
      "e.yaml:2:3: The template has no parameter 'prot'. Did you mean 'port'?",
      "e.yaml:3:9: 'port' is of type number, and this is none.",
    ]);
    expect(text.problems().map(problemText)).to.eql([
      "t.yaml:4:9: 'part' is of type number, and this is none. It was given as --parameter part=….",
    ]);
  });
});

describe('a template', () => {
  const said = (text: string): string =>
    new HotText(text, 't.yaml', 'template').problems().map(problemText).join('\n');

  it('is YAML, and a map', () => {
    expect(said('')).to.equal('t.yaml:1:1: The template is empty.');
    expect(said('- a')).to.equal('t.yaml:1:1: A template must be a map.');
    expect(said('a: [')).to.match(/^t\.yaml:1:\d+: This is not YAML/);
    expect(said('a: &x 1\nb: *x')).to.contain('t.yaml:2:5: YAML aliases (*name) are not allowed.');
  });

  it('may say what a definition may not, where nobody reads it', () => {
    const text = new HotText('resources:\n  a: {x: yes}\n  b: {x: 010}\n', 't.yaml', 'template');
    expect(text.problems()).to.eql([]);
    text.ask('/resources/b');
    expect(text.problems().map(problemText).join()).to.match(/^t\.yaml:3:10: /);
  });
});
