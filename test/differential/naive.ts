// A second scheduler, written from the language's rules alone: after every event it looks at everything again until
// nothing moves. Slow on purpose, and it shares no code with engine/graph or engine/machine.
// Belongs here: what happens when. Does not belong here: the rules over one moment (naive-rules.ts).
import { LIMITS } from '../../engine/base/limits.ts';
import type { Action, WorkflowDefinition } from '../../engine/definition/types.ts';
import type { Membership } from '../../engine/graph/types.ts';
import { stepsFor, wantedStates } from './naive-steps.ts';
import { owes, takeBack } from './naive-undo.ts';
import {
  agentOf,
  alarm,
  appliesTo,
  type Board,
  choiceOf,
  demands,
  demandVerdict,
  goalHolds,
  isAwaited,
  isLost,
  isReached,
  type NaiveStep,
  rolesNamedBy,
} from './naive-rules.ts';

/** How a command ends, in the words of the rules. `denied`: exit 1; `broken`: any other exit. */
export type Ending = 'done' | 'done without outputs' | 'denied' | 'broken' | 'interrupted';

export class NaiveScheduler {
  readonly board: Board;
  private readonly wanted: ReadonlySet<string>;
  private turn = 0;
  /** `failure_mode: halt`, after a failure: what has not begun does not start. */
  private halted = false;
  /** A time of the whole workflow has come: what runs is called back, and nothing goes on but by a person. */
  private stopped = false;

  constructor(definition: WorkflowDefinition, membership: Membership) {
    this.board = { definition, membership, steps: stepsFor(definition, membership), roles: new Map() };
    this.wanted = wantedStates(definition, this.board.steps);
    this.settle();
  }

  get goalHolds(): boolean {
    return goalHolds(this.board);
  }

  /** Row 15: nothing new is begun, tried again or asked. */
  private get stands(): boolean {
    return this.goalHolds || this.stopped;
  }

  /** R7, R9. */
  get status(): 'running' | 'held' | 'complete' | 'failed' | 'cancelling' {
    const has = (status: string): boolean => this.board.steps.some(step => step.status === status);
    if (this.stopped && has('running')) return 'cancelling';
    if (this.goalHolds) return has('running') ? 'running' : 'complete';
    if (has('running') || this.board.steps.some(step => step.timed)) return 'running';
    return has('paused') && !this.halted && !this.stopped ? 'held' : 'failed';
  }

  /** What runs and can end. */
  running(): readonly NaiveStep[] {
    return this.board.steps.filter(step => step.status === 'running');
  }

  end(step: NaiveStep, ending: Ending): void {
    if (this.stopped) this.endCalledBack(step, ending);
    else if (step.phase === 'probe') this.endProbe(step, ending);
    else if (step.phase === 'rescue') this.endRescue(step, ending);
    else this.endAction(step, ending);
    this.settle();
  }

  /** Rows 15 and 18: the deadline has passed, or stragglers had their time. */
  timeIsUp(): void {
    this.stopped = true;
    for (const step of this.board.steps) {
      if (step.status === 'ready') step.status = step.phase === 'rescue' ? 'failed' : 'waiting';
      step.timed = false;
      if (step.status === 'running' && step.phase === 'action' && step.state.action?.kind === 'wait')
        step.status = 'interrupted';
    }
    this.settle();
  }

  /** Whoever called it back decides on: but what was reached all the same is reached. */
  private endCalledBack(step: NaiveStep, ending: Ending): void {
    const { phase } = step;
    if (phase === 'rescue') step.status = 'interrupted';
    else if (ending === 'done' || (ending === 'done without outputs' && !needsOutputs(step))) reach(step);
    else if (ending === 'done without outputs' && phase === 'action') this.failAttempt(step, true);
    else step.status = 'interrupted';
  }

  retryDue(step: NaiveStep): void {
    step.timed = false;
    this.settle();
  }

  operate(step: NaiveStep, act: 'retry' | 'skip' | 'fail'): void {
    step.vouched = act === 'skip';
    this.halted = false;
    this.stopped = false;
    if (act === 'retry') reopen(step);
    else if (act === 'skip') step.status = 'skipped';
    else this.fail(step);
    this.settle();
  }

  resume(): void {
    this.halted = false;
    this.stopped = false;
    const anew = this.board.steps.some(step => step.status === 'undone');
    for (const step of this.board.steps) {
      if (anew && isOver(step)) Object.assign(step, { hasFailed: false, touched: false, agent: undefined });
      if (step.status === 'failed' || step.status === 'interrupted' || (anew && isOver(step))) reopen(step);
    }
    this.settle();
  }

  /** `on_workflow_failure: undo`: whether there is something to take back. */
  get owes(): boolean {
    return this.status === 'failed' && owes(this.board);
  }

  takeBack(): void {
    takeBack(this.board);
  }

