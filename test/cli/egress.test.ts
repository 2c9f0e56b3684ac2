// Which services an engine of the command line may call.
// Belongs here: --allow-host. Does not belong here: what its entries mean (test/drivers/egress.test.ts).
import { expect } from 'chai';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { stepView, workflowView } from '../support/workflow-views.ts';

describe('--allow-host', () => {
  it('is refused where an engine runs already, which calls whom it was allowed', async () => {
    const engine = new FakeEngine();
    engine.workflows.set(
      'w',
      workflowView([stepView('db[0].a', { status: 'failed' })], { status: 'failed' }),
    );
    const called = await callCli(
      { engine, kind: 'attached' },
      'resume',
      'w',
      '--allow-host',
      'api.example.org',
    );
    expect(called.code).to.equal(2);
    expect(called.err).to.include('--allow-host cannot change which services it may call');
    expect(engine.acted).to.deep.equal([]);
  });
});
