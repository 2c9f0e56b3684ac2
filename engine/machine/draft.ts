// A decision in the making: records, sums and effects laid over a state that stays as it is.
// Belongs here: reading through the overlay, the only two ways to change a status, the list of what to look at next.
// Does not belong here: why anything changes (readiness.ts, retry.ts, undo/undo.ts, on/).
import { EngineError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Phase } from '../base/ids.ts';
import type { Choice, Gate, StateGraph, Step } from '../graph/types.ts';
import { outsideId } from '../graph/references.ts';
import type { Ages } from './ages.ts';
import { isNeeded, lookAgain } from './applies.ts';
import { type LiveCells, OverlayCells } from './cells.ts';
import {
  countRecord,
  countVerdict,
  type CounterWatcher,
  goalHolds,
  roleVerdict,
  turnSums,
  withStatus,
} from './counters.ts';
import type { Beginning } from './events.ts';
import { holdersIn } from './holders.ts';
import { type Freshness, noteRenewal } from './freshness.ts';
import {
  FIRST_GENERATION,
  generationOf,
  hasNoWay,
  isDebt,
  isSame,
  isWithdrawn,
  nextDispatch,
  type Patch,
  patched,
  sourceOf,
} from './records.ts';
import { type MachineState, recordOf } from './state.ts';
import { stepTransition, workflowTransition } from './transitions.ts';
import { type Mark, marked, withoutKept, withSignal } from './workflow-record.ts';
import type {
  Change,
  Command,
  Decision,
  Effect,
  Holder,
  KeptSignal,
  StepError,
  StepRecord,
  WorkflowRecord,
  WorkflowStatus,
} from './types.ts';
import type { RunningOperation } from './operation/types.ts';
import type { TurnSums } from './rolling/sums.ts';
import { asRun } from './update/earlier.ts';
import type { ViewSource } from './view.ts';
import { VmQueues } from './vm-queues.ts';
import { buildUndo, countDebt, countLeaving, debts, type LeavingWatcher, noLeaving } from './undo/order.ts';

/** A phase to start. `anew`: its attempt begins with it, so where it runs is asked again. */
export interface Start {
  readonly step: number;
  readonly phase: Phase;
  readonly anew?: boolean;
}

/** Neither ended nor stopped by a person. */
const FORWARD = new Set<WorkflowStatus>(['running', 'held']);

export class Draft implements CounterWatcher, LeavingWatcher {
  readonly graph: StateGraph;
  readonly state: MachineState;
  /** Time of the event, never before the last one. */
  readonly at: number;
  readonly cells: OverlayCells;
  /** Who is inside which rolling. */
  readonly turns: TurnSums;
  workflow: WorkflowRecord;
  undo: OverlayCells | LiveCells | undefined;
  /** What is taken back while the workflow goes on. */
  leaving: OverlayCells | LiveCells | undefined;

  /** What is to be looked at, in order; settle.ts empties these. */
  readonly steps: number[] = [];
  private lookedAt = 0;
  readonly roles = new Set<number>();
  readonly rollings = new Set<number>();
  /** Why roles that were left vacant in this decision could not be chosen. */
  readonly faults = new Map<number, StepError>();
  readonly starts: Start[] = [];
  /** Steps that need no VM and may start, once it is clear that the goal does not hold yet (row 15). */
  readonly unbound: number[] = [];
  private started = 0;
  readonly undoable: number[] = [];
  /** Gates whose freshness was judged in this decision, by gate and time of asking. */
  readonly fresh = new Map<string, Freshness>();
  /** What the state knows of ages; absent once this decision changes one. */
  ages: Ages | undefined;
  /** Who keeps which VM busy, and who waits for it. */
  readonly vms: VmQueues;

  private readonly records = new Map<number, StepRecord>();
  private readonly effects: Effect[] = [];
  private rejected: Decision['rejected'];

  /** The generation, or the step of an operation, that begins with this event. */
  readonly begun: Beginning['entry'] | undefined;
  /** Graph and state before it, and how they are read. */
  readonly former: (Omit<Beginning, 'entry'> & { readonly view: ViewSource }) | undefined;

  constructor(graph: StateGraph, state: MachineState, at: number, beginning?: Beginning) {
    this.begun = beginning?.entry;
    this.former = beginning && { ...beginning, view: new Draft(beginning.graph, beginning.state, at) };
    this.graph = graph;
    this.state = state;
    this.at = Math.max(at, state.at);
    this.cells = new OverlayCells(state.cells);
    this.turns = turnSums(this.cells, graph);
    this.workflow = state.workflow;
    this.undo = state.undo && new OverlayCells(state.undo);
    this.leaving = state.leaving && new OverlayCells(state.leaving);
    this.ages = state.ages;
    this.vms = new VmQueues(state, this.records, number => this.record(number));
  }

  get inputs(): JsonObject {
    return this.state.inputs;
  }

