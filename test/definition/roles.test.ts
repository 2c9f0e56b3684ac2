// Roles in a definition: among whom, in which ways, by how many; and what is refused of them.
// Belongs here: the keys of roles and those that name one. Does not belong here: how the choice is made (machine).
import { expect } from 'chai';
import { codes, groupWith, parse, texts } from './support/parsing.ts';

const S = 'action: {script: {sh: x}}';
const roles = 'roles: {master: {choose: lowest_index, among: ready}}';

describe('Roles', () => {
  it('are named only where they exist', () => {
    const lines = texts(
      parse(groupWith(`ready: {${S}}\ndone: {only: mastr, requires: [ready]}`, { entity: roles })),
    );
    expect(lines[0]).to.include("unknown role 'mastr'. Did you mean 'master'?");
    expect(codes(parse(groupWith('done: {once: leader}')))).to.deep.equal(['unknown_name']);
  });

  it('are chosen among members in a state that members have', () => {
    expect(
      codes(parse(groupWith('done:', { entity: 'roles: {m: {choose: lowest_index, among: dne}}' }))),
    ).to.deep.equal(['unknown_name']);
    expect(
      codes(
        parse(
          groupWith('done: {once: "any"}', { entity: 'roles: {m: {choose: lowest_index, among: done}}' }),
        ),
      ),
    ).to.deep.equal(['wrong_value']);
    expect(
      codes(parse(groupWith('done:', { entity: 'roles: {m: {choose: highest, among: done}}' }))),
    ).to.deep.equal(['wrong_value']);
  });

  it('are chosen in exactly one way', () => {
    const withRole = (role: string): string[] =>
      texts(parse(groupWith('done:', { entity: `roles: {m: {${role}}}` })));
    expect(withRole('among: done')[0]).to.include(
      "needs 'choose'. It is lowest_index or first_ready; or write where, highest, lowest in its place.",
    );
    expect(withRole('choose: first_ready, highest: "<% member.index %>", among: done')[0]).to.include(
      "Role m of entity sql has 'choose' and 'highest', but there is one way to choose.",
    );
    expect(withRole('highest: 3, among: done')[0]).to.include('is no expression');
    expect(withRole('highest: "<% member.index %>", among: done')).to.deep.equal([]);
    expect(withRole('where: "<% member.data.zone == \'a\' %>", among: done')).to.deep.equal([]);
  });

  const ruled = (rule: string, ready = `${S}, outputs: {score: {type: integer}}`): string[] =>
    texts(
      parse(
        groupWith(
          `early: {${S}, outputs: {at: {type: integer}}}\nother: {${S}, outputs: {at: {type: integer}}}\nready: {requires: [early], ${ready}}\ndone: {requires: [sql.ready, sql.other]}`,
          {
            top: 'inputs: {pass: {type: string, hidden: true}}',
            entity: `roles: {first: {choose: lowest_index, among: early}, m: {${rule}, among: ready}}`,
          },
        ),
      ),
    );

  it('row 34: by rule, read plainly what candidates have for certain, and nothing waits for more', () => {
    expect(ruled('highest: "<% member.outputs.ready.score + member.outputs.early.at %>"')).to.deep.equal([]);
    expect(ruled('highest: "<% member.outputs.other.at %>"')[0]).to.include(
      "may be absent here: nothing makes a role's rule wait for that state",
    );
    expect(ruled('highest: "<% member.outputs.?other.?at.orValue(0) %>"')).to.deep.equal([]);
    const tolerated = `${S}, outputs: {score: {type: integer}}, on_failure: {then: continue}`;
    expect(ruled('highest: "<% member.outputs.ready.score %>"', tolerated)[0]).to.include('may be absent');
  });

  it('by rule, answer in the right type, show nothing hidden, and read no other role', () => {
    expect(ruled('where: "<% member.outputs.ready.score %>"')[0]).to.include('it must be true or false');
    expect(ruled('lowest: "<% member.name %>"')[0]).to.include('it must be a number');
    expect(ruled('where: "<% inputs.pass == \'x\' %>"')[0]).to.include('hidden');
    expect(ruled('where: "<% member != sql.first %>"')[0]).to.include(
      "A role's rule reads the role sql.first, which may not be chosen yet.",
    );
    expect(ruled('where: "<% membr.index == 0 %>"')[0]).to.include("Did you mean 'member'?");
  });

  const counted = (role: string, states: string, max = 5): string[] =>
    texts(
      parse(
        groupWith(`ready: {${S}}\n${states}`, {
          entity: `members: {max: ${max}}\nroles: {pair: {choose: lowest_index, among: ready, ${role}}}`,
        }),
      ),
    );

  it('row 8: are not held by more members than there may be', () => {
    expect(counted('count: 5', `done: {${S}, only: pair}`)).to.deep.equal([]);
    expect(counted('count: 6', `done: {${S}, only: pair}`)[0]).to.include(
      'count of role pair of entity sql is 6, but the group has at most 5 members. Write 5 at most, or raise members.max.',
    );
    expect(counted('count: 0', `done: {${S}}`)).to.have.lengthOf(1);
    expect(counted('count: two', `done: {${S}}`)).to.have.lengthOf(1);
  });

  it('rows 1 and 8: of several members, leave as many to the others', () => {
    const needs = (many: number, how: string) =>
      counted('count: 2', `x: {${S}, ${how}: pair}\ndone: {requires: [{state: sql.x, members: ${many}}]}`);
    expect(needs(2, 'only')).to.deep.equal([]);
    expect(needs(3, 'only')[0]).to.include('requires 3 members in sql.x, which applies to 2 at most');
    expect(needs(3, 'except')).to.deep.equal([]);
    expect(needs(4, 'except')[0]).to.include('which applies to 3 at most');
    expect(counted('count: 2', `done: {${S}, except: pair}`, 2)[0]).to.include(
      'sql.done applies to nobody: sql has at most 2 members, who hold pair.',
    );
  });

  it('of several members, run nothing that is done once', () => {
    expect(counted('count: 1', `done: {${S}, once: pair}`)).to.deep.equal([]);
    expect(counted('count: 2', `done: {${S}, once: pair}`)[0]).to.include(
      "sql.done has 'once: pair', but 2 members hold pair: a step of the group runs in one VM. Name a role that one member holds, or write 'only: pair' for a step of each of them.",
    );
  });

  it('of several members, are read as lists', () => {
    const reading = (expression: string) =>
      counted('count: 2', `done: {action: {script: {sh: x, inputs: {V: "<% ${expression} %>"}}}}`);
    expect(reading('sql.pair.map(m, m.name)')).to.deep.equal([]);
    expect(reading('sql.pair[0].name')).to.deep.equal([]);
    expect(reading('sql.pair.name')[0]).to.include(
      "'.name' is asked of a list of members of sql. In '<% sql.pair.name %>'. Write '[0].name' for the first of them",
    );
  });

  it('have no meaning without members, and once excludes only', () => {
    const service =
      'workflow_version: 2026-11-01\nentities: {s: {type: service, states: {done: {only: x}}}}\ngoal: s.done\n';
    expect(codes(parse(service))).to.deep.equal(['wrong_value']);
    expect(
      codes(parse(groupWith(`ready: {${S}}\ndone: {once: "any", only: master}`, { entity: roles }))),
    ).to.include('wrong_value');
  });
});
