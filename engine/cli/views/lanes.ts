// A workflow as lanes: one per machine, one per group for what it does once, one per service.
// Belongs here: which step stands for a lane now, and in which words. Does not belong here: layout (progress.ts).
import type { StepError, StepRecord, StepStatus } from '../../machine/types.ts';
import type { Unverified } from '../../machine/verify/types.ts';
import { causeWords } from '../../machine/why/cause-words.ts';
import type { StepView, WorkflowView } from '../../runtime/api.ts';
import type { Mark } from './style.ts';
import { markOf } from './style.ts';
import { durationText, phrase, sanitiseLine, shellWord } from './text.ts';

export interface Lane {
  readonly name: string;
  readonly mark: Mark;
  /** State that the lane is in or on its way to. */
  readonly state: string;
  /** What goes on there, or what it waits for. */
  readonly detail: string;
  readonly done: number;
  readonly steps: readonly StepView[];
}

/** What the moment adds to a stored view. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Agents that are known to be offline, with the reason. */
  readonly offline: ReadonlyMap<string, string>;
  /** Name of the workflow, for the commands that are shown. */
  readonly workflow: string;
  /** The member's name behind an agent's id. */
  readonly nameOf: (agent: string) => string;
}

export function agentNames(view: WorkflowView | undefined): (agent: string) => string {
  const names = new Map((view?.steps ?? []).map(({ member }) => [member?.agent, member?.name]));
  return agent => sanitiseLine(names.get(agent) ?? agent);
}

/** Statuses in the order in which a lane shows them: the first that any of its steps has, wins. */
const SHOWN_FIRST: readonly StepStatus[] = [
  'failed',
  'paused',
  'interrupted',
  'running',
  'undoing',
  'ready',
  'waiting',
  'blocked',
];

const DONE: readonly StepStatus[] = ['reached', 'skipped', 'not_needed'];
export const isDone = (step: StepView): boolean => DONE.includes(step.record.status);

