// `run_on` in a definition: where it may stand, what it must name, what it makes a state wait for.
// Belongs here: row 45 and what is refused. Does not belong here: where things then run (machine).
import { expect } from 'chai';
import { mermaid } from '../../engine/graph/describe.ts';
import { rolesReadBy } from '../../engine/graph/references.ts';
import { codes, definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const S = 'action: {script: {sh: x}}';
const M0 = 'run_on: "<% sql.members[0] %>"';
const entity =
  'members: {min: 1, max: 5}\nroles:\n  master: {choose: lowest_index, among: ready}\n  pair: {choose: lowest_index, among: ready, count: 2}';

/** A group `sql` with a state `ready`, and a service `s` whose state `done` is written by the test. */
const service = (state: string): string =>
  groupWith(`ready: {${S}, outputs: {port: {type: integer}}}`, {
    entity,
    goal: '[s.done, sql.ready]',
  }).replace('goal:', `  s:\n    type: service\n    states:\n      done: {${state}}\ngoal:`);
const on = (expression: string): string => service(`${S}, run_on: "<% ${expression} %>"`);

describe('run_on', () => {
  it('row 45: lets a script, a file or a reboot of a service run in the VM of a member', () => {
    for (const action of ['{script: {sh: x}}', '{file: {path: /x, content: y}}', '{reboot: {}}']) {
      expect(texts(parse(service(`action: ${action}, ${M0}`))), action).to.deep.equal([]);
      expect(texts(parse(service(`action: ${action}`)))[0], action).to.include(
        'is of a service, which has no VM, so it cannot have the action',
      );
    }
    expect(texts(parse(service(S)))[0]).to.include(
      'Say in whose VM it runs, such as run_on: "<% sql.members[0] %>". Or put it on a vm or vm_group, and require that state here.',
    );
  });

  it('row 45: is asked for by a probe and an undo of a service too, or comes from the state', () => {
    const probe = 'probe: {script: {sh: y}}';
    const undo = 'undo: {script: {sh: z}}';
    expect(texts(parse(service(`${S}, ${M0}, ${probe}, ${undo}`)))).to.deep.equal([]);
    const waits = (more: string) => texts(parse(service(`action: {wait: {for: 5s}}, ${more}`)));
    expect(waits(probe)[0]).to.include('The probe of s.done is of a service, which has no VM');
    expect(waits(undo)[0]).to.include('The undo of s.done is of a service, which has no VM');
    expect(waits(`probe: {script: {sh: y}, ${M0}}, undo: {script: {sh: z}, ${M0}}`)).to.deep.equal([]);
  });

  it('has no meaning for what runs in no VM, or asks for its own agent', () => {
    expect(texts(parse(groupWith(`done: {action: {online: {}}, ${M0}}`)))[0]).to.include(
      "sql.done has 'run_on', but online asks for the agent of the member's own VM.",
    );
    expect(texts(parse(groupWith(`done: {action: {wait: {for: 5s}}, ${M0}}`)))[0]).to.include(
      "sql.done has 'run_on', but its action wait runs in no VM.",
    );
    expect(texts(parse(groupWith(`done: {${M0}}`)))[0]).to.include("has 'run_on' but no 'action'");
  });

  it('names a member: of any entity, by place, role or rule', () => {
    for (const expression of [
      'sql.members[0]',
      'sql.master',
      'sql.pair[1]',
      'sql.members.filter(m, m != sql.master)[0]',
      "workflow.stack_name == 'a' ? sql.master : sql.members[0]",
      'sql.members[attempt - 1]',
      'sql.reached.ready.maxBy(m, m.outputs.ready.port).orValue(sql.members[0])',
    ]) {
      expect(texts(parse(on(expression))), expression).to.deep.equal([]);
    }
    expect(texts(parse(groupWith(`done: {${S}, run_on: "<% member %>"}`)))).to.deep.equal([]);
  });

  it('is refused when it names anything else', () => {
    const said = (expression: string) => texts(parse(on(expression)))[0];
    expect(said('sql.master.name')).to.include('must be a member');
    expect(said('sql.pair')).to.include(
      "it must be a member. In '<% sql.pair %>'. Write '[0]' after it for the first.",
    );
    expect(said('sql')).to.include('The result is sql; it must be a member.');
    expect(said("'vm-1'")).to.include('The answer is string; it must be a member.');
    expect(said('sql.members.first()')).to.include("End it with '.orValue(…)'.");
    expect(said('sql.mastr')).to.include("Did you mean 'master'?");
    expect(said('member')).to.include("'member' does not exist in this place.");
    expect(texts(parse(service(`${S}, run_on: sql-0`)))[0]).to.include(
      'run_on of s.done is no expression. Write one that names a member',
    );
    expect(codes(parse(service(`${S}, run_on: 3`)))).to.deep.equal(['wrong_type']);
  });

  it('waits for the roles that it names, and for the outputs that it reads', () => {
    const state = (text: string) => stateOf(definitionOf(parse(text)), 's', 'done');
    expect(rolesReadBy(state(on('sql.master')))).to.deep.equal([{ entity: 'sql', role: 'master' }]);
    const reads = state(on('sql.members.maxBy(m, m.outputs.ready.port).orValue(sql.members[0])'));
    expect(reads.requires.map(({ state: name, members, inferred }) => [name, members.kind, inferred])).to.eql(
      [['ready', 'all', true]],
    );
    const probe = state(service(`${S}, ${M0}, probe: {script: {sh: y}, run_on: "<% sql.master %>"}`));
    expect(rolesReadBy(probe)).to.deep.equal([{ entity: 'sql', role: 'master' }]);
  });

  it('row 34: of an undo infers nothing, but its roles are waited for', () => {
    const undo = (expression: string, more = '') =>
      service(`${S}, ${M0}${more}, undo: {script: {sh: z}, run_on: "<% ${expression} %>"}`);
    const found = stateOf(definitionOf(parse(undo('sql.master'))), 's', 'done');
    expect(rolesReadBy(found)).to.deep.equal([{ entity: 'sql', role: 'master' }]);
    expect(found.requires).to.deep.equal([]);
    const reading = 'sql.members.filter(m, m.outputs.ready.port == 1)[0]';
    expect(texts(parse(undo(reading)))[0]).to.include('nothing makes an undo wait for that state');
    expect(texts(parse(undo(reading, ', requires: sql.ready')))).to.deep.equal([]);
  });

  it('row 5: closes circles through the roles that it names, of an undo too', () => {
    for (const more of [
      'run_on: "<% sql.master %>"',
      'undo: {script: {sh: z}, run_on: "<% sql.master %>"}',
    ]) {
      const text = groupWith(`ready: {${S}, requires: [done]}\ndone: {${S}, ${more}}`, { entity });
      expect(texts(parse(text))[0], more).to.include('sql.ready → sql.done → (role sql.master) → sql.ready');
    }
  });

  it('is drawn', () => {
    const drawn = mermaid(definitionOf(parse(on('sql.master'))));
    expect(drawn).to.include('run_on: sql.master');
    expect(drawn).to.include('r_master_IN_sql --> s_done_IN_s');
  });
});
