// What follows from a definition as a whole: names, circles, quorums, guarantees, secrets.
// Belongs here: rules that look at several places. Does not belong here: single keys (states), roles (roles),
// given members (graph).
import { expect } from 'chai';
import fc from 'fast-check';
import type { Requirement } from '../../engine/definition/types.ts';
import { codes, definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const S = 'action: {script: {sh: x}}';
const brief = ({ entity, state, members, inferred }: Requirement): string =>
  `${entity}.${state} ${members.kind}${inferred ? ' inferred' : ''}`;
const requiresOf = (text: string, state = 'done'): string[] =>
  stateOf(definitionOf(parse(text)), 'sql', state).requires.map(brief);
const roles = 'roles: {master: {choose: lowest_index, among: ready}}';

describe('Requirements', () => {
  it('take every form of a quorum', () => {
    for (const [members, kind] of [
      ['all', 'all'],
      ['any', 'any'],
      ['majority', 'majority'],
      ['2', 'count'],
      ['60%', 'percent'],
    ]) {
      expect(
        requiresOf(groupWith(`a: {${S}}\ndone: {requires: [{state: sql.a, members: ${members}}]}`)),
      ).to.deep.equal([`sql.a ${kind}`]);
    }
  });

  for (const members of ['0', '-1', '1.5', '0%', '101%', 'most', '"2"']) {
    it(`refuse members: ${members}`, () => {
      expect(
        codes(parse(groupWith(`a: {${S}}\ndone: {requires: [{state: sql.a, members: ${members}}]}`))),
      ).to.include('wrong_value');
    });
  }

  it('refuse a quorum of the same member', () => {
    expect(
      codes(parse(groupWith(`a: {${S}}\ndone: {requires: [{state: a, members: "any"}]}`))),
    ).to.deep.equal(['wrong_value']);
  });

  it('name what exists, or what was probably meant', () => {
    const lines = texts(
      parse(groupWith(`prepared: {${S}}\ndone: {requires: [preparde, sql.prepred, sqk.prepared, a.b.c]}`)),
    );
    expect(lines.filter(line => line.includes('Did you mean'))).to.have.lengthOf(3);
    expect(lines.find(line => line.includes('a.b.c'))).to.include('Write entity.state.');
  });

  it('are written once', () => {
    expect(codes(parse(groupWith(`a: {${S}}\ndone: {requires: [a, a]}`)))).to.deep.equal(['duplicate']);
  });

  it('of a once state are of the group, and a once state asks for members by a qualified name', () => {
    expect(requiresOf(groupWith(`a: {once: "any", ${S}}\ndone: {requires: [a]}`))).to.deep.equal([
      'sql.a all',
    ]);
    const lines = texts(parse(groupWith(`a: {${S}}\ndone: {once: "any", requires: [a], ${S}}`)));
    expect(lines[0]).to.include('Write sql.a: of every member.');
  });
});

describe('Inferred requirements', () => {
  const a = `a: {${S}, outputs: {port: {type: integer}}}`;
  const reading = (expression: string, more = ''): string =>
    groupWith(`${a}\ndone: {${more}action: {script: {sh: x, inputs: {V: "<% ${expression} %>"}}}}`);

  it('are of the same member for its own outputs', () => {
    expect(requiresOf(reading('member.outputs.a.port'))).to.deep.equal(['sql.a same inferred']);
  });

  it('row 33: are barriers for outputs of all, whatever a filter leaves', () => {
    for (const read of [
      'sql.members.map(m, m.outputs.a.port)',
      'sql.members.filter(m, m.index < 2).map(m, m.outputs.a.port)',
    ]) {
      expect(requiresOf(reading(read)), read).to.deep.equal(['sql.a all inferred']);
    }
  });

  it('are barriers for reached, unless the author said how many are enough', () => {
    const expression = 'sql.reached.a.map(m, m.outputs.a.port)';
    expect(requiresOf(reading(expression))).to.deep.equal(['sql.a all inferred']);
    expect(requiresOf(reading(expression, 'requires: [{state: sql.a, members: "any"}], '))).to.deep.equal([
      'sql.a any',
    ]);
  });

  it('row 33: are not made of what may be absent', () => {
    expect(requiresOf(reading('member.outputs.?a.?port.orValue(1)'))).to.deep.equal([]);
  });

  it('are not made twice', () => {
    expect(requiresOf(reading('member.outputs.a.port', 'requires: [a], '))).to.deep.equal(['sql.a same']);
    expect(requiresOf(reading('member.outputs.a.port', 'requires: [sql.a], '))).to.deep.equal(['sql.a all']);
  });

  it("are none of a group's own step, which has no member to read of", () => {
    const text = (once: string, more: object = {}): string =>
      groupWith(
        `${a}\ndone: {once: "${once}", action: {script: {sh: x, inputs: {V: "<% member.outputs.a.port %>"}}}}`,
        more,
      );
    expect(texts(parse(text('any'))).join()).to.include("let 'once' name it");
    const boss = { entity: 'roles: {boss: {choose: lowest_index, among: a}}' };
    expect(texts(parse(text('boss', boss))).join())
      .to.include("Unknown name 'member'")
      .and.include("Write a role, such as 'sql.boss'.");
  });

  it('row 34: are not made by undo, where only what is certain may be read', () => {
    const undo = (requires: string) =>
      groupWith(
        `${a}\ndone: {${requires}${S}, undo: {script: {sh: y, inputs: {V: "<% member.outputs.a.port %>"}}}}`,
      );
    expect(codes(parse(undo('')))).to.include('not_guaranteed');
    expect(requiresOf(undo('requires: [a], '))).to.deep.equal(['sql.a same']);
    const own = groupWith(
      `done: {${S}, outputs: {v: {type: string}}, undo: {script: {sh: y, inputs: {V: "<% member.outputs.done.v %>"}}}}`,
    );
    expect(codes(parse(own))).to.deep.equal(['not_guaranteed']);
    const ofAll = (requires: string) =>
      undo(`requires: [${requires}], `).replace(
        'member.outputs.a.port',
        'sql.members.map(m, m.outputs.a.port)',
      );
    expect(codes(parse(ofAll('a')))).to.include('not_guaranteed');
    expect(codes(parse(ofAll('sql.a')))).to.deep.equal([]);
    expect(codes(parse(undo('requires: [{state: sql.a, members: "any"}], ')))).to.include('not_guaranteed');
  });
});

describe('Circles', () => {
  const circle = (text: string): string | undefined => texts(parse(text)).find(line => line.includes('wait'));

  it('are shown with their path', () => {
    expect(
      circle(groupWith('a: {requires: [c]}\nb: {requires: [a]}\nc: {requires: [b]}\ndone: {requires: [c]}')),
    ).to.include('in a circle: sql.a → sql.c → sql.b → sql.a.');
    expect(circle(groupWith('done: {requires: [done]}'))).to.include('sql.done waits for itself');
  });

  it('are found through expressions', () => {
    const text = groupWith(
      `a: {${S}, requires: [done], outputs: {v: {type: string}}}\ndone: {action: {script: {sh: x, inputs: {V: "<% member.outputs.a.v %>"}}}}`,
    );
    expect(circle(text)).to.include('sql.a → sql.done → sql.a');
  });

  it('row 5: are found through roles: named, and read', () => {
    const named = groupWith('ready: {requires: [sql.done]}\ndone: {only: master}', { entity: roles });
    expect(circle(named)).to.include('sql.ready → sql.done → (role sql.master) → sql.ready');
    const read = groupWith(
      `ready: {requires: [sql.done]}\ndone: {action: {script: {sh: x, inputs: {M: "<% sql.master.name %>"}}}}`,
      { entity: roles },
    );
    expect(circle(read)).to.include('(role sql.master)');
    const among = groupWith('ready: {only: master}\ndone: {requires: [ready]}', { entity: roles });
    expect(circle(among)).to.include('sql.ready waits for itself: sql.ready → (role sql.master) → sql.ready');
  });

  it('are found exactly when there are any', () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 14 });
    fc.assert(
      fc.property(edges, pairs => {
        const lines = Array.from({ length: 8 }, (_, i) => {
          const needs = [...new Set(pairs.filter(([from]) => from === i).map(([, to]) => `s${to}`))];
          return `s${i}: {requires: [${needs.join(', ')}]}`;
        });
        const found = codes(parse(groupWith(lines.join('\n'), { goal: 'sql.s0' }))).includes('cycle');
        expect(found).to.equal(hasCircle(pairs));
      }),
      { numRuns: 150 },
    );
  });
});

