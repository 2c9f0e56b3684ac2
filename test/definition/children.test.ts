// The action `workflow`: a definition inside another is checked with it, at its own place.
// Belongs here: what is refused and where. Does not belong here: running children (test/runtime/children.test.ts).
import { expect } from 'chai';
import { LIMITS } from '../../engine/base/limits.ts';
import { analyseMembers } from '../../engine/graph/analyse.ts';
import { membership } from '../support/definitions.ts';
import { definitionOf, parse, texts } from './support/parsing.ts';

const CHILD = `workflow_version: 2026-11-01
inputs:
  port: {type: integer}
  key: {type: string, hidden: true, default: none}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      up: {action: {script: {sh: "true", inputs: {key: "<% inputs.key %>"}}}}
  site: {type: service, states: {done: {requires: [db.up]}}}
goal: site.done
outputs:
  port: {value: "<% inputs.port %>"}
  key: {value: "<% inputs.key %>", hidden: true}
`;

interface Given {
  readonly action?: string;
  readonly state?: string;
}

/** A parent whose state `shop.up` runs the child. */
const parent = ({ action = '', state = '' }: Given = {}): string => `workflow_version: 2026-11-01
inputs:
  secret: {type: string, hidden: true}
entities:
  node:
    type: vm_group
    members: {min: 1, max: 1000}
    roles: {boss: {choose: lowest_index, among: ready}}
    states:
      ready: {action: {script: {sh: "true"}}}
  shop:
    type: service
    states:
      up:
        action: {workflow: {${action || GOOD}}}
        ${state}
goal: shop.up
`;

const GOOD = 'definition: {file: child.yaml}, inputs: {port: 80}, members: {db: "<% node.members %>"}';
const at = (changed: string, by: string): string => GOOD.replace(changed, by);

const problems = (given: Given, files: Record<string, string> = { 'child.yaml': CHILD }): string[] =>
  texts(parse(parent(given), files)).filter(text => !text.includes('warning: '));

const REFUSED: { readonly [what: string]: readonly [Given, string] } = {
  'an unknown input': [
    { action: at('port: 80', 'prt: 80, port: 1') },
    "test.yaml:15:70: The workflow of shop.up gives the input 'prt', which the child does not have. Did you mean 'port'?",
  ],
  'a missing input': [
    { action: at(', inputs: {port: 80}', '') },
    "test.yaml:15:18: The workflow of shop.up does not give the child's input 'port'. Write it under 'inputs', or give it a default in the child's definition.",
  ],
  'an input of another type': [
    { action: at('port: 80', 'port: many') },
    "test.yaml:15:76: The child's input 'port' cannot be used: it must be of type integer, not text.",
  ],
  'a hidden value for an input that is not hidden': [
    { action: at('port: 80', 'port: "<% inputs.secret %>"') },
    "test.yaml:15:77: The workflow of shop.up gives a hidden value to the child's input 'port', which is not hidden. Declare it in the child's definition: port: {type: integer, hidden: true}.",
  ],
  'members for nobody': [
    { action: at('{db: ', '{dba: ') },
    "test.yaml:15:91: The workflow of shop.up gives members to 'dba', which the child does not have. Did you mean 'db'?",
  ],
  'members for a service': [
    { action: at('{db: ', '{site: "<% node.members %>", db: ') },
    "test.yaml:15:91: The workflow of shop.up gives members to the child's site, which is a service.",
  ],
  'no members': [
    { action: at(', members: {db: "<% node.members %>"}', '') },
    'test.yaml:15:18: The workflow of shop.up gives the child\'s db no members. Write who they are: members: {db: "<% ENTITY.members %>"}.',
  ],
  'members that are none': [
    { action: at('node.members', 'inputs.secret') },
    "test.yaml:15:96: The result is a hidden value; it must be members. In '<% inputs.secret %>'. Write members, such as 'sql.members' or a role.",
  ],
  'an output that the child does not give': [
    { state: 'outputs: {prt: {type: integer}}' },
    "test.yaml:16:19: State shop.up has the output 'prt', which its child does not give. Did you mean 'port'?",
  ],
  'an output that is hidden in the child': [
    { state: 'outputs: {key: {type: string}}' },
    "test.yaml:16:24: The output 'key' of state shop.up is not hidden, but its child's is. Write 'hidden: true'.",
  ],
  'an undo of its own': [
    { state: 'undo: {script: {sh: "true"}, run_on: "<% node.boss %>"}' },
    "test.yaml:16:9: State shop.up has 'undo', but a child is taken back by being deleted: its own states say how. Remove 'undo'.",
  ],
  'an age': [
    { state: 'valid_for: 5m' },
    "test.yaml:16:9: State shop.up has 'valid_for', but a child that is complete does not run again. Remove 'valid_for', or write it in the child's definition.",
  ],
  'a definition that is only a name': [
    { action: at('{file: child.yaml}', 'child.yaml') },
    'test.yaml:15:41: The definition of the child of shop.up must be a map. Write {file: child.yaml}.',
  ],
  'a file that is not there': [
    { action: at('child.yaml', 'chld.yaml') },
    "test.yaml:15:48: The child of shop.up: there is no file 'chld.yaml'. Did you mean 'child.yaml'?",
  ],
};

