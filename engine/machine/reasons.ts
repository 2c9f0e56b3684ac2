// The sentence on a workflow that does not simply run: what failed and where, or who is waited for.
// Belongs here: words made from records. Does not belong here: deciding the status (ends.ts).
import { LIMITS } from '../base/limits.ts';
import type { Step } from '../graph/types.ts';
import { looksAtChild } from './child.ts';
import { deadlineOf, lateText } from './deadline.ts';
import type { Draft } from './draft.ts';
import { isWithdrawn } from './records.ts';
import { isShutOut, isStopped } from './rolling/entering.ts';
import type { AskedUndo, Question, StepRecord } from './types.ts';
import type { Doubt } from './verify/types.ts';

/** Failures told in full; of the others only the number is said. */
const TOLD = 3;

/** `sql[1].prepared on sql-2 failed: exit 3: …; 2 more failed`. Empty when nothing failed. */
export function describeFailures(draft: Draft, remark: string): string {
  const failed = [
    ...stepsWith(draft, record => record.status === 'failed' || record.status === 'interrupted'),
    ...faultsOfRoles(draft),
  ];
  if (failed.length === 0) return remark === '' ? nothingMoves(draft) : '';
  const text = [list(draft, failed, 'failed'), ...stops(draft)].join('; ');
  return clip(remark === '' ? text : `${text} (${remark})`);
}

/** Of what is complete: failures that the goal did not need, and what may hold no longer. */
export function describeEnd(draft: Draft): string {
  const doubted = stepsWith(
    draft,
    ({ status, unverified }) => status === 'reached' && unverified !== undefined,
  );
  const [first] = doubted;
  const failures = describeFailures(draft, 'not needed for the goal');
  if (first === undefined) return failures;
  const told = doubted.slice(0, TOLD).map(step => `${place(draft, step)} ${doubtText(draft, step)}`);
  const all = [...told, ...more(doubted.length, 'unverified')].join('; ');
  return clip(`${all} (converge runs again what is unverified)${failures && `; ${failures}`}`);
}

function doubtText(draft: Draft, step: Step): string {
  const record = draft.record(step.number);
  const { why = 'drifted' } = record.unverified ?? {};
  return why === 'drifted' && looksAtChild(step, record) ? 'has drifted in its child' : DOUBTS[why];
}

const DOUBTS: { readonly [why in Doubt]: string } = {
  vm_replaced: 'is unverified: its VM was replaced',
  vm_reverted: 'is unverified: its VM was reverted',
  drifted: 'has drifted: its probe denies it',
};

/** The deadline first, then what failed or was called back at it. */
export function describeLate(draft: Draft): string {
  const failed = stepsWith(draft, record => record.status === 'failed' || record.status === 'interrupted');
  const text = lateText(deadlineOf(draft) ?? 0);
  return clip(failed.length === 0 ? text : `${text}; ${list(draft, failed, 'failed')}`);
}

/** Why nothing starts although something still runs; empty unless halted. */
export function describeHalt(draft: Draft): string {
  const { halted } = draft.workflow;
  return halted === undefined ? '' : `Halted: ${halted} failed, so nothing else starts; what runs may end`;
}