/** By brute force: a state that can be come back to. */
function hasCircle(edges: readonly (readonly [number, number])[]): boolean {
  return Array.from({ length: 8 }, (_, i) => i).some(start => {
    const seen = new Set<number>();
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const [from, to] of edges) {
        if (from !== at) continue;
        if (to === start) return true;
        if (!seen.has(to)) open.push(to);
        seen.add(to);
      }
    }
    return false;
  });
}

describe('What can never be', () => {
  const sized = (min: number, max: number, states: string) =>
    groupWith(states, { entity: `members: {min: ${min}, max: ${max}}\n${roles}` });
  const three = (states: string) => sized(1, 3, `ready: {${S}}\n${states}`);

  it('row 8: is a quorum above every size', () => {
    expect(codes(parse(three('done: {requires: [{state: sql.ready, members: 4}]}')))).to.include(
      'impossible_quorum',
    );
    expect(codes(parse(three('done: {requires: [{state: sql.ready, members: 3}]}')))).to.deep.equal([]);
  });

  it('is a quorum above those to which the state applies', () => {
    const of = (state: string, members: number) =>
      three(
        `b: {${state}: master, requires: [ready]}\ndone: {requires: [{state: sql.b, members: ${members}}]}`,
      );
    expect(codes(parse(of('only', 2)))).to.include('impossible_quorum');
    expect(codes(parse(of('except', 3)))).to.include('impossible_quorum');
    expect(codes(parse(of('except', 2)))).to.deep.equal([]);
  });

  it('puts the goal that needs it out of reach', () => {
    const lines = texts(
      parse(three('b: {requires: [{state: sql.ready, members: 4}]}\ndone: {requires: [b]}')),
    );
    expect(lines.at(-1)).to.include('The goal sql.done is out of reach: it needs sql.b');
  });

  it('row 1: is a state that no member of any size has', () => {
    expect(
      codes(
        parse(
          sized(1, 1, `ready: {${S}}\nother: {except: master}\ndone: {requires: [sql.other, sql.ready]}`),
        ),
      ),
    ).to.include('applies_to_nobody');
    expect(codes(parse(three('done: {only: master, except: master, requires: [ready]}')))).to.include(
      'applies_to_nobody',
    );
    expect(
      codes(parse(sized(1, 2, `ready: {${S}}\nother: {except: master}\ndone: {requires: [sql.other]}`))),
    ).to.deep.equal([]);
  });

  it('row 2: is "the same member\'s" state of those who don\'t have it', () => {
    const lines = texts(
      parse(three('a: {only: master, requires: [ready]}\ndone: {except: master, requires: [a]}')),
    );
    expect(lines[0]).to.include('Write sql.a to wait for those members.');
    expect(codes(parse(three('a: {only: master, requires: [ready]}\ndone: {requires: [a]}')))).to.deep.equal(
      [],
    );
  });
});

