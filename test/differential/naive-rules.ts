// What the rules of the language say of one moment, read naively: who applies, which requirement is met, who may run.
// Belongs here: the rules over plain lists, each looked up anew every time. Does not belong here: what happens when
// (naive.ts), any code of engine/graph or engine/machine: this is the second opinion on them.
import { evaluateTemplate } from '../../engine/definition/expressions/index.ts';
import type { DataView, Template } from '../../engine/definition/expressions/types.ts';
import type {
  RequiredOutcome,
  Requirement,
  Role,
  State,
  WorkflowDefinition,
} from '../../engine/definition/types.ts';
import type { Member, Membership } from '../../engine/graph/types.ts';

export interface NaiveStep {
  readonly id: string;
  readonly entity: string;
  /** As the definition says now; of a state that is gone, as the last one that had it. */
  state: State;
  /** As the definition said when it last began, with its number and what it did then. */
  ran: State;
  source: number;
  print: string | undefined;
  /** Something of it has begun since it was new. */
  started: boolean;
  /** It was reached before definition or inputs changed: what becomes of it is known when its turn comes. */
  again: { since: number | undefined; changed: boolean; begun: boolean } | undefined;
  /** What it reached may hold no longer (row 32). */
  doubted: boolean;
  /** With which source it last ran again. */
  reran: number | undefined;
  /** As the last update left it. */
  member: Member | undefined;
  /** Its state is gone from the definition. */
  readonly removed: boolean;
  /** Why it is taken back although the workflow goes on. */
  withdrawn: 'left' | 'moved' | 'removed' | undefined;
  /** Its undo has failed: it is tried again when a person goes on. */
  undoFailed: boolean;
  /** It is paused because the owner's right was gone: who resumes has mended that. */
  rightLost: boolean;
  /** Skipped because another has the role. */
  aside: boolean;
  /** Not needed because the goal held. */
  idle: boolean;
  /** It was called back: what does not succeed now has no other try. */
  calledBack: boolean;
  status: string;
  /** An operator's skip counts as reached (row 10). */
  vouched: boolean;
  /** An attempt of its action was started: there is something to take back (R10). */
  touched: boolean;
  /** So often, ever. */
  attempts: number;
  /** It failed or was blocked once, which counts for good where that is waited for (row 12). */
  hasFailed: boolean;
  /** Nothing but what it requires `within` a time is missing; that time has passed. */
  awaited: boolean;
  late: boolean;
  /** Nothing but the stop of its rolling blocks it. */
  shutOut: boolean;
  /** Runs again because of its age, and counts for others as reached. */
  renews: boolean;
  /** It has outputs of a time when it was reached (row 36). */
  gave: boolean;
  /** When it was reached; absent: it is not. */
  since: number | undefined;
  /** Since when it waits for what it requires to be renewed. */
  freshFrom: number | undefined;
  /** Waits for the time of its next attempt. */
  timed: boolean;
  /** Runs a child that waits for a person (row 40). */
  held: boolean;
  phase: 'probe' | 'action' | 'rescue' | 'undo' | 'verify';
  /** Waits for its VM to be undone. */
  queued: boolean;
  tries: number;
  rescues: number;
  interruptions: number;
  /** Since when it is ready, as the number of the event. */
  readySince: number;
  /** Whose VM the phase runs in, and which is its own. */
  agent: string | undefined;
  home: string | undefined;
  /** Whose agent it waited for last. */
  wentTo: string | undefined;
  /** What the state's `run_on` named when the attempt began. */
  base: string | undefined;
  /** Since when it counts as reached, as the number of the event. */
  reachedSince: number | undefined;
}

export interface Board {
  /** Time of the last event. */
  now: number;
  /** Something that was in doubt was opened once. */
  takenUp: boolean;
  definition: WorkflowDefinition;
  /** Number of the update with which definition and inputs came. */
  source: number;
  /** `entity.state` that others follow → with which source one of them last ran again. */
  readonly reran: Map<string, number>;
  membership: Membership;
  steps: readonly NaiveStep[];
  /** States that the goal needs, as `entity.state`. */
  wanted: ReadonlySet<string>;
  /** Steps that an operation needs, and among them those that it runs. */
  also: ReadonlySet<NaiveStep>;
  ran: readonly NaiveStep[];
  /** Whether members have changed. */
  changed: boolean;
  /** `entity.role` → agents; null: vacant; absent: not chosen. */
  readonly roles: Map<string, readonly string[] | null>;
  /** Those of several holders that stay while the role is chosen again. */
  readonly keeps: Map<string, readonly string[]>;
}

