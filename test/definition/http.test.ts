// The action `http` as it is written, and what is refused of it.
import { expect } from 'chai';
import type { HttpAction } from '../../engine/definition/types.ts';
import { definitionOf, parse, stateOf, texts } from './support/parsing.ts';

const written = (state: string): string =>
  `workflow_version: 2026-11-01\ninputs: {token: {type: string, hidden: true}, id: {type: string}}\nentities: {api: {type: service, states: {done: ${state}}}}\ngoal: api.done\n`;
const stateWith = (state: string) => stateOf(definitionOf(parse(written(state))), 'api', 'done');
const refusals = (state: string): string => texts(parse(written(state))).join('\n');
const call = (fields: string): string => `{action: {http: {url: 'https://x.org/a', ${fields}}}}`;

describe('the action http', () => {
  it('is a GET of a service, which may run again', () => {
    const state = stateWith("{action: {http: {url: 'https://x.org/a'}}}");
    expect(state.action).to.include({ kind: 'http', method: 'GET' });
    expect(state.action).to.have.property('outputs').that.deep.equals({});
    expect(state).to.include({ idempotent: true, onInterrupted: 'rerun' });
  });

  it('may run again where its method says so, or the state', () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])
      expect(stateWith(call(`method: ${method}`)).idempotent, method).to.equal(true);
    for (const method of ['POST', 'PATCH']) {
      expect(stateWith(call(`method: ${method}`)), method).to.include({
        idempotent: false,
        onInterrupted: 'fail',
      });
      expect(
        stateWith(`{idempotent: true, action: {http: {url: 'http://x.org', method: ${method}}}}`).idempotent,
      ).to.equal(true);
    }
  });

  it('takes headers, a body, what is expected and what is waited for', () => {
    const fields = `method: PUT, headers: {X-Id: "<% inputs.id %>", n: 1}, body: {a: ["<% inputs.token %>"]}, expect: [200, 404], until: "<% response.json.status == 'ACTIVE' %>"`;
    const action = stateWith(call(fields)).action as HttpAction;
    expect(action.headers.root).to.have.property('kind', 'map');
    expect(action.headers.secret).to.equal(false);
    expect(action.body?.secret).to.equal(true);
    expect(action).to.deep.include({ expect: [200, 404], until: "<% response.json.status == 'ACTIVE' %>" });
    expect((stateWith(call('expect: 204')).action as HttpAction).expect).to.deep.equal([204]);
    const test = '<% response.status < 500 %>';
    expect((stateWith(call(`expect: "${test}"`)).action as HttpAction).expect).to.equal(test);
  });

  it('computes outputs from the answer; those that it does not name are keys of the body', () => {
    const outputs = 'outputs: {id: {type: string}, port: {type: integer}}';
    const state = stateWith(
      `{action: {http: {url: 'http://x.org', outputs: {id: "<% response.headers['x-id'] %>"}}}, ${outputs}}`,
    );
    expect((state.action as HttpAction).outputs).to.deep.equal({ id: "<% response.headers['x-id'] %>" });
    expect(refusals(call('outputs: {idd: "<% response.body %>"}, '))).to.contain(
      "sets 'idd', which its outputs don't declare",
    );
  });

  it('reads the answer there, and nothing else', () => {
    expect(refusals(call('until: "<% response.json.id == inputs.id %>"')))
      .to.contain("Unknown name 'inputs'")
      .and.contain("Only 'response' exists");
    expect(refusals(call('until: "<% response.jsn.id == 1 %>"'))).to.contain("Did you mean 'json'?");
    expect(refusals(call('until: "<% api.outputs.done == 1 %>"'))).to.contain("Only 'response' exists");
    expect(refusals(call('expect: "<% response.status %>"'))).to.contain('it must be true or false');
    expect(refusals(call('body: "<% response.status %>", method: POST'))).to.contain(
      "Unknown name 'response'",
    );
  });

  it('row 35: waits with until, which is an expression over the answer', () => {
    expect(refusals(call('until: 5m')))
      .to.contain('is no expression')
      .and.contain('response.json.status');
    expect(refusals(call('until: true'))).to.contain('is no expression');
  });

  it('row 35: what does something each time is not done again and again', () => {
    const until = `until: "<% response.status == 200 %>"`;
    expect(refusals(call(`method: POST, ${until}`)))
      .to.contain('would POST again and again')
      .and.contain('with GET');
    expect(
      refusals(`{idempotent: true, action: {http: {url: 'http://x.org', method: POST, ${until}}}}`),
    ).to.equal('');
    const undo = `{idempotent: true, action: {http: {url: 'http://x.org'}}, undo: {http: {url: 'http://x.org', method: POST, ${until}}}}`;
    expect(refusals(undo)).to.contain('would POST again and again');
    const probe = `{action: {http: {url: 'http://x.org', method: POST}}, probe: {http: {url: 'http://x.org', ${until}}}}`;
    expect(refusals(probe)).to.contain('a probe looks once').and.contain("Write 'expect' instead.");
  });

  it('may be a probe, an undo and a rescue, of which only the probe gives outputs', () => {
    const http = "{http: {url: 'http://x.org'}}";
    const all = `{action: {http: {url: 'http://x.org'}}, probe: ${http}, undo: ${http}, on_failure: {action: ${http}, then: fail}}`;
    expect(refusals(all)).to.equal('');
    const giving = `{http: {url: 'http://x.org', outputs: {a: "<% response.body %>"}}}`;
    expect(refusals(`{action: ${http}, undo: ${giving}}`)).to.contain('only an action and a probe give any');
    expect(refusals(`{action: ${http}, probe: ${giving}, outputs: {a: {type: string}}}`)).to.equal('');
  });

  const WRONG: readonly (readonly [string, string])[] = [
    ['{action: {http: {method: GET}}}', "needs 'url'"],
    ['{action: {http: {url: example.org}}}', 'is no http or https address'],
    ["{action: {http: {url: 'https://u:p@x.org'}}}", 'Put it into a header, from a hidden input'],
    [call('method: get'), "Did you mean 'GET'?"],
    [call('body: {a: 1}'), "Write 'method: POST'"],
    [call('headers: {Host: a}'), 'belongs to the connection'],
    [call("headers: {'a b': c}"), 'has no name that HTTP knows'],
    [call('headers: {a: [b]}'), 'is no text'],
    [call('headers: {A: b, a: c}'), 'stands there twice'],
    [call('headers: {a: "b\\nc"}'), 'has more than one line'],
    [call('expect: 20'), 'is no status code'],
    [call('expect: [200, ok]'), 'is no status code'],
    [call('timeout: 5s'), "unknown key 'timeout'"],
  ];
  for (const [state, sentence] of WRONG) {
    it(`says of ${state} what is wrong`, () => expect(refusals(state)).to.contain(sentence));
  }
});
