// `operate`: what is asked of the engine, and how an operation that is watched comes out.
// Belongs here: words, exit codes, the lines of operations. Does not belong here: what an operation does (test/machine,
// test/scenarios), recipes that use it (test/examples).
import { expect } from 'chai';
import { operationLines } from '../../engine/cli/views/operations.ts';
import { paintLine } from '../../engine/cli/views/style.ts';
import type { PastOperation } from '../../engine/machine/operation/types.ts';
import type { WorkflowRecord } from '../../engine/machine/types.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { reached, START, stepView, workflowView } from '../support/workflow-views.ts';

const step = stepView('db[0].ready', reached());
const past = (id: string, status: PastOperation['status'], reason = ''): PastOperation => ({
  name: 'backup',
  id,
  by: 'ann',
  startedAt: START,
  status,
  reason,
  endedAt: START,
});

/** A workflow that is complete, after these operations. */
function engineAfter(...operations: readonly PastOperation[]): FakeEngine {
  const engine = new FakeEngine();
  engine.workflows.set('w', workflowView([step], { status: 'complete', operations }));
  return engine;
}

const operate = (engine: FakeEngine, ...words: readonly string[]) =>
  callCli({ engine }, 'operate', 'w', 'backup', '--id', 'b2', ...words);

describe('operate', () => {
  it('R8: asks for the operation by name, with its inputs and the id that was given', async () => {
    const engine = engineAfter(past('b2', 'done'));
    expect((await operate(engine, '--inputs', 'label=monday')).code).to.equal(0);
    expect(engine.acted.at(-1)).to.deep.include({
      kind: 'operate',
      workflow: 'w',
      operation: 'backup',
      id: 'b2',
      inputs: { label: 'monday' },
    });
  });

  it('R8: ends with 1 when the operation was not done, although the workflow is complete', async () => {
    const failed = await operate(engineAfter(past('b2', 'failed', 'db.saved failed: no space.')));
    expect(failed.code).to.equal(1);
    expect(failed.out)
      .to.include('The operation backup has failed: db.saved failed: no space.')
      .and.include('w is complete');
    const stopped = await operate(engineAfter(past('b2', 'stopped')));
    expect(stopped.code).to.equal(1);
    expect(stopped.out).to.include('The operation backup was stopped');
  });

  it('R8: is not blamed for one that failed before', async () => {
    const called = await operate(engineAfter(past('b1', 'failed', 'no space.'), past('b2', 'done')));
    expect(called.code).to.equal(0);
    expect(called.out).not.to.include('has failed');
  });

  it('R8: tells programs how it came out', async () => {
    const called = await operate(engineAfter(past('b2', 'failed', 'no space.')), '--json');
    const lines = called.out.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).to.deep.include({
      kind: 'end',
      exitCode: 1,
      operation: past('b2', 'failed', 'no space.'),
    });
  });
});

describe('operations on the screen', () => {
  const rows = (record: Partial<WorkflowRecord>): readonly string[] => {
    const { record: whole } = workflowView([step], { status: 'complete', ...record });
    const style = { colour: false, unicode: true };
    return operationLines(whole, START + 60_000, style).map(line => paintLine(line, 200, style));
  };

  it('R8: are the latest five and the one that runs', () => {
    const operations = Array.from({ length: 7 }, (_, index) => past(`b${index}`, 'done'));
    const running = { name: 'failover', id: 'f1', by: 'bob', startedAt: START, inputs: {}, index: 1 };
    expect(
      rows({ operations: [...operations, past('b7', 'failed', 'no space.')], operation: running }),
    ).to.eql([
      '',
      'Operations',
      '  ✓ backup (b3)    done    1m00s ago, by ann',
      '  ✓ backup (b4)    done    1m00s ago, by ann',
      '  ✓ backup (b5)    done    1m00s ago, by ann',
      '  ✓ backup (b6)    done    1m00s ago, by ann',
      '  ✗ backup (b7)    failed  1m00s ago, by ann: no space.',
      '  ⠋ failover (f1)  running step 2, by bob',
    ]);
  });

  it('R8: are not spoken of where there was none', () => {
    expect(rows({})).to.eql([]);
  });
});