/** Nobody counts the member any more, or its state is gone. */
export const leaves = (step: NaiveStep): boolean => step.removed || step.member?.leaving === true;

export const isWanted = ({ wanted, also }: Board, step: NaiveStep): boolean =>
  !leaves(step) && (wanted.has(`${step.entity}.${step.state.name}`) || also.has(step));

/** R10: something was started that is still there. */
export const isOwing = (step: NaiveStep): boolean => step.touched && step.status !== 'undone';

/** Seen by nobody but those that leave. */
export const stayingIn = (board: Board, entity: string): readonly Member[] =>
  (board.membership.get(entity) ?? []).filter(member => !member.leaving);

export type Verdict = 'met' | 'open' | 'lost';

function stepsOf(board: Board, entity: string, state: string): readonly NaiveStep[] {
  return board.steps.filter(step => step.entity === entity && step.state.name === state && !leaves(step));
}

export const isReached = (step: NaiveStep): boolean =>
  !step.withdrawn && (step.status === 'reached' || step.vouched || step.renews);

/** Rows 10 and 13: neither counts for a quorum nor against it. */
export const isNeutral = (step: NaiveStep): boolean =>
  step.withdrawn
    ? step.withdrawn === 'moved'
    : (step.status === 'skipped' && !step.vouched) || step.status === 'not_needed';

export const isLost = (step: NaiveStep): boolean =>
  !step.withdrawn && (step.status === 'failed' || step.status === 'blocked') && !step.renews;

/** Rows 1, 2, 7: over the applicable members; what can no longer come true is lost at once. */
export function requirementVerdict(board: Board, step: NaiveStep, requirement: Requirement): Verdict {
  return quorum(requiredOf(board, step, requirement), requirement);
}

/** The steps that a requirement is about. */
export function requiredOf(board: Board, step: NaiveStep, requirement: Requirement): readonly NaiveStep[] {
  const all = stepsOf(board, requirement.entity, requirement.state);
  const isSame = requirement.members.kind === 'same' && step.member && all.every(one => one.member);
  return isSame ? all.filter(one => one.member?.index === step.member?.index) : all;
}

/** Whether a state, of anybody, waits for this one's failure or end. */
export const isAwaited = (board: Board, { entity, state }: NaiveStep): boolean =>
  board.steps.some(other =>
    other.state.requires.some(one => one.outcome && one.entity === entity && one.state === state.name),
  );

/** Each requirement by itself, those of one `any_of` together. */
export function demands({ requires }: State): readonly (readonly Requirement[])[] {
  const alone = requires.filter(one => one.choice === undefined).map(one => [one]);
  const choices = new Set(requires.map(one => one.choice).filter(choice => choice !== undefined));
  return [...alone, ...[...choices].map(choice => requires.filter(one => one.choice === choice))];
}

/** One is enough. */
export function demandVerdict(board: Board, step: NaiveStep, demand: readonly Requirement[]): Verdict {
  const verdicts = demand.map(one => requirementVerdict(board, step, one));
  if (verdicts.includes('met')) return 'met';
  return verdicts.includes('open') ? 'open' : 'lost';
}

/** Row 13: what waits for a failure is superfluous when that never comes, and not judged before that is known. */
export function alarm(board: Board, step: NaiveStep): Verdict {
  const verdicts = demands(step.state)
    .filter(demand => demand.every(one => one.outcome === 'failed'))
    .map(demand => demandVerdict(board, step, demand));
  if (verdicts.includes('lost')) return 'lost';
  return verdicts.includes('open') ? 'open' : 'met';
}

function neededOf({ members }: Requirement, applicable: number): number {
  switch (members.kind) {
    case 'same':
    case 'all':
      return applicable;
    case 'any':
      return 1;
    case 'count':
      return members.count;
    case 'majority':
      return Math.floor(applicable / 2) + 1;
    case 'percent':
      return Math.max(1, Math.ceil((applicable * members.percent) / 100));
    default:
      return members satisfies never;
  }
}

function quorum(all: readonly NaiveStep[], requirement: Requirement): Verdict {
  const { outcome } = requirement;
  if (outcome) return endings(all, requirement, outcome);
  const steps = all.filter(one => !isNeutral(one));
  const needed = neededFor(requirement, steps.length);
  const reached = steps.filter(isReached).length;
  const notFinal = steps.filter(one => !isReached(one) && !isLost(one)).length;
  if (reached >= needed) return 'met';
  return reached + notFinal < needed ? 'lost' : 'open';
}

