// Random definitions and random fates for properties of the machine.
// Belongs here: arbitraries that only make definitions the parser would pass. Does not belong here: the properties.
import fc from 'fast-check';
import { EngineError } from '../../engine/base/errors.ts';
import type { Requirement, Role, State, WorkflowDefinition } from '../../engine/definition/types.ts';
import type { Template } from '../../engine/definition/expressions/types.ts';
import type { Membership } from '../../engine/graph/types.ts';
import type { Outcome } from '../../engine/machine/types.ts';
import {
  call,
  child,
  definition,
  entity,
  expression,
  literal,
  membership,
  output,
  requirement,
  script,
  type StateSpec,
  state,
} from './definitions.ts';
import { actionOf, type KindDice } from './random-actions.ts';
import { type OperationDice, operationDice, operationsOf } from './random-operations.ts';
import { type PlaceDice, placeDice, placesOf, surePlaces } from './random-places.ts';
import { type RollingDice, rollingDice, rollOrAge, withRollings } from './random-rollings.ts';
import { type WholeDice, wholeDice } from './random-wholes.ts';

interface StateDice {
  readonly kind: KindDice;
  readonly needs: readonly {
    readonly pick: number;
    readonly how: string;
    readonly outcome: string;
    readonly choice: string;
    readonly within: number | undefined;
  }[];
  readonly role:
    | 'none'
    | 'only'
    | 'except'
    | 'once'
    | 'once any'
    | 'only either'
    | 'except both'
    | 'one not other';
  readonly condition: boolean | undefined;
  readonly probe: boolean;
  /** Where the state, its probe and its undo run. */
  readonly places: readonly PlaceDice[];
  readonly exclusive: boolean;
  /** Its probe and its undo are calls, which need no VM. */
  readonly looksByCall: boolean;
  readonly undoesByCall: boolean;
  readonly undo: 'none' | 'continue' | 'fail';
  readonly attempts: number;
  readonly delay: number;
  readonly onFailure: State['onFailure'];
  readonly rescue: 'none' | 'script' | 'reboot' | 'online' | 'wait' | 'http' | 'openstack';
  /** How often it gives new attempts; 0: what follows it is `onFailure`. */
  readonly rescues: number;
  readonly validFor: number | undefined;
  readonly onInterrupted: State['onInterrupted'];
  readonly output: boolean;
  readonly interruptible: boolean;
}

const stateDice: fc.Arbitrary<StateDice> = fc.record({
  kind: fc.constantFrom(
    'script',
    'script',
    'script',
    'reboot',
    'wait',
    'set',
    'generate',
    'http',
    'openstack',
    'stack',
    'online',
    'child',
    'join',
    'approval',
    'signal',
  ),
  needs: fc.array(
    fc.record({
      pick: fc.nat(),
      how: fc.constantFrom('same', 'all', 'all', 'any', 'majority', '1', '50%'),
      outcome: fc.constantFrom('', '', '', '!failed', '!final'),
      choice: fc.constantFrom('', '', '0? '),
      within: fc.constantFrom(undefined, undefined, 30_000, 90_000),
    }),
    {
      maxLength: 3,
    },
  ),
  role: fc.constantFrom(
    'none',
    'none',
    'none',
    'none',
    'only',
    'except',
    'once',
    'once any',
    'only either',
    'except both',
    'one not other',
  ),
  condition: fc.constantFrom(undefined, undefined, undefined, true, false),
  probe: fc.boolean(),
  places: placeDice,
  exclusive: fc.constantFrom(true, true, false),
  looksByCall: fc.constantFrom(false, false, true),
  undoesByCall: fc.constantFrom(false, false, true),
  undo: fc.constantFrom('none', 'continue', 'fail'),
  attempts: fc.integer({ min: 1, max: 3 }),
  delay: fc.constantFrom(0, 1_000),
  onFailure: fc.constantFrom('fail', 'fail', 'continue', 'pause', 'undo'),
  rescue: fc.constantFrom(
    'none',
    'none',
    'none',
    'none',
    'script',
    'reboot',
    'online',
    'wait',
    'http',
    'openstack',
  ),
  rescues: fc.integer({ min: 0, max: 2 }),
  validFor: fc.constantFrom(undefined, undefined, undefined, 15, 3_000),
  onInterrupted: fc.constantFrom('rerun', 'probe', 'pause', 'fail'),
  output: fc.boolean(),
  interruptible: fc.boolean(),
});

interface EntityDice {
  readonly type: 'vm_group' | 'vm' | 'service';
  readonly members: number;
  readonly choose: Role['choose'];
  /** How many hold the role; 0: it does not say. */
  readonly count: number;
  /** What the role's rule says of each member; -1: it fails. */
  readonly rule: readonly number[];
  readonly states: readonly StateDice[];
  readonly rolling: RollingDice;
}

const entityDice: fc.Arbitrary<EntityDice> = fc.record({
  type: fc.constantFrom('vm_group', 'vm_group', 'vm', 'service'),
  members: fc.integer({ min: 0, max: 4 }),
  choose: fc.constantFrom('lowest_index', 'first_ready', 'where', 'highest', 'lowest'),
  count: fc.constantFrom(0, 0, 1, 2, 3),
  rule: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 4, maxLength: 4 }),
  states: fc.array(stateDice, { minLength: 1, maxLength: 4 }),
  rolling: rollingDice,
});

