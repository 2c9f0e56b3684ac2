// Explanations in tests: as lines of a scenario, and what holds of every one.
// Belongs here: their text, the check. Does not belong here: the other lines (scenario.ts), single causes.
import type { JsonValue } from '../../engine/base/json.ts';
import type { Step } from '../../engine/graph/types.ts';
import { expect } from 'chai';
import { operationDue } from '../../engine/machine/deadline.ts';
import { decide } from '../../engine/machine/decide.ts';
import type { MachineEvent } from '../../engine/machine/types.ts';
import { explainStep, explainWorkflow } from '../../engine/machine/why/explain.ts';
import type {
  Answer,
  Cause,
  Explanation,
  Presence,
  RootPath,
  Surroundings,
} from '../../engine/machine/why/types.ts';
import type { Workflow } from './workflow.ts';

/** Every agent is online but the one named. */
export function explain(
  w: Workflow,
  step: string,
  offline?: string,
  more: Partial<Surroundings> = {},
): Explanation {
  const number = w.graph.stepById.get(step);
  if (number === undefined) throw new Error(`no step ${step}`);
  return explainStep(w.graph, w.state, number, { ...around(w, offline), ...more });
}

export const around = (w: Workflow, offline?: string) => ({
  now: w.now,
  presence: (agent: string): Presence =>
    agent === offline
      ? { kind: 'offline', lastSeen: w.now - 60_000, reason: 'its connection is gone' }
      : { kind: 'online' },
});

export function why(w: Workflow, [step, offline]: readonly string[]): readonly string[] {
  if (step === undefined) {
    const { roots, moreRoots } = explainWorkflow(w.graph, w.state, around(w));
    return rootLines(roots, moreRoots);
  }
  const { causes, roots, moreRoots } = explain(w, step, offline);
  return [...causes.map(({ says }) => `  ${step} ${says}`), ...rootLines(roots, moreRoots)];
}

function rootLines(roots: readonly RootPath[], more: number): readonly string[] {
  const lines = roots.map(({ path, who, answers }) => {
    const last = path.at(-1);
    const chain = path.map(link => link.step).join(' ← ');
    const can = answers.length === 0 ? who : `${who}: ${answers.map(answerText).join(', ')}`;
    return `  root: ${chain} ${last?.told.says} [${can}]`;
  });
  return more > 0 ? [...lines, `  and ${more} more roots`] : lines;
}

function answerText(answer: Answer): string {
  return answer.act === 'signal' ? `signal ${answer.name}` : answer.act;
}

/**
 * What holds of every explanation: each chain begins with the step and ends at a root that hangs on nobody else, every
 * cause can be said, and every answer is one that the machine grants. Returns the kinds of causes that were met.
 */
export function checkExplanations(w: Workflow): ReadonlySet<Cause['kind']> {
  const met = new Set<Cause['kind']>();
  for (const { id } of w.graph.steps) {
    const { causes, roots, status } = explain(w, id);
    expect(causes, id).not.to.eql([]);
    expect(roots, id).not.to.eql([]);
    for (const { cause, says } of causes) {
      met.add(cause.kind);
      expect(cause.kind, `${id} is ${status}`).not.to.equal('engine');
      expect(says, cause.kind)
        .to.match(/^[a-z]/)
        .and.not.match(/undefined|NaN/);
    }
    for (const { path, answers } of roots) {
      expect(path[0]?.step).to.equal(id);
      expect(new Set(path.map(({ step }) => step)).size, 'it goes round').to.equal(path.length);
      const root = path.at(-1)?.step as string;
      expect(explain(w, root).roots.map(({ path: own }) => own.length)).to.eql([1]);
      for (const answer of answers) expectGranted(w, answer);
    }
  }
  const { roots } = explainWorkflow(w.graph, w.state, around(w));
  // Between two steps of an operation nothing is awaited: the next begins at once.
  const { suspended, ...rest } = w.state.workflow;
  // Suspended, nothing may be left to come but the word that it is over.
  const goesOn = operationDue(rest) !== undefined || suspended !== undefined;
  if (!goesOn && (w.over === 'running' || w.over === 'held')) expect(roots, w.over).not.to.eql([]);
  return met;
}

function expectGranted(w: Workflow, answer: Answer): void {
  const { rejected } = decide(w.graph, w.state, { ...eventOf(w, answer), at: w.now } as MachineEvent);
  expect(rejected, `${JSON.stringify({ answer, rejected })} while ${w.over}`).to.equal(undefined);
}

/** A hidden output comes as a reference, as the door gives it. */
function portOf(w: Workflow, step: string): JsonValue {
  const { state } = w.graph.steps[w.graph.stepById.get(step) as number] as Step;
  return state.outputs.get('port')?.hidden ? { $secret: 's' } : 1;
}

function eventOf(w: Workflow, answer: Answer): object {
  const by = 'ann';
  switch (answer.act) {
    case 'skip':
      return { kind: 'skip', step: answer.step, outputs: { port: portOf(w, answer.step) }, by };
    case 'signal':
      return { kind: 'signal', name: answer.name, data: { port: 1 }, by };
    case 'resume':
      return { kind: 'resume', by };
    case 'delete':
    case 'abandon':
      return { kind: 'delete', abandon: answer.act === 'abandon', by };
    case 'retry':
    case 'fail':
    case 'approve':
    case 'reject':
      return { kind: answer.act, step: answer.step, by };
    default:
      return answer satisfies never;
  }
}
