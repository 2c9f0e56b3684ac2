// What is foreseen of each step, gate and role while a plan is made.
// Belongs here: keeping it, and the questions that all judgements ask. Does not belong here: the judgements (judge.ts,
// roles.ts), the order in which they are made (walk.ts).
import type { JsonObject } from '../base/json.ts';
import type { Choice, Gate, StateGraph, Step } from '../graph/types.ts';
import { sourceOf } from '../machine/records.ts';
import { type MachineState, recordOf } from '../machine/state.ts';
import type { StepRecord } from '../machine/types.ts';
import { type Anew, anewIn, isToBeginAnew } from '../machine/undo/on-failure.ts';
import { standingOn } from '../machine/verify/mark.ts';
import { hasFailed } from '../machine/operation/begin.ts';
import {
  ANY,
  type Ends,
  endsFor,
  failedOnce,
  foreseeAlarm,
  foreseeChoice,
  foreseeGate,
  type Foreseen,
  isOnly,
  together,
} from './ends.ts';
import { type Followed, rerunOfState } from './follow.ts';
import type { Surroundings } from './sight.ts';
import type { Fate } from './types.ts';

/** Of one step. */
export interface Judged {
  /** Absent: nothing was done of it, and nothing will be. */
  readonly fate?: Fate;
  readonly reason: string;
  readonly ends: Ends;
  /** It does not apply, so who has a role because of it has it no longer. */
  readonly isAside?: true;
  /** It begins only as long as the goal does not hold. */
  readonly isPerhaps?: true;
  /** What expressions will read of it; absent: not known yet. */
  readonly holds?: { readonly outputs?: JsonObject; readonly facts?: JsonObject };
  /** Something of it begins, so what it requires must not be too old. */
  readonly begins?: true;
  /** What becomes of it is clear in the decision with which the generation begins. */
  readonly atOnce?: boolean;
}

export interface ForeseenRole {
  /** `open`: who shows only while it runs. */
  readonly holders: readonly string[] | null | 'open';
  readonly verdict: Foreseen;
  readonly atOnce: boolean;
  /** Why it is chosen again; absent: it isn't. */
  readonly why?: string;
}

interface ForeseenGate {
  readonly verdict: Foreseen;
  readonly atOnce: boolean;
}

/** `former`: before the generation; `isNew`: definition or inputs change; `abandons`: nothing of who leaves is undone. */
export interface Beginning {
  readonly graph: StateGraph;
  /** As it was, carried over to the next graph. */
  readonly state: MachineState;
  readonly former?: { readonly graph: StateGraph; readonly state: MachineState };
  readonly isNew: boolean;
  readonly generation: number;
  readonly abandons: boolean;
  /** What is unverified runs again. */
  readonly takesUp: boolean;
  /** What is too old for a step that begins is run again first. */
  readonly mayAge: boolean;
  /** Rollings (numbers) that may be stopped by who is lost in them. */
  readonly stopped: ReadonlySet<number>;
}

export class Foresight implements Surroundings {
  readonly begun: Beginning;
  readonly graph: StateGraph;
  readonly state: MachineState;
  readonly reopens: boolean;
  /** What had failed is tried again. */
  readonly resumes: boolean;
  /** Steps that stand on what is unverified, and are judged with it. */
  readonly #doubted: ReadonlySet<number>;
  readonly steps: (Judged | undefined)[] = [];
  readonly roles: (ForeseenRole | undefined)[] = [];
  readonly #gates: (ForeseenGate | undefined)[] = [];
  readonly #verdicts: (Foreseen | undefined)[] = [];
  readonly #roleByName = new Map<string, number>();
  readonly #reruns = new Map<string, Followed | undefined>();
  readonly #anew: Anew;

  constructor(begun: Beginning) {
    this.begun = begun;
    this.graph = begun.graph;
    this.state = begun.state;
    const before = begun.former ?? begun;
    this.resumes = hasFailed(before.graph, before.state);
    const marked = begun.takesUp ? begun.graph.steps.filter(step => this.#isMarked(step)) : [];
    this.#doubted = new Set(standingOn(begun.graph, marked));
    this.reopens = begun.isNew || marked.length > 0;
    const { graph, state } = begun;
    const staying = graph.steps.map(step => (step.leaving ? undefined : recordOf(state, step.number)));
    this.#anew = this.resumes ? anewIn(staying) : 'nothing';
    for (const { number, entity, name } of graph.roles) this.#roleByName.set(`${entity}.${name}`, number);
  }

  /** Reached, unverified and needed: it runs again. */
  #isMarked({ number, wanted, leaving }: Step): boolean {
    const { status, unverified, withdrawn } = recordOf(this.state, number);
    return wanted && !leaving && status === 'reached' && unverified !== undefined && withdrawn === undefined;
  }

  /** It was reached, and whether it stands is judged anew. */
  isJudged({ status, again, unverified }: StepRecord, number: number): boolean {
    if (again !== undefined && again.why === undefined) return true;
    if (this.begun.isNew) return status === 'reached' || (again !== undefined && !again.begun);
    const isDoubted = unverified !== undefined || this.#doubted.has(number);
    return status === 'reached' && this.begun.takesUp && isDoubted;
  }