  /** True while steps may start: running or held, and the goal does not hold yet (rule 15). */
  get forward(): boolean {
    return this.underway && !this.goalHolds;
  }

  /** True while nobody has stopped it and it has not ended. */
  get underway(): boolean {
    return FORWARD.has(this.workflow.status);
  }

  /** True after a failure that lets nothing start any more (`failure_mode: halt`). */
  get isHalted(): boolean {
    return this.workflow.halted !== undefined;
  }

  /** True while nothing may begin until a person goes on (suspension.ts). */
  get isSuspended(): boolean {
    return this.workflow.suspended !== undefined;
  }

  get goalHolds(): boolean {
    return goalHolds(this.cells, this.graph);
  }

  /** Whether the goal held before the event. */
  get goalHeld(): boolean {
    return goalHolds(this.state.cells, this.graph);
  }

  /** True while attempts of the step may follow each other: steps may start, and it is still to be done. */
  mayGoOn(number: number): boolean {
    return this.forward && isNeeded(this, number);
  }

  /** True while something is taken back although the workflow goes on. */
  get takesBack(): boolean {
    return this.leaving !== undefined && debts(this.leaving, this.graph) > 0;
  }

  /** The next step to look at. */
  nextStep(): number | undefined {
    return this.lookedAt < this.steps.length ? this.steps[this.lookedAt++] : undefined;
  }

  /** The next step to start that needs no VM. */
  nextUnbound(): number | undefined {
    return this.started < this.unbound.length ? this.unbound[this.started++] : undefined;
  }

  step(number: number): Step {
    return this.graph.steps[number] as Step;
  }

  /** The step as the definition has it under which it last began. */
  asRun(number: number): Step {
    return asRun(this.graph, this.step(number), this.record(number), sourceOf(this.workflow));
  }

  record(number: number): StepRecord {
    return this.records.get(number) ?? recordOf(this.state, number);
  }

  /** Replaces parts of a step's record. An illegal transition is a bug of the machine, and throws. */
  write(number: number, patch: Patch): void {
    const before = this.record(number);
    const { watched, turn } = this.step(number);
    const isBack = this.undo !== undefined || before.withdrawn !== undefined;
    const fails = watched && !isBack && hasNoWay(patch.status) && before.renews === undefined;
    const opens = turn === undefined ? undefined : this.turns.opening(turn, before, patch.status);
    const after = patched(before, { ...patch, ...(fails && { hasFailed: true }), ...opens }, this.at);
    const committed = recordOf(this.state, number).status;
    if (!stepTransition(committed, after.status))
      throw illegal(this.step(number).id, committed, after.status);
    const counted = this.records.get(number) ?? this.state.records[number];
    this.records.set(number, after);
    countRecord(this.cells, this.graph, number, counted, after, this);
    if (this.step(number).state.validFor !== undefined) {
      this.fresh.clear();
      this.ages = undefined;
    }
    noteRenewal(this, number, before, after);
    lookAgain(this, number, before, after);
    this.countUndo(number, before, after);
    this.countLeaving(number, before, after);
    this.vms.count(number, before, after);
  }

  /** Counts a command of the step as out, and asks for it to be sent once this decision is committed. */
  send(number: number, patch: Patch & { readonly command: Command }): void {
    if (this.isSuspended) throw dispatched(this.step(number).id);
    const { generation } = this.workflow;
    const dispatch = nextDispatch(this.record(number), generation);
    const sent = generation === FIRST_GENERATION ? {} : { generation };
    this.write(number, { ...patch, ...sent, dispatch, progress: 'sent', held: undefined });
    this.effects.push({ kind: 'start', id: this.effectId(number), command: patch.command });
  }

  /** Asks for the command that is out to be called back. */
  callBack(number: number, why: string, patch: Patch): void {
    const { command, kept } = this.record(number);
    this.write(number, patch);
    // Its end is known already.
    if (kept?.kind === 'report') return;
    this.effects.push({
      kind: 'cancel',
      id: this.effectId(number),
      ...(command?.agent !== undefined && { agent: command.agent }),
      why,
    });
  }

  effectId(number: number): Effect['id'] {
    const record = this.record(number);
    const { id: workflow } = this.workflow;
    return {
      workflow,
      generation: generationOf(record),
      step: outsideId(this.step(number)),
      dispatch: record.dispatch,
    };
  }

  setWorkflow(status: WorkflowStatus, reason: string): void {
    const { status: committed } = this.state.workflow;
    if (status === this.workflow.status && reason === this.workflow.reason) return;
    if (status !== committed && !workflowTransition(committed, status))
      throw illegal('workflow', committed, status);
    this.workflow = { ...this.workflow, status, reason, at: this.at };
  }

  /** Sets a mark of the whole workflow, or takes it away. */
  mark<Key extends Mark>(key: Key, value: WorkflowRecord[Key] | undefined): void {
    this.workflow = marked(this.workflow, key, value, this.at);
  }