describe('The goal', () => {
  it('is one state or several, each once and known', () => {
    expect(definitionOf(parse(groupWith('a:\ndone:', { goal: '[sql.a, sql.done]' }))).goal).to.have.lengthOf(
      2,
    );
    expect(codes(parse(groupWith('done:', { goal: '[sql.done, sql.done]' })))).to.deep.equal(['duplicate']);
    expect(codes(parse(groupWith('done:', { goal: '[]' })))).to.deep.equal(['wrong_value']);
    expect(texts(parse(groupWith('done:', { goal: 'sql.don' })))[0]).to.include("Did you mean 'done'?");
  });

  it("warns of states that it doesn't need, without refusing them", () => {
    const parsed = parse(groupWith(`alone: {${S}}\ndone:`));
    expect(parsed.definition).not.to.equal(undefined);
    expect(parsed.problems.map(({ code, severity }) => `${code} ${severity}`)).to.deep.equal([
      'unreachable warning',
    ]);
  });
});

describe('Hidden values', () => {
  const top = 'inputs: {secret: {type: string, hidden: true}}';
  const text = (more: string, end = '') => `${groupWith(more, { top })}${end}`;

  it('go into inputs of scripts and contents of files', () => {
    expect(
      codes(parse(text('done: {action: {script: {sh: x, inputs: {P: "<% inputs.secret %>"}}}}'))),
    ).to.deep.equal([]);
    expect(
      codes(parse(text('done: {action: {file: {path: /x, content: "p=<% inputs.secret %>"}}}'))),
    ).to.deep.equal([]);
  });

  it('go nowhere where they would show', () => {
    for (const where of [
      'script: {sh: x, run_as: "<% inputs.secret %>"}',
      'file: {path: "/<% inputs.secret %>", content: x}',
    ]) {
      expect(codes(parse(text(`done: {action: {${where}}}`))), where).to.deep.equal(['secret_exposed']);
    }
    expect(codes(parse(text(`done: {condition: "<% inputs.secret == 'x' %>", ${S}}`)))).to.deep.equal([
      'secret_exposed',
    ]);
  });

  it('are not computed of plain values alone, which would be stored in clear', () => {
    const set = (value: string) =>
      text(`done: {outputs: {p: {type: string, hidden: true}}, action: {set: {outputs: {p: ${value}}}}}`);
    for (const value of ['"plain"', '"<% workflow.id %>"', '"a <% member.name %> b"']) {
      expect(texts(parse(set(value)))[0], value).to.include(
        "The output 'p' of sql.done is declared hidden, but nothing that it is made of is: it would be stored in clear.",
      );
    }
    expect(codes(parse(set('"user:<% inputs.secret %>"')))).to.deep.equal([]);
    expect(codes(parse(set('"<% inputs.nobody %>"')))).to.deep.equal(['unknown_name']);
  });

  it('row 50: become outputs only where hidden is declared', () => {
    const set = (flags: string) =>
      text(
        `done: {outputs: {p: {type: string${flags}}}, action: {set: {outputs: {p: "<% inputs.secret %>"}}}}`,
      );
    expect(codes(parse(set('')))).to.deep.equal(['secret_exposed']);
    expect(codes(parse(set(', hidden: true')))).to.deep.equal([]);
    const out = (flags: string) => text('done:', `outputs: {p: {value: "<% inputs.secret %>"${flags}}}\n`);
    expect(codes(parse(out('')))).to.deep.equal(['secret_exposed']);
    expect(codes(parse(out(', hidden: true')))).to.deep.equal([]);
  });
});
