// Calls of services in the machine: commands that need no VM, what their ends mean, what may be done again.
import { expect } from 'chai';
import type { Command, StepError } from '../../engine/machine/types.ts';
import { definitionOf, parse } from '../definition/support/parsing.ts';
import { membership } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const start = (states: string, inputs = {}): Workflow => {
  const text = `workflow_version: 2026-11-01
inputs: {host: {type: string, default: x.org}, token: {type: string, hidden: true, default: ''}}
entities:
  web:
    type: vm
    states:
${states}
goal: web.done
`;
  const members = membership({ web: 1 });
  return new Workflow(definitionOf(parse(text)), members, { host: 'x.org', ...inputs }).create();
};
const commandOf = (w: Workflow, step = 'web.done'): Command => w.record(step)?.command as Command;
const answered = (status: number): Omit<StepError, 'phase'> => ({
  kind: 'http',
  message: `answered ${status}`,
  status,
});
const fail = (w: Workflow, error: Omit<StepError, 'phase'>, step = 'web.done') =>
  w.finish(step, { kind: 'failed', error });

describe('a call of a service', () => {
  it('is a command without a VM, with hidden values as references', () => {
    const w = start(
      `      done: {action: {http: {method: POST, url: 'https://<% inputs.host %>/a', headers: {X-Auth: "k <% inputs.token %>"}, body: {t: "<% inputs.token %>"}}}}`,
      { token: { $secret: 'input/token' } },
    );
    const { agent, action } = commandOf(w);
    expect(agent).to.equal(undefined);
    expect(action).to.deep.equal({
      kind: 'http',
      method: 'POST',
      url: 'https://x.org/a',
      headers: { 'x-auth': { $concat: ['k ', { $secret: 'input/token' }] } },
      body: { t: { $secret: 'input/token' } },
      outputs: {},
      repeatable: false,
    });
  });

  it('says whether it may be made twice: by its method, or because the state says so of its action', () => {
    const repeatable = (state: string): boolean => {
      const { action } = commandOf(start(`      done: ${state}`));
      return action.kind === 'http' && action.repeatable;
    };
    expect(repeatable("{action: {http: {url: 'http://x.org', method: PUT}}}")).to.equal(true);
    expect(repeatable("{action: {http: {url: 'http://x.org', method: PATCH}}}")).to.equal(false);
    expect(repeatable("{idempotent: true, action: {http: {url: 'http://x.org', method: PATCH}}}")).to.equal(
      true,
    );
  });

  it('fails without a retry when its address cannot be one', () => {
    const w = start(`      done: {retry: {attempts: 3}, action: {http: {url: "<% inputs.host %>"}}}`);
    expect(w.record('web.done')).to.include({ status: 'failed' });
    expect(w.reason).to.contain('is no http or https address');
  });

  it('gives outputs in the encoded form, judged by their type', () => {
    const state = `      done: {action: {http: {url: 'http://x.org'}}, outputs: {id: {type: integer}}}`;
    const w = start(state);
    w.succeed('web.done', { id: { encoded: { $integer: '9007199254740993' } } });
    expect(w.record('web.done')?.outputs).to.deep.equal({ id: { $integer: '9007199254740993' } });
    const other = start(state);
    other.succeed('web.done', { id: { encoded: 'many' } });
    expect(other.record('web.done')?.error).to.include({ kind: 'outputs' });
  });

  it('is tried again where the status of the answer says that this helps', () => {
    const state = `      done: {retry: {attempts: 3, delay: 1s, when: "<% error.?status.orValue(0) in [502, 503] %>"}, action: {http: {url: 'http://x.org'}}}`;
    const w = start(state);
    fail(w, answered(503));
    expect(w.status('web.done')).to.equal('waiting');
    w.due('web.done');
    fail(w, answered(404));
    expect(w.status('web.done')).to.equal('failed');
    const silent = start(state);
    fail(silent, { kind: 'unreachable', message: 'nobody' });
    expect(silent.status('web.done')).to.equal('failed');
  });

  it('row 36: as a probe an answer that is not as expected denies the state, and no answer cannot tell', () => {
    const state = `      done: {probe: {http: {url: 'http://x.org'}}, action: {script: {sh: a}}}`;
    const denied = start(state);
    expect(commandOf(denied).agent).to.equal(undefined);
    fail(denied, answered(404));
    expect(commandOf(denied)).to.include({ agent: 'web-0' });
    for (const error of [answered(503), answered(429), { kind: 'unreachable', message: 'nobody' } as const]) {
      const unknown = start(state);
      fail(unknown, error);
      expect(unknown.record('web.done')?.error?.message).to.contain("can't tell");
    }
  });

  it('R5: leaves the VM to others, and what follows it in the VM waits for it', () => {
    const w = start(
      `      busy: {action: {script: {sh: a}}}
      called: {probe: {http: {url: 'http://x.org'}}, action: {script: {sh: b}}}
      done: {requires: [busy, called]}`,
    );
    expect(w.out()).to.have.members(['web.busy', 'web.called']);
    fail(w, answered(404), 'web.called');
    expect(w.status('web.called')).to.equal('ready');
    w.succeed('web.busy');
    expect(w.out()).to.deep.equal(['web.called']);
  });

  it('R10: takes back without the VM, and a look in the VM after it waits for that VM', () => {
    const w = start(
      `      busy: {action: {script: {sh: a}}, undo: {script: {sh: c}}}
      called: {action: {http: {url: 'http://x.org', method: PUT}}, probe: {script: {sh: b}}, undo: {http: {url: 'http://x.org', method: DELETE}}}
      done: {requires: [busy, called]}`,
    );
    w.succeed('web.busy');
    w.exit('web.called', 1);
    w.succeed('web.called');
    expect(w.over).to.equal('complete');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.have.members(['web.busy', 'web.called']);
    expect(commandOf(w, 'web.called')).not.to.have.property('agent');
    w.succeed('web.called');
    expect(w.out()).to.deep.equal(['web.busy']);
    w.succeed('web.busy');
    expect(commandOf(w, 'web.called')).to.include({ agent: 'web-0', reason: 'verify' });
    w.exit('web.called', 1);
    expect(w.over).to.equal('deleted');
  });

  it('R10: a service that cannot be reached is no VM that is gone: what it did is still there', () => {
    const w = start(
      `      done: {action: {http: {url: 'http://x.org', method: PUT}}, undo: {http: {url: 'http://x.org', method: DELETE}, on_failure: fail}}`,
    );
    w.succeed('web.done');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    fail(w, { kind: 'unreachable', message: 'nobody answers' });
    expect(w.record('web.done')).to.include({ status: 'failed', cause: 'undo_failed' });
    expect(w.over).to.equal('delete_failed');
  });

  it('interrupted, on_interrupted decides; as a rescue too', () => {
    const action = "http: {url: 'http://x.org', method: POST}";
    const w = start(`      done: {on_interrupted: pause, action: {${action}}}`);
    w.interrupt('web.done');
    expect(w.status('web.done')).to.equal('paused');
    const rescue = start(
      `      done: {action: {script: {sh: a}}, on_failure: {action: {${action}}, then: retry}}`,
    );
    rescue.exit('web.done', 3);
    expect(commandOf(rescue).agent).to.equal(undefined);
    rescue.interrupt('web.done');
    expect(rescue.record('web.done')?.error?.message).to.contain('its rescue failed (it was interrupted');
  });
});
