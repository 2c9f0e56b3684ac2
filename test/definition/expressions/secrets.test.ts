// Hidden values: where they may go, what is left of them in the result, that nothing else of them is in reach.
import { expect } from 'chai';
import { secretRefs } from '../../../engine/base/json.ts';
import { compileTemplate, evaluateTemplate } from '../../../engine/definition/expressions/index.ts';
import { DATA, INPUTS, MODEL, outcome, place } from './fixture.ts';

describe('a hidden value', () => {
  it('is passed on whole as its reference', () => {
    expect(outcome('<% inputs.password %>')).to.deep.equal({ value: { $secret: 'inputs.password' } });
    expect(outcome({ env: ['<% inputs.pin %>'] })).to.deep.equal({
      value: { env: [{ $secret: 'inputs.pin' }] },
    });
  });

  it('is joined with text as text with a hole', () => {
    const joined = { value: { $concat: ['user:', { $secret: 'inputs.password' }, '@5022'] } };
    expect(outcome('user:<% inputs.password %>@<% inputs.port %>')).to.deep.equal(joined);
    expect(outcome("<% 'user:' + inputs.password + '@' + string(inputs.port) %>")).to.deep.equal(joined);
    expect(outcome("us<% 'er:' + inputs.password %>@<% inputs.port %>")).to.deep.equal(joined);
  });

  it('may be chosen, listed, mapped and bound', () => {
    const ref = { $secret: 'inputs.password' };
    expect(outcome('<% inputs.flag ? inputs.password : inputs.pin %>')).to.deep.equal({ value: ref });
    expect(outcome("<% [inputs.password, 'x'] %>")).to.deep.equal({ value: [ref, 'x'] });
    expect(outcome("<% {'p': inputs.password}.p %>")).to.deep.equal({ value: ref });
    expect(outcome("<% cel.bind(p, inputs.password, p + '!') %>")).to.deep.equal({
      value: { $concat: [ref, '!'] },
    });
    expect(outcome('<% inputs.users.map(u, {"n": u.name, "p": u.password}) %>')).to.deep.equal({
      value: [{ n: 'ann', p: { $secret: 'ann' } }],
    });
    expect(outcome('<% default(inputs.password, inputs.pin) %>')).to.deep.equal({ value: ref });
    expect(outcome('<% sql.members.map(m, m.outputs.prepared.token).first().value() %>')).to.deep.equal({
      value: { $secret: 'token-0' },
    });
  });

  it('marks the template that it can reach, and no other', () => {
    const secret = (value: string) => compileTemplate(value, place(), MODEL).template.secret;
    expect(secret('x<% inputs.password %>')).to.equal(true);
    expect(secret("<% {'a': [inputs.password]} %>")).to.equal(true);
    expect(secret('<% sql.members.map(m, m.outputs.prepared.token) %>')).to.equal(true);
    expect(secret('<% has(inputs.password) %>')).to.equal(false);
    expect(secret('<% inputs.users.map(u, u.name) %>')).to.equal(false);
  });

  it('may stand inside text only itself, not in a list or map', () => {
    expect(outcome('x<% [inputs.password] %>'))
      .to.have.property('problems')
      .that.deep.equals(['secret_exposed']);
  });

  it('stays closed where no type could say that it is hidden', () => {
    const any = { p: { $secret: 'deep' }, l: [{ $secret: 'deep' }, { $secret: 'deep' }] };
    const data = { ...DATA, inputs: { ...INPUTS, any } };
    for (const expression of [
      "inputs.any.p == 'x'",
      'inputs.any.p.size()',
      'string(inputs.any.p)',
      'toJson(inputs.any)',
      'inputs.any.l.sort()',
      'inputs.any.l.distinct()',
      'inputs.any.l.join("")',
      'inputs.any.p < "x"',
      'inputs.any.p.parts',
      "inputs.any.p['$secret']",
    ]) {
      const { template, problems } = compileTemplate(`<% ${expression} %>`, place(), MODEL);
      expect(problems, expression).to.deep.equal([]);
      let value: unknown = false;
      try {
        value = evaluateTemplate(template, data);
      } catch {
        continue;
      }
      expect(value, expression).to.equal(false);
    }
    expect(outcome('x<% inputs.any %>', place(), data))
      .to.have.property('failed')
      .that.includes('hidden');
    const whole = outcome('<% inputs.any %>', place(), data) as { value: never };
    expect(secretRefs(whole.value)).to.deep.equal(['deep']);
  });
});
