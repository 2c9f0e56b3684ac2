// When a state's condition is judged: at once when what it reads is certain, whatever else the state requires.
// Belongs here: the moment. Does not belong here: the judgement (readiness.ts), what an expression reads (definition/).
//
// What is read of inputs is there from the beginning, what is read of a state when that is reached, of a role when it is
// chosen. A condition that looks at what passes (a member's status or facts), or at outputs that may be absent, is judged
// when everything that the state requires is met: before that, what it sees would hang on who was faster.
import type { StateGraph, Step } from '../graph/types.ts';
import { type Cells } from './cells.ts';
import { gateVerdict, roleVerdict, type Verdict } from './counters.ts';
import type { StepRecord, WorkflowRecord } from './types.ts';

export interface ConditionSource {
  readonly graph: StateGraph;
  readonly cells: Cells;
  readonly workflow: Pick<WorkflowRecord, 'roles'>;
}

/** `now`: it can be judged; `open`: it will be, or not; `last`: with the last requirement, if ever; `none`: there is none. */
export type Moment = 'now' | 'open' | 'last' | 'none';

/** Judged once, before anything of the step was started. */
export function momentOf(source: ConditionSource, step: Step, record: StepRecord): Moment {
  const { condition } = step.state;
  if (!condition || !isBeforeAll(record)) return 'none';
  const verdicts = condition.reads.flatMap(read => verdictsOf(source, step, read));
  if (verdicts.includes('last') || verdicts.includes('hopeless')) return 'last';
  return verdicts.includes('open') ? 'open' : 'now';
}

/**
 * Nothing of the step has begun since it was new or undone, or since another definition or other inputs came. That a
 * state is unverified changes nothing that its condition reads.
 */
export const isBeforeAll = ({ startedAt, renews, again }: StepRecord): boolean =>
  again && !again.begun ? again.why !== 'unverified' : startedAt === undefined && renews === undefined;

type Reads = NonNullable<Step['state']['condition']>['reads'];

function verdictsOf(
  { graph, cells, workflow }: ConditionSource,
  step: Step,
  read: Reads[number],
): readonly (Verdict | 'last')[] {
  switch (read.kind) {
    case 'input':
    case 'members':
      return [];
    case 'role':
      return [roleVerdict(workflow.roles[`${read.entity}.${read.role}`])];
    case 'outputs': {
      const gates = step.needs.map(number => graph.gates[number]).filter(gate => gate !== undefined);
      const own = gates.filter(({ target }) => target.entity === read.entity && target.state === read.state);
      if (read.optional || own.length === 0) return ['last'];
      return own.map(({ number }) => gateVerdict(cells, graph, number));
    }
    case 'reached':
    case 'passing':
      return ['last'];
    default:
      return read satisfies never;
  }
}
