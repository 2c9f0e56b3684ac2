// A second scheduler, written from the language's rules alone: after every event it looks at everything again until
// nothing moves. Slow on purpose, and it shares no code with engine/graph or engine/machine.
// Belongs here: what happens when. Does not belong here: the rules over one moment (naive-rules.ts), what an end means
// (naive-ends.ts).
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import type { Membership } from '../../engine/graph/types.ts';
import { ageOf, note, renew } from './naive-age.ts';
import { current, holdsVm, isComputed, needsOutputs, usesVm } from './naive-actions.ts';
import { type Ending, forgetHome, NaiveEnds, reach, reopen } from './naive-ends.ts';
import { isRoleHeld, isTakingBack } from './naive-leaving.ts';
import { NaiveRollings } from './naive-rolling.ts';
import { begun, isOfEarlier, isRuledOut, settled, stands } from './naive-source.ts';
import { stepsFor, wantedStates } from './naive-steps.ts';
import { owes, takeBack } from './naive-undo.ts';
import { restOf } from './naive-within.ts';
import {
  alarm,
  appliesTo,
  choiceOf,
  demands,
  demandVerdict,
  isAwaited,
  isHopeless,
  isLost,
  isReached,
  isWanted,
  type NaiveStep,
  placedBy,
  placeOf,
  rolesNamedBy,
} from './naive-rules.ts';

export abstract class NaiveScheduler extends NaiveEnds {
  protected readonly rollings: NaiveRollings;
  private readonly asking = new Set<NaiveStep>();
  private renewed = false;
  protected suspended = false;

  constructor(definition: WorkflowDefinition, membership: Membership, now: number) {
    const steps = stepsFor(definition, membership);
    const wanted = wantedStates(definition, steps);
    super({
      definition,
      source: 1,
      reran: new Map(),
      also: new Set(),
      ran: [],
      membership,
      steps,
      wanted,
      now,
      roles: new Map(),
      keeps: new Map(),
      changed: false,
      takenUp: false,
    });
    this.rollings = new NaiveRollings(this.board.steps.filter(step => isWanted(this.board, step)));
    this.settle();
  }

  /** R7, R9. */
  get status(): 'running' | 'held' | 'complete' | 'failed' | 'cancelling' {
    const { steps } = this.board;
    const has = (status: string): boolean => steps.some(step => step.status === status);
    if (this.stopped && (has('running') || has('undoing'))) return 'cancelling';
    const isHeld = (step: NaiveStep): boolean => step.status === 'running' && step.held && !this.halted;
    const isBusy = steps.some(step => step.status === 'running' && !isHeld(step)) || has('undoing');
    if (this.goalHolds && !isBusy)
      return steps.some(isHeld) ? 'held' : isTakingBack(this.board) ? 'failed' : 'complete';
    if (this.goalHolds) return 'running';
    if (!isBusy && !steps.some(step => step.timed || step.awaited) && steps.some(isHeld)) return 'held';
    if (isBusy || this.board.steps.some(step => step.timed || step.awaited)) return 'running';
    return has('paused') && !this.halted && !this.stopped ? 'held' : 'failed';
  }

  /** What runs and can end. */
  running(): readonly NaiveStep[] {
    const isOut = ({ status, queued, timed }: NaiveStep): boolean =>
      status === 'undoing' && !queued && !timed;
    return this.board.steps.filter(step => step.status === 'running' || isOut(step));
  }

  /** Row 40: its child waits for a person, or does so no more. */
  hold(step: NaiveStep): void {
    step.held = !step.held;
    this.settle();
  }

  end(step: NaiveStep, ending: Ending): void {
    step.held = false;
    const isCalledBack = this.stopped || step.calledBack;
    step.calledBack = false;
    if (!this.stands && isOfEarlier(this.board, step)) this.endEarlier(step, ending);
    else if (isCalledBack && step.status !== 'undoing') this.endCalledBack(step, ending);
    else if (step.phase === 'probe') this.endProbe(step, ending);
    else if (step.phase === 'rescue') this.endRescue(step, ending);
    else if (step.phase === 'undo' || step.phase === 'verify') this.endUndo(step, ending);
    else this.endAction(step, ending);
    this.settle();
  }

  /** Rows 15 and 18: the deadline has passed, or stragglers had their time. */
  timeIsUp(): void {
    this.stopped = true;
    for (const step of this.board.steps) {
      if (step.status === 'ready') step.status = step.phase === 'rescue' ? 'failed' : 'waiting';
      step.held = false;
      if (step.status !== 'undoing') step.timed = false;
      step.awaited = false;
      if (step.status === 'running' && current(step)?.kind === 'wait') step.status = 'interrupted';
    }
    this.settle();
  }

  /** Whoever called it back decides on: but what was reached all the same is reached (row 36: with what it gave before). */
  private endCalledBack(step: NaiveStep, ending: Ending): void {
    const { phase } = step;
    const isEnough = !needsOutputs(step) || (phase === 'probe' && step.gave);
    if (phase === 'rescue') step.status = 'interrupted';
    else if (ending === 'done' || (ending === 'done without outputs' && isEnough)) reach(this.board, step);
    else if (ending === 'done without outputs' && phase === 'action') this.failAttempt(step, true);
    else step.status = 'interrupted';
  }

