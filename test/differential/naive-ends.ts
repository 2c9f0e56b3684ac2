// What the end of a command means to the naive scheduler, by the rules of its phase.
// Belongs here: ends, attempts that are spent and what follows. Does not belong here: what begins when (naive.ts).
import { LIMITS } from '../../engine/base/limits.ts';
import { current, holdsVm, isHarmless, needsOutputs, usesVm } from './naive-actions.ts';
import { takeUp, waitsAgain } from './naive-doubt.ts';
import { mayLeave } from './naive-leaving.ts';
import { begun, noteRerun } from './naive-source.ts';
import {
  appliesTo,
  type Board,
  goalHolds,
  isAwaited,
  isOwing,
  isWanted,
  leaves,
  type NaiveStep,
  placedBy,
  placeOf,
  stayingIn,
} from './naive-rules.ts';

/** How a command ends, in the words of the rules. `denied`: exit 1; `broken`: any other exit; `forbidden`: the owner's right is gone. */
export type Ending = 'done' | 'done without outputs' | 'denied' | 'broken' | 'forbidden' | 'interrupted';

export class NaiveEnds {
  readonly board: Board;
  protected turn = 0;
  /** `failure_mode: halt`, after a failure: what has not begun does not start. */
  protected halted = false;

  /** A time of the whole workflow has come: what runs is called back, and nothing goes on but by a person. */
  protected stopped = false;

  constructor(board: Board) {
    this.board = board;
  }

  get goalHolds(): boolean {
    return goalHolds(this.board);
  }

  /** Row 15: nothing new is begun, tried again or asked. */
  protected get stands(): boolean {
    return this.goalHolds || this.stopped;
  }

  /** A person goes on: everything is looked at again, and what could not be undone is tried again. */
  protected goOnFrom(): void {
    this.halted = false;
    this.stopped = false;
    const { steps } = this.board;
    const anew = steps.some(step => step.status === 'undone' && !leaves(step));
    for (const step of steps) {
      step.freshFrom = undefined;
      step.undoFailed = false;
      if (!anew || leaves(step) || !isOver(step)) continue;
      const { withdrawn } = step;
      const touched = isOwing(step);
      beginAnew(step);
      Object.assign(step, { touched, withdrawn });
    }
    takeUp(this.board);
  }

  protected reopenEnded(): void {
    for (const step of this.board.steps)
      if (
        isWanted(this.board, step) &&
        (step.late || step.status === 'failed' || step.status === 'interrupted')
      )
        reopen(step);
  }

  /** Nothing more is begun for the step: its member leaves, nothing needs it, or another has its role. */
  protected isOut(step: NaiveStep): boolean {
    if (this.stands || !this.board.changed) return this.stands;
    return (
      !isWanted(this.board, step) || step.withdrawn !== undefined || appliesTo(this.board, step) === false
    );
  }

  /** What nothing needs ends open: it may be needed again. */
  protected stop(step: NaiveStep, status: 'failed' | 'interrupted'): void {
    const isOpen = !isWanted(this.board, step) && !leaves(step);
    step.status = isOpen ? 'waiting' : status;
    if (isOpen && status === 'failed') step.tries = 0;
  }

  /** Row 36: holds, doesn't, or can't tell. */
  protected endProbe(step: NaiveStep, ending: Ending): void {
    if (ending === 'interrupted') {
      this.interrupted(step, 'rerun');
    } else if (ending === 'broken') {
      this.failAttempt(step);
    } else if (ending === 'forbidden') {
      this.forbidden(step);
    } else if (
      ending === 'done' ||
      (ending === 'done without outputs' && (step.gave || !needsOutputs(step)))
    ) {
      reach(this.board, step);
    } else if (this.isOut(step)) {
      this.stop(step, 'interrupted');
    } else {
      this.goOn(step, 'action', step.state.probeRunOn ? 'anew' : 'kept');
    }
  }

  protected endAction(step: NaiveStep, ending: Ending): void {
    const enough = ending === 'done' || (ending === 'done without outputs' && !needsOutputs(step));
    if (enough) reach(this.board, step);
    else if (ending === 'forbidden') this.forbidden(step);
    else if (ending !== 'interrupted') this.failAttempt(step);
    else this.interrupted(step, isHarmless(step.state.action) ? 'rerun' : step.state.onInterrupted);
  }

  /** No try helps before somebody gives the right again, whatever the state says of failures. */
  protected forbidden(step: NaiveStep): void {
    if (this.isOut(step) || this.halted) return this.failAttempt(step);
    Object.assign(step, { status: 'paused', rightLost: true, interruptions: 0 });
  }

  /** A person decides; nobody is asked after a halt. */
  private ask(step: NaiveStep, halted = false): void {
    Object.assign(step, { status: halted ? 'interrupted' : 'paused', rightLost: false });
  }

