// Answers of people, from the socket's door to the record: approvals and signals.
// Belongs here: what the service makes of them. Does not belong here: the machine's rules (test/machine/people.test.ts).
import { expect } from 'chai';
import { answer, judge } from '../../engine/control/requests.ts';
import type { RequestResult } from '../../engine/runtime/ports.ts';
import { World } from './kit.ts';

const source = `
workflow_version: 2026-11-01
entities:
  s:
    type: service
    states:
      agreed: {action: {approval: {message: Buy it?}}}
      licensed:
        requires: [agreed]
        action: {signal: {name: licence}}
        outputs: {key: {type: string, hidden: true}, seats: {type: integer}}
goal: s.licensed
outputs:
  seats: {value: "<% s.outputs.licensed.seats %>"}
`;

describe('answers of people', () => {
  let world: World;
  let asked = 0;
  beforeEach(async () => {
    world = new World();
    await world.engine.start();
    const document = { source, fileName: 'a.yaml', files: {} };
    await world.create('wf', { document, inputs: {}, members: {} });
  });
  afterEach(() => world.engine.stop());

  /** As a client says it over the local socket. */
  async function act(request: object): Promise<RequestResult> {
    const whole = { requestId: `r${(asked += 1)}`, workflow: 'wf', by: 'ann', ...request };
    const call = judge('act', [whole]);
    if (call.method === 'follow') throw new Error('not asked');
    const result = await answer(world.service, call);
    await world.settled();
    return result as RequestResult;
  }

  it('take a held workflow to its goal; an early signal is kept', async () => {
    expect((await world.service.workflow('wf')).record.status).to.equal('held');
    expect(await act({ kind: 'signal', name: 'licence', data: { key: 'k', seats: 40 } })).to.eql({
      status: 'applied',
    });
    await act({ kind: 'approve', step: 's.agreed' });
    const { record, outputs } = await world.service.workflow('wf');
    expect(record.status).to.equal('complete');
    expect(record).not.to.have.property('signals');
    expect(outputs).to.eql({ seats: 40 });
  });

  it('leave no hidden value of a signal in clear, neither kept nor taken', async () => {
    const data = { key: 'tr0ub4dor', seats: 1 };
    await act({ kind: 'signal', name: 'licence', data });
    const kept = (await world.store.load('wf'))?.record.signals?.['licence'];
    expect(kept?.data['key']).to.have.property('$secret');
    await act({ kind: 'approve', step: 's.agreed' });
    const stored = [await world.store.load('wf'), await world.store.events('wf', 0, 1_000)];
    expect(JSON.stringify(stored)).to.contain('$secret').and.not.contain('tr0ub4dor');
  });

  it('cannot name a secret of the store as their own', async () => {
    const data = { key: 'k', seats: { $secret: 'wf/input/password' } };
    const result = await act({ kind: 'signal', name: 'licence', data });
    expect(result).to.include({ status: 'rejected', code: 'not_allowed' });
  });

  it('say no for good: the workflow fails, and a resume asks again', async () => {
    await act({ kind: 'reject', step: 's.agreed' });
    expect((await world.service.workflow('wf')).record).to.include({
      status: 'failed',
      reason: 's.agreed failed: Rejected by ann',
    });
    await act({ kind: 'resume' });
    const { record, steps } = await world.service.workflow('wf');
    expect(record.status).to.equal('held');
    expect(steps[0]?.waitsFor).to.eql(["an operator's yes or no: Buy it?"]);
  });
});
