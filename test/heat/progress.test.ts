import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { pollAfter, sentencesOf } from '../../engine/heat/progress.ts';
import { actionOf } from '../../engine/heat/signals.ts';
import type { StepRecord, StepStatus } from '../../engine/machine/types.ts';
import type { LogEntry } from '../../engine/runtime/ports.ts';

const record = (status: StepStatus, more: Partial<StepRecord> = {}): StepRecord => ({
  status,
  attempt: 1,
  tries: 1,
  dispatch: 1,
  touched: true,
  since: 0,
  ...more,
});
const entry = (step: string, from: StepStatus, after: StepRecord, seq = 1): LogEntry => ({
  seq,
  at: 0,
  change: { kind: 'step', step, from, record: after },
});

describe('what Heat is told', () => {
  it('is one sentence for a state, however many members went through it', () => {
    const entries = Array.from({ length: 1_000 }, (_, index) =>
      entry(`web[${index}].ready`, 'running', record('reached'), index),
    );
    expect(sentencesOf(entries)).to.deep.equal([
      'web[0].ready, web[1].ready, web[2].ready and 997 more reached',
    ]);
  });

  it('says why a step failed or waits, and nothing of steps that do not apply', () => {
    const error = { kind: 'exit', message: 'The script ended with 3.', phase: 'action' } as const;
    expect(
      sentencesOf([
        entry('web[1].ready', 'running', record('failed', { error })),
        entry('service.agreed', 'waiting', record('paused', { asks: { kind: 'approval', message: 'Go?' } })),
        entry('web[0].copied', 'waiting', record('skipped', { cause: 'not_the_role' })),
        entry('web[0].ready', 'waiting', record('running')),
      ]),
    ).to.deep.equal([
      'web[1].ready failed: The script ended with 3.',
      'service.agreed waits for an approval: Go?',
    ]);
  });

  it('is asked for less and less often, at most every ten seconds', () => {
    const minute = 60_000;
    const ages = [0, minute, 5 * minute, 30 * minute, 600 * minute];
    expect(ages.map(age => pollAfter('running', age))).to.deep.equal([1, 2, 5, 10, 10]);
    expect(pollAfter('complete', 600 * minute)).to.equal(1);
  });
});

describe('a signal to the resource', () => {
  it('is one of those that a workflow understands', () => {
    expect(actionOf({ signal: 'go' }, 'r')).to.deep.equal({ kind: 'signal', name: 'go', data: {} });
    expect(actionOf({ approve: 'a.b' }, 'r')).to.deep.equal({ kind: 'approve', step: 'a.b' });
    expect(actionOf({ skip: 'a.b', outputs: { n: 1 } }, 'r')).to.deep.equal({
      kind: 'skip',
      step: 'a.b',
      outputs: { n: 1 },
    });
    expect(actionOf({ resume: true }, 'r')).to.deep.equal({ kind: 'resume' });
    const operate = { kind: 'operate', operation: 'backup', inputs: {} };
    expect(actionOf({ operation: 'backup' }, 'r')).to.deep.equal({ ...operate, id: 'r' });
    expect(actionOf({ operation: 'backup', id: 'nightly' }, 'r')).to.deep.equal({
      ...operate,
      id: 'nightly',
    });
  });

  it('is refused with what could be said', () => {
    for (const wrong of [{}, { approve: 1 }, { approve: 'a', reject: 'b' }, 'approve', null, [1]])
      expect(() => actionOf(wrong, 'r')).to.throw(EngineError, 'none that a workflow understands');
  });
});