  /** Row 15: once the goal holds nothing is tried again, and nobody is asked. */
  protected failAttempt(step: NaiveStep, spent = false): void {
    const { retry } = step.state;
    step.tries += 1;
    step.interruptions = 0;
    if (!spent && !this.isOut(step) && step.tries < retry.attempts) {
      step.status = 'waiting';
      step.timed = retry.delay > 0;
      if (step.timed) step.freshFrom = undefined;
    } else if (this.mayRescue(step)) {
      this.rescue(step);
    } else {
      this.accept(step, step.state.onFailure);
    }
  }

  /** Row 41: after an attempt that was under way, and for new attempts only so many times. */
  protected mayRescue(step: NaiveStep): boolean {
    const { rescue, onFailure } = step.state;
    if (!rescue || step.status !== 'running' || this.isOut(step)) return false;
    return onFailure !== 'retry' || step.rescues < rescue.times;
  }

  /** It keeps the VM of the attempt; whoever has none waits for it like others. */
  protected rescue(step: NaiveStep): void {
    const held = holdsVm(step) ? step.agent : undefined;
    step.phase = 'rescue';
    step.rescues += 1;
    if (!usesVm(current(step))) return;
    const agent = placeOf(this.board, step, 'rescue', 'kept');
    if (agent === undefined) return this.rescueFailed(step);
    step.agent = agent;
    if (held === agent || !holdsVm(step)) return;
    step.status = 'ready';
    step.readySince = this.turn + 1;
  }

  protected endRescue(step: NaiveStep, ending: Ending): void {
    const { onFailure, onInterrupted, rescue } = step.state;
    if (ending === 'interrupted') {
      const canHarm = ['script', 'http', 'openstack'].includes(rescue?.action.kind ?? '');
      const policy = canHarm ? onInterrupted : 'rerun';
      step.interruptions += 1;
      if (this.isOut(step)) this.stop(step, 'interrupted');
      else if (policy === 'pause') this.ask(step, this.halted);
      else if (policy !== 'rerun' || step.interruptions > LIMITS.interruptions) this.rescueFailed(step);
    } else if (ending === 'forbidden' && !this.stands && !this.halted) {
      this.forbidden(step);
    } else if (ending === 'denied' || ending === 'broken' || ending === 'forbidden') {
      this.rescueFailed(step);
    } else if (onFailure === 'retry' && !this.isOut(step)) {
      reopen(step);
    } else {
      this.accept(step, onFailure);
    }
  }

  /** Neither new attempts nor tolerance follow. */
  protected rescueFailed(step: NaiveStep): void {
    const { onFailure } = step.state;
    this.accept(step, onFailure === 'pause' || onFailure === 'undo' ? onFailure : 'fail');
  }

  protected accept(step: NaiveStep, onFailure: string): void {
    step.interruptions = 0;
    if (onFailure === 'continue') Object.assign(step, { status: 'reached', gave: false, doubted: false });
    else if (onFailure === 'pause' && !this.isOut(step) && !this.halted) this.ask(step);
    else if (onFailure === 'undo' && !this.isOut(step) && step.touched) this.undo(step);
    else this.fail(step);
  }

  /** Row 42: on the VM that the attempt has, or when its turn comes; its tries are its own. */
  protected undo(step: NaiveStep): void {
    const held = step.status === 'running' && holdsVm(step) ? step.agent : undefined;
    Object.assign(step, { status: 'undoing', phase: 'undo', tries: 0, vouched: false });
    step.readySince = this.turn + 1;
    this.placeUndo(step, held);
  }

  /** In the VM that it has, or when its turn comes in the one that is named. */
  protected placeUndo(step: NaiveStep, held: string | undefined): void {
    if (!usesVm(current(step))) {
      step.queued = false;
      return;
    }
    const agent = placeOf(this.board, step, step.phase, 'kept');
    if (agent === undefined && placedBy(step, step.phase)) return this.undoAgain(step);
    step.agent = agent;
    step.queued = agent !== held && agent !== undefined;
  }

  protected endUndo(step: NaiveStep, ending: Ending): void {
    const isDone = ending === 'done' || ending === 'done without outputs';
    if (ending === 'interrupted') {
      step.interruptions += 1;
      if (step.interruptions > LIMITS.interruptions) this.undoSpent(step);
      else this.giveWay(step);
    } else if (step.phase === 'undo' && isDone && step.ran.probe) {
      const held = holdsVm(step) ? step.agent : undefined;
      step.phase = 'verify';
      this.placeUndo(step, held);
    } else if (step.phase === 'undo' ? isDone : ending === 'denied') {
      this.undoDone(step);
    } else {
      this.undoAgain(step);
    }
  }

  protected undoAgain(step: NaiveStep): void {
    const { attempts = 1, delay = 0 } = step.ran.undo?.retry ?? {};
    step.tries += 1;
    if (step.tries >= attempts) return this.undoSpent(step);
    step.phase = 'undo';
    if (this.giveWay(step)) return;
    step.timed = delay > 0;
    step.queued = false;
    if (!step.timed) this.placeUndo(step, undefined);
  }

