// Causes as people read them: what follows a step's name in a sentence.
// Belongs here: one phrase per cause. Does not belong here: finding causes (causes.ts), layout and commands (cli/).
import { durationText } from '../../definition/durations.ts';
import type { RequiredOutcome } from '../../definition/types.ts';
import type { StepCause, StepError } from '../types.ts';
import type { Doubt } from '../verify/types.ts';
import type { Cause, Names, Onward, Presence, Root } from './types.ts';

export interface Wording {
  /** Ms since the epoch. */
  readonly now: number;
  /** The name that people know an agent's machine by. */
  readonly machine: (agent: string) => string;
}

type Of<Kind extends Cause['kind']> = Extract<Cause, { readonly kind: Kind }>;
type Phrases<Union extends Cause> = {
  readonly [Kind in Union['kind']]: (cause: Of<Kind>, wording: Wording) => string;
};

/** Such as `waits for all 3 of sql.installed: 1 is there; missing sql[1].installed, sql[2].installed`. */
export function phraseOf(cause: Cause, wording: Wording): string {
  const phrases: { readonly [kind: string]: (cause: never, wording: Wording) => string } = PHRASES;
  const says = (phrases[cause.kind] as (one: Cause, how: Wording) => string)(cause, wording);
  // It may end with the words of a script or a service, which are sentences.
  return says.replace(/(?<!\.)\.$/, '');
}

/** A phrase as the end of a sentence. */
export const ended = (says: string): string => (/[.?!…]$/.test(says) ? says : `${says}.`);

const ONWARD: Phrases<Onward> = {
  step: ({ step, outcome, hopeless }) =>
    hopeless
      ? `cannot go on: it requires that ${step} ${ENDS[outcome ?? 'reached']}, and that will not happen`
      : `waits for ${step}${outcome === undefined ? '' : ` to ${outcome === 'failed' ? 'fail' : 'end'}`}`,
  renewal: ({ renewed, hopeless }) =>
    hopeless
      ? `cannot go on: it was too old and could not be renewed: ${namesText(renewed)}`
      : `waits until what was too old has run again: ${namesText(renewed)}`,
  barrier: cause => `${cause.hopeless ? 'cannot go on: it requires' : 'waits for'} ${barrierText(cause)}`,
  any_of: (cause, wording) => {
    const ways = cause.alternatives.map(one => alternativeText(one, wording)).join(', or ');
    return cause.hopeless ? `cannot go on: none of these is left: ${ways}` : `waits for one of: ${ways}`;
  },
  role: ({ role, missing }) =>
    `waits for the choice of ${role}, which waits until these are final: ${namesText(missing)}`,
  vacant_role: ({ role, lost, fault }) => {
    if (fault !== undefined) return `cannot go on: nobody could be chosen as ${role}: ${fault}`;
    const why = lost.steps.length === 0 ? 'nobody comes into question' : `lost: ${namesText(lost)}`;
    return `cannot go on: ${role} is vacant; ${why}`;
  },
  machine_busy: ({ agent, step, ahead }, { machine }) => {
    const others = ahead === 0 ? '' : `; ${ahead} more before it`;
    return `is ready and waits for its machine: ${machine(agent)} is busy with ${step}${others}`;
  },
  halted: ({ step }) => `is not started: the workflow halted when ${step} failed`,
  turn: ({ rolling, before }) => `waits for its turn in rolling ${rolling}, after ${namesText(before)}`,
  rolling_stopped: ({ rolling, failed }) =>
    `is not started: rolling ${rolling} stopped before its turn, when ${namesText(failed)} failed`,
  undo_order: ({ standing }) => `is undone after what stands on it: ${namesText(standing)}`,
};

