// Operations, by the rules of docs/reference/operations.md alone (R8).
// Belongs here: what an operation runs and opens, when its step has ended and what follows. Does not belong here: what
// happens within a step (naive.ts), definitions and members that change (naive-update.ts).
import type { Operation, OperationStep } from '../../engine/definition/operations/types.ts';
import type { StateReference } from '../../engine/definition/types.ts';
import { waitAgain } from './naive-age.ts';
import { reopen } from './naive-ends.ts';
import {
  type Board,
  isReached,
  isWanted,
  leaves,
  type NaiveStep,
  rolesNamedBy,
  requiredOf,
} from './naive-rules.ts';
import { NaiveMembers } from './naive-update.ts';

interface Running {
  readonly operation: Operation;
  /** Its step; as many as it has: its goal. */
  index: number;
  hasFailed: boolean;
  /** Its step has ended; what follows is an event of its own. */
  isDue: boolean;
  /** Its time was up. */
  isStopped: boolean;
}

const OVER = new Set(['reached', 'failed', 'interrupted', 'skipped', 'blocked', 'not_needed', 'undone']);

export class NaiveOperations extends NaiveMembers {
  private doing: Running | undefined;

  /** While an operation runs its step is over, the workflow is not. */
  override get status(): NaiveMembers['status'] {
    const status = super.status;
    const goesOn = this.doing !== undefined && !this.stopped && !this.doing.isStopped;
    return goesOn && hasEnded(status) ? 'running' : status;
  }

  get isOperationDue(): boolean {
    return this.doing?.isDue === true && super.status !== 'cancelling';
  }

  operateBy(name: string): void {
    const operation = this.board.definition.operations?.get(name) as Operation;
    this.doing = { operation, index: 0, hasFailed: false, isDue: false, isStopped: false };
    this.board.changed = true;
    this.beginStep(this.doing);
  }

  /** The next step, the goal, or the end. */
  goOnOperating(): void {
    const { doing } = this;
    if (!doing) return;
    const { steps, goal, onFailure } = doing.operation;
    doing.index += 1;
    doing.isDue = false;
    const { index, hasFailed, isStopped } = doing;
    const isOver =
      isStopped ||
      (hasFailed && onFailure === 'fail') ||
      index > steps.length ||
      (index === steps.length && goal.length === 0);
    if (!isOver) return this.beginStep(doing);
    this.doing = undefined;
    this.want([]);
    this.goFromHere();
  }

  override timeIsUp(): void {
    if (this.doing && !this.goalHolds) this.doing.isStopped = true;
    super.timeIsUp();
  }

  override update(...asked: Parameters<NaiveMembers['update']>): void {
    this.doing = undefined;
    this.want([]);
    super.update(...asked);
  }

  /** S1: it is suspended while that happens, and looked at once it goes on. */
  whileSuspended(happens: () => void): void {
    this.suspended = true;
    happens();
    this.suspended = false;
    waitAgain(this.board);
    this.settle();
  }

  protected override settle(): void {
    super.settle();
    if (this.suspended || !this.doing || this.doing.isDue || !hasEnded(super.status)) return;
    this.doing.isDue = true;
    this.doing.hasFailed ||= super.status === 'failed';
  }

  private beginStep(doing: Running): void {
    const step = doing.operation.steps[doing.index];
    const ran = step ? (step.kind === 'rerun' ? this.ranBy(step) : []) : this.of(doing.operation.goal);
    this.want(ran);
    if (step?.kind === 'rerun') for (const one of ran) runAgain(one);
    else if (step) this.moveRoles(doing, step);
    this.goFromHere();
  }

  private goFromHere(): void {
    this.halted = false;
    this.stopped = false;
    for (const step of this.board.steps) if (!isWanted(this.board, step)) this.waitAnew(step);
    this.settle();
  }

  /** Random ones are for all members, or for none. */
  private ranBy({ states, of }: Extract<OperationStep, { kind: 'rerun' }>): readonly NaiveStep[] {
    const isForNone = of?.root.kind === 'literal' && of.root.value === false;
    return isForNone ? [] : this.of(states);
  }

  private of(states: readonly StateReference[]): readonly NaiveStep[] {
    return this.board.steps.filter(
      step =>
        !leaves(step) &&
        states.some(({ entity, state }) => step.entity === entity && step.state.name === state),
    );
  }

  /** What an operation runs is needed as long as its step lasts, with all that it requires. */
  private want(ran: readonly NaiveStep[]): void {
    this.rollings.update();
    this.board.ran = ran;
    this.board.also = neededBy(this.board, ran);
    this.rollings.seat(
      this.board.steps.filter(step => isWanted(this.board, step)),
      false,
    );
  }

  private moveRoles(doing: Running, step: Exclude<OperationStep, { kind: 'rerun' }>): void {
    if (step.kind === 'choose_again') {
      for (const { entity, role } of step.roles) this.openAnew(`${entity}.${role}`, []);
      return;
    }
    const { entity, role } = step.role;
    const { root } = step.to;
    const agent = root.kind === 'literal' && typeof root.value === 'string' ? root.value : '';
    const { roles, definition } = this.board;
    if (roles.get(`${entity}.${role}`)?.includes(agent)) return;
    const among = definition.entities.get(entity)?.roles.get(role)?.among ?? '';
    const may = this.of([{ entity, state: among }]).some(
      one => one.member?.agent === agent && isReached(one),
    );
    if (may) roles.set(`${entity}.${role}`, [agent]);
    else doing.hasFailed = true;
  }
}

const hasEnded = (status: string): boolean => status === 'complete' || status === 'failed';

/** What it gave stays known until it is done again. */
function runAgain(step: NaiveStep): void {
  if (step.withdrawn || !OVER.has(step.status)) return;
  reopen(step);
  Object.assign(step, { rescues: 0, vouched: false, aside: false, idle: false, renews: false });
}

function neededBy(board: Board, ran: readonly NaiveStep[]): ReadonlySet<NaiveStep> {
  const found = new Set(ran);
  for (const step of found) {
    for (const one of step.state.requires) for (const each of requiredOf(board, step, one)) found.add(each);
    for (const role of rolesNamedBy(step.state)) {
      const among = board.definition.entities.get(step.entity)?.roles.get(role)?.among;
      for (const one of board.steps)
        if (one.entity === step.entity && one.state.name === among && !leaves(one)) found.add(one);
    }
  }
  return found;
}