  /** Row 36: holds, doesn't, or can't tell. */
  private endProbe(step: NaiveStep, ending: Ending): void {
    if (ending === 'interrupted') {
      this.interrupted(step, 'rerun');
    } else if (ending === 'broken') {
      this.failAttempt(step);
    } else if (ending === 'done' || (ending === 'done without outputs' && !needsOutputs(step))) {
      reach(step);
    } else if (this.stands) {
      step.status = 'interrupted';
    } else {
      step.phase = 'action';
      step.touched = true;
    }
  }

  private endAction(step: NaiveStep, ending: Ending): void {
    const enough = ending === 'done' || (ending === 'done without outputs' && !needsOutputs(step));
    if (enough) reach(step);
    else if (ending !== 'interrupted') this.failAttempt(step);
    // To ask again whether an agent is online does no harm.
    else this.interrupted(step, step.state.action?.kind === 'online' ? 'rerun' : step.state.onInterrupted);
  }

  /** Row 15: once the goal holds nothing is tried again, and nobody is asked. */
  private failAttempt(step: NaiveStep, spent = false): void {
    const { retry } = step.state;
    step.tries += 1;
    step.interruptions = 0;
    if (!spent && !this.stands && step.tries < retry.attempts) {
      step.status = 'waiting';
      step.timed = retry.delay > 0;
    } else if (this.mayRescue(step)) {
      this.rescue(step);
    } else {
      this.accept(step, step.state.onFailure);
    }
  }

  /** Row 41: after an attempt that was under way, and for new attempts only so many times. */
  private mayRescue(step: NaiveStep): boolean {
    const { rescue, onFailure } = step.state;
    if (!rescue || step.status !== 'running' || this.stands) return false;
    return onFailure !== 'retry' || step.rescues < rescue.times;
  }

  /** It keeps the VM of the attempt; whoever has none waits for it like others. */
  private rescue(step: NaiveStep): void {
    const hasVm = holdsVm(step);
    step.phase = 'rescue';
    step.rescues += 1;
    if (hasVm || !holdsVm(step)) return;
    step.agent ??= agentOf(this.board, step);
    step.status = 'ready';
    step.readySince = this.turn + 1;
  }

  private endRescue(step: NaiveStep, ending: Ending): void {
    const { onFailure, onInterrupted, rescue } = step.state;
    if (ending === 'interrupted') {
      const policy = rescue?.action.kind === 'script' ? onInterrupted : 'rerun';
      step.interruptions += 1;
      if (this.stands) step.status = 'interrupted';
      else if (policy === 'pause') step.status = this.halted ? 'interrupted' : 'paused';
      else if (policy !== 'rerun' || step.interruptions > LIMITS.interruptions) this.rescueFailed(step);
    } else if (ending === 'denied' || ending === 'broken') {
      this.rescueFailed(step);
    } else if (onFailure === 'retry' && !this.stands) {
      reopen(step);
    } else {
      this.accept(step, onFailure);
    }
  }

  /** Neither new attempts nor tolerance follow. */
  private rescueFailed(step: NaiveStep): void {
    this.accept(step, step.state.onFailure === 'pause' ? 'pause' : 'fail');
  }

  private accept(step: NaiveStep, onFailure: string): void {
    step.interruptions = 0;
    if (onFailure === 'continue') step.status = 'reached';
    else if (onFailure === 'pause' && !this.stands && !this.halted) step.status = 'paused';
    else this.fail(step);
  }

  /** `failure_mode: halt`: the first failure for which nobody waits. */
  private fail(step: NaiveStep): void {
    step.status = 'failed';
    if (this.board.definition.failureMode !== 'halt' || this.stands || isAwaited(this.board, step)) return;
    this.halted = true;
    for (const one of this.board.steps)
      if (one.status === 'ready' && !this.mayBegin(one)) one.status = 'waiting';
  }

  /** What is in the middle of its attempts goes on. */
  private mayBegin({ tries }: NaiveStep): boolean {
    return !this.halted || tries > 0;
  }

  private interrupted(step: NaiveStep, policy: string): void {
    step.interruptions += 1;
    if (this.stands) step.status = 'interrupted';
    else if (step.interruptions > LIMITS.interruptions) this.failAttempt(step, true);
    else if (policy === 'pause') step.status = this.halted ? 'interrupted' : 'paused';
    else if (policy === 'probe' && step.state.probe) step.phase = 'probe';
    else if (policy !== 'rerun') this.failAttempt(step, true);
  }

  /** Everything that can be said, then everything that can start; until nothing moves. */
  private settle(): void {
    this.turn += 1;
    for (const step of this.board.steps) step.hasFailed ||= isLost(step);
    if (!this.stopped) {
      do while (this.judgeAll());
      while (this.startAll());
    }
    if (!this.goalHolds) return;
    for (const step of this.board.steps) {
      if (!this.isWanted(step) || (step.status !== 'waiting' && step.status !== 'ready')) continue;
      const failed = step.status === 'ready' && step.phase === 'rescue';
      step.status = failed ? 'failed' : 'not_needed';
      step.timed = false;
    }
  }

