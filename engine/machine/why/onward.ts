// From a step to the steps that it lies with: through gates, choices, roles, a busy VM, or the order of undoing.
// Belongs here: who is to blame for something not met. Does not belong here: the way to the roots (walk.ts), words.
//
// Cost rule P7: who is to blame for a gate, a choice or a role is found once per explanation, however many ask.
import type { RollingNode, StateGraph, Step } from '../../graph/types.ts';
import {
  choiceVerdict,
  classFor,
  classOf,
  gateVerdict,
  roleVerdict,
  type StepClass,
  type Verdict,
} from '../counters.ts';
import { keptBy } from '../update/retire.ts';
import { isDebt, isRenewing, isWithdrawn, owes, queuesFor } from '../records.ts';
import { type MachineState, recordOf } from '../state.ts';
import type { StepRecord } from '../types.ts';
import { aheadIn, failedIn, openForUndo } from '../rolling/view.ts';
import { rollingOf } from '../rolling/entering.ts';
import { isHeld, isTurnToUndo } from '../undo/order.ts';

/**
 * A way from a step to others; `number` is that of the gate, choice, role, rolling or step. `renewal`: to those that the
 * gate counts and that run again because of their age; `turn`: to those inside the rolling, or next; `stop`: to those that
 * failed in it. `over_…`: to the steps that wait for that gate, choice or role, or whose turn comes first, and are undone
 * before those that it counts.
 */
export interface Via {
  readonly kind:
    | 'gate'
    | 'choice'
    | 'role'
    | 'renewal'
    | 'machine'
    | 'halt'
    | 'turn'
    | 'stop'
    | 'over_gate'
    | 'over_choice'
    | 'over_role'
    | 'over_turn';
  readonly number: number;
}

export class Onwards {
  readonly graph: StateGraph;
  readonly state: MachineState;
  /** Steps and gates looked at, for the test that holds it linear. */
  operations = 0;
  readonly #blamed = new Map<string, readonly number[]>();

  constructor(graph: StateGraph, state: MachineState) {
    this.graph = graph;
    this.state = state;
  }

  /** Empty: the step is a root itself. */
  viasOf(number: number): readonly Via[] {
    this.operations += 1;
    const record = recordOf(this.state, number);
    if ((this.isTakenBack && this.#isTaken(record)) || this.isWithdrawn(number))
      return this.#undoVias(number);
    if (!(this.graph.steps[number] as Step).wanted) return [];
    if (queuesFor(record) !== undefined) return this.#machine(number);
    if (record.status === 'waiting') return record.due?.for === 'retry' ? [] : this.#waiting(number);
    if (record.status !== 'blocked') return [];
    const hopeless = this.#unmet(number).filter(via => this.verdictOf(via) === 'hopeless');
    const lost = hopeless.length > 0 ? hopeless : this.#renewals(number);
    return lost.length > 0 ? lost : this.#turn(number, 'stop');
  }

  /** Of one step and what stands on it nothing else is. */
  #isTaken(record: StepRecord): boolean {
    const { undo } = this.state.workflow;
    return undo === undefined || isDebt(record, this.state.workflow);
  }

  /** True while all is taken back, or what a person asked for: then steps wait for those that stand on them. */
  get isTakenBack(): boolean {
    const { status } = this.state.workflow;
    return status === 'undoing' || status === 'deleting' || status === 'delete_failed';
  }

  /** True when it alone is taken back, or its member leaves. */
  isWithdrawn(number: number): boolean {
    return this.graph.steps[number]?.leaving === true || isWithdrawn(recordOf(this.state, number));
  }

  verdictOf({ kind, number }: Via): Verdict {
    const { graph, state } = this;
    switch (kind) {
      case 'gate':
        return gateVerdict(state.cells, graph, number);
      case 'choice':
        return choiceVerdict(state.cells, graph, number);
      case 'role': {
        const { entity, name } = graph.roles[number] as StateGraph['roles'][number];
        return roleVerdict(state.workflow.roles[`${entity}.${name}`]);
      }
      case 'renewal':
        return graph.gates[number]?.inputs.some(step => isRenewing(recordOf(state, step)))
          ? 'open'
          : 'hopeless';
      case 'machine':
      case 'halt':
      case 'turn':
      case 'stop':
      case 'over_gate':
      case 'over_choice':
      case 'over_role':
      case 'over_turn':
        return 'open';
      default:
        return kind satisfies never;
    }
  }

  /** What a way is opened by: a choice by each of its alternatives that is left, so that none is opened twice. */
  gatesOf(via: Via): readonly Via[] {
    if (via.kind !== 'choice') return [via];
    const { alternatives } = this.graph.choices[via.number] as StateGraph['choices'][number];
    const gates = alternatives.map(number => ({ kind: 'gate', number }) as const);
    const left = gates.filter(gate => this.verdictOf(gate) !== 'hopeless');
    return left.length > 0 ? left : gates;
  }

  /** The steps that have to move; of what can no longer be met, those that ended otherwise. */
  blamed(via: Via): readonly number[] {
    const key = `${via.kind} ${via.number}`;
    const known = this.#blamed.get(key);
    if (known) return known;
    const found = this.#blame(via);
    this.#blamed.set(key, found);
    return found;
  }

  #blame(via: Via): readonly number[] {
    const { graph } = this;
    switch (via.kind) {
      case 'gate':
        return this.#blameGate(via.number);
      case 'choice':
        return [...new Set(this.gatesOf(via).flatMap(gate => this.blamed(gate)))];
      case 'role':
        return this.#blameRole(via);
      case 'renewal':
        return this.#blameAge(via.number);
      case 'machine':
      case 'halt':
        return [via.number];
      case 'turn':
      case 'stop':
      case 'over_turn':
        return this.#blameTurns(via.kind, graph.rollings[via.number] as RollingNode);
      case 'over_gate':
        return this.#held(graph.gates[via.number]?.outputs ?? []);
      case 'over_choice':
        return this.#held(graph.choices[via.number]?.outputs ?? []);
      case 'over_role':
        return this.#held(graph.roles[via.number]?.outputs ?? []);
      default:
        return via.kind satisfies never;
    }
  }