  /** `within`: the requirement has failed. */
  tooLate(step: NaiveStep): void {
    Object.assign(step, { status: 'blocked', late: true, awaited: false });
    this.settle();
  }

  retryDue(step: NaiveStep): void {
    step.timed = false;
    if (step.status === 'undoing' && !this.giveWay(step)) this.placeUndo(step, undefined);
    this.settle();
  }

  operate(step: NaiveStep, act: 'retry' | 'skip' | 'fail'): void {
    if (this.halted || this.status === 'failed') this.goOnFrom();
    step.vouched = act === 'skip';
    step.gave ||= step.vouched;
    if (act === 'retry') reopen(step);
    else if (act === 'skip') Object.assign(step, { status: 'skipped', aside: false });
    else this.fail(step);
    this.settle();
  }

  resume(): void {
    this.rollings.update();
    const lost = this.board.steps.filter(step => step.rightLost && step.status === 'paused');
    this.goOnFrom();
    this.reopenEnded();
    for (const step of lost) if (isWanted(this.board, step)) reopen(step);
    this.settle();
  }

  /** `on_workflow_failure: undo`: whether there is something to take back. */
  get owes(): boolean {
    return this.status === 'failed' && owes(this.board);
  }

  takeBack(): void {
    takeBack(this.board);
  }

  /** Everything that can be said, then everything that can start; until nothing moves. */
  protected settle(): void {
    this.turn += 1;
    this.remember();
    if (this.suspended) return;
    // An undo that is under way ends, also when nothing else goes on.
    do while (!this.stopped && this.judgeAll());
    while (this.startAll());
    if (!this.goalHolds) return;
    for (const step of this.board.steps) {
      if (!isWanted(this.board, step) || (step.status !== 'waiting' && step.status !== 'ready')) continue;
      const failed = step.status === 'ready' && step.phase === 'rescue';
      const wasReached = step.renews || (step.again && !step.again.begun);
      step.status = failed ? 'failed' : wasReached ? 'reached' : 'not_needed';
      if (wasReached && step.again) step.since = step.again.since;
      step.idle = step.status === 'not_needed';
      step.timed = false;
      step.awaited = false;
    }
    // Who was a candidate is final now.
    while (!this.stopped && this.chooseRoles()) this.remember();
  }

  /** What counts later: that it failed once, and since when it is reached. */
  private remember(): void {
    for (const step of this.board.steps) {
      const { since } = step;
      note(step, this.board.now);
      const isRenewed = since !== undefined && step.since !== undefined && step.since !== since;
      if (isRenewed) step.reachedSince = undefined;
      settled(step);
      step.hasFailed ||= isLost(step) && isAwaited(this.board, step);
      if (isReached(step)) step.reachedSince ??= this.turn;
      else if (step.again?.begun !== false) step.reachedSince = undefined;
    }
  }

  private judgeAll(): boolean {
    this.asking.clear();
    this.remember();
    let moved = this.board.changed && this.followUpdate();
    moved = this.release() || this.chooseRoles() || moved;
    // Whom a role that moved takes something from is known before anybody begins because of it.
    if (moved && this.board.changed) return true;
    for (const step of this.board.steps) {
      if (this.goalHolds || !isWanted(this.board, step) || step.timed || step.withdrawn) continue;
      if (step.status !== 'waiting' && (step.status !== 'blocked' || step.late)) continue;
      this.rollings.update();
      const before = step.status;
      const status = this.judge(step);
      if (status === before) continue;
      step.idle = false;
      step.aside = status === 'skipped' && appliesTo(this.board, step) === false;
      step.status = status;
      moved = true;
    }
    moved ||= this.renewed;
    this.renewed = false;
    moved ||= this.board.changed && this.takeBackNext();
    return moved;
  }

  private judge(step: NaiveStep): string {
    const { state, entity } = step;
    const applies = appliesTo(this.board, step);
    step.awaited = false;
    if (applies === false) return this.standAside(step);
    // Random conditions read nothing, so they can be judged at once, whatever else the step requires.
    if (isRuledOut(step)) return this.standAside(step);
    if (rolesNamedBy(state).some(role => this.board.roles.get(`${entity}.${role}`) === null))
      return this.lose(step);
    const verdicts = demands(state).map(demand => demandVerdict(this.board, step, demand));
    // Asked again for something else, it gets ready anew.
    if (verdicts.some(verdict => verdict !== 'met')) step.freshFrom = undefined;
    const isToJudge = step.again !== undefined && !step.again.changed;
    const isLost = verdicts.includes('lost') || (!isToJudge && this.rollings.isShutOut(step));
    step.shutOut = !verdicts.includes('lost');
    if (applies !== undefined && isLost) return this.lose(step);
    if (rolesNamedBy(state).some(role => isRoleHeld(this.board, entity, role))) return 'waiting';
    if (applies === undefined) return 'waiting';
    const isChosen = rolesNamedBy(state).every(role => this.board.roles.has(`${entity}.${role}`));
    const isRest =
      isChosen && restOf(this.board, step).every(demand => demandVerdict(this.board, step, demand) === 'met');
    step.awaited = isRest && verdicts.includes('open') && !this.halted;
    if (verdicts.includes('open') || !isChosen) return 'waiting';
    if (isToJudge && stands(this.board, step)) return 'reached';
    const age = step.renews ? undefined : ageOf(this.board, step);
    if (age?.verdict === 'lost') return 'blocked';
    if (age?.verdict === 'open') return this.askFor(step, age.stale);
    return this.begin(step);
  }

