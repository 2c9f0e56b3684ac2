// Members that join and leave, by the rules of docs/reference/update.md alone (rows 6, 23, 30 and 49).
// Belongs here: who has which seat, and what becomes of steps and roles. Does not belong here: in which order is taken back
// (naive-leaving.ts), what happens in one generation (naive.ts).
import type { MemberChange } from '../../engine/graph/members.ts';
import type { Entity, State, WorkflowDefinition } from '../../engine/definition/types.ts';
import type { Member, Membership } from '../../engine/graph/types.ts';
import { NaiveScheduler } from './naive.ts';
import { holdBack, ranIn, takeUp } from './naive-doubt.ts';
import { current, needsOutputs } from './naive-actions.ts';
import { beginAnew, type Ending, reach } from './naive-ends.ts';
import { mayLeave } from './naive-leaving.ts';
import {
  appliesTo,
  type Board,
  demands,
  demandVerdict,
  fitting,
  isAwaited,
  isLost,
  isOwing,
  isWanted,
  leaves,
  type NaiveStep,
  rolesNamedBy,
} from './naive-rules.ts';
import { rename } from './naive-rename.ts';
import { isOfEarlier, isUnchanged, notePrint, openAgain, reopen, ruleText } from './naive-source.ts';
import { stepsFor, wantedStates } from './naive-steps.ts';

const UNSTARTED = new Set(['ready', 'blocked', 'skipped', 'not_needed']);
/** Something is still to come of the step by itself. */
const COMING = new Set(['waiting', 'ready', 'paused']);

/** Nobody acts on these, or they come to an end first. */
const KEPT = new Set(['skipped', 'not_needed', 'undoing', 'running']);

/** What comes with an update besides members. */
export interface NewSource {
  readonly definition: WorkflowDefinition;
  readonly isOtherInput: boolean;
}

export class NaiveMembers extends NaiveScheduler {
  /** As the last definition that had them says. */
  private readonly entities = new Map<string, Entity>();
  private names: ReturnType<typeof rename> = { called: new Map(), nameOf: (_, name) => name };

  /** Row 32: the agent's VM is another. */
  doubt(agent: string): void {
    const goesOn = this.status === 'running' || this.status === 'held';
    for (const step of this.board.steps) if (ranIn(this.board, step, agent)) step.doubted = true;
    if (!goesOn || this.halted) return;
    if (takeUp(this.board)) holdBack(this.board, agent);
    this.settle();
  }

  update(change: MemberChange, source?: NewSource): void {
    const { definition: former } = this.board;
    const hasFailed = this.status === 'failed';
    this.rollings.update();
    if (source) this.take(source);
    this.reseat(change, former);
    this.board.changed = true;
    this.stopped = false;
    if (hasFailed || this.halted) this.goOnFrom();
    if (hasFailed && !source) this.reopenEnded();
    for (const step of this.board.steps) {
      if (!leaves(step)) this.comesBack(step);
      else if (change.abandon) this.abandon(step);
      else this.withdraw(step, step.member?.leaving ? 'left' : 'removed');
      // Row 12: that it failed counts for those who waited for it, and who wait for it now.
      step.hasFailed = isAwaited(this.board, step) && (step.hasFailed || isLost(step));
    }
    for (const step of this.board.steps) {
      const isToCome = step.status === 'undoing' && step.withdrawn && (step.queued || step.timed);
      if (isToCome && !mayLeave(this.board, step))
        Object.assign(step, { status: 'waiting', queued: false, timed: false });
    }
    if (!source) takeUp(this.board);
    this.openRoles();
    if (source) this.reviewRoles(former, source);
    for (const step of this.board.steps) if (!source || !isWanted(this.board, step)) this.waitAnew(step);
    const queue = this.board.steps.filter(({ status }) => status === 'ready').map(step => ({ ...step }));
    if (source) for (const step of this.board.steps) reopen(this.board, step);
    this.settle();
    this.keepPlaces(queue);
  }

