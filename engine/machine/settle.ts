// Follows an event to its end: everything that can move now, moves.
// Belongs here: the order in which things are looked at. Does not belong here: the judgements themselves.
//
// The order is fixed, so that equal states and events give equal decisions: phases that go on at once, rollings,
// steps whose surroundings changed, roles, undos, starts that need no VM, then VMs that are free, by agent in the order
// in which they came up.
import { firstPhase, startPhase } from './attempts.ts';
import { armStragglers, disarmStragglers } from './deadline.ts';
import type { Draft } from './draft.ts';
import { conclude, standDown } from './ends.ts';
import { mayStart } from './halting.ts';
import { FIRST_GENERATION, isLooking } from './records.ts';
import { considerRole } from './roles.ts';
import { considerStep, startUnbound } from './readiness.ts';
import { considerRolling } from './rolling/entering.ts';
import { continueWith } from './turns.ts';
import { considerUndo, continueUndo, startUndo } from './undo/undo.ts';
import { retireAll } from './update/retire.ts';
import { startLook } from './verify/look.ts';

export function settle(draft: Draft): void {
  // With another definition, or an operation, it is open whether the goal holds, however it was before.
  const { begun } = draft;
  const isOpen = begun?.kind === 'operation' || begun?.definition !== undefined;
  const held = !isOpen && draft.goalHeld;
  followUp(draft);
  if (!held && draft.goalHolds) {
    standDown(draft);
    retireAll(draft);
    followUp(draft);
    armStragglers(draft);
  } else if (held && draft.goalHolds && mayOpen(draft)) {
    // What a role that moved, an undo that ended, or a VM that was replaced has opened again.
    standDown(
      draft,
      draft.steps.map(number => draft.step(number)),
    );
    followUp(draft);
  }
  conclude(draft);
  if (draft.undoable.length > 0) {
    followUp(draft);
    conclude(draft);
  }
  disarmStragglers(draft);
}

const mayOpen = ({ workflow: { generation, takenUp } }: Draft): boolean =>
  generation > FIRST_GENERATION || takenUp !== undefined;

/** Every turn moves at least one step, role or command towards its end. */
function followUp(draft: Draft): void {
  let moved = !draft.isSuspended;
  while (moved) moved = advance(draft);
}

/** False when nothing is left to look at. */
function advance(draft: Draft): boolean {
  const start = draft.starts.shift();
  if (start) {
    if (start.phase === 'verify' || start.phase === 'undo') continueUndo(draft, start.step, start.phase);
    else continueWith(draft, start);
    return true;
  }
  return considerNext(draft) || startNext(draft) || giveVm(draft);
}

function considerNext(draft: Draft): boolean {
  for (const rolling of draft.rollings) {
    draft.rollings.delete(rolling);
    considerRolling(draft, rolling);
    return true;
  }
  const step = draft.nextStep();
  if (step !== undefined) {
    considerStep(draft, step);
    return true;
  }
  for (const role of draft.roles) {
    draft.roles.delete(role);
    considerRole(draft, role);
    return true;
  }
  const undo = draft.undoable.pop();
  if (undo === undefined) return false;
  considerUndo(draft, undo);
  return true;
}

function startNext(draft: Draft): boolean {
  const number = draft.nextUnbound();
  if (number === undefined) return false;
  startUnbound(draft, number);
  return true;
}

/** Gives a free VM to the step that has waited longest for it (R5). */
function giveVm(draft: Draft): boolean {
  for (const agent of draft.vms.changed) {
    draft.vms.changed.delete(agent);
    if (draft.vms.busyWith(agent) !== undefined) return true;
    const number = draft.vms.nextFor(agent);
    if (number === undefined) return true;
    const record = draft.record(number);
    const { status, phase, next } = record;
    if (isLooking(record)) startLook(draft, number);
    else if (status === 'undoing') startUndo(draft, number, phase === 'verify' ? phase : 'undo');
    else if (mayStart(draft, number)) startPhase(draft, number, next ?? firstPhase(draft, number));
    return true;
  }
  return false;
}