  /** `valid_for`: what is too old runs again first. */
  private askFor(step: NaiveStep, stale: readonly NaiveStep[]): string {
    if (!this.mayBegin(step)) return 'waiting';
    step.freshFrom ??= this.board.now;
    for (const one of stale) renew(one);
    this.renewed ||= stale.length > 0;
    return 'waiting';
  }

  /** Who was shut out and is no more is to come again, all at once. */
  private release(): boolean {
    this.rollings.update();
    const released = this.board.steps.filter(
      step =>
        step.status === 'blocked' &&
        step.shutOut &&
        !step.late &&
        step.state.rolling &&
        isWanted(this.board, step) &&
        !this.rollings.isShutOut(step) &&
        !isHopeless(this.board, step),
    );
    for (const step of released) if (!this.stands) step.status = 'waiting';
    return released.length > 0 && !this.stands;
  }

  private lose(step: NaiveStep): string {
    return { lost: 'not_needed', open: 'waiting', met: 'blocked' }[alarm(this.board, step)];
  }

  private begin(step: NaiveStep): string {
    const { action, probe } = step.state;
    if (!action) return 'reached';
    step.phase = probe ? 'probe' : 'action';
    if (isComputed(action) && !probe) return this.compute(step);
    step.readySince = this.turn;
    if (this.asksForTurn(step)) return 'waiting';
    const open = this.mayBegin(step) ? 'ready' : 'waiting';
    if (!usesVm(current(step))) return open;
    forgetHome(this.board, step);
    step.agent = placeOf(this.board, step, step.phase, 'anew');
    if (step.agent !== undefined) return open;
    this.failAttempt(step, !placedBy(step, step.phase));
    // What is tried again at once finds nobody again.
    while (step.status === 'waiting' && !step.timed) this.failAttempt(step);
    return step.status;
  }

  private compute(step: NaiveStep): string {
    begun(this.board, step);
    reach(this.board, step);
    return step.status;
  }

  /** Turns are taken when all else is said. */
  private asksForTurn(step: NaiveStep): boolean {
    if (this.rollings.isInside(step)) return false;
    this.asking.add(step);
    return true;
  }

  /** One at a time: what follows is said before the next. */
  private takeTurn(): boolean {
    for (const step of this.asking) {
      if (step.status !== 'waiting' || this.stands || !this.mayBegin(step)) continue;
      if (!this.rollings.take(step)) continue;
      step.status = this.begin(step);
      return true;
    }
    return false;
  }

  /** R5: one attempt per VM, in order of readiness. */
  private startAll(): boolean {
    if (this.takeTurn()) return true;
    const ready = this.board.steps
      .filter(
        step =>
          step.status === 'ready' ||
          (step.status === 'undoing' && step.queued) ||
          (step.status === 'running' && isComputed(step.state.action)),
      )
      .toSorted((a, b) => a.readySince - b.readySince);
    let moved = false;
    for (const step of ready) {
      if (step.status === 'running') {
        if (step.phase !== 'action') continue;
        reach(this.board, step);
        // What is computed is said at once: what follows from it comes before anything starts.
        return true;
      } else if (step.status === 'undoing') {
        if (this.isBusy(step)) continue;
        step.queued = false;
        moved = true;
      } else if (!this.stands && !this.isBusy(step)) {
        step.status = 'running';
        begun(this.board, step);
        moved = true;
      }
    }
    return moved;
  }

  private isBusy(step: NaiveStep): boolean {
    return (
      holdsVm(step) &&
      this.running().some(other => other !== step && other.agent === step.agent && holdsVm(other))
    );
  }

  private chooseRoles(): boolean {
    let moved = false;
    for (const { name, roles } of this.board.definition.entities.values()) {
      for (const role of roles.keys()) {
        const key = `${name}.${role}`;
        const before = this.board.roles.get(key);
        if (before || isRoleHeld(this.board, name, role)) continue;
        const after = choiceOf(this.board, name, role);
        if (after === before) continue;
        if (after === undefined) this.board.roles.delete(key);
        else this.board.roles.set(key, after);
        if (after) this.board.keeps.delete(key);
        moved = true;
      }
    }
    return moved;
  }

  protected override noteTurns(): void {
    this.rollings.update();
  }

  /** What follows from updates and from roles that moved (naive-update.ts). */
  protected abstract endEarlier(step: NaiveStep, ending: Ending): void;
  protected abstract standAside(step: NaiveStep): string;
  protected abstract followUpdate(): boolean;
  protected abstract takeBackNext(): boolean;
}