/** Lanes in the order of the definition; steps that the goal does not need are left out. */
export function lanesOf(view: WorkflowView, moment: Moment): Lane[] {
  const byLane = new Map<string, StepView[]>();
  for (const step of view.steps) {
    if (!step.wanted && !step.record.touched) continue;
    const key = step.member === undefined ? step.entity : `${step.entity}\u0000${step.member.index}`;
    const steps = byLane.get(key);
    if (steps === undefined) byLane.set(key, [step]);
    else steps.push(step);
  }
  const names = new Map<string, number>();
  for (const steps of byLane.values()) {
    const name = memberName(steps);
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  return [...byLane.values()].map(steps => laneOf(steps, (names.get(memberName(steps)) ?? 0) > 1, moment));
}

const memberName = ([first]: readonly StepView[]): string => first?.member?.name ?? first?.entity ?? '';

/** Two members may bear one name: then the entity and index tell them apart. */
function laneName(steps: readonly StepView[], ambiguous: boolean): string {
  const [first] = steps;
  const index = first?.member === undefined ? '' : `[${first.member.index}]`;
  return sanitiseLine(ambiguous ? `${first?.entity}${index} ${memberName(steps)}` : memberName(steps));
}

function laneOf(steps: readonly StepView[], ambiguous: boolean, moment: Moment): Lane {
  const current = currentStep(steps);
  return {
    name: laneName(steps, ambiguous),
    mark: markOf(current.record),
    state: current.state,
    detail: stepDetail(current, moment),
    done: steps.filter(isDone).length,
    steps,
  };
}

function currentStep(steps: readonly StepView[]): StepView {
  for (const status of SHOWN_FIRST) {
    const found = steps.filter(step => step.record.status === status);
    const moving = found.find(step => step.record.due?.for === 'retry') ?? found[0];
    if (moving !== undefined) return moving;
  }
  return (steps.findLast(step => step.record.status === 'reached') ?? steps.at(-1)) as StepView;
}

/** What a step does or waits for, in a few words; empty when its status says it all. */
export function stepDetail(step: StepView, moment: Moment): string {
  const { record } = step;
  switch (record.status) {
    case 'running':
    case 'undoing':
      return runningDetail(step, moment);
    case 'waiting':
      return waitingDetail(step, moment);
    case 'ready':
      return record.due === undefined ? 'waits for its machine to be free' : waitingDetail(step, moment);
    case 'failed':
    case 'interrupted':
      return failureText(step);
    case 'paused':
      return askedText(step, moment) ?? `waits for you · ${failureText(step)}`;
    case 'blocked':
    case 'skipped':
    case 'not_needed':
      return causeText(step);
    case 'reached':
      if (record.child !== undefined) return childText(record);
      return record.cause === 'tolerated'
        ? `${causeWords('tolerated')} · ${failureText(step)}`
        : doubtText(record);
    case 'undone':
      return record.cause === undefined ? '' : causeText(step);
  }
}

/** Who is waited for, and what to type; undefined for a step that is held after a failure. */
function askedText({ id, record }: StepView, { workflow }: Moment): string | undefined {
  const { asks } = record;
  if (asks === undefined) return undefined;
  if (asks.kind === 'signal')
    return `waits for the signal ${asks.name} · murano-workflow signal ${workflow} ${asks.name}`;
  return `waits for your yes or no: ${phrase(asks.message)} · murano-workflow approve ${workflow} ${shellWord(id)}`;
}

function runningDetail(step: StepView, { now, offline, nameOf }: Moment): string {
  const { record } = step;
  const lost = record.agent === undefined ? undefined : offline.get(record.agent);
  if (lost !== undefined && step.kind !== 'reboot')
    return `machine offline${lost === '' ? '' : `: ${sanitiseLine(lost)}`}`;
  const parts = [`${phaseWord(step)} ${durationText(now - record.since)}`];
  if (record.child !== undefined) parts.push(childText(record));
  if (record.attempt > 1) parts.push(`attempt ${record.attempt}`);
  if (record.agent !== undefined && record.agent !== step.member?.agent)
    parts.push(`on ${nameOf(record.agent)}`);
  if (record.due?.for === 'wait') parts.push(`${durationText(record.due.at - now)} left`);
  return parts.join(' · ');
}

/** Its id, by which all commands work, and why it is held. */
function childText({ child, held }: StepRecord): string {
  const name = `child ${sanitiseLine(child ?? '')}`;
  return held === undefined ? name : `${name} is held: ${phrase(held)}`;
}

function phaseWord({ kind, record }: StepView): string {
  if (record.phase === 'probe') return 'probing';
  if (record.phase === 'rescue') return 'rescuing';
  if (record.phase === 'verify') return 'verifying';
  if (record.phase === 'undo' || record.status === 'undoing') return 'undoing';
  if (kind === 'online') return 'waiting for the agent';
  if (kind === 'wait') return 'waiting';
  if (kind === 'reboot' && record.progress === 'started') return 'rebooting';
  return record.progress === 'accepted' ? 'queued on the machine' : 'running';
}

function waitingDetail({ record, waitsFor }: StepView, { now }: Moment): string {
  if (record.due?.for === 'retry') {
    const why = record.error === undefined ? '' : ` · ${errorPhrase(record.error)}`;
    return `next attempt in ${durationText(record.due.at - now)}${why}`;
  }
  return waitsFor.length === 0 ? '' : `waits for ${waitsFor.map(sanitiseLine).join(', ')}`;
}

/** The failure in one line: the message, and the last thing the script said. */
export function failureText({ record }: StepView): string {
  if (record.error === undefined)
    return record.status === 'interrupted' ? 'interrupted' : causeWords(record.cause);
  const last = sanitiseLine(lastLine(record.error.tail ?? ''));
  return last === '' ? errorPhrase(record.error) : `${errorPhrase(record.error)}: ${last}`;
}

/** Phases whose exit code says all; in others the message tells of two failures. */
const TELLS = new Set<StepError['phase']>(['probe', 'action', 'verify']);

/** Why an attempt failed, in the fewest words. */
export function errorPhrase(error: StepError): string {
  return error.kind === 'exit' && error.exitCode !== undefined && TELLS.has(error.phase)
    ? `exit code ${error.exitCode}`
    : phrase(error.message);
}

const DOUBTS: { readonly [why in Unverified['why']]: string } = {
  vm_replaced: 'unverified: its machine was replaced',
  vm_reverted: 'unverified: its machine was reverted',
  drifted: 'has drifted',
};

/** Of a reached step, in a few words; empty when nothing is in doubt. */
export function doubtText({ unverified, look }: StepRecord): string {
  const found = look?.error === undefined ? '' : errorPhrase(look.error);
  if (look && look.found === undefined) return 'is looked at';
  if (unverified) return `${DOUBTS[unverified.why]}${found === '' ? '' : ` · ${found}`}`;
  return look?.found === 'unknown' ? `could not be checked · ${found}` : '';
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

function causeText(step: StepView): string {
  const words = causeWords(step.record.cause);
  return step.waitsFor.length === 0 ? words : `${words} · ${step.waitsFor.map(sanitiseLine).join(', ')}`;
}