export interface Case {
  readonly definition: WorkflowDefinition;
  readonly members: Membership;
}

/** Entities in an order; a state requires only states before it, so there is no cycle. */
export const anyCase: fc.Arbitrary<Case> = fc
  .tuple(fc.array(entityDice, { minLength: 1, maxLength: 3 }), wholeDice, operationDice)
  .map(([entities, whole, operations]) =>
    caseOf(
      entities.map(item => (isStrict(whole, item) ? allPlaceable(item) : item)),
      whole,
      operations,
    ),
  );

/**
 * A step that has no VM to run on fails in the event in which it would start. Which of several failures in one event is
 * the first, and so halts the rest, stops a rolling, or comes before the goal holds, the rules leave open: there are
 * none. And whoever lives through the undos of a failed workflow takes them to succeed.
 */
const isStrict = (
  { failureMode, onWorkflowFailure, deadline }: WholeDice,
  { rolling }: EntityDice,
): boolean =>
  failureMode === 'halt' || onWorkflowFailure === 'undo' || deadline !== undefined || rolling.length > 0;

const allPlaceable = (item: EntityDice): EntityDice => ({
  ...item,
  states: item.states.map(one => ({ ...one, places: surePlaces(one.places, item) })),
});

function caseOf(dice: readonly EntityDice[], whole: WholeDice, operations: readonly OperationDice[]): Case {
  const known: { readonly entity: string; readonly state: string }[] = [];
  const sizes: { [name: string]: number } = {};
  const entities = dice.map((item, index) => {
    const name = `e${index}`;
    sizes[name] = { vm_group: item.members, vm: 1, service: 0 }[item.type];
    const states = item.states.map((one, at) => {
      const made = build(item, name, `s${at}`, at, one, known);
      known.push({ entity: name, state: made.name });
      return made;
    });
    if (item.type !== 'vm_group') return entity(name, { type: item.type, states });
    const roles = rolesOf(item);
    return entity(name, { states: withRollings(states, roles, item.rolling), roles });
  });
  const last = known.at(-1) as { entity: string; state: string };
  const goal = [`${last.entity}.${last.state}`];
  const { deadline, waitForStragglers, ...modes } = whole;
  const times = {
    ...(deadline !== undefined && { deadline }),
    ...(waitForStragglers !== undefined && { waitForStragglers }),
  };
  const rolled = rollOrAge(entities);
  const doable = operationsOf(rolled, operations);
  const operated = doable.size > 0 ? { operations: doable } : {};
  return {
    definition: definition(rolled, goal, { ...modes, ...times, ...operated }),
    members: membership(sizes),
  };
}

function build(
  owner: EntityDice,
  name: string,
  stateName: string,
  at: number,
  dice: StateDice,
  known: readonly { readonly entity: string; readonly state: string }[],
): State {
  const { runOn, probeRunOn, undoRunOn } = placesOf(owner.type === 'vm_group' && at > 0, name, dice.places);
  const isHomeless = owner.type === 'service' && ['script', 'reboot', 'online'].includes(dice.kind);
  const kind = isHomeless && !(dice.kind === 'script' && runOn) ? 'join' : dice.kind;
  const outputs =
    dice.output && ['script', 'set', 'signal', 'child', 'http', 'openstack', 'stack'].includes(kind)
      ? [output('port', { type: 'integer' })]
      : kind === 'generate'
        ? [output('port', { hidden: true })]
        : [];
  const onVm = (place: Template | undefined): boolean =>
    kind !== 'join' && (owner.type !== 'service' || (place ?? runOn) !== undefined);
  const spec: StateSpec = {
    ...roleOf(owner, at, dice),
    ...(dice.condition !== undefined && { condition: literal(dice.condition) }),
    ...(kind === 'script' && runOn && { runOn }),
    ...(dice.probe && dice.looksByCall && kind !== 'join' && { probe: call() }),
    ...(dice.probe &&
      !dice.looksByCall &&
      onVm(probeRunOn) && { probe: script(), ...(probeRunOn && { probeRunOn }) }),
    ...undoOf(kind, dice, undoRunOn, dice.undoesByCall ? kind !== 'join' : onVm(undoRunOn)),
    retry: { attempts: dice.attempts, delay: dice.delay, jitter: 0.1 },
    exclusive: dice.exclusive || kind === 'reboot',
    ...onFailureOf(owner, kind, dice),
    ...ageOf(kind, dice),
    onInterrupted: dice.onInterrupted,
    ...(dice.interruptible && { interruptible: true }),
    out: outputs,
  };
  const { action: _, ...made } = state(name, stateName, spec);
  const action = actionOf(kind, outputs.length > 0);
  return { ...made, requires: needsOf(name, dice, known), ...(action && { action }) };
}

/** What is joined or computed has no age, nor does a child. */
function ageOf(kind: KindDice, { validFor }: StateDice): Pick<State, 'validFor'> {
  return validFor === undefined || kind === 'join' || kind === 'set' || kind === 'child' ? {} : { validFor };
}