const ROOTS: Phrases<Root> = {
  running: ({ phase, attempt, attempts, agent, calls, seen, until, error }, { now, machine }) => {
    const after = error === undefined ? '' : `, for it failed: ${errorText(error)}`;
    const where = agent === undefined ? '' : ` on ${machine(agent)}`;
    const what = calls === undefined ? '' : `: ${calls}`;
    const which = phase === 'action' && attempts > 1 ? `, attempt ${attempt} of at most ${attempts}` : '';
    const last = seen === undefined ? '' : `; last seen: ${seen}`;
    return `${DOES[phase]}${where}${what}${which}${after}${last}${timeText(until, now)}`;
  },
  child: ({ child, task, held, stops }) => {
    if (stops !== undefined) return `waits for its child ${child}, which is being called back (${stops})`;
    if (held !== undefined) return `waits for its child ${child}, which is held: ${held}`;
    if (task === 'check') return `waits for its child ${child} to be checked`;
    return task === 'delete' ? `waits for its child ${child} to be deleted` : `runs its child ${child}`;
  },
  agent: ({ agent, presence, must, until }, { now, machine }) =>
    `${MUST[must](machine(agent))}: ${presenceText(presence, now)}${timeText(until, now)}`,
  broker: ({ agent, must, reason, since, until }, { now, machine }) =>
    `${MUST[must](machine(agent))}, and nothing gets through since ${durationText(now - since)}: ${reason}${timeText(until, now)}`,
  store: ({ reason, since }, { now }) =>
    `goes no further: for ${durationText(now - since)} the engine cannot write down what happens: ${reason}`,
  quota: ({ error, waits, at }, { now }) => {
    const next = at === undefined ? '' : `; it is tried again ${inText(at, now)}`;
    const held = waits === 'operator' ? ' and is held for an operator' : '';
    return `${waits === 'retry' ? 'was refused' : 'has failed'} for lack of quota${held}: ${errorText(error)}${next}`;
  },
  called_back: ({ why, agent, until }, { now, machine }) => {
    const who = agent === undefined ? 'its end' : `${machine(agent)} to end it`;
    return `is being called back (${why}): waits for ${who}${timeText(until, now)}`;
  },
  retry: ({ at, attempt, attempts, error }, { now }) => {
    const failed = error === undefined ? '' : `; the last one failed: ${errorText(error)}`;
    return `waits for the time of attempt ${attempt} of ${attempts}, ${inText(at, now)}${failed}`;
  },
  wait: ({ until }, { now }) => `waits for a time, ${inText(until, now)}`,
  operator: ({ error }) =>
    `has failed and is held for an operator: retry, skip or fail it${error ? ` (${errorText(error)})` : ''}`,
  approval: ({ message, until }, { now }) =>
    `waits for an operator's yes or no: ${message}${timeText(until, now)}`,
  signal: ({ name, until }, { now }) => `waits for the signal '${name}'${timeText(until, now)}`,
  interrupted: ({ error }) =>
    `was interrupted and waits for a resume${error ? ` (${errorText(error)})` : ''}`,
  failure: ({ error, byOperator }) =>
    `failed${byOperator ? ' by the word of an operator' : ''}${error ? `: ${errorText(error)}` : ''}`,
  undo_failure: ({ error }) => `could not be undone${error ? `: ${errorText(error)}` : ''}`,
  leaves: () => 'is no more: its member leaves',
  stopped: ({ status, undoneBy }) =>
    undoneBy === undefined
      ? `is not started: the workflow is ${status.replaceAll('_', ' ')}`
      : `is undone, as ${undoneBy} asked, and is not begun again before somebody goes on`,
  not_wanted: () => 'is not run: the goal does not need it',
  condition_false: () => 'is skipped: its condition is false',
  not_the_role: ({ holders }, { machine }) => {
    const who = holders.map(({ role, agents }) => `${role} is ${agents.map(machine).join(', ') || 'vacant'}`);
    return `is not for this member: ${who.join(', ')}`;
  },
  vouched: () => 'is skipped: an operator vouched for it',
  goal_holds: () => 'is not needed: the goal came to hold without it',
  did_not_fail: ({ states }) =>
    `is not needed: it is for a failure of ${states.join(' or ')}, which did not come`,
  reached: ({ tolerated, unverified, error }) => {
    if (tolerated) return `failed, which its state tolerates: ${errorText(tolerated)}`;
    if (unverified === undefined) return 'is reached';
    const said = error === undefined ? '' : ` (${errorText(error)})`;
    return `is reached, and may hold no longer: ${DOUBTS[unverified]}${said}; a converge or an update runs it again`;
  },
  undone: ({ how }) => `is undone${how === undefined ? '' : (UNDONE[how] ?? '')}`,
  suspended: ({ by, since }, { now }) =>
    `goes no further: the workflow is suspended by ${by} since ${durationText(now - since)}; resume it`,
  set_aside: ({ reason }) => `waits because the engine has set the workflow aside: ${reason}`,
  engine: () => 'is about to be started by the engine',
};

