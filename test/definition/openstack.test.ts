// The action `openstack` as it is written, and what is refused of it.
// Belongs here: its own keys. Does not belong here: those that it shares with `http` (http.test.ts).
import { expect } from 'chai';
import { missingCredential } from '../../engine/definition/checks/credential.ts';
import type { OpenstackAction } from '../../engine/definition/types.ts';
import { definitionOf, parse, stateOf, texts } from './support/parsing.ts';

const written = (state: string): string =>
  `workflow_version: 2026-11-01\ninputs: {key: {type: string, hidden: true}, id: {type: string}}\nentities: {vm: {type: service, states: {done: ${state}}}}\ngoal: vm.done\n`;
const stateWith = (state: string) => stateOf(definitionOf(parse(written(state))), 'vm', 'done');
const refusals = (state: string): string => texts(parse(written(state))).join('\n');
const call = (fields: string, path = '/servers'): string =>
  `{action: {openstack: {service: compute, path: '${path}', ${fields}}}}`;
const GET = '{openstack: {service: compute, path: /servers}}';

describe('the action openstack', () => {
  it('is a GET below an endpoint of the catalogue, which may run again', () => {
    const state = stateWith(`{action: ${GET}}`);
    expect(state.action).to.include({ kind: 'openstack', service: 'compute', method: 'GET' });
    expect(state).to.include({ idempotent: true, onInterrupted: 'rerun' });
    expect(stateWith(call('method: POST'))).to.include({ idempotent: false, onInterrupted: 'fail' });
  });

  it('takes a microversion, headers, a body, what is expected and what is waited for', () => {
    const fields = `method: PUT, microversion: '2.10', headers: {X-Id: "<% inputs.id %>"}, body: {a: "<% inputs.key %>"}, expect: [200, 404], until: "<% response.json.status == 'ACTIVE' %>"`;
    const action = stateWith(call(fields, '/servers/<% inputs.id %>')).action as OpenstackAction;
    expect(action.path.secret).to.equal(false);
    expect(action.body?.secret).to.equal(true);
    expect(action).to.deep.include({
      microversion: '2.10',
      expect: [200, 404],
      until: "<% response.json.status == 'ACTIVE' %>",
    });
    expect((stateWith(call('microversion: latest')).action as OpenstackAction).microversion).to.equal(
      'latest',
    );
  });

  it('may be a probe, an undo and a rescue, of which only the probe gives outputs', () => {
    const all = `{action: ${GET}, probe: ${GET}, undo: ${GET}, on_failure: {action: ${GET}, then: fail}}`;
    expect(refusals(all)).to.equal('');
    const giving = `{openstack: {service: compute, path: /a, outputs: {a: "<% response.body %>"}}}`;
    expect(refusals(`{action: ${GET}, undo: ${giving}}`)).to.contain('only an action and a probe give any');
    expect(refusals(`{action: ${GET}, probe: ${giving}, outputs: {a: {type: string}}}`)).to.equal('');
  });

  it('row 35: waits with until, but never by doing something again and again', () => {
    const until = `until: "<% response.status == 200 %>"`;
    expect(refusals(call(until))).to.equal('');
    expect(refusals(call(`method: POST, ${until}`))).to.contain('would POST again and again');
    expect(
      refusals(`{action: ${GET}, probe: {openstack: {service: compute, path: /a, ${until}}}}`),
    ).to.contain('a probe looks once');
  });

  it('row 48: needs the right of an owner wherever it stands, which is said before anything starts', () => {
    const wait = 'action: {wait: {for: 1s}}';
    const script = 'wait: {for: 1s}';
    const states: readonly (readonly [string, string])[] = [
      [`{action: ${GET}}`, 'openstack'],
      [`{${wait}, probe: ${GET}}`, 'probe'],
      [`{${wait}, undo: ${GET}}`, 'undo'],
      [`{${wait}, on_failure: {action: ${GET}, then: fail}}`, 'on_failure'],
      [`{action: ${GET}, on_failure: {action: {${script}}, then: fail}}`, 'openstack'],
    ];
    for (const [state, what] of states) {
      const problem = missingCredential(definitionOf(parse(written(state))));
      expect(problem?.code, state).to.equal('credential_missing');
      expect(problem?.message).to.contain(`vm.done (${what}) calls the owner's cloud`);
    }
    expect(missingCredential(definitionOf(parse(written(`{${wait}}`))))).to.equal(undefined);
  });

  const WRONG: readonly (readonly [string, string])[] = [
    ['{action: {openstack: {path: /a}}}', "needs 'service'"],
    ['{action: {openstack: {service: compute}}}', "needs 'path'"],
    ['{action: {openstack: {service: Nova API, path: /a}}}', 'no type of a service'],
    [`{action: {openstack: {service: "<% inputs.id %>", path: /a}}}`, 'must be known before anything runs'],
    [call('method: post'), "Did you mean 'POST'?"],
    [call('body: {a: 1}'), "Write 'method: POST'"],
    [call('', 'servers'), "Write '/servers'."],
    [call('', 'http://nova/v2.1/servers'), 'is a whole address'],
    [call('', '/servers/../../admin'), "does not stay below the service's endpoint"],
    [call('', '/servers/%2E%2e/admin'), "does not stay below the service's endpoint"],
    [call('', '//elsewhere/servers'), "does not stay below the service's endpoint"],
    [call('', '/servers/a b'), 'has a space'],
    [call('microversion: 2.10'), "Quote it: '2.1'."],
    [call("microversion: 'v2'"), 'is no microversion'],
    [call('headers: {X-Auth-Token: a}'), 'belongs to the right of the owner'],
    [call("headers: {OpenStack-API-Version: 'compute 2.1'}"), 'Write microversion'],
    [call('headers: {Host: a}'), 'belongs to the connection'],
    [call('region: One'), "unknown key 'region'"],
  ];
  for (const [state, sentence] of WRONG) {
    it(`says of ${state} what is wrong`, () => expect(refusals(state)).to.contain(sentence));
  }
});
