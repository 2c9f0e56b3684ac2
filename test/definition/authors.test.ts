// Mistakes that authors make, most of all those who come from HOT: one mistake, one problem, at its very place.
// Belongs here: the whole line that the author gets to see. Does not belong here: the rules one by one (the other tests).
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { parse, texts } from './support/parsing.ts';

const INPUTS = 'inputs:\n  ip: {type: string}\n  password: {type: string, hidden: true}\n';

/** A definition of one `vm`; the states begin on line 9. */
function vm(states: string, rest = 'goal: web.ready'): string {
  return `workflow_version: 2026-11-01\n${INPUTS}entities:\n  web:\n    type: vm\n    states:\n${states}\n${rest}\n`;
}

/** A definition of one `vm_group`; the states begin on line 12. */
function group(states: string): string {
  const roles = '    members: {min: 2, max: 5}\n    roles:\n      boss: {choose: lowest_index, among: a}\n';
  return `workflow_version: 2026-11-01\n${INPUTS}entities:\n  db:\n    type: vm_group\n${roles}    states:\n${states}\ngoal: db.ready\n`;
}

const SCRIPT = "action: {script: {sh: 'true'}}";

const CASES: readonly (readonly [mistake: string, yaml: string, ...lines: string[]])[] = [
  [
    'the action left out',
    vm("      ready: {script: {sh: 'true'}}"),
    "9:15: State web.ready has unknown key 'script'. Write it under 'action'.",
  ],
  [
    'the action left out, with what belongs to an action',
    vm("      ready: {script: {sh: 'true'}, timeout: 5m, outputs: {port: {type: integer}}}"),
    "9:15: State web.ready has unknown key 'script'. Write it under 'action'.",
  ],
  [
    'a misspelt key with a wrong value: both are placed',
    vm('      ready: {action: {file: {paht: etc/app.conf, content: a}}}'),
    "9:31: The file of web.ready has unknown key 'paht'. Did you mean 'path'?",
    "9:37: path of the file of web.ready is 'etc/app.conf'; it must be absolute. Write it from the root: /etc/app.conf or C:\\app\\app.conf.",
  ],
  [
    'depends_on, as in HOT',
    vm(`      a: {${SCRIPT}}\n      ready: {depends_on: [a]}`),
    "10:15: State web.ready has unknown key 'depends_on'. Did you mean 'requires'?",
  ],
  [
    'parameters, as in HOT',
    vm(`      ready: {${SCRIPT}}`).replace('inputs:', 'parameters:'),
    "2:1: The definition has unknown key 'parameters'. Did you mean 'inputs'?",
  ],
  [
    'get_param, as in HOT',
    vm("      ready: {action: {script: {sh: 'true', inputs: {A: {get_param: ip}}}}}"),
    "9:58: A map with the one key 'get_param' is a call of Heat's function get_param when it is written in a template. Read an input with an expression: '<% inputs.NAME %>'.",
  ],
  [
    'get_file, as in HOT, of a file that is missing too',
    vm('      ready: {action: {script: {sh: {get_file: a.sh}}}}'),
    "9:38: A map with the one key 'get_file' is a call of Heat's function get_file when it is written in a template. Name a file with {file: NAME}.",
    "9:48: The script of web.ready: there is no file 'a.sh'. Put it beside the definition.",
  ],
  [
    'a key of a later version',
    vm(`      ready: {was: old, ${SCRIPT}}`),
    "9:15: State web.ready has unknown key 'was'.",
  ],
  [
    'an action of a later version',
    vm('      ready: {action: {ansible: {}}}'),
    "9:24: The action of web.ready has unknown key 'ansible'. Known here: approval, file, http, online, reboot, script, set, signal, wait, workflow.",
  ],
  [
    'a requirement of a later version',
    vm(`      a: {${SCRIPT}}\n      ready: {requires: [{until: 5m}], ${SCRIPT}}`),
    "10:27: A requirement of state web.ready has unknown key 'until'. Known here: any_of, members, outcome, state, within.",
  ],
  [
    'a script straight under probe',
    vm(`      ready: {${SCRIPT}, probe: {sh: 'true'}}`),
    "9:55: The action of the probe of web.ready has unknown key 'sh'. Write it under 'script'.",
  ],
  [
    'an action without its map',
    vm('      ready: {action: online}'),
    '9:23: The action of web.ready must be a map, not text. Write {online: {}}.',
  ],
  [
    'states as a list: nobody who names one is blamed',
    vm(`      - {name: ready, ${SCRIPT}}`),
    '9:7: states of entity web must be a map, not a list. Give each entry a key of its own: its name.',
  ],
  [
    'a state that is no map: nobody who names it is blamed',
    vm('      a: yes please\n      ready: {requires: [a, web.a]}'),
    '9:10: State web.a must be a map, not text. Its keys are: description, requires, only, except, once, condition, action, run_on, probe, undo, timeout, retry, on_failure, on_interrupted, idempotent, valid_for, exclusive, serial, max_failures, outputs.',
  ],
  [
    'a hyphen in a name: nobody who names it is blamed',
    vm(`      not-ready: {${SCRIPT}}\n      ready: {requires: [not-ready]}`),
    "9:7: 'not-ready' cannot name a state. Write 'not_ready'.",
  ],
  [
    'a hyphen in an entity: its goal is not blamed',
    vm(`      ready: {${SCRIPT}}`, 'goal: web-server.ready').replace('  web:', '  web-server:'),
    "6:3: 'web-server' cannot name an entity. Write 'web_server'.",
  ],
  [
    'a capital in a name whose small form is taken by expressions',
    vm('      Name: {action: {online: {}}}', 'goal: web.Name'),
    "9:7: 'Name' cannot name a state. Use a lower-case letter, then letters, digits and underscores, 63 characters at most.",
  ],
  [
    'an expression that is nested too deep, and one that is too long',
    vm(
      `      ready: {action: {script: {sh: 'true', inputs: {A: '<% ${'('.repeat(40)}1${')'.repeat(40)} %>', B: '<% ${'1+'.repeat(600)}1 %>'}}}}`,
    ),
    `9:58: The expression is too large: it is nested deeper than 32 levels. In '<% ${'('.repeat(40)}1${')'.repeat(36)}... %>'. Split it over a \`set\` state.`,
    `9:152: The expression is too large: it has more than 500 parts. In '<% ${'1+'.repeat(38)}1... %>'. Split it over a \`set\` state.`,
  ],
  [
    'a type of another language',
    vm(`      ready: {${SCRIPT}}`).replace('{type: string}', '{type: int, default: 5}'),
    "3:14: Type of input ip is 'int'; it must be string, number, integer, boolean, list or map. Did you mean 'integer'?",
  ],
  [
    'a type that cannot be guessed: constraints are not blamed',
    vm(`      ready: {${SCRIPT}}`).replace(
      '{type: string}',
      '{type: port, constraints: [{range: {min: 1}}]}',
    ),
    "3:14: Type of input ip is 'port'; it must be string, number, integer, boolean, list or map.",
  ],
  [
    'an expression cut at a comma, once',
    vm("      ready: {action: {script: {sh: 'true', inputs: {A: <% ipAdd(inputs.ip, 1) %>}}}}"),
    "9:57: This expression is not whole: '<% ipAdd(inputs.ip'. YAML cut this expression at a comma, `#` or colon; put it in double quotes, or write it as a `>-` block.",
  ],
  [
    'an expression in quotes that is not closed',
    vm("      ready: {action: {script: {sh: 'true', inputs: {A: '<% inputs.ip'}}}}"),
    "9:58: Here the text has '<%' without '%>'. An expression begins with '<%' and ends with '%>' in the same text; '<%%' is a literal '<%'.",
  ],
  [
    'a merge key',
    vm(`      ready: {<<: {timeout: 5s}, ${SCRIPT}}`),
    "9:15: The key '<<' merges maps in YAML 1.1 and is text in YAML 1.2. Write the merged keys out.",
  ],
  [
    'a goal without its entity',
    vm(`      ready: {${SCRIPT}}`, 'goal: ready'),
    "10:7: The goal names 'ready', which names no state. Write web.ready.",
  ],
  [
    'a goal without its state',
    vm(`      ready: {${SCRIPT}}`, 'goal: web'),
    "10:7: The goal names 'web', which names no state. Write one of its states, such as web.ready.",
  ],
  [
    'a quorum of a bare name',
    group(`      a: {${SCRIPT}}\n      ready: {requires: [{state: a, members: 2}]}`),
    '13:46: State db.ready asks for a of several members, but a bare name means the same member. Write db.a: that state of every member.',
  ],
  [
    'a quorum of a bare name that is a state of another entity',
    vm(
      `      a: {${SCRIPT}}\n  whole:\n    type: service\n    states:\n      ready: {requires: [{state: a, members: 1}]}`,
      'goal: whole.ready',
    ),
    "13:34: whole.ready requires unknown state 'a'. A state of another entity is written web.a.",
  ],
  [
    'a member asked of the group itself',
    group(`      a: {${SCRIPT}}\n      ready: {requires: [a], run_on: "<% db[0] %>", ${SCRIPT}}`),
    "13:39: 'db[0]' picks a member of db without saying so. In '<% db[0] %>'. Write 'db.members[0]'.",
  ],
  [
    'what each member knows, asked of the group',
    group(
      `      a: {${SCRIPT}}\n      ready: {requires: [a], condition: "<% db.facts.os == 'linux' %>", ${SCRIPT}}`,
    ),
    "13:42: Unknown role or field 'facts' of db. In '<% db.facts.os == 'linux' %>'. Each member has its own: write member.facts for the same member, db.members[0].facts for another.",
  ],
  [
    'a role of more than there can be: one problem, not one for each place that reads it',
    group(
      `      a: {${SCRIPT}}\n      ready: {requires: [a], action: {script: {sh: 'true', inputs: {A: "<% db.boss.map(m, m.name) %>"}}}}`,
    ).replace('among: a}', 'among: a, count: 9}'),
    '10:53: count of role boss of entity db is 9, but the group has at most 5 members. Write 5 at most, or raise members.max.',
  ],
  [
    'an approval and a signal of one word',
    vm('      a: {action: {signal: paid}}\n      ready: {requires: [a], action: {approval: Ship}}'),
    '9:28: The signal of web.a must be a map, not text. Write {name: paid}.',
    '10:49: The approval of web.ready must be a map, not text. Write {message: Ship}.',
  ],
  [
    'an on_failure without its then',
    vm(`      ready: {${SCRIPT}, on_failure: {action: {wait: {for: 1s}}}}`),
    "9:59: on_failure of state web.ready needs 'then'. Write one of fail, continue, pause, undo, retry.",
  ],
  [
    'a probe that reboots: not to be written elsewhere either',
    vm(`      ready: {${SCRIPT}, probe: {reboot: {}, script: {sh: 'true', reboot: {max: 1}}}}`),
    "9:55: The probe of web.ready only looks; it must not reboot. Remove 'reboot'.",
    "9:88: The probe of web.ready only looks; it must not reboot. Remove 'reboot'.",
  ],
  [
    'a quorum too large, of the goal itself',
    group(`      a: {${SCRIPT}}\n      ready: {requires: [{state: db.a, members: 9}]}`),
    '13:34: db.ready requires 9 members in db.a, which applies to 5 at most. Ask for 5 at most, or write majority or a percentage.',
  ],
  [
    'once: true',
    group(`      a: {${SCRIPT}}\n      ready: {once: true, requires: [db.a], ${SCRIPT}}`),
    "13:21: once of state db.ready must be text, not a boolean. Name a role, or write 'any'.",
  ],
  [
    'a role among a state that could not be read',
    group(`      a: 5\n      ready: {only: boss, ${SCRIPT}}`),
    '12:10: State db.a must be a map, not a number. Its keys are: description, requires, only, except, once, condition, action, run_on, probe, undo, timeout, retry, on_failure, on_interrupted, idempotent, valid_for, exclusive, serial, max_failures, outputs.',
  ],
  [
    'entities as a list: the goal is not blamed',
    'workflow_version: 2026-11-01\nentities:\n  - {name: web, type: vm}\ngoal: web.ready\n',
    '3:3: entities must be a map, not a list. Give each entry a key of its own: its name.',
  ],
  [
    'one value in place of a map',
    vm(`      ready: {${SCRIPT}, outputs: {port: integer}, retry: 3, on_failure: pause}`),
    '9:63: Output port of web.ready must be a map, not text. Write {type: integer}.',
    '9:80: retry of web.ready must be a map, not a number. Write {attempts: 3}.',
    '9:95: on_failure of state web.ready must be a map, not text. Write {then: pause}.',
  ],
  [
    'a role in the place of a state',
    group(`      a: {${SCRIPT}}\n      ready: {requires: [db.boss], ${SCRIPT}}`),
    "13:26: db.ready requires unknown state 'boss' of db. boss is a role; its holder is chosen when db.a is reached.",
  ],
  [
    'candidates of a role with their entity',
    group(`      a: {${SCRIPT}}\n      ready: {only: boss, ${SCRIPT}}`).replace('among: a', 'among: db.a'),
    "10:43: Role boss of entity db chooses among members in the unknown state 'db.a'. Write its name alone: a.",
  ],
  [
    'outputs of a group, which only its members have',
    group(`      a: {${SCRIPT}}\n      ready: {condition: '<% db.outputs.a.x == 1 %>', ${SCRIPT}}`),
    "13:27: Unknown role or field 'outputs' of db. In '<% db.outputs.a.x == 1 %>'. Each member has its own: write member.outputs for the same member, db.members.map(m, m.outputs.…) for all, db.once for a state with 'once'.",
  ],
  [
    'an output that nobody declared',
    vm(`      a: {${SCRIPT}}\n      ready: {condition: '<% web.outputs.a.up %>', ${SCRIPT}}`),
    "10:27: Unknown output 'up' of web.a. In '<% web.outputs.a.up %>'. Declare it under outputs of web.a.",
  ],
  [
    'an operator of another language',
    vm(`      ready: {condition: "<% inputs.ip == 'and' and true %>", ${SCRIPT}}`),
    "9:27: The expression cannot be read at 'and true': Unexpected character: 'd'. In '<% inputs.ip == 'and' and true %>'. Write &&.",
  ],
  [
    'a colon in an unquoted script',
    vm('      ready: {}\n      a:\n        action:\n          script:\n            sh: echo foo: bar'),
    "13:25: This is not YAML: bad indentation of a mapping entry. Text that holds ': ' must be quoted, or written as a `|` block; else look at the indentation.",
  ],
  [
    'an expression in the text of a script',
    vm("      ready: {action: {script: {sh: 'echo <% inputs.ip %>'}}}"),
    "9:38: warning: The script of web.ready holds '<% inputs.ip %>', which stays as it is: the text of a script is never changed. Give the value under 'inputs', and read it in the script as an environment variable.",
  ],
  [
    'an expression where a name must stand',
    vm(`      ready: {requires: ['<% inputs.ip %>'], ${SCRIPT}}`),
    "9:27: A requirement of state web.ready is '<% inputs.ip %>', but no expression can stand here: it must be known before anything runs. Write the name itself. For what depends on values there is 'condition'.",
  ],
  [
    'an expression as the goal',
    vm(`      ready: {${SCRIPT}}`, "goal: 'web.<% inputs.ip %>'"),
    "10:8: The goal is 'web.<% inputs.ip %>', but no expression can stand here: it must be known before anything runs. Write the name itself. For what depends on values there is 'condition'.",
  ],
  [
    "another language's marks in a script, which are its own affair",
    vm('      ready: {action: {script: {sh: \'echo "<% if x %>" >/etc/a.erb\'}}}'),
  ],
];