  /** R5: who waited for a VM and still does, as before, keeps its place. */
  private keepPlaces(queue: readonly NaiveStep[]): void {
    for (const before of queue) {
      const step = this.board.steps.find(({ id }) => id === before.id);
      const isSame =
        step?.status === 'ready' &&
        step.phase === before.phase &&
        step.agent === before.agent &&
        (!before.started || before.again?.begun === false) &&
        before.tries + before.interruptions + before.rescues === 0;
      if (isSame) step.readySince = before.readySince;
    }
  }

  private take({ definition }: NewSource): void {
    for (const step of this.board.steps) notePrint(this.board, step);
    for (const [name, entity] of this.board.definition.entities) this.entities.set(name, entity);
    this.names = rename(this.board, definition, this.names.called);
    this.board.definition = definition;
    this.board.source += 1;
  }

  /** Row 25: a rule that is written otherwise chooses anew; with other inputs `where` is asked again of who holds the role. */
  private reviewRoles(former: WorkflowDefinition, { definition, isOtherInput }: NewSource): void {
    for (const [key, holders] of this.board.roles) {
      const [entity = '', role = ''] = key.split('.');
      const rule = ruleText(definition, entity, role);
      if (rule === undefined) {
        this.board.roles.delete(key);
        this.board.keeps.delete(key);
      } else if (holders && rule !== ruleText(former, entity, role, this.names.nameOf))
        this.open(key, holders, []);
      else if (holders && isOtherInput) this.open(key, holders, fitting(this.board, key, holders));
    }
  }

  private reseat(change: MemberChange, former: WorkflowDefinition): void {
    const { board } = this;
    const isGone = (entity: string, member: Member): boolean =>
      member.leaving === true &&
      !board.steps.some(
        step => step.entity === entity && step.member?.agent === member.agent && isPresent(step),
      );
    const before = board.steps.filter(({ entity, member }) => !member || !isGone(entity, member));
    const isKnown = ({ entity, state }: NaiveStep): boolean =>
      board.definition.entities.get(entity)?.states.has(state.name) === true;
    const gone = board.steps.filter(step => !isKnown(step) && isPresent(step)).map(({ state }) => state);
    board.membership = seatsAfter(board.membership, withoutEntities(board, change), isGone);
    board.steps = [
      ...stepsFor(board.definition, board.membership),
      ...stepsFor(removedFrom([...new Set(gone)], this.entities), board.membership, true),
    ].map(step => {
      const old = before.find(({ id, member }) => id === step.id && member?.agent === step.member?.agent);
      const { state, member, removed } = step;
      return old ? Object.assign(old, { state, member, removed }) : step;
    });
    board.wanted = wantedStates(board.definition, board.steps);
    const isNew = board.definition !== former;
    this.rollings.seat(
      board.steps.filter(step => isWanted(board, step)),
      isNew,
    );
  }

  /** Row 23: an undo that runs ends first; what is undone begins anew, the rest stays. */
  private comesBack(step: NaiveStep): void {
    if (step.status === 'undone' && isWanted(this.board, step)) beginAnew(step);
    else if (step.withdrawn !== 'moved' && step.status !== 'undoing') step.withdrawn = undefined;
  }

  /** Nothing of it is undone, but a child, which has nobody else. */
  private abandon(step: NaiveStep): void {
    const runsChild = step.state.action?.kind === 'workflow';
    if (runsChild && isOwing(step)) return this.withdraw(step, 'left');
    step.awaited = false;
    if (step.status === 'waiting' && !isOwing(step)) step.timed = false;
    else Object.assign(step, { status: 'undone', withdrawn: undefined, timed: false, queued: false });
  }

  /** From here on nothing of it starts but its undo. */
  private withdraw(step: NaiveStep, why: NonNullable<NaiveStep['withdrawn']>): void {
    const { status } = step;
    if (COMING.has(status)) Object.assign(step, { status: 'waiting', timed: false, awaited: false });
    // Who leaves again is another wish.
    if (isOwing(step) && !step.withdrawn) Object.assign(step, { withdrawn: why, undoFailed: false });
    if (status !== 'running') return;
    if (current(step)?.kind === 'wait') step.status = 'interrupted';
    else if (step.state.interruptible) Object.assign(step, { calledBack: true, held: false });
  }