  #blameTurns(kind: 'turn' | 'stop' | 'over_turn', node: RollingNode): readonly number[] {
    this.operations += node.members;
    switch (kind) {
      case 'turn':
        return aheadIn(this.graph, this.state, node);
      case 'stop':
        return failedIn(this.graph, this.state, node);
      case 'over_turn':
        return this.#held(openForUndo(this.graph, this.state, node));
      default:
        return kind satisfies never;
    }
  }

  #blameRole(via: Via): readonly number[] {
    const { candidates } = this.graph.roles[via.number] as StateGraph['roles'][number];
    const wanted: StepClass = this.verdictOf(via) === 'open' ? 'pending' : 'lost';
    this.operations += candidates.length;
    return candidates.filter(step => classOf(recordOf(this.state, step)) === wanted);
  }

  #blameGate(number: number): readonly number[] {
    const gate = this.graph.gates[number] as StateGraph['gates'][number];
    const classed = (wanted: StepClass) =>
      gate.inputs.filter(step => classFor(gate.outcome, recordOf(this.state, step)) === wanted);
    this.operations += gate.inputs.length;
    if (gateVerdict(this.state.cells, this.graph, number) !== 'hopeless') return classed('pending');
    const lost = classed('lost');
    return lost.length > 0 ? lost : classed('neutral');
  }

  /** Those that run again; if there are none, those that could not. */
  #blameAge(number: number): readonly number[] {
    const inputs = this.graph.gates[number]?.inputs ?? [];
    this.operations += inputs.length;
    const renewed = inputs.filter(step => recordOf(this.state, step).renews !== undefined);
    const running = renewed.filter(step => isRenewing(recordOf(this.state, step)));
    return running.length > 0 ? running : renewed;
  }

  /** What it asked for is being renewed, or could not be. */
  #renewals(number: number): readonly Via[] {
    if (recordOf(this.state, number).freshFrom === undefined) return [];
    const { needs, choices } = this.graph.steps[number] as Step;
    const ways = choices.flatMap(choice => this.graph.choices[choice]?.alternatives ?? []);
    return [...needs, ...ways]
      .filter(gate => this.graph.gates[gate]?.validFor !== undefined)
      .map(gate => ({ kind: 'renewal', number: gate }) as const)
      .filter(via => this.blamed(via).length > 0);
  }

  /** Nothing is missing and yet it does not start: then something has stopped the workflow. */
  #waiting(number: number): readonly Via[] {
    const unmet = this.#unmet(number);
    const { halted } = this.state.workflow;
    const by = halted === undefined ? undefined : this.graph.stepById.get(halted);
    const lacking = unmet.length > 0 ? unmet : this.#renewals(number);
    if (lacking.length > 0) return lacking;
    if (by === undefined) return this.#turn(number, 'turn');
    return by === number ? [] : [{ kind: 'halt', number: by }];
  }

  /** Through its rolling, if it is in one and others come first. */
  #turn(number: number, kind: 'turn' | 'stop' | 'over_turn'): readonly Via[] {
    const { turn } = this.graph.steps[number] as Step;
    if (turn === undefined) return [];
    const via = { kind, number: rollingOf(this.graph, turn).number };
    return this.blamed(via).includes(number) ? [] : [via];
  }

  /** What it still waits for; if nothing of that is open, what can no longer be met. */
  #unmet(number: number): readonly Via[] {
    const { needs, choices, roles } = this.graph.steps[number] as Step;
    this.operations += needs.length + choices.length + roles.length;
    const vias: readonly Via[] = [
      ...needs.map(gate => ({ kind: 'gate', number: gate }) as const),
      ...choices.map(choice => ({ kind: 'choice', number: choice }) as const),
      ...roles.map(role => ({ kind: 'role', number: role }) as const),
    ].filter(via => this.verdictOf(via) !== 'met');
    const open = vias.filter(via => this.verdictOf(via) === 'open');
    return open.length > 0 && recordOf(this.state, number).status === 'waiting' ? open : vias;
  }

  /** The step that keeps the VM busy that this one is ready for. */
  #machine(number: number): readonly Via[] {
    const agent = queuesFor(recordOf(this.state, number));
    const busy = agent === undefined ? undefined : this.state.busy.get(agent);
    return busy === undefined || busy === number ? [] : [{ kind: 'machine', number: busy }];
  }

  #undoVias(number: number): readonly Via[] {
    const record = recordOf(this.state, number);
    if (record.status === 'undoing') return this.#machine(number);
    if (record.status === 'running' || record.cause === 'undo_failed' || !owes(record)) return [];
    const standing = [...this.#standingOn(number), ...this.#undoTurn(number)];
    if (standing.length > 0 || this.isTakenBack) return standing;
    return keptBy(this.graph, this.state.cells, number).map(
      gate => ({ kind: 'gate', number: gate }) as const,
    );
  }

  /** What it requires although it has its state: somebody joined who has yet to come as far (row 49). */
  passedBy(number: number): readonly number[] {
    const { wanted, leaving } = this.graph.steps[number] as Step;
    const { status } = recordOf(this.state, number);
    if (!wanted || leaving || status !== 'reached') return [];
    return this.#unmet(number).flatMap(via => this.blamed(via));
  }

  #undoTurn(number: number): readonly Via[] {
    const { undo } = this.state;
    return undo && !isTurnToUndo(undo, this.graph, number) ? this.#turn(number, 'over_turn') : [];
  }

  /** Ways to the steps that have to be undone first, or pass on that others have to. */
  #standingOn(number: number): readonly Via[] {
    const { graph } = this;
    const { feeds, candidateOf } = graph.steps[number] as Step;
    const vias: readonly Via[] = [
      ...feeds.flatMap(gate => [
        { kind: 'over_gate', number: gate } as const,
        ...(graph.gates[gate]?.choices ?? []).map(
          choice => ({ kind: 'over_choice', number: choice }) as const,
        ),
      ]),
      ...candidateOf.map(role => ({ kind: 'over_role', number: role }) as const),
    ];
    this.operations += vias.length;
    return vias.filter(via => this.blamed(via).length > 0);
  }

  #held(steps: readonly number[]): readonly number[] {
    this.operations += steps.length;
    const undo = this.state.undo ?? this.state.leaving;
    return undo ? steps.filter(step => isHeld(undo, this.graph, step)) : [];
  }
}