/** `rolling sql.patch stopped after 1 failure: 3 members did not begin`. */
function stops({ graph, turns }: Draft): readonly string[] {
  return graph.rollings
    .filter(node => turns.stopped(node.number) > 0 && isStopped(turns, node))
    .map(node => {
      const failures = turns.failed(node.number);
      const kept = graph.turns
        .slice(node.first, node.first + node.members)
        .filter(({ steps }) => steps.some(step => isShutOut(turns, graph, graph.steps[step] as Step)));
      const members = kept.filter(({ number }) => turns.lost(number) > 0).length;
      const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`;
      const who = `rolling ${node.entity}.${node.rolling.name}`;
      return `${who} stopped after ${count(failures, 'failure')}: ${count(members, 'member')} did not begin`;
    });
}

/** One step for each rule of a role that failed: the others are blocked by the same. */
function faultsOfRoles(draft: Draft): readonly Step[] {
  const told = new Set<string>();
  return stepsWith(draft, ({ status, error }) => {
    if (status !== 'blocked' || !error || told.has(error.message)) return false;
    told.add(error.message);
    return true;
  });
}

/** `sql[1].installed on sql-2 waits for an operator: retry, skip or fail it (exit 3: …)`. */
export function describeHolds(draft: Draft): string {
  const paused = stepsWith(draft, ({ status, held }) => status === 'paused' || held !== undefined);
  const told = paused.slice(0, TOLD).map(step => {
    const record = draft.record(step.number);
    if (record.held !== undefined)
      return `${place(draft, step)} waits for its child ${record.child}, which is held: ${record.held}`;
    if (record.asks) return `${place(draft, step)} waits for ${asked(record.asks)}`;
    const why = errorOf(record);
    return `${place(draft, step)} waits for an operator: retry, skip or fail it${why && ` (${why})`}`;
  });
  return clip([...told, ...more(paused.length, 'held')].join('; '));
}

const asked = (asks: Question): string =>
  asks.kind === 'signal' ? `the signal '${asks.name}'` : `an operator's yes or no: ${asks.message}`;

/** What could not be taken back. */
export function describeDebts(draft: Draft): string {
  const left = stepsWith(draft, record => record.cause === 'undo_failed' && record.status === 'failed');
  return clip(`${list(draft, left, 'could not be undone')} (delete again to retry, or abandon it)`);
}

/** What could not be taken back of those who left, or of a role that moved. */
export function describeLeft(draft: Draft): string {
  const left = stepsWith(draft, isWithdrawn);
  const failed = left.filter(({ number }) => draft.record(number).cause === 'undo_failed');
  const told = failed.length > 0 ? failed : left;
  const verb = failed.length > 0 ? 'could not be undone' : 'is not undone yet';
  return clip(`${list(draft, told, verb)} (resume it to try again, or abandon the member)`);
}

/** Why it failed, and what became of what it had started. */
export function describeUndone(draft: Draft): string {
  const left = stepsWith(draft, record => record.cause === 'undo_failed');
  const undone =
    left.length === 0 ? 'what was started is undone' : `${list(draft, left, 'could not be undone')}`;
  return clip(`${draft.workflow.reason}; ${undone}`);
}

/** What a person had taken back, and what could not be. */
export function describeAskedUndo(draft: Draft, { step, by }: AskedUndo, taken: readonly number[]): string {
  const steps = taken.map(number => draft.step(number));
  const left = steps.filter(({ number }) => draft.record(number).cause === 'undo_failed');
  if (left.length > 0)
    return clip(
      `${by} had ${step} taken back; ${list(draft, left, 'could not be undone')} (undo it again to retry, or resume)`,
    );
  const others = steps.filter(
    ({ id, number }) => id !== step && draft.record(number).status === 'undone',
  ).length;
  const more = others === 0 ? '' : `, and ${others} that stood on it`;
  return clip(`${step} is undone, as ${by} asked${more} (resume runs ${others === 0 ? 'it' : 'them'} again)`);
}

function nothingMoves(draft: Draft): string {
  const blocked = stepsWith(draft, record => record.status === 'blocked');
  if (blocked.length === 0) return 'The goal does not hold and no step is left that could bring it about';
  const [first] = blocked as [Step];
  const cause =
    draft.record(first.number).cause === 'role_vacant'
      ? 'nobody could take a role it names'
      : 'what it requires can no longer be met';
  return clip(
    `${first.id} is blocked: ${cause}${blocked.length > 1 ? `; ${blocked.length - 1} more blocked` : ''}`,
  );
}

function stepsWith(draft: Draft, matches: (record: StepRecord) => boolean): readonly Step[] {
  return draft.graph.steps.filter(step => matches(draft.record(step.number)));
}

function list(draft: Draft, steps: readonly Step[], verb: string): string {
  const told = steps.slice(0, TOLD).map(step => {
    const record = draft.record(step.number);
    const why = errorOf(record);
    const did = VERBS[record.status] ?? verb;
    return `${place(draft, step)} ${did}${why && `: ${why}`}`;
  });
  return [...told, ...more(steps.length, verb)].join('; ');
}

const VERBS: { readonly [status in StepRecord['status']]?: string } = {
  interrupted: 'was interrupted',
  blocked: 'is blocked',
};

const more = (count: number, verb: string): readonly string[] =>
  count > TOLD ? [`${count - TOLD} more ${verb}`] : [];

/** The step, and the VM it ran on by the name people know. */
function place(draft: Draft, step: Step): string {
  const { agent } = draft.record(step.number);
  const { member } = step;
  const isOwn = member !== undefined && (agent === undefined || agent === member.agent);
  const name = isOwn ? member.name : nameOf(draft, step.entity.name, agent);
  return name === undefined ? step.id : `${step.id} on ${name}`;
}

/** Of a member of the entity, or of another one: `run_on` may name any. */
function nameOf({ graph }: Draft, entity: string, agent: string | undefined): string | undefined {
  const groups = [graph.membership.get(entity) ?? [], ...graph.membership.values()];
  for (const members of groups) {
    const found = members.find(member => member.agent === agent);
    if (found) return found.name;
  }
  return undefined;
}

/** `It ended with exit code 3: could not open …`; without the full stop, since more may follow. */
function errorOf({ error }: StepRecord): string {
  if (!error) return '';
  const tail = error.tail?.trim();
  const message = error.message.replace(/\.$/, '');
  return tail ? `${message}: ${tail}` : message;
}

const clip = (text: string): string =>
  text.length <= LIMITS.errorText ? text : `${text.slice(0, LIMITS.errorText - 1)}…`;