export const neededFor = (requirement: Requirement, applicable: number): number =>
  Math.max(leastOf(requirement), neededOf(requirement, applicable));

/** Row 13: nobody is no way to meet an alternative. */
const leastOf = ({ choice }: Requirement): number => (choice === undefined ? 0 : 1);

/** Rows 12 and 13: that nobody failed is no failure. */
function endings(all: readonly NaiveStep[], requirement: Requirement, outcome: RequiredOutcome): Verdict {
  const steps = all.filter(one => one.hasFailed || !isNeutral(one));
  const least = outcome === 'failed' ? 1 : 0;
  const needed = Math.max(least, leastOf(requirement), neededOf(requirement, steps.length));
  const ended = steps.filter(one => one.hasFailed || (outcome === 'final' && isReached(one))).length;
  const against = steps.filter(one => !one.hasFailed && outcome === 'failed' && isReached(one)).length;
  if (ended >= needed) return 'met';
  return steps.length - against < needed ? 'lost' : 'open';
}

export const goalHolds = (board: Board): boolean =>
  board.definition.goal.every(({ entity, state }) =>
    stepsOf(board, entity, state).every(step => isReached(step) || isNeutral(step)),
  ) &&
  board.ran.every(step => leaves(step) || isReached(step) || isNeutral(step)) &&
  !((board.changed || board.takenUp) && board.steps.some(step => wasPassed(board, step)));

/** Row 49: it stays reached, but who joined has yet to come as far as it asks. */
function wasPassed(board: Board, step: NaiveStep): boolean {
  if (!isWanted(board, step) || step.withdrawn || !(step.status === 'reached' || step.renews)) return false;
  return isUnfounded(board, step);
}

/** Something that it requires is open, or is so again. */
export const isUnfounded = (board: Board, step: NaiveStep): boolean =>
  rolesNamedBy(step.state).some(role => !board.roles.get(`${step.entity}.${role}`)) ||
  demands(step.state).some(demand => demandVerdict(board, step, demand) !== 'met');

export const isFinal = (step: NaiveStep): boolean => isReached(step) || isNeutral(step) || isLost(step);

/** Rows 3 and 4. Undefined: not chosen yet. */
export function choiceOf(board: Board, entity: string, role: string): readonly string[] | null | undefined {
  const rule = board.definition.entities.get(entity)?.roles.get(role);
  if (!rule) return undefined;
  const candidates = stepsOf(board, entity, rule.among);
  const reached = candidates.filter(isReached);
  const needed = rule.count ?? 1;
  const decided = candidates.every(isFinal) || (rule.choose === 'first_ready' && reached.length >= needed);
  if (!decided) return undefined;
  const byIndex = reached.toSorted((a, b) => indexOf(a) - indexOf(b));
  const kept = board.keeps.get(`${entity}.${role}`) ?? [];
  const keeps = (step: NaiveStep): boolean => kept.includes(step.member?.agent ?? '');
  const others = byIndex.filter(step => !keeps(step));
  const chosen = [...byIndex.filter(keeps), ...preferred(rule, others)].slice(0, needed);
  if (chosen.length < needed) return null;
  return chosen.toSorted((a, b) => indexOf(a) - indexOf(b)).map(step => step.member?.agent ?? '');
}

const indexOf = (step: NaiveStep): number => step.member?.index ?? 0;

function preferred({ choose, rule }: Role, byIndex: readonly NaiveStep[]): readonly NaiveStep[] {
  if (rule) return byRule(choose, rule, byIndex);
  if (choose !== 'first_ready') return byIndex;
  return byIndex.toSorted((a, b) => (a.reachedSince ?? 0) - (b.reachedSince ?? 0));
}

/** Row 25: of those who hold it, whom a `where` still takes. */
export function fitting(board: Board, key: string, holders: readonly string[]): readonly string[] {
  const [entity = '', name = ''] = key.split('.');
  const role = board.definition.entities.get(entity)?.roles.get(name);
  if (role?.choose !== 'where' || !role.rule) return holders;
  const candidates = stepsOf(board, entity, role.among);
  return holders.filter(agent => {
    const own = candidates.filter(({ member }) => member?.agent === agent);
    return own.length === 0 || byRule('where', role.rule as Template, own).length > 0;
  });
}

