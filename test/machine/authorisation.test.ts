// The owner's right: kept by reference, taken anew with a resume or a deletion, and waited for when it is lost.
// Belongs here: what the machine makes of it. Does not belong here: who finds out that it is lost (test/openstack).
import { expect } from 'chai';
import type { Action } from '../../engine/definition/types.ts';
import type { Outcome } from '../../engine/machine/types.ts';
import { definition, entity, literal, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const LOST: Outcome = {
  kind: 'failed',
  error: { kind: 'unauthorised', message: "The owner's authorisation was lost: deleted." },
};
const DONE: Outcome = { kind: 'succeeded', outputs: {} };
const STACK: Action = {
  kind: 'stack',
  change: 'create',
  template: { digest: 'a-template' },
  parameters: literal({ size: 3 }),
  sources: new Map([['address', 'Address']]),
};

/** What Heat made is taken back there. */
function cloud(spec: Parameters<typeof state>[2] = {}): Workflow {
  const undo = { action: { kind: 'stack', change: 'delete' }, onFailure: 'fail' } as const;
  const net = entity('net', {
    type: 'service',
    states: [state('net', 'made', { action: STACK, undo, ...spec })],
  });
  return new Workflow(definition([net], ['net.made']), new Map());
}

describe("The owner's authorisation", () => {
  it('row 39: goes with every command that calls the cloud, by reference, under a name that is always the same', () => {
    const w = cloud();
    const { effects } = w.send({ kind: 'create', credential: 'ref-1' });
    expect(effects[0]).to.deep.include({ kind: 'start' });
    const { command } = w.record('net.made') ?? {};
    expect(command).to.deep.include({ credential: 'ref-1' });
    expect(command?.agent).to.equal(undefined);
    const { action } = command ?? {};
    expect(action).to.deep.include({ kind: 'stack', digest: 'a-template', sources: { address: 'Address' } });
    const name = action?.kind === 'stack' ? action.name : '';
    expect(name).to.match(/^w-[\w-]+-net-made-[0-9a-f]{12}$/);
    w.finish('net.made', { kind: 'failed', error: { kind: 'refused', message: 'CREATE_FAILED' } });
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.record('net.made')?.command?.action).to.deep.include({ name });
  });

  it('is waited for when it is lost, whatever the state says of failures', () => {
    for (const onFailure of ['fail', 'continue', 'undo'] as const) {
      const w = cloud({ onFailure, retry: { attempts: 3, delay: 0 } });
      w.send({ kind: 'create', credential: 'ref-1' });
      w.finish('net.made', LOST);
      expect(w.record('net.made')).to.deep.include({
        status: 'paused',
        cause: 'authorisation_lost',
        tries: 0,
      });
      expect(w.over).to.equal('held');
      expect(w.state.workflow.reason).to.contain("The owner's authorisation was lost");
    }
  });

  it('is given anew by a resume, which tries again what waited for it', () => {
    const w = cloud();
    w.send({ kind: 'create', credential: 'ref-1' });
    w.finish('net.made', LOST);
    w.send({ kind: 'resume', by: 'ann', credential: 'ref-2' });
    expect(w.record('net.made')?.command).to.deep.include({ credential: 'ref-2' });
    w.finish('net.made', DONE);
    expect(w.over).to.equal('complete');
  });

  it('is given anew by an update, also by one that changes nothing else or that fails then', () => {
    const w = cloud();
    w.send({ kind: 'create', credential: 'ref-1' });
    w.finish('net.made', DONE);
    w.send({ kind: 'update', change: {}, by: 'ann', credential: 'ref-2' });
    expect([w.state.workflow.credential, w.state.workflow.generation]).to.eql(['ref-2', 1]);
    const again = { kind: 'update', change: {}, by: 'ann', credential: 'ref-2' } as const;
    expect(w.send(again)).to.eql({ changes: [], effects: [] });
    const changed = definition(
      [
        entity('net', {
          type: 'service',
          states: [
            state('net', 'made', { action: STACK }),
            state('net', 'more', { needs: ['made'], action: STACK }),
          ],
        }),
      ],
      ['net.more'],
      { digest: 'another' },
    );
    const change = { source: { definition: 'another', inputs: {} } };
    w.definitions.set('another', changed);
    w.send({ kind: 'update', change, by: 'ann', credential: 'ref-3' });
    w.finish('net.more', { kind: 'failed', error: { kind: 'refused', message: 'CREATE_FAILED' } });
    expect([w.over, w.state.workflow.credential]).to.eql(['failed', 'ref-3']);
    const refused = { leave: { nobody: ['x'] } };
    expect(w.send({ kind: 'update', change: refused, by: 'ann', credential: 'ref-4' }).rejected).not.to.equal(
      undefined,
    );
    expect(w.state.workflow.credential).to.equal('ref-3');
  });

  it('may have been mended without another one', () => {
    const w = cloud();
    w.send({ kind: 'create', credential: 'ref-1' });
    w.finish('net.made', LOST);
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.record('net.made')).to.deep.include({ status: 'running' });
    expect(w.record('net.made')?.command).to.deep.include({ credential: 'ref-1' });
  });

  it('is no failure that a deletion passes over: it can be given, and the deletion asked for again', () => {
    const w = cloud({ undo: { action: { kind: 'stack', change: 'delete' } } });
    w.send({ kind: 'create', credential: 'ref-1' });
    w.finish('net.made', DONE);
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    w.finish('net.made', LOST);
    expect(w.over).to.equal('delete_failed');
    w.send({ kind: 'delete', abandon: false, by: 'ann', credential: 'ref-2' });
    expect(w.record('net.made')?.command).to.deep.include({ credential: 'ref-2' });
    expect(w.record('net.made')?.command?.action).to.deep.include({ change: 'delete' });
    w.finish('net.made', DONE);
    expect(w.over).to.equal('deleted');
  });

  it('R10: what is in no VM does not go with one: a Heat that does not answer is no lost machine', () => {
    const w = cloud();
    w.send({ kind: 'create', credential: 'ref-1' });
    w.finish('net.made', DONE);
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    w.finish('net.made', { kind: 'failed', error: { kind: 'unreachable', message: 'no answer' } });
    expect(w.over).to.equal('delete_failed');
  });
});
