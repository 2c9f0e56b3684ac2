// `rerun_after`: whether what a step follows runs again (row 27).
// Belongs here: the states that it names. Does not belong here: what it does by itself (compare.ts).
import { stateKey } from '../graph/references.ts';
import type { Step } from '../graph/types.ts';
import { sourceOf } from '../machine/records.ts';
import type { StepRecord } from '../machine/types.ts';
import type { Foresight } from './foresight.ts';

export interface Followed {
  /** A step, or a state of several. */
  readonly name: string;
  /** It runs again for certain. */
  readonly isSure: boolean;
}

/** Undefined: nothing that it follows runs again. */
export function followedBy(foresight: Foresight, step: Step, record: StepRecord): Followed | undefined {
  const found = (step.state.rerunAfter ?? []).flatMap(({ entity, state, members }) => {
    const key = stateKey(entity, state);
    const other = members.kind === 'same' ? sameMember(foresight, step, key) : undefined;
    const before =
      other === undefined ? foresight.state.workflow.reran?.[key] : foresight.record(other).reran;
    if (before !== undefined && before > sourceOf(record)) return [{ name: key, isSure: true }];
    return (other === undefined ? foresight.rerunOf(key) : rerunOfStep(foresight, other)) ?? [];
  });
  return found.find(({ isSure }) => isSure) ?? found[0];
}

/** Of a state: of any of its steps. */
export function rerunOfState(foresight: Foresight, key: string): Followed | undefined {
  const found = (foresight.graph.stepByState.get(key) ?? []).flatMap(
    number => rerunOfStep(foresight, number) ?? [],
  );
  const one = found.find(({ isSure }) => isSure) ?? found[0];
  return one && { name: key, isSure: one.isSure };
}

function rerunOfStep(foresight: Foresight, number: number): Followed | undefined {
  const { id, leaving } = foresight.graph.steps[number] as Step;
  const judged = foresight.steps[number];
  const { status, again } = foresight.record(number);
  if (leaving || judged?.fate === undefined) return undefined;
  const hasBegun = status === 'running' && again?.why !== undefined;
  if (judged.fate === 'run_again' || (judged.fate === 'run' && hasBegun)) return { name: id, isSure: true };
  const wasReached = status === 'reached' || status === 'running' || again !== undefined;
  return wasReached && judged.begins ? { name: id, isSure: false } : undefined;
}

function sameMember(
  { graph }: Foresight,
  { number, entity, state, member }: Step,
  key: string,
): number | undefined {
  const targets = graph.stepByState.get(key) ?? [];
  if (targets.length <= 1) return targets[0];
  const first = graph.stepByState.get(stateKey(entity.name, state.name))?.[0] ?? number;
  return member && targets[number - first];
}
