import { expect } from 'chai';
import { LIMITS } from '../../engine/base/limits.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import { attributesOf, boundedGraph } from '../../engine/heat/attributes.ts';
import type { StepStatus } from '../../engine/machine/types.ts';
import type { StepView, WorkflowView } from '../../engine/runtime/api.ts';

const step = (entity: string, state: string, status: StepStatus, tail?: string): StepView => ({
  id: `${entity}.${state}`,
  entity,
  state,
  kind: 'script',
  description: '',
  wanted: true,
  waitsFor: [],
  record: {
    status,
    attempt: 1,
    tries: 1,
    dispatch: 1,
    touched: true,
    since: 0,
    ...(tail !== undefined && {
      error: { kind: 'exit', message: 'x'.repeat(2_000), phase: 'action', exitCode: 1, tail },
    }),
  },
});

const view = (steps: readonly StepView[], outputs: JsonObject = {}): WorkflowView => ({
  record: { status: 'failed', reason: 'why' } as WorkflowView['record'],
  description: '',
  goal: [],
  steps,
  members: {},
  inputTypes: {},
  outputs,
});

const many = (entity: string, count: number, status: StepStatus, tail?: string): StepView[] =>
  Array.from({ length: count }, (_, index) => step(entity, `s${index}`, status, tail));

describe('attributes of a workflow', () => {
  it('lists a thousand states, those with something to do first, and sums the others up', () => {
    const steps = [...many('a', 1_500, 'reached'), step('a', 'late', 'running'), ...many('b', 2, 'waiting')];
    const { states } = attributesOf(view(steps)) as { states: { [entity: string]: JsonObject } };
    const ofA = states['a'] ?? {};
    expect(Object.keys(ofA)).to.have.length(LIMITS.shownStates + 1);
    expect(ofA['late']).to.deep.equal({ running: 1 });
    expect(ofA['(501 more states)']).to.deep.equal({ reached: 501 });
    expect(states['b']).to.deep.equal({ '(2 more states)': { waiting: 2 } });
  });

  it('leaves nothing out where there is room', () => {
    const steps = [step('a', 's', 'reached'), step('b', 's', 'running')];
    const shown = attributesOf(view(steps, { one: 1 }));
    expect(shown).to.deep.include({
      states: { a: { s: { reached: 1 } }, b: { s: { running: 1 } } },
      outputs: { one: 1 },
      failures: [],
      unverified: [],
    });
    expect(shown).to.not.have.property('outputs_left_out');
  });

  it('lists a hundred failures and says how many more there are', () => {
    const { failures } = attributesOf(view(many('a', 130, 'failed', 'y'.repeat(2_048)))) as {
      failures: JsonObject[];
    };
    expect(failures).to.have.length(LIMITS.shownFailures + 1);
    expect(failures.at(-1)).to.deep.equal({ more: 30 });
    expect(JSON.stringify(failures).length).to.be.below(512 * 1024);
  });

  it('leaves out the largest outputs, and names them', () => {
    const half = 'x'.repeat(LIMITS.shownOutputBytes / 2);
    const shown = attributesOf(view([], { huge: half + half, half, small: 1 }));
    expect(shown['outputs']).to.have.all.keys('half', 'small');
    expect(shown['outputs_left_out']).to.deep.equal(['huge']);
  });

  it('gives a graph whole, or a drawing that says why not', () => {
    expect(boundedGraph('flowchart TB\n', 'w')).to.equal('flowchart TB\n');
    const cut = boundedGraph('x'.repeat(LIMITS.shownGraphBytes + 1), 'w');
    expect(cut).to.match(/^flowchart TB\n {2}note\["257 KiB are too much.*murano-workflow graph w"\]\n$/);
  });
});