  private judgeAll(): boolean {
    for (const step of this.board.steps)
      step.reachedSince = isReached(step) ? (step.reachedSince ?? this.turn) : undefined;
    let moved = this.chooseRoles();
    for (const step of this.board.steps) step.hasFailed ||= isLost(step);
    for (const step of this.board.steps) {
      if (this.goalHolds || !this.isWanted(step) || step.timed) continue;
      if (step.status !== 'waiting' && step.status !== 'blocked') continue;
      const before = step.status;
      const status = this.judge(step);
      if (status === before) continue;
      step.status = status;
      moved = true;
    }
    return moved;
  }

  private judge(step: NaiveStep): string {
    const { state, entity } = step;
    // Random conditions read nothing, so they can be judged at once, whatever else the step requires.
    if (state.condition?.root.kind === 'literal' && state.condition.root.value === false) return 'skipped';
    if (rolesNamedBy(state).some(role => this.board.roles.get(`${entity}.${role}`) === null))
      return this.lose(step);
    const applies = appliesTo(this.board, step);
    if (applies === undefined) return 'waiting';
    if (!applies) return 'skipped';
    const verdicts = demands(state).map(demand => demandVerdict(this.board, step, demand));
    if (verdicts.includes('lost')) return this.lose(step);
    const isChosen = rolesNamedBy(state).every(role => this.board.roles.has(`${entity}.${role}`));
    if (verdicts.includes('open') || !isChosen) return 'waiting';
    return this.begin(step);
  }

  private lose(step: NaiveStep): string {
    return { lost: 'not_needed', open: 'waiting', met: 'blocked' }[alarm(this.board, step)];
  }

  private begin(step: NaiveStep): string {
    const { action, probe } = step.state;
    step.touched ||= isComputed(action) && !probe;
    if (!action || (isComputed(action) && !probe)) return 'reached';
    step.phase = probe ? 'probe' : 'action';
    step.readySince = this.turn;
    step.agent ??= agentOf(this.board, step);
    if (!usesVm(firstAction(step)) || step.agent !== undefined)
      return this.mayBegin(step) ? 'ready' : 'waiting';
    this.failAttempt(step, true);
    return step.status;
  }

  /** R5: one attempt per VM, in order of readiness. */
  private startAll(): boolean {
    const ready = this.board.steps
      .filter(step => step.status === 'ready' || (step.status === 'running' && isComputed(step.state.action)))
      .toSorted((a, b) => a.readySince - b.readySince);
    let moved = false;
    for (const step of ready) {
      if (step.status === 'running') {
        if (step.phase !== 'action') continue;
        reach(step);
        // What is computed is said at once: what follows from it comes before anything starts.
        return true;
      } else if (!this.goalHolds && !this.isBusy(step)) {
        step.status = 'running';
        step.touched ||= step.phase === 'action';
        moved = true;
      }
    }
    return moved;
  }

  private isBusy(step: NaiveStep): boolean {
    return holdsVm(step) && this.running().some(other => other.agent === step.agent && holdsVm(other));
  }

  private chooseRoles(): boolean {
    let moved = false;
    for (const { name, roles } of this.board.definition.entities.values()) {
      for (const role of roles.keys()) {
        const key = `${name}.${role}`;
        const before = this.board.roles.get(key);
        if (before) continue;
        const after = choiceOf(this.board, name, role);
        if (after === before) continue;
        if (after === undefined) this.board.roles.delete(key);
        else this.board.roles.set(key, after);
        moved = true;
      }
    }
    return moved;
  }

  private isWanted(step: NaiveStep): boolean {
    return this.wanted.has(`${step.entity}.${step.state.name}`);
  }
}

function reach(step: NaiveStep): void {
  step.status = 'reached';
  step.interruptions = 0;
}

const OVER = new Set(['undone', 'failed', 'interrupted', 'blocked', 'not_needed', 'skipped']);
const isOver = (step: NaiveStep): boolean => OVER.has(step.status) && !step.vouched;

function reopen(step: NaiveStep): void {
  Object.assign(step, { status: 'waiting', tries: 0, interruptions: 0, timed: false });
}

const needsOutputs = (step: NaiveStep): boolean =>
  [...step.state.outputs.values()].some(output => !output.optional);

/** Secrets are made elsewhere, so a `set` that makes some takes its time. */
const isComputed = (action: Action | undefined): boolean => action?.kind === 'set' && !action.generate;
const firstAction = (step: NaiveStep): Action | undefined => step.state.probe ?? step.state.action;
/** What its phase does. */
export function current({ phase, state }: NaiveStep): Action | undefined {
  if (phase === 'rescue') return state.rescue?.action;
  return phase === 'probe' ? state.probe : state.action;
}
const usesVm = (action: Action | undefined): boolean =>
  action?.kind === 'script' || action?.kind === 'file' || action?.kind === 'reboot';
const sharesVm = (step: NaiveStep): boolean => !step.state.exclusive && current(step)?.kind !== 'reboot';
const holdsVm = (step: NaiveStep): boolean => !sharesVm(step) && usesVm(current(step));