  /** The generation with which definition and inputs came that hold from now on. */
  get source(): number {
    return this.begun.isNew ? this.begun.generation : sourceOf(this.state.workflow);
  }

  /** With what goes on from an undo as if it had never begun. */
  record(number: number): StepRecord {
    const record = recordOf(this.state, number);
    if (!isToBeginAnew(this.#anew, record) || this.graph.steps[number]?.leaving) return record;
    const { attempt, dispatch, since, touched, status } = record;
    return { status: 'waiting', attempt, tries: 0, dispatch, since, touched: touched && status !== 'undone' };
  }

  /** Who failed or is held inside the rolling may keep others from entering it. */
  isStopped({ turn }: Step): boolean {
    return turn !== undefined && this.begun.stopped.has(this.graph.turns[turn]?.rolling ?? -1);
  }

  /** It began under another definition, or other inputs, than hold from now on. */
  isOfEarlier(record: StepRecord): boolean {
    return sourceOf(record) < this.source;
  }

  foreseen(number: number): Judged['holds'] {
    return this.steps[number]?.holds;
  }

  holders(role: number): ForeseenRole['holders'] {
    return this.roles[role]?.holders ?? 'open';
  }

  foreseeGate(number: number): void {
    const gate = this.graph.gates[number] as Gate;
    const judged = gate.inputs.map(input => this.steps[input]);
    const ends = gate.inputs.map((input, place) => {
      const step = this.graph.steps[input] as Step;
      return endsFor(gate.outcome, judged[place]?.ends ?? ANY, failedOnce(step, this.record(input)));
    });
    const atOnce = judged.every(one => one?.atOnce === true);
    // Row 12: what is blocked for a moment only, as by a role that is chosen again, counts as failed for good.
    const isFleeting = gate.outcome !== undefined && this.begun.former !== undefined && !atOnce;
    const verdict = foreseeGate(
      gate,
      isFleeting ? ends.map(one => (isOnly(one, 'counts') ? one : ANY)) : ends,
    );
    this.#verdicts[number] = verdict;
    this.#gates[number] = { verdict, atOnce };
  }

  /** Of what was replaced: whether all that is awaited before its undo comes about. */
  isRetired(number: number): boolean {
    const { retireAfter = [], member } = this.graph.steps[number] as Step;
    const isNeeded = (gate: number): boolean =>
      gate === retireAfter[0] ||
      this.graph.gates[gate]?.inputs.some(input => this.graph.steps[input]?.wanted) === true;
    return (
      member?.leaving === true || retireAfter.every(gate => !isNeeded(gate) || this.#verdicts[gate] === 'met')
    );
  }

  /** Of everything that the step requires. */
  verdict({ needs, choices, roles }: Step): Foreseen {
    return together([
      ...needs.map(gate => this.#verdicts[gate] ?? 'unknown'),
      ...choices.map(choice => foreseeChoice(this.graph.choices[choice] as Choice, this.#verdicts)),
      ...roles.map(role => this.roles[role]?.verdict ?? 'unknown'),
    ]);
  }

  alarm(step: Step): Foreseen {
    return foreseeAlarm(this.graph, step, this.#verdicts);
  }

  /** Of a state that others follow; what it follows is judged before who follows it. */
  rerunOf(key: string): Followed | undefined {
    if (!this.#reruns.has(key)) this.#reruns.set(key, rerunOfState(this, key));
    return this.#reruns.get(key);
  }

  /** True when nothing that the step stands on takes time to be judged. */
  isAtOnce({ needs, choices, roles }: Step): boolean {
    const isClear = (gate: number): boolean => this.#gates[gate]?.atOnce === true;
    const chosen = choices.flatMap(choice => this.graph.choices[choice]?.alternatives ?? []);
    return [...needs, ...chosen].every(isClear) && roles.every(role => this.roles[role]?.atOnce === true);
  }

  roleOf(entity: string, name: string): ForeseenRole | undefined {
    return this.roles[this.#roleByName.get(`${entity}.${name}`) ?? -1];
  }

  /** Whether it names a role that nobody holds. */
  isVacant({ roles }: Step): boolean {
    return roles.some(role => this.roles[role]?.holders === null);
  }

  /** By `only` and `except`; undefined while who holds a role is open, or nobody does (rules 3 and 5). */
  applies({ member, entity, state: { only, except } }: Step): boolean | undefined {
    if (!member || only.length + except.length === 0) return true;
    const holds = [...only, ...except].map(role => {
      const holders = this.roleOf(entity.name, role)?.holders ?? 'open';
      return holders === 'open' || holders === null ? undefined : holders.includes(member.agent);
    });
    if (holds.includes(undefined)) return undefined;
    const isIncluded = only.length === 0 || holds.slice(0, only.length).includes(true);
    return isIncluded && !holds.slice(only.length).includes(true);
  }
}