  /** R2: a role holds until its holder leaves; of several those that stay keep it. */
  private openRoles(): void {
    for (const [key, holders] of this.board.roles) {
      const [entity = ''] = key.split('.');
      const members = this.board.membership.get(entity) ?? [];
      const isThere = (agent: string): boolean =>
        members.some(member => member.agent === agent && !member.leaving);
      if (holders) this.open(key, holders, holders.filter(isThere));
    }
  }

  private open(key: string, holders: readonly string[], kept: readonly string[]): void {
    if (kept.length < holders.length) this.openAnew(key, kept);
  }

  protected openAnew(key: string, kept: readonly string[]): void {
    const [entity = '', role = ''] = key.split('.');
    this.board.roles.delete(key);
    if (this.board.definition.entities.get(entity)?.roles.get(role)?.count !== undefined)
      this.board.keeps.set(key, kept);
  }

  /** What nothing needs any more starts nothing; what had not begun waits for who joined, or for another VM. */
  protected waitAnew(step: NaiveStep): void {
    if (leaves(step)) return;
    const { status, timed, awaited } = step;
    if (!isWanted(this.board, step)) {
      if (step.vouched && status === 'skipped') return;
      const isToCome = COMING.has(status) && (status !== 'waiting' || timed || awaited);
      if ((step.touched || !UNSTARTED.has(status)) && !isToCome) return;
      Object.assign(step, {
        status: 'waiting',
        timed: false,
        awaited: false,
        vouched: false,
        aside: false,
        late: false,
      });
    } else if (
      status === 'ready' &&
      step.phase !== 'rescue' &&
      (this.isEarly(step) || this.isHomeless(step))
    ) {
      step.status = 'waiting';
    } else if (status === 'not_needed' && step.idle && !this.goalHolds) {
      step.status = 'waiting';
    }
  }

  private isEarly(step: NaiveStep): boolean {
    const { state, entity, tries, interruptions, phase } = step;
    if (phase === 'rescue' || tries + interruptions > 0 || (phase === 'action' && state.probe)) return false;
    return (
      rolesNamedBy(state).some(role => !this.board.roles.get(`${entity}.${role}`)) ||
      demands(state).some(demand => demandVerdict(this.board, step, demand) !== 'met')
    );
  }

  private isHomeless({ agent }: NaiveStep): boolean {
    const seats = [...this.board.membership.values()].flat().filter(one => one.agent === agent);
    return seats.length > 0 && seats.every(({ leaving }) => leaving);
  }

  /** Row 23: what it reached is compared with what the definition says now; all else begins anew. */
  protected endEarlier(step: NaiveStep, ending: Ending): void {
    const isEnough =
      ending === 'done' ||
      (ending === 'done without outputs' && (!needsOutputs(step) || (step.phase === 'probe' && step.gave)));
    if (isEnough && step.phase !== 'rescue') {
      reach(this.board, step);
      step.since = this.board.now;
    }
    openAgain(step);
  }

  /** It does not apply: what was reached of it before is taken back first. */
  protected standAside(step: NaiveStep): string {
    if (step.again || isOwing(step)) this.standDown(step);
    if (!isOwing(step)) return 'skipped';
    this.withdraw(step, 'moved');
    return step.status;
  }

  /** Roles that moved. */
  protected followUpdate(): boolean {
    let moved = false;
    for (const step of this.board.steps) {
      this.callBack(step);
      moved = this.followRole(step) || moved;
      if (step.status !== 'ready' || !isWanted(this.board, step) || !this.isEarly(step)) continue;
      step.status = 'waiting';
      moved = true;
    }
    return moved;
  }

  /** Row 23: what runs under the definition before is of no use. */
  private callBack(step: NaiveStep): void {
    if (!step.state.interruptible || this.stands || !isOfEarlier(this.board, step)) return;
    if (current(step)?.kind === 'wait' || isUnchanged(this.board, step)) return;
    if (demands(step.state).every(demand => demandVerdict(this.board, step, demand) === 'met'))
      step.calledBack = true;
  }

  /** Whoever stands on something because a role moved is known before that is undone. */
  protected takeBackNext(): boolean {
    return this.board.steps.some(step => this.takeBackOne(step));
  }

