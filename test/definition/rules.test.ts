// Corner cases that the parser decides, and the page's table of what YAML takes apart.
// Belongs here: rows without another place, every line of that table. Does not belong here: rows of a running workflow.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LIMITS } from '../../engine/base/limits.ts';
import { Report } from '../../engine/definition/report.ts';
import { HOT_FUNCTIONS } from '../../engine/definition/names.ts';
import { loadYaml } from '../../engine/definition/yaml.ts';
import { inProject } from '../support/project.ts';
import { codes, definitionOf, groupWith, parse, texts } from './support/parsing.ts';

const PAGE = readFileSync(inProject('docs/language-rules.md'), 'utf8');

describe('a corner case of a definition', () => {
  it('row 10: an output of what may be skipped is read with .? or has(), or not at all', () => {
    const text = (read: string) =>
      groupWith(
        `a: {condition: "<% member.index > 0 %>", action: {script: {sh: x}}, outputs: {v: {type: string}}}\n` +
          `done: {requires: [a], action: {script: {sh: x, inputs: {V: "<% ${read} %>"}}}}`,
      );
    expect(codes(parse(text('member.outputs.a.v')))).to.deep.equal(['not_guaranteed']);
    expect(codes(parse(text("member.outputs.?a.?v.orValue('')")))).to.deep.equal([]);
    expect(codes(parse(text("has(member.outputs.a) ? member.outputs.a.v : ''")))).to.deep.equal([]);
  });

  it('row 11: so is an output of what may be tolerated', () => {
    const text = groupWith(
      'a: {action: {script: {sh: x}}, on_failure: {then: continue}, outputs: {v: {type: string}}}\n' +
        'done: {requires: [a], action: {script: {sh: x, inputs: {V: "<% member.outputs.a.v %>"}}}}',
    );
    expect(codes(parse(text))).to.deep.equal(['not_guaranteed']);
  });

  it('row 33: what a filter leaves may lack a state that not every member has', () => {
    const text = (read: string) =>
      groupWith(
        'ready: {action: {script: {sh: x}}}\n' +
          'a: {except: master, action: {script: {sh: x}}, outputs: {v: {type: string}}}\n' +
          `done: {action: {script: {sh: x, inputs: {V: "<% ${read} %>"}}}}`,
        { entity: 'roles: {master: {choose: lowest_index, among: ready}}' },
      );
    const filtered = 'sql.members.filter(m, m != sql.master).map(m, m.outputs.a.v)';
    expect(codes(parse(text(filtered)))).to.deep.equal(['not_guaranteed']);
    for (const read of [
      'sql.reached.a.map(m, m.outputs.a.v)',
      'sql.members.filter(m, has(m.outputs.a)).map(m, m.outputs.a.v)',
      "sql.members.map(m, m.outputs.?a.?v.orValue(''))",
    ]) {
      definitionOf(parse(text(read)));
    }
  });

  it('row 35: there is no waiting for the world, only for a time', () => {
    const wait = (fields: string) => parse(groupWith(`done: {action: {wait: {${fields}}}}`));
    expect(texts(wait('for: 30s, until: "<% true %>"'))[0]).to.include("has unknown key 'until'");
    expect(codes(wait('for: 30s'))).to.deep.equal([]);
  });

  it('row 46: attempts are a number from one to the limit', () => {
    const attempts = (value: string) =>
      codes(parse(groupWith(`done: {action: {script: {sh: x}}, retry: {attempts: ${value}}}`)));
    for (const value of ['0', '-1', '1.5', String(LIMITS.attempts + 1)]) {
      expect(attempts(value), value).to.have.lengthOf(1);
    }
    expect(attempts('1')).to.deep.equal([]);
  });
});

/** `| text | what happens | because |` */
const LINES = [...PAGE.matchAll(/^\| `(.+)` \| (taken|cut|quote it|refused) \| .+ \|$/gm)].map(
  ([, text = '', verdict = '']) => ({ text, verdict }),
);

describe('the table of what YAML takes apart', () => {
  it('has its lines', () => {
    expect(LINES.length).to.be.at.least(30);
  });

  for (const { text, verdict } of LINES) {
    it(`is right that ${text} is ${verdict}`, () => {
      const report = new Report();
      const loaded = loadYaml(text, report);
      const problems = report.finish({
        source: text,
        fileName: 't',
        ...(loaded ? { positions: loaded.positions } : {}),
      });
      const said = texts({ problems }).join('\n');
      switch (verdict) {
        case 'taken':
          return expect(said).to.equal('');
        case 'cut':
          return expect(said).to.include('put it in double quotes');
        case 'quote it':
          return expect(codes({ problems })).to.deep.equal(['yaml_ambiguous']);
        default:
          return expect(problems).to.have.lengthOf.at.least(1);
      }
    });
  }

  it('is followed by every function of Heat that a name or a lone key may not be', () => {
    const listed = [
      ...(/one key that is the name of a Heat function \(([^)]*)\)/.exec(PAGE)?.[1] ?? '').matchAll(
        /`(\w+)`/g,
      ),
    ];
    expect(new Set(listed.map(([, name]) => name))).to.deep.equal(HOT_FUNCTIONS);
    for (const name of HOT_FUNCTIONS) {
      const state = groupWith(`${name}: {action: {online: {}}}\ndone: {}`);
      expect(codes(parse(state)), name).to.include('reserved_name');
      const deep = groupWith(`done: {action: {script: {sh: x, inputs: {A: [{B: {${name}: x}}]}}}}`);
      expect(codes(parse(deep)), name).to.deep.equal(['reserved_name']);
    }
  });

  it('leaves alone the functions of conditions', () => {
    for (const name of ['not', 'and', 'or', 'equals']) {
      const text = groupWith(`${name}: {action: {online: {}}}\ndone: {requires: [${name}]}`);
      expect([...definitionOf(parse(text)).entities.get('sql')!.states.keys()]).to.include(name);
    }
  });
});