/** Random rules look at a member's index only; one that fails for anybody chooses nobody. */
function byRule(
  choose: Role['choose'],
  rule: Template,
  candidates: readonly NaiveStep[],
): readonly NaiveStep[] {
  try {
    const answered = candidates.map(step => ({
      step,
      answer: Number(evaluateTemplate(rule, { member: step.member } as unknown as DataView)),
    }));
    if (choose === 'where') return answered.filter(({ answer }) => answer === 1).map(({ step }) => step);
    const sign = choose === 'highest' ? -1 : 1;
    return answered.toSorted((a, b) => sign * (a.answer - b.answer)).map(({ step }) => step);
  } catch {
    return [];
  }
}

/** Row 5: undefined while a role that it names is open. A vacant one blocks (row 3), and tells nothing of who applies. */
export function appliesTo(board: Board, step: NaiveStep): boolean | undefined {
  const holders = (role: string) => board.roles.get(`${step.entity}.${role}`);
  const { only, except } = step.state;
  if ([...only, ...except].some(role => !holders(role))) return undefined;
  const isHolder = (role: string): boolean => holders(role)?.includes(step.member?.agent ?? '') === true;
  return (only.length === 0 || only.some(isHolder)) && !except.some(isHolder);
}

/** Also those that say where it runs; random ones are of the same group. */
export function rolesNamedBy(state: State): readonly string[] {
  const once = state.once && 'role' in state.once ? [state.once.role] : [];
  const places = [state.runOn, state.probeRunOn, state.undo?.runOn].flatMap(
    template => template?.reads ?? [],
  );
  const read = places.flatMap(one => (one.kind === 'role' ? [one.role] : []));
  return [...state.only, ...state.except, ...once, ...read];
}

/** Whose VM the phase runs in: what its own `run_on` says, or the state's; undefined: it names nobody. */
export function placeOf(
  board: Board,
  step: NaiveStep,
  phase: NaiveStep['phase'],
  asked: 'anew' | 'kept',
): string | undefined {
  const state = stateIn(step, phase);
  const own = ownPlace(state, phase);
  if (own) return memberNamed(board, step, own);
  if (!state.runOn) return (step.home ??= agentOf(board, step));
  if (asked === 'anew' || step.base === undefined) step.base = memberNamed(board, step, state.runOn);
  return step.base;
}

/** What was done is taken back as the definition said under which it was done (row 22). */
export const stateIn = ({ state, ran }: NaiveStep, phase: NaiveStep['phase']): State =>
  phase === 'undo' || phase === 'verify' ? ran : state;

export function memberNamed(board: Board, step: NaiveStep, runOn: Template): string | undefined {
  const members = (entity: string) => stayingIn(board, entity);
  const holders = (entity: string, role: string) =>
    members(entity).filter(({ agent }) => board.roles.get(`${entity}.${role}`)?.includes(agent));
  try {
    return evaluateTemplate(runOn, {
      member: step.member,
      members,
      holders,
    } as unknown as DataView) as string;
  } catch {
    return undefined;
  }
}

export function placedBy(step: NaiveStep, phase: NaiveStep['phase']): Template | undefined {
  const state = stateIn(step, phase);
  return ownPlace(state, phase) ?? state.runOn;
}

function ownPlace(state: State, phase: NaiveStep['phase']): Template | undefined {
  if (phase === 'undo') return state.undo?.runOn;
  return phase === 'probe' || phase === 'verify' ? state.probeRunOn : undefined;
}

/** Whose VM it runs on: its member's, the holder's; for `any` the lowest index that has its own requirements. */
export function agentOf(board: Board, step: NaiveStep): string | undefined {
  if (step.member) return step.member.agent;
  const { once } = step.state;
  if (!once) return undefined;
  if ('role' in once) return board.roles.get(`${step.entity}.${once.role}`)?.[0];
  const members = stayingIn(board, step.entity);
  const hasCome = (member: Member): boolean =>
    step.state.requires
      .filter(({ entity }) => entity === step.entity)
      .every(({ entity, state }) =>
        stepsOf(board, entity, state).every(
          one => !one.member || one.member.index !== member.index || one.status === 'reached',
        ),
      );
  return (members.find(hasCome) ?? members[0])?.agent;
}

/** Nobody can take a role that it names, or something it requires can no longer come. */
export function isHopeless(board: Board, step: NaiveStep): boolean {
  const { state, entity } = step;
  const isVacant = rolesNamedBy(state).some(role => board.roles.get(`${entity}.${role}`) === null);
  return isVacant || demands(state).some(demand => demandVerdict(board, step, demand) === 'lost');
}