  /** States follow their role. */
  private followRole(step: NaiveStep): boolean {
    const { state, status, timed, late, aside } = step;
    if (!isWanted(this.board, step) || step.withdrawn || state.only.length + state.except.length === 0)
      return false;
    const isOpen = (status === 'waiting' && !timed) || (status === 'blocked' && !late);
    const fits = appliesTo(this.board, step);
    const isAside = status === 'skipped' && aside;
    // Row 5: also while the role is open it is not known whom the state falls on.
    if (isAside && fits !== false) beginAnew(step);
    if (isAside) return fits !== false;
    if (isOpen || fits !== false) return false;
    this.standDown(step);
    if (isOwing(step)) this.withdraw(step, 'moved');
    else if (KEPT.has(status)) return false;
    else Object.assign(step, { status: 'skipped', aside: true, vouched: false, timed: false });
    return true;
  }

  /** Who was chosen because of what is taken back holds the role no longer. */
  private standDown({ entity, state, member }: NaiveStep): void {
    for (const [role, { among }] of this.board.definition.entities.get(entity)?.roles ?? []) {
      const holders = this.board.roles.get(`${entity}.${role}`);
      if (among === state.name && holders)
        this.open(
          `${entity}.${role}`,
          holders,
          holders.filter(agent => agent !== member?.agent),
        );
    }
  }

  /** Nothing stands on it any more, and nothing of it runs. */
  private takeBackOne(step: NaiveStep): boolean {
    if (!step.withdrawn || !isOwing(step) || step.undoFailed) return false;
    if (step.status === 'running' || step.status === 'undoing' || !mayLeave(this.board, step)) return false;
    step.interruptions = 0;
    if (step.ran.undo) {
      this.undo(step);
      // In the event that made it free, like those that get ready then.
      step.readySince = this.turn;
    } else this.isGone(step);
    return true;
  }
}

/** Of entities that are gone everybody leaves. */
function withoutEntities({ definition, membership }: Board, change: MemberChange): MemberChange {
  const gone = [...membership].filter(([entity]) => !definition.entities.has(entity));
  const leave = Object.fromEntries(gone.map(([entity, all]) => [entity, all.map(({ agent }) => agent)]));
  return { ...change, leave: { ...change.leave, ...leave } };
}

/** States that are gone, in the entities that had them. */
function removedFrom(
  states: readonly State[],
  entities: ReadonlyMap<string, Entity>,
): Pick<WorkflowDefinition, 'entities'> {
  const owners = new Set(states.map(({ entity }) => entity));
  return {
    entities: new Map(
      [...owners].map(name => {
        const own = states.filter(({ entity }) => entity === name).map(one => [one.name, one] as const);
        return [name, { ...(entities.get(name) as Entity), states: new Map(own) }];
      }),
    ),
  };
}

const isPresent = (step: NaiveStep): boolean =>
  isOwing(step) || step.status === 'running' || step.status === 'undoing';

/** Row 30: an index is the lowest that is free, and never changes; it is free when nothing of who left is left. */
function seatsAfter(
  membership: Membership,
  { members = {}, join = {}, leave = {} }: MemberChange,
  isGone: (entity: string, member: Member) => boolean,
): Membership {
  const names = new Set([...membership.keys(), ...Object.keys(members), ...Object.keys(join)]);
  const groups = [...names].map(entity => {
    const all = members[entity];
    const isOut = ({ agent }: Member): boolean =>
      leave[entity]?.includes(agent) || (all !== undefined && !all.some(one => one.agent === agent));
    const seats: Member[] = (membership.get(entity) ?? [])
      .filter(member => !isGone(entity, member))
      .map(member => (isOut(member) ? { ...member, leaving: true } : member));
    for (const { agent, name, data } of [...(all ?? []), ...(join[entity] ?? [])]) {
      const place = seats.findIndex(one => one.agent === agent);
      const { index = lowestFree(seats) } = seats[place] ?? {};
      const seat = { agent, name, index, data };
      if (place < 0) seats.push(seat);
      else seats[place] = seat;
    }
    return [entity, seats.toSorted((a, b) => a.index - b.index)] as const;
  });
  return new Map(groups);
}

function lowestFree(seats: readonly Member[]): number {
  let index = 0;
  while (seats.some(one => one.index === index)) index += 1;
  return index;
}