  /** R10: another try waits for what began to be taken back meanwhile and stands on it. */
  protected giveWay(step: NaiveStep): boolean {
    const waits = step.withdrawn !== undefined && !mayLeave(this.board, step);
    if (waits) Object.assign(step, { status: 'waiting', queued: false, timed: false });
    return waits;
  }

  protected undoDone(step: NaiveStep): void {
    if (step.withdrawn) return this.isGone(step);
    step.touched = false;
    this.fail(step);
  }

  protected undoSpent(step: NaiveStep): void {
    if (!step.withdrawn) return this.fail(step);
    if (step.ran.undo?.onFailure === 'continue') this.isGone(step);
    else Object.assign(step, { status: 'failed', undoFailed: true, timed: false, queued: false });
  }

  /** Who is inside a rolling may have changed. */
  protected noteTurns(): void {}

  /** Nothing of it is left. Whose member stays begins anew. */
  protected isGone(step: NaiveStep): void {
    Object.assign(step, { status: 'undone', withdrawn: undefined, undoFailed: false, timed: false });
    this.noteTurns();
    if (isWanted(this.board, step)) beginAnew(step);
  }

  /** `failure_mode: halt`: the first failure for which nobody waits. */
  protected fail(step: NaiveStep): void {
    this.stop(step, 'failed');
    if (this.board.definition.failureMode !== 'halt' || this.isOut(step) || isAwaited(this.board, step))
      return;
    this.halted = true;
    for (const one of this.board.steps) one.awaited = false;
    for (const one of this.board.steps)
      if (one.status === 'ready' && !this.mayBegin(one)) one.status = 'waiting';
  }

  /** What is in the middle of its attempts goes on. */
  protected mayBegin({ status, phase, state, tries, interruptions }: NaiveStep): boolean {
    const isBetweenPhases = status === 'ready' && phase === 'action' && state.probe !== undefined;
    return !this.halted || tries + interruptions > 0 || isBetweenPhases;
  }

  protected interrupted(step: NaiveStep, policy: string): void {
    step.interruptions += 1;
    if (this.isOut(step)) this.stop(step, 'interrupted');
    else if (step.interruptions > LIMITS.interruptions) this.failAttempt(step, true);
    else if (policy === 'pause') this.ask(step, this.halted);
    else if (policy !== 'rerun' && !(policy === 'probe' && step.state.probe)) this.failAttempt(step, true);
    else if (waitsAgain(this.board, step)) step.status = 'waiting';
    else if (policy === 'probe') this.goOn(step, 'probe', 'kept');
    else this.goOn(step, step.phase, 'anew');
  }

  /** In the VM that it has, or after waiting for the other one in which the phase runs. */
  private goOn(step: NaiveStep, phase: NaiveStep['phase'], asked: 'anew' | 'kept'): void {
    const held = holdsVm(step) ? step.agent : undefined;
    step.phase = phase;
    if (asked === 'anew') forgetHome(this.board, step);
    const agent = usesVm(current(step)) ? placeOf(this.board, step, phase, asked) : step.agent;
    if (usesVm(current(step)) && agent === undefined) return this.failAttempt(step, !placedBy(step, phase));
    step.agent = agent;
    if (agent !== held && holdsVm(step)) {
      step.status = 'ready';
      step.readySince = this.turn + 1;
    }
    if (step.status === 'running') begun(this.board, step);
  }
}

export function reach(board: Board, step: NaiveStep): void {
  noteRerun(board, step);
  step.again = undefined;
  step.doubted = false;
  step.status = 'reached';
  step.gave = true;
  step.interruptions = 0;
}

/** Whoever runs once for a group goes on with another member when the one that it began on leaves. */
export function forgetHome(board: Board, step: NaiveStep): void {
  const isThere = stayingIn(board, step.entity).some(({ agent }) => agent === step.home);
  if (!step.member && !isThere) step.home = undefined;
}

/** As if it had never begun. */
export function beginAnew(step: NaiveStep): void {
  reopen(step);
  Object.assign(step, {
    vouched: false,
    aside: false,
    renews: false,
    gave: false,
    again: undefined,
    doubted: false,
    started: false,
    hasFailed: false,
    touched: false,
    withdrawn: undefined,
    undoFailed: false,
    freshFrom: undefined,
    agent: undefined,
    home: undefined,
    wentTo: undefined,
    base: undefined,
  });
}

const OVER = new Set(['undone', 'failed', 'interrupted', 'blocked', 'not_needed', 'skipped']);
export const isOver = (step: NaiveStep): boolean => OVER.has(step.status) && !step.vouched;

export function reopen(step: NaiveStep): void {
  Object.assign(step, {
    status: 'waiting',
    tries: 0,
    interruptions: 0,
    timed: false,
    awaited: false,
    late: false,
    undoFailed: false,
    rightLost: false,
  });
}
