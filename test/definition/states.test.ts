// Keys of entities, states and actions: what each accepts and refuses.
// Belongs here: reading of keys. Does not belong here: names (names), what follows from the whole (checks).
import { expect } from 'chai';
import { codes, definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const script = (more: string): string => groupWith(`done: {action: {script: {sh: x${more}}}}`);
const state = (more: string): string => groupWith(`done: {action: {script: {sh: x}}, ${more}}`);
const action = (text: string): string => groupWith(`done: {action: ${text}}`);
const done = (text: string, files = {}) => stateOf(definitionOf(parse(text, files)), 'sql', 'done');

describe('A state', () => {
  it('is a join without an action, even when nothing stands under it', () => {
    const { action: none, requires } = done(groupWith('done:'));
    expect(none).to.equal(undefined);
    expect(requires).to.deep.equal([]);
  });

  it('refuses what has no meaning without an action', () => {
    expect(codes(parse(groupWith('done: {timeout: 5m, retry: {attempts: 2}}')))).to.deep.equal([
      'missing_key',
    ]);
  });

  for (const [text, ms] of [
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1h1m1s', 3_661_000],
    ['720h', 2_592_000_000],
  ] as const) {
    it(`takes the time ${text}`, () => {
      expect(done(state(`timeout: ${text}`)).timeout).to.equal(ms);
    });
  }

  for (const text of ['30', '5 m', '1.5h', '1m1h', '-5s', "''", '5d', '0s']) {
    it(`refuses the time ${text}`, () => {
      expect(codes(parse(state(`timeout: ${text}`)))).to.deep.equal(['wrong_value']);
    });
  }

  it('row 47: asks for the unit of a bare number', () => {
    expect(texts(parse(state('timeout: 30')))[0]).to.include('Write 30s or 30m.');
  });

  it('has its VM for itself unless it says otherwise', () => {
    expect(done(state('exclusive: false')).exclusive).to.equal(false);
    expect(done(state('description: d')).exclusive).to.equal(true);
  });

  it('goes on as its kind and probe allow after an interruption', () => {
    const probe = 'probe: {script: {sh: "true"}}';
    expect(done(state('description: d')).onInterrupted).to.equal('fail');
    expect(done(state('idempotent: true')).onInterrupted).to.equal('rerun');
    expect(done(state(probe)).onInterrupted).to.equal('probe');
    expect(done(state(`${probe}, on_interrupted: pause`)).onInterrupted).to.equal('pause');
    expect(done(action('{wait: {for: 5s}}')).onInterrupted).to.equal('rerun');
    expect(codes(parse(state('on_interrupted: probe')))).to.deep.equal(['missing_key']);
  });

  it('reads retry, and keeps its delays in order', () => {
    expect(
      done(state('retry: {attempts: 3, delay: 20m, jitter: 0.5, when: "<% error.exit_code in [1, 75] %>"}'))
        .retry,
    ).to.deep.include({
      attempts: 3,
      delay: 1_200_000,
      maxDelay: 1_200_000,
      jitter: 0.5,
      backoff: 2,
    });
    for (const wrong of [
      'attempts: 0',
      'attempts: 1.5',
      'backoff: 0.5',
      'jitter: 2',
      'delay: 5m, max_delay: 1m',
    ]) {
      expect(parse(state(`retry: {${wrong}}`)).definition, wrong).to.equal(undefined);
    }
  });

  it('knows what may follow a failure', () => {
    expect(done(state('on_failure: {then: continue}')).onFailure).to.equal('continue');
    expect(codes(parse(state('on_failure: {then: replace}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(state('on_failure: {}')))).to.deep.equal(['missing_key']);
  });

  for (const key of ['rolling', 'any_of']) {
    it(`does not know '${key}' yet`, () => {
      expect(codes(parse(state(`${key}: x`)))).to.deep.equal(['unknown_key']);
    });
  }

  it("reads undo with its own limits, else the state's timeout", () => {
    const undo = done(
      state('timeout: 5m, undo: {script: {sh: y}, on_failure: fail, retry: {attempts: 2}}'),
    ).undo;
    expect(undo).to.deep.include({ timeout: 300_000, onFailure: 'fail' });
    expect(undo?.retry.attempts).to.equal(2);
    expect(codes(parse(state('undo: {wait: {for: 5s}}')))).to.include('unknown_key');
    expect(codes(parse(state('undo: {script: {sh: y}, undo: x}')))).to.deep.equal(['unknown_key']);
  });

  it('has a probe that only looks', () => {
    expect(codes(parse(state('probe: {script: {sh: y, reboot: {max: 1}}}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(state('probe: {file: {path: /x, content: y}}')))).to.include('unknown_key');
  });
});

describe('An action', () => {
  it('is exactly one', () => {
    expect(codes(parse(action('{}')))).to.deep.equal(['missing_key']);
    expect(codes(parse(action('{wait: {for: 5s}, online: {}}')))).to.deep.equal(['wrong_value']);
    expect(texts(parse(action('{scirpt: {sh: x}}')))[0]).to.include("Did you mean 'script'?");
    expect(codes(parse(action('{ansible: {url: x}}')))).to.include('unknown_key');
  });

  it('online asks for facts', () => {
    expect(
      done(action('{online: {os: windows, min_disk: 20GiB, interpreter: powershell}}')).action,
    ).to.deep.equal({
      kind: 'online',
      os: 'windows',
      minDisk: 20 * 1024 ** 3,
      interpreter: 'powershell',
    });
    expect(texts(parse(action('{online: {os: widnows}}')))[0]).to.include("Did you mean 'windows'?");
    expect(codes(parse(action('{online: {min_disk: 20}}')))).to.deep.equal(['wrong_value']);
  });

  it('script keeps its text as it is, marks and all', () => {
    const text = groupWith(
      'done:\n  action:\n    script:\n      bash: |\n        cat <<X\n        <% erb\n        X\n',
    );
    const definition = definitionOf(parse(text));
    expect([...definition.contents.values()]).to.deep.equal(['cat <<X\n<% erb\nX\n']);
  });

  it('script is in one interpreter, with inputs that can be variables', () => {
    expect(codes(parse(action('{script: {inputs: {}}}')))).to.deep.equal(['missing_key']);
    expect(codes(parse(script(', bash: y')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(script(', inputs: {"a-b": 1}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(script(', run_as: 0')))).to.deep.equal(['wrong_type']);
  });

  it('script ignores changes only of inputs that it has', () => {
    expect(done(script(', inputs: {A: 1}, ignore_changes: [A]')).action).to.deep.include({
      ignoreChanges: ['A'],
    });
    expect(done(script(', ignore_changes: all')).action).to.deep.include({ ignoreChanges: 'all' });
    expect(texts(parse(script(', inputs: {NODES: 1}, ignore_changes: [NODE]')))[0]).to.include(
      "Did you mean 'NODES'?",
    );
  });

  it('file takes exactly one of content, file and url, an absolute path and an octal mode', () => {
    const copied = done(action("{file: {path: /etc/x, file: x.conf, mode: '0640', owner: app}}"), {
      'x.conf': '<% not read %>',
    }).action;
    expect(copied).to.deep.include({ kind: 'file', mode: 0o640 });
    expect(copied?.kind === 'file' && copied.content.kind).to.equal('copy');
    const template = done(action('{file: {path: "C:\\\\x", file: x.conf, template: true}}'), {
      'x.conf': 'a <% sql.members.size() %>',
    }).action;
    expect(template?.kind === 'file' && template.content.kind).to.equal('template');
    expect(codes(parse(action('{file: {path: /x}}')))).to.deep.equal(['missing_key']);
    expect(codes(parse(action('{file: {path: x, content: y}}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(action('{file: {path: /x, content: y, mode: rw}}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(action('{file: {path: /x, content: y, file: z}}')))).to.deep.equal(['wrong_value']);
  });

  it('file names the nearest file when one is missing', () => {
    const text = action('{script: {sh: {file: instal.sh}}}'.replace('sh:', 'sh: x, bash:')).replace(
      'sh: x, ',
      '',
    );
    expect(texts(parse(text, { 'install.sh': 'x' }))[0]).to.include("Did you mean 'install.sh'?");
  });

  it('set gives what the state declares, all of it and nothing else', () => {
    const set = (outputs: string, given: string) =>
      groupWith(`done: {outputs: ${outputs}, action: {set: {outputs: ${given}}}}`);
    expect(done(set('{a: {type: integer}}', '{a: 1}')).action?.kind).to.equal('set');
    expect(codes(parse(set('{a: {type: integer}}', '{b: 1}')))).to.have.members([
      'unknown_name',
      'missing_key',
    ]);
    expect(codes(parse(set('{a: {type: integer, optional: true}}', '{}')))).to.deep.equal([]);
  });

  it('gives no outputs when its kind has none', () => {
    expect(
      codes(parse(groupWith('done: {outputs: {a: {type: string}}, action: {wait: {for: 5s}}}'))),
    ).to.deep.equal(['wrong_value']);
  });

  it('row 45: of a service runs in no VM of its own', () => {
    const of = (text: string) =>
      `workflow_version: 2026-11-01\nentities: {s: {type: service, states: {done: {action: ${text}}}}}\ngoal: s.done\n`;
    for (const kind of ['{script: {sh: x}}', '{online: {}}', '{file: {path: /x, content: y}}']) {
      expect(codes(parse(of(kind))), kind).to.deep.equal(['wrong_value']);
    }
    expect(codes(parse(of('{wait: {for: 5s}}')))).to.deep.equal([]);
  });
});

describe('An entity', () => {
  const entity = (text: string) =>
    `workflow_version: 2026-11-01\nentities: {sql: {${text}, states: {done: }}}\ngoal: sql.done\n`;

  it('has a type, and members and roles only as a group', () => {
    expect(codes(parse(entity('description: x')))).to.deep.equal(['missing_key']);
    expect(codes(parse(entity('type: vm, members: {min: 1}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(entity('type: service, roles: {}')))).to.deep.equal(['wrong_value']);
    expect(definitionOf(parse(entity('type: vm'))).entities.get('sql')?.members).to.deep.equal({
      min: 1,
      max: 1,
    });
    expect(definitionOf(parse(entity('type: service'))).entities.get('sql')?.members).to.deep.equal({
      min: 0,
      max: 0,
    });
  });

  it('has sizes that allow at least one', () => {
    expect(codes(parse(entity('type: vm_group, members: {min: 3, max: 2}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(entity('type: vm_group, members: {max: 0}')))).to.deep.equal(['wrong_value']);
    expect(codes(parse(entity('type: vm_group, members: {max: 1001}')))).to.deep.equal(['limit_exceeded']);
    expect(definitionOf(parse(entity('type: vm_group'))).entities.get('sql')?.members).to.deep.equal({
      min: 1,
      max: 1000,
    });
  });

  it('looks into what stands under a misspelt key as well', () => {
    const text =
      'workflow_version: 2026-11-01\nentites: {sql: {type: vm, states: {done: {requires: [don]}}}}\ngoal: sql.done\n';
    expect(codes(parse(text))).to.deep.equal(['unknown_key', 'unknown_name']);
  });
});
