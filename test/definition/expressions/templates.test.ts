// Templates: whole expressions, text with expressions, literals, pointers.
import { expect } from 'chai';
import { EngineError } from '../../../engine/base/errors.ts';
import { compileTemplate, evaluateTemplate } from '../../../engine/definition/expressions/index.ts';
import type { DataView } from '../../../engine/definition/expressions/types.ts';
import { DATA, MODEL, outcome, place } from './fixture.ts';

describe('a template', () => {
  it('keeps the type of a value that is one expression, whatever space is around it', () => {
    expect(outcome('<% inputs.ports %>')).to.deep.equal({ value: [3, 1, 2] });
    expect(outcome('  <% inputs.ports %>\n')).to.deep.equal({ value: [3, 1, 2] });
  });

  it('joins text: strings as they are, numbers and booleans plain, lists and maps as compact JSON', () => {
    expect(outcome('<% inputs.name %>/<% inputs.port %>/<% inputs.flag %>/<% inputs.ratio %>')).to.deep.equal(
      {
        value: 'Zoë/5022/true/2',
      },
    );
    expect(outcome('l=<% inputs.ports %> m=<% {"b": 1, "a": inputs.big} %>')).to.deep.equal({
      value: 'l=[3,1,2] m={"a":9007199254740993,"b":1}',
    });
  });

  it('writes a literal <% for <%%, and leaves the rest of an ERB file alone', () => {
    expect(outcome('<%% if x %> <% inputs.port %>')).to.deep.equal({ value: '<% if x %> 5022' });
  });

  it('lets %> stand inside a quoted string', () => {
    expect(outcome("<% 'a%>b' %>")).to.deep.equal({ value: 'a%>b' });
  });

  it('walks lists and maps and points at the string that is wrong', () => {
    const value = { 'a/b': ['fine', '<% inputs.nope %>'], c: '<% 1 + %>' };
    const { problems } = compileTemplate(value, place(), MODEL);
    expect(problems.map(({ code, pointer }) => [code, pointer])).to.deep.equal([
      ['unknown_name', '/at/a~1b/1'],
      ['expression_syntax', '/at/c'],
    ]);
  });

  it('refuses expressions in keys and marks that YAML has cut', () => {
    expect(outcome({ '<% inputs.name %>': 1 })).to.deep.include({ problems: ['expression_unsafe'] });
    expect(outcome({ a: '<% sql.members.map(m' })).to.deep.include({ problems: ['expression_cut'] });
    expect(outcome({ 'm.name) %>': 1 })).to.deep.include({ problems: ['expression_cut'] });
  });

  it('says so when data has a key that the expression library takes for something else', () => {
    const { template } = compileTemplate('<% inputs.any %>', place(), MODEL);
    const data: DataView = { ...DATA, inputs: { any: { constructor: { a: 1 } } } };
    expect(() => evaluateTemplate(template, data)).to.throw("has the key 'constructor'");
  });

  it("keeps a user's map that looks like a tag apart from tags", () => {
    expect(outcome({ $secret: 'mine' })).to.deep.equal({ value: { $literal: { $secret: 'mine' } } });
    expect(outcome("<% {'$concat': ['x']} %>")).to.deep.equal({ value: { $literal: { $concat: ['x'] } } });
    const data = { ...DATA, inputs: { ...DATA.inputs, any: { $literal: { $secret: 'mine' } } } };
    expect(outcome("<% inputs.any['$secret'] %>", place(), data)).to.deep.equal({ value: 'mine' });
  });

  it("lets an error of the data's own through as it is", () => {
    const broken = new EngineError('internal', 'the data is broken', 'Report it.');
    const data: DataView = {
      ...DATA,
      members: () => {
        throw broken;
      },
    };
    expect(() => outcome('<% sql.members.size() %>', place(), data)).to.throw(broken);
  });

  it('reads only what is asked for', () => {
    const touched: string[] = [];
    const data: DataView = {
      ...DATA,
      members: entity => {
        touched.push(entity);
        return DATA.members(entity);
      },
      role: (_, role) => {
        touched.push(role);
        return DATA.members('sql')[0];
      },
    };
    expect(outcome('<% inputs.flag ? sql.master.name : sql.members[0].name %>', place(), data)).to.deep.equal(
      {
        value: 'sql-0',
      },
    );
    expect(touched).to.deep.equal(['master']);
  });

  it('names the expression and its place when it fails', () => {
    const { template } = compileTemplate({ a: '<% inputs.any.missing %>' }, place(), MODEL);
    expect(() => evaluateTemplate(template, DATA)).to.throw(
      "The expression 'inputs.any.missing' at /at/a failed: 'missing' is absent.",
    );
  });
});