  /** Records a choice; null: vacant, because of the fault if there is one; undefined: open again. */
  setRole(role: number, holder: Holder | null | undefined, fault?: StepError): void {
    if (fault === undefined) this.faults.delete(role);
    else this.faults.set(role, fault);

    const node = this.graph.roles[role] as StateGraph['roles'][number];
    const name = `${node.entity}.${node.name}`;
    const { [name]: before, ...others } = this.workflow.roles;
    this.workflow = {
      ...this.workflow,
      roles: holder === undefined ? others : { ...others, [name]: holder },
      at: this.at,
    };
    if (holder) this.workflow = withoutKept(this.workflow, name);
    for (const output of node.outputs) {
      countVerdict(this.cells, this.graph, output, roleVerdict(before), roleVerdict(holder));
      this.steps.push(output);
    }
  }

  /** A holder of the role left, so it is chosen again; those who still hold it do so for good. */
  openRole(role: number, kept: readonly string[]): void {
    const { entity, name, count } = this.graph.roles[role] as StateGraph['roles'][number];
    this.setRole(role, undefined);
    if (count === undefined) return;
    this.workflow = { ...this.workflow, keeps: { ...this.workflow.keeps, [`${entity}.${name}`]: kept } };
  }

  /** Goes on with the operation as it is now; undefined: none runs any more. */
  operate(operation: RunningOperation | undefined): void {
    const { operation: _, ...workflow } = this.workflow;
    this.workflow = { ...workflow, ...(operation && { operation }), at: this.at };
  }

  /** Keeps a signal that came early; undefined: it is consumed. */
  keepSignal(name: string, signal: KeptSignal | undefined): void {
    this.workflow = withSignal(this.workflow, name, signal, this.at);
  }

  /** Who holds a role; null: it is vacant; undefined: not chosen yet. */
  holders(entity: string, role: string): readonly string[] | null | undefined {
    return holdersIn(this.workflow.roles, entity, role);
  }

  /** From here on every change of a debt is counted: called when it is known what is to be taken back. */
  beginUndo(): void {
    const { graph, workflow } = this;
    this.undo = buildUndo(graph, step => this.records.get(step) ?? this.state.records[step], workflow);
  }

  withStatus(status: StepRecord['status']): number {
    return withStatus(this.cells, this.graph, status);
  }

  reject(message: string, next: string): void {
    this.rejected ??= { message, next };
  }

  decision(): Decision {
    if (this.rejected) return { changes: [], effects: [], rejected: this.rejected };
    const changes: Change[] = this.begun ? [this.begun] : [];
    for (const [number, record] of this.records) {
      const before = recordOf(this.state, number);
      if (this.begun && isSame(before, record)) continue;
      changes.push({ kind: 'step', step: this.step(number).id, from: before.status, record });
    }
    if (this.workflow !== this.state.workflow) {
      const { seq: _, ...record } = this.workflow;
      changes.push({ kind: 'workflow', record });
    }
    const { graph, state } = this;
    return { changes, effects: this.effects, ...(this.begun && { next: { graph, state } }) };
  }

  gateChanged(gate: Gate | Choice): void {
    this.steps.push(...gate.outputs);
    if ('retires' in gate) this.undoable.push(...(gate.retires ?? []));
  }

  roleChanged(role: number): void {
    this.roles.add(role);
  }

  rollingChanged(rolling: number): void {
    this.rollings.add(rolling);
  }

  private countUndo(number: number, before: StepRecord, after: StepRecord): void {
    if (!this.undo) return;
    const owing = isDebt(after, this.workflow);
    if (isDebt(before, this.workflow) !== owing) {
      countDebt(this.undo, this.graph, number, owing ? 1 : -1, freed => this.undoable.push(freed));
    }
    if (before.status !== after.status) this.undoable.push(number);
  }

  private countLeaving(number: number, before: StepRecord, after: StepRecord): void {
    if (isWithdrawn(before) !== isWithdrawn(after)) {
      this.leaving ??= noLeaving(this.graph);
      countLeaving(this.leaving, this.graph, number, isWithdrawn(after) ? 1 : -1, this);
    }
    if (after.withdrawn && (before.status !== after.status || !before.withdrawn)) this.undoable.push(number);
  }

  freed(step: number): void {
    this.undoable.push(step);
  }

  /** Nothing that is taken back names the role any more: now it is chosen, and those who follow it may go on. */
  freedRole(role: number): void {
    this.roles.add(role);
    this.steps.push(...(this.graph.roles[role]?.outputs ?? []));
  }
}

const illegal = (what: string, from: string, to: string): EngineError =>
  new EngineError(
    'internal',
    `${what}: no transition from ${from} to ${to}.`,
    'Report this with the event log.',
  );

const dispatched = (step: string): EngineError =>
  new EngineError(
    'internal',
    `${step} was to begin although the workflow is suspended.`,
    'Report this with the event log.',
  );