const PHRASES: Phrases<Cause> = { ...ONWARD, ...ROOTS };

/** The closed list. */
export const CAUSE_KINDS = Object.keys(PHRASES) as readonly Cause['kind'][];

const DOUBTS: { readonly [why in Doubt]: string } = {
  vm_replaced: 'its machine was replaced',
  vm_reverted: 'its machine was reverted to a snapshot',
  drifted: 'a check found that it has drifted',
};
const ENDS: { readonly [outcome in RequiredOutcome | 'reached']: string } = {
  reached: 'is reached',
  failed: 'fails',
  final: 'ends',
};
const DOES: { readonly [phase in Of<'running'>['phase']]: string } = {
  action: 'runs',
  probe: 'is looked at by its probe',
  rescue: 'is being rescued',
  undo: 'is being undone',
  verify: 'is looked at by its probe after the undo',
};
const MUST: { readonly [must in Of<'agent'>['must']]: (machine: string) => string } = {
  be_online: machine => `waits for the agent of ${machine}`,
  take_command: machine => `waits for ${machine} to take the command`,
  take_turn: machine => `waits for its turn on ${machine}, where something else runs`,
  come_back: machine => `was started on ${machine} and waits for word of it`,
};
const UNDONE: { readonly [cause in StepCause]?: string } = {
  nothing_to_undo: ': there was nothing to undo',
  vm_lost: ': its machine is lost',
  abandoned: ': it was abandoned as it was',
  undo_failed: ', as far as it could be: its undo failed, which its state tolerates',
};

/** `all 3 of sql.installed: 1 is there; missing sql[1].installed, sql[2].installed`. */
function barrierText({ state, demand, outcome, counts, needed, missing, hopeless }: Of<'barrier'>): string {
  const all = demand === 'all' || demand === 'same';
  const plain = demand === 'any' || demand === String(needed);
  const quorum = all ? `all ${needed}` : plain ? demand : `${demand} (${needed})`;
  const verb = outcome === undefined ? '' : ` to ${outcome === 'failed' ? 'fail' : 'end'}`;
  const there = counts === 0 ? 'none is there' : `${counts} ${counts === 1 ? 'is' : 'are'} there`;
  const names = missing.steps.length === 0 ? '' : `; ${hopeless ? 'lost' : 'missing'}: ${namesText(missing)}`;
  return `${quorum} of ${state}${verb}: ${there}${names}`;
}

function alternativeText(cause: Cause, wording: Wording): string {
  if (cause.kind !== 'barrier' && cause.kind !== 'step') return phraseOf(cause, wording);
  const text =
    cause.kind === 'barrier'
      ? barrierText(cause)
      : `${cause.step}${cause.outcome === undefined ? '' : ` ${ENDS[cause.outcome]}`}`;
  return cause.hopeless ? `${text} (no longer possible)` : text;
}

/** `a, b and 37 more`. */
function namesText({ steps, more }: Names): string {
  return more === 0 ? steps.join(', ') : `${steps.join(', ')} and ${more} more`;
}

function presenceText(presence: Presence, now: number): string {
  switch (presence.kind) {
    case 'unknown':
      return 'no engine runs that could hear of it';
    case 'never_seen':
      return presence.reason ?? 'it was never heard of';
    case 'online':
      return 'it is online';
    case 'offline':
      return `it is offline, last greeted ${durationText(now - presence.lastSeen)} ago (${presence.reason})`;
    default:
      return presence satisfies never;
  }
}

const inText = (at: number, now: number): string =>
  at > now ? `in ${durationText(at - now)}` : 'which has come';

const timeText = (until: number | undefined, now: number): string =>
  until === undefined
    ? ''
    : until > now
      ? `; times out in ${durationText(until - now)}`
      : '; its time is over';

/** `exit 3: could not open …`: the tail's last line says most. */
function errorText({ message, tail = '' }: StepError): string {
  const last = tail.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return last === '' || message.includes(last)
    ? message.replace(/\.$/, '')
    : `${message.replace(/\.$/, '')}: ${last}`;
}