describe('What authors get wrong', () => {
  for (const [mistake, yaml, ...lines] of CASES) {
    it(mistake, () => {
      expect(texts(parse(yaml))).to.deep.equal(lines.map(line => `test.yaml:${line}`));
    });
  }
});

describe('The same mistakes in a map, as a Heat template gives it', () => {
  /** A map of one `vm` with this state. */
  const map = (state: JsonValue): JsonValue => ({
    workflow_version: '2026-11-01',
    inputs: { ip: { type: 'string' } },
    entities: { web: { type: 'vm', states: { ready: state } } },
    goal: 'web.ready',
  });
  const READY = '/entities/web/states/ready';

  it('are told once for an expression that YAML has cut', () => {
    const inputs = { A: '<% ipAdd(inputs.ip', '1) %>': null };
    expect(texts(parse(map({ action: { script: { sh: 'true', inputs } } })))).to.deep.equal([
      `${READY}/action/script/inputs/A: This expression is not whole: '<% ipAdd(inputs.ip'. YAML cut this expression at a comma, \`#\` or colon; put it in double quotes, or write it as a \`>-\` block.`,
    ]);
  });

  it('are told once for a key that JavaScript would take for something else', () => {
    const state = JSON.parse(
      '{"action": {"wait": {"for": "5s"}}, "__proto__": {"timeout": "5s"}}',
    ) as JsonValue;
    expect(texts(parse(map(state)))).to.deep.equal([`${READY}/__proto__: A key must not be '__proto__'.`]);
  });

  it('point at the key that is wrong', () => {
    expect(texts(parse(map({ 'depends/on': ['a'], action: { wait: { for: '5s' } } })))).to.deep.equal([
      `${READY}/depends~1on: State web.ready has unknown key 'depends/on'.`,
    ]);
  });
});
