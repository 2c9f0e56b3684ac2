// `on_change: replace`: the new runs beside the old, which is undone later (R3).
// Belongs here: which states are replaced when a generation begins. Does not belong here: their names (graph/replaced.ts,
// rename.ts), when the old is undone (retire.ts).
//
// RP1 Who is replaced is known when the generation begins: the old and the new are steps of one graph from then on.
// RP2 A state is replaced when a step of it was reached, and its action would do something else by what it reads then; or may, as
//     something whose outputs it reads runs again. It is replaced for all members at once.
// RP3 What it had replaced, and what is still there, takes its place again where that is what is asked for now.
import type { State, WorkflowDefinition } from '../../definition/types.ts';
import { stateKey, statesReadBy } from '../../graph/references.ts';
import { outsideNameOfNew, replacedName, successorOf } from '../../graph/replaced.ts';
import type { StateGraph, Step } from '../../graph/types.ts';
import type { Draft } from '../draft.ts';
import { changedParts, ignoredBy } from '../fingerprint.ts';
import type { Fingerprint } from '../types.ts';
import { fingerprintIn } from './judge.ts';
import { renamingsOf, type Replacement } from './rename.ts';

export const mayReplace = ({ entities }: WorkflowDefinition): boolean =>
  [...entities.values()].some(({ states }) => [...states.values()].some(isReplacing));

const isReplacing = ({ onChange }: State): boolean => onChange === 'replace';

interface Beginning {
  /** Before it. */
  readonly graph: StateGraph;
  /** With it, as if nothing were replaced. */
  readonly next: StateGraph;
  readonly view: Draft;
  readonly generation: number;
}

export function replacements({ graph, next, view, generation }: Beginning): readonly Replacement[] {
  const renamings = renamingsOf(graph, next.definition);
  const differences = new Differences(next, view);
  return [...next.definition.entities.values()].flatMap(({ name: entity, states }) => {
    const before = graph.definition.entities.get(entity)?.states;
    return [...states.values()].flatMap((state): readonly Replacement[] => {
      const { name: to } = state;
      const from = renamings.find(one => one.entity === entity && one.to === to)?.from ?? to;
      if (!isReplacing(state) || !before?.has(from)) return [];
      const replacement = { entity, from, to, now: replacedName(to, generation) };
      const former = differences.formerOf(entity, to);
      if (former !== undefined) return [{ ...replacement, by: { former } }];
      if (!differences.isReplaced(stateKey(entity, to))) return [];
      const definitions = [graph.definition, next.definition];
      return [{ ...replacement, by: { outside: outsideNameOfNew(entity, to, generation, definitions) } }];
    });
  });
}

/** Each step is looked at once at most, so the whole is linear in what is read. */
class Differences {
  readonly #graph: StateGraph;
  readonly #view: Draft;
  readonly #known = new Map<number, boolean>();

  constructor(graph: StateGraph, view: Draft) {
    this.#graph = graph;
    this.#view = view;
  }

  isReplaced(state: string): boolean {
    return this.#stepsOf(state).some(step => this.#isReached(step) && this.#mayDiffer(step));
  }

  /** One that was replaced by it, is not undone yet, and is what is asked for now: after a rollback it only takes its place again. */
  formerOf(entity: string, state: string): string | undefined {
    const steps = this.#stepsOf(stateKey(entity, state));
    if (steps.every(step => this.#isReached(step) && !this.#mayDiffer(step))) return undefined;
    const names = (this.#graph.earlier?.states ?? []).flatMap(one =>
      one.entity === entity ? (one.now ?? []) : [],
    );
    const own = names.filter(name => successorOf(this.#graph, entity, name) === state);
    return own.findLast(name => this.#isAsked(steps, stateKey(entity, name)));
  }

  /** For each member. */
  #isAsked(steps: readonly Step[], former: string): boolean {
    const numbers = this.#graph.stepByState.get(former) ?? [];
    return steps.every(step => {
      const number = numbers.find(one => this.#graph.steps[one]?.member?.agent === step.member?.agent);
      const record = number === undefined ? undefined : this.#view.record(number);
      if (record?.status !== 'reached' || !record.fingerprint || record.unverified) return false;
      return !this.#doesOther(step, record.fingerprint);
    });
  }

  #stepsOf(state: string): readonly Step[] {
    const steps = (this.#graph.stepByState.get(state) ?? []).map(number => this.#graph.steps[number] as Step);
    return steps.filter(({ wanted, leaving }) => wanted && !leaving);
  }

  #isReached({ number }: Step): boolean {
    const { status, withdrawn } = this.#view.record(number);
    return status === 'reached' && withdrawn === undefined;
  }

  /** Whether it will give something else, or may. */
  #mayDiffer(step: Step): boolean {
    const known = this.#known.get(step.number);
    if (known !== undefined) return known;
    const found = this.#look(step);
    this.#known.set(step.number, found);
    return found;
  }

  #look(step: Step): boolean {
    const { action, onChange } = step.state;
    const { status, fingerprint, unverified } = this.#view.record(step.number);
    if (!action || status === 'skipped') return false;
    if (!this.#isReached(step) || unverified) return true;
    if (onChange === 'keep' || !fingerprint) return false;
    return this.#doesOther(step, fingerprint);
  }

  /** What it would do now is not, or may not be, what this was made of. */
  #doesOther(step: Step, before: Fingerprint): boolean {
    const now = fingerprintIn(this.#view, step, this.#view.state.hash);
    if (!now || changedParts(before, now, ignoredBy(step.state.action)).length > 0) return true;
    return this.#readBy(step).some(one => this.#mayDiffer(one));
  }

  /** Of its own member only, where it reads no others. */
  #readBy(step: Step): readonly Step[] {
    const follows = (step.state.rerunAfter ?? []).map(one => ({
      ...one,
      isOwn: one.members.kind === 'same',
    }));
    return [...statesReadBy(step.state), ...follows].flatMap(({ entity, state, isOwn }) => {
      const steps = this.#stepsOf(stateKey(entity, state));
      const own = steps.filter(({ member }) => member !== undefined && member.agent === step.member?.agent);
      return isOwn && own.length > 0 ? own : steps;
    });
  }
}