describe('A definition inside another', () => {
  it('is taken, and its digest is part of that of the one around it', () => {
    const parsed = parse(parent(), { 'child.yaml': CHILD });
    expect(problems({})).to.deep.equal([]);
    const other = parse(parent(), { 'child.yaml': `${CHILD}description: other\n` });
    expect(definitionOf(parsed).digest).not.to.equal(definitionOf(other).digest);
    const { action, undo } = definitionOf(parsed).entities.get('shop')?.states.get('up') ?? {};
    expect(undo).to.deep.include({ action, onFailure: 'fail' });
    const [[digest, child] = []] = definitionOf(parsed).children ?? [];
    expect(child?.definition.digest).to.equal(digest);
  });

  it('waits for the choice of a role that its members are named by', () => {
    const parsed = parse(parent({ action: at('"<% node.members %>"', '["<% node.boss %>"]') }), {
      'child.yaml': CHILD,
    });
    const action = definitionOf(parsed).entities.get('shop')?.states.get('up')?.action;
    const reads = action?.kind === 'workflow' ? action.members.get('db')?.reads : undefined;
    expect(reads).to.deep.equal([{ kind: 'role', entity: 'node', role: 'boss' }]);
  });

  for (const [what, [given, sentence]] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => {
      expect(problems(given)).to.deep.equal([sentence]);
    });
  }

  it('has its problems at their places in its own file, each once however often it is run', () => {
    const wrong = CHILD.replace('inputs.key %>', 'inputs.kee %>');
    const twice = parent().replace('goal:', `      again: {action: {workflow: {${GOOD}}}}\ngoal:`);
    const found = texts(
      parse(twice.replace('goal: shop.up', 'goal: [shop.up, shop.again]'), { 'child.yaml': wrong }),
    );
    expect(found.filter(text => text.includes('kee'))).to.have.lengthOf(1);
    expect(found.join('\n')).to.match(/^child\.yaml:10:57: Unknown input 'kee'/m);
  });

  it('has them in this file when it stands in place', () => {
    const inPlace = CHILD.replace('port: {type: integer}', 'port: {type: whole}')
      .split('\n')
      .map(line => `            ${line}`)
      .join('\n');
    const text = parent().replace(
      /action: \{workflow: .*\n/,
      `action:\n          workflow:\n            inputs: {port: 80}\n            members: {db: "<% node.members %>"}\n            definition:\n${inPlace}\n`,
    );
    const [first] = texts(
      parse(
        text
          .replaceAll('\n            workflow_version', '\n              workflow_version')
          .replace(/^ {12}(?=(?:inputs|entities|goal|outputs):$|goal: site)/gm, '              '),
        {},
      ),
    );
    expect(first).to.match(/^test\.yaml:\d+:\d+: /);
  });

  it('cannot contain itself, and the way is told', () => {
    const loop = (file: string): string =>
      CHILD.replace(
        'site: {type: service, states: {done: {requires: [db.up]}}}',
        `site:
    type: service
    states:
      done: {action: {workflow: {definition: {file: ${file}}, inputs: {port: 1}, members: {db: "<% db.members %>"}}}}`,
      );
    const files = { 'child.yaml': loop('other.yaml'), 'other.yaml': loop('child.yaml') };
    expect(problems({}, files).join('\n')).to.contain(
      'site.done runs a definition that runs itself: child.yaml → other.yaml → child.yaml.',
    );
  });

  it('may not be nested too deep, nor be too many', () => {
    const wrap = (inner: string, name: string): string =>
      CHILD.replace(
        'site: {type: service, states: {done: {requires: [db.up]}}}',
        `site:
    type: service
    states:
      done: {action: {workflow: {definition: {file: ${inner}}, inputs: {port: 1}, members: {db: "<% db.members %>"}}}}`,
      ).concat(`# ${name}\n`);
    const deep = Object.fromEntries(
      Array.from({ length: LIMITS.childDepth + 1 }, (_, level) => [
        level === 0 ? 'child.yaml' : `c${level}.yaml`,
        wrap(`c${level + 1}.yaml`, String(level)),
      ]),
    );
    expect(problems({}, deep).join('\n')).to.contain(`runs a child within ${LIMITS.childDepth} others`);
    const states = Array.from(
      { length: LIMITS.childDefinitions + 1 },
      (_, index) => `      s${index}: {action: {workflow: {${GOOD}}}}`,
    );
    const many = parent().replace('goal:', `${states.join('\n')}\ngoal:`);
    expect(texts(parse(many, { 'child.yaml': CHILD })).join('\n')).to.contain(
      `runs more than ${LIMITS.childDefinitions} children`,
    );
  });

  it('row 48: is given as many members as it takes, as far as sizes tell, before anything runs', () => {
    const sized = (members: string): string[] => {
      const text = parent({ action: at('"<% node.members %>"', members) });
      const child = CHILD.replace('members: {min: 1, max: 9}', 'members: {min: 2, max: 3}');
      const definition = definitionOf(parse(text, { 'child.yaml': child }));
      return analyseMembers(definition, membership({ node: 4 })).map(({ message }) => message);
    };
    const gives = (many: number): string[] => [
      `shop.up gives ${many} members to the child's db, which takes 2 to 3.`,
    ];
    expect(sized('"<% node.members %>"')).to.deep.equal(gives(4));
    expect(sized('["<% node.boss %>"]')).to.deep.equal(gives(1));
    expect(sized('["<% node.boss %>", "<% node.members[1] %>"]')).to.deep.equal([]);
    expect(sized('"<% node.members.filter(m, m.index < 1) %>"')).to.deep.equal([]);
  });

  it('runs so many children at most, with the members given', () => {
    const text = parent().replace(
      'ready: {action: {script: {sh: "true"}}}',
      `ready: {action: {script: {sh: "true"}}}\n      a: {action: {workflow: {${at('node.members', '[member][0]').replace('"<% [member][0] %>"', '["<% member %>"]')}}}}\n      b: {action: {workflow: {${at('"<% node.members %>"', '["<% member %>"]')}}}}`,
    );
    const definition = definitionOf(parse(text, { 'child.yaml': CHILD.replace('max: 9', 'max: 1000') }));
    expect(analyseMembers(definition, membership({ node: 10 }))).to.deep.equal([]);
    const [problem] = analyseMembers(definition, membership({ node: 501 }));
    expect(problem?.message).to.equal(
      'With these members the workflow runs 1003 children; the limit is 1000.',
    );
  });
});