function onFailureOf(
  owner: EntityDice,
  kind: KindDice,
  dice: StateDice,
): Pick<State, 'onFailure' | 'rescue'> {
  const { onFailure: wished, undo, rescue, rescues } = dice;
  const canUndo =
    kind === 'child' || kind === 'stack' || (undo !== 'none' && owner.type !== 'service' && kind !== 'join');
  const onFailure =
    wished === 'undo' && (!canUndo || ageOf(kind, dice).validFor !== undefined) ? 'fail' : wished;
  const isPossible =
    rescue === 'wait' || rescue === 'http' || rescue === 'openstack' || owner.type !== 'service';
  const action = kind === 'join' || rescue === 'none' || !isPossible ? undefined : actionOf(rescue, false);
  if (!action) return { onFailure };
  return {
    onFailure: rescues > 0 ? 'retry' : onFailure,
    rescue: { action, times: Math.max(1, rescues) },
  };
}

/** A child and a stack are always taken back. */
function undoOf(kind: KindDice, dice: StateDice, runOn: Template | undefined, isPossible: boolean) {
  const retry = { attempts: dice.attempts, delay: dice.delay };
  if (kind === 'child') return { undo: { action: child(), onFailure: 'fail' } } as const;
  if (kind === 'stack')
    return { undo: { action: { kind: 'stack', change: 'delete' }, onFailure: 'fail', retry } } as const;
  if (dice.undo === 'none' || !isPossible) return {};
  const action = dice.undoesByCall ? call() : script();
  return {
    undo: { action, ...(runOn && !dice.undoesByCall && { runOn }), onFailure: dice.undo, retry },
  };
}

function ruleOf({ choose, rule }: EntityDice): Pick<Role, 'rule'> {
  if (choose === 'lowest_index' || choose === 'first_ready') return {};
  return {
    rule: expression(({ member }) => {
      const answer = rule[member?.index ?? 0] ?? 0;
      if (answer < 0) throw new EngineError('expression_failed', 'The rule has no answer.', 'Correct it.');
      return choose === 'where' ? answer === 1 : answer;
    }),
  };
}

/** Members are chosen among: not by a state of the whole group. */
const hasDeputy = ({ states }: EntityDice): boolean => states[1]?.role.startsWith('once') === false;

/** A state can name a role only after the state among whose members it is chosen: else they would go round. */
const rolesOf = (item: EntityDice): readonly Role[] => [
  {
    name: 'boss',
    choose: item.choose,
    among: 's0',
    ...ruleOf(item),
    ...(item.count > 0 && { count: item.count }),
  },
  ...(hasDeputy(item) ? [{ name: 'deputy', choose: 'lowest_index', among: 's1' } as const] : []),
];

function roleOf(owner: EntityDice, at: number, { role }: StateDice): Partial<State> {
  if (owner.type !== 'vm_group' || at === 0 || role === 'none') return {};
  const other = at > 1 && hasDeputy(owner) ? ['deputy'] : [];
  switch (role) {
    case 'once any':
      return { once: { any: true } };
    case 'once':
      return owner.count > 1 && other.length === 0 ? {} : { once: { role: other[0] ?? 'boss' } };
    case 'only either':
      return { only: ['boss', ...other] };
    case 'except both':
      return { except: ['boss', ...other] };
    case 'one not other':
      return { only: ['boss'], except: other };
    case 'only':
    case 'except':
      return { [role]: ['boss'] };
    default:
      return role satisfies never;
  }
}

function needsOf(
  name: string,
  dice: StateDice,
  known: readonly { readonly entity: string; readonly state: string }[],
): readonly Requirement[] {
  if (known.length === 0) return [];
  return dice.needs.map(({ pick, how, outcome, choice, within }) => {
    const timed = within !== undefined && choice === '' && outcome !== '!failed' ? { within } : {};
    const target = known[pick % known.length] as { entity: string; state: string };
    if (how === 'same' && target.entity === name)
      return { ...requirement(`${choice}${target.state}${outcome}`, name), ...timed };
    return {
      ...requirement(
        `${choice}${target.entity}.${target.state}@${how === 'same' ? 'all' : how}${outcome}`,
        name,
      ),
      ...timed,
    };
  });
}

/** How a command may end. `port` is the one output that states declare. */
export const anyOutcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome>(
  { kind: 'succeeded', outputs: { port: { text: '5022' } } },
  { kind: 'succeeded', outputs: { port: { text: '5022' } } },
  { kind: 'succeeded', outputs: { port: { secret: 's' } } },
  { kind: 'succeeded', outputs: {} },
  { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } },
  { kind: 'failed', error: { kind: 'exit', message: 'exit 7', exitCode: 7, tail: 'oh' } },
  { kind: 'failed', error: { kind: 'unreachable', message: 'the VM is gone' } },
  { kind: 'failed', error: { kind: 'unauthorised', message: 'the right is lost' } },
  { kind: 'interrupted', evidence: 'boot id changed' },
  { kind: 'refused', message: 'no space' },
);
