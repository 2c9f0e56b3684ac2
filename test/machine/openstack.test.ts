// Calls of the owner's cloud in the machine: commands that bear the right by reference, and what their ends mean.
// Belongs here: what differs from other calls (http.test.ts) and from stacks (authorisation.test.ts).
import { expect } from 'chai';
import type { Command, Outcome, StepError } from '../../engine/machine/types.ts';
import { definitionOf, parse } from '../definition/support/parsing.ts';
import { membership } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const start = (states: string, inputs = {}): Workflow => {
  const text = `workflow_version: 2026-11-01
inputs: {id: {type: string, default: a-1}, key: {type: string, hidden: true, default: ''}}
entities:
  web:
    type: vm
    states:
${states}
goal: web.done
`;
  const w = new Workflow(definitionOf(parse(text)), membership({ web: 1 }), { id: 'a-1', ...inputs });
  w.send({ kind: 'create', credential: 'ref-1' });
  return w;
};
const commandOf = (w: Workflow, step = 'web.done'): Command => w.record(step)?.command as Command;
const fail = (w: Workflow, error: Omit<StepError, 'phase'>) =>
  w.finish('web.done', { kind: 'failed', error });
const LOST: Outcome = {
  kind: 'failed',
  error: { kind: 'unauthorised', message: "The owner's authorisation was lost: expired." },
};

describe("a call of the owner's cloud", () => {
  it('is a command without a VM, with the right and hidden values as references', () => {
    const w = start(
      `      done: {action: {openstack: {service: compute, method: POST, path: '/servers/<% inputs.id %>/action', microversion: '2.79', headers: {X-N: 1}, body: {p: "<% inputs.key %>"}}}}`,
      { key: { $secret: 'input/key' } },
    );
    const { agent, action, credential } = commandOf(w);
    expect([agent, credential]).to.deep.equal([undefined, 'ref-1']);
    expect(action).to.deep.equal({
      kind: 'openstack',
      service: 'compute',
      method: 'POST',
      path: '/servers/a-1/action',
      microversion: '2.79',
      headers: { 'x-n': 1 },
      body: { p: { $secret: 'input/key' } },
      outputs: {},
      repeatable: false,
    });
  });

  it('bears the right also as a probe, a rescue and an undo', () => {
    const get = '{openstack: {service: compute, path: /a}}';
    const w = start(
      `      done: {probe: ${get}, action: {script: {sh: a}}, on_failure: {action: ${get}, then: retry}, undo: ${get}}`,
    );
    expect(commandOf(w)).to.include({ credential: 'ref-1', reason: 'verify' });
    fail(w, { kind: 'http', message: 'answered 404', status: 404 });
    expect(commandOf(w)).to.include({ agent: 'web-0' }).and.not.to.have.property('credential');
    w.exit('web.done', 3);
    expect(w.record('web.done')?.phase).to.equal('rescue');
    expect(commandOf(w)).to.include({ credential: 'ref-1' });
    w.succeed('web.done');
    w.succeed('web.done');
    expect(w.over).to.equal('complete');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(commandOf(w)).to.include({ credential: 'ref-1', reason: 'first' });
  });

  it('fails without a retry when its path would leave the endpoint', () => {
    const w = start(
      `      done: {retry: {attempts: 3}, action: {openstack: {service: compute, path: "/servers/<% inputs.id %>"}}}`,
      { id: '../../identity' },
    );
    expect(w.record('web.done')).to.include({ status: 'failed' });
    expect(w.reason).to.contain("does not stay below the service's endpoint");
  });

  it("is held when the owner's authorisation is lost, in whatever phase, and a resume goes on", () => {
    const call = '{openstack: {service: compute, path: /a, method: PUT}}';
    const look = '{openstack: {service: compute, path: /a}}';
    const action = start(`      done: {action: ${call}, on_failure: {then: continue}, retry: {attempts: 3}}`);
    const probe = start(`      done: {action: ${call}, probe: ${look}}`);
    const rescue = start(
      `      done: {action: {script: {sh: a}}, on_failure: {action: ${call}, then: retry}}`,
    );
    rescue.exit('web.done', 3);
    for (const w of [action, probe, rescue]) {
      w.finish('web.done', LOST);
      expect(w.record('web.done')).to.include({ status: 'paused', cause: 'authorisation_lost' });
      expect(w.reason).to.contain("The owner's authorisation was lost");
      w.send({ kind: 'resume', by: 'ann', credential: 'ref-2' });
      expect(w.status('web.done')).to.equal('running');
    }
    expect(commandOf(action)).to.include({ credential: 'ref-2' });
    rescue.succeed('web.done');
    expect(rescue.over).to.equal('complete');
  });

  it('row 36: as a probe an answer that is not as expected denies the state, and no answer cannot tell', () => {
    const state = `      done: {probe: {openstack: {service: compute, path: /a}}, action: {script: {sh: a}}}`;
    const denied = start(state);
    fail(denied, { kind: 'http', message: 'answered 404', status: 404 });
    expect(commandOf(denied)).to.include({ agent: 'web-0' });
    const unknown = start(state);
    fail(unknown, { kind: 'unreachable', message: 'nobody' });
    expect(unknown.record('web.done')?.error?.message).to.contain("can't tell");
  });

  it('interrupted, on_interrupted decides, as a rescue too', () => {
    const call = 'openstack: {service: compute, path: /a, method: POST}';
    const probed = start(`      done: {action: {${call}}, probe: {openstack: {service: compute, path: /a}}}`);
    fail(probed, { kind: 'http', message: 'answered 404', status: 404 });
    probed.interrupt('web.done');
    expect(probed.record('web.done')?.phase).to.equal('probe');
    const bare = start(`      done: {retry: {attempts: 3, delay: 1s}, action: {${call}}}`);
    bare.interrupt('web.done');
    expect(bare.status('web.done')).to.equal('failed');
    const rescue = start(
      `      done: {action: {script: {sh: a}}, on_failure: {action: {${call}}, then: retry}}`,
    );
    rescue.exit('web.done', 3);
    rescue.interrupt('web.done');
    expect(rescue.record('web.done')?.error?.message).to.contain('its rescue failed (it was interrupted');
  });

  it('R10: a cloud that does not answer is no VM that is gone', () => {
    const w = start(
      `      done: {action: {openstack: {service: compute, method: PUT, path: /a}}, undo: {openstack: {service: compute, method: DELETE, path: /a}, on_failure: fail}}`,
    );
    w.succeed('web.done');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    fail(w, { kind: 'unreachable', message: 'nobody answers' });
    expect(w.over).to.equal('delete_failed');
  });
});
