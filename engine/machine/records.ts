// Step records: the empty one, making the next from the last, and what a record says about the VM.
// Belongs here: pure questions to one record. Does not belong here: the graph, sums over records (counters.ts).
import type { JsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { StepError, StepRecord, StepStatus, WorkflowRecord } from './types.ts';

/** What is known of a step that never left `waiting`: no row is kept for it. */
export const UNTOUCHED: StepRecord = Object.freeze({
  status: 'waiting',
  attempt: 0,
  tries: 0,
  dispatch: 0,
  touched: false,
  since: 0,
});

export const NO_OUTPUTS: JsonObject = Object.freeze({});

/** Undefined takes a field away. */
export type Patch = { readonly [K in keyof StepRecord]?: StepRecord[K] | undefined };

/** The record after a patch; `since` follows the status unless it is given. Keys come in one order, so equal records have equal text. */
export function patched(before: StepRecord, patch: Patch, at: number): StepRecord {
  const merged = { ...before, ...patch };
  const moved = merged.status !== before.status || before === UNTOUCHED;
  return {
    status: merged.status as StepRecord['status'],
    attempt: merged.attempt as number,
    tries: merged.tries as number,
    dispatch: merged.dispatch as number,
    ...(merged.generation !== undefined && { generation: merged.generation }),
    ...(merged.source !== undefined && { source: merged.source }),
    ...(merged.fingerprint !== undefined && { fingerprint: merged.fingerprint }),
    ...(merged.given !== undefined && { given: merged.given }),
    ...(merged.reran !== undefined && { reran: merged.reran }),
    ...(merged.again !== undefined && OPEN_AGAIN.has(merged.status) && { again: merged.again }),
    ...(merged.unverified !== undefined && isMarkable(merged) && { unverified: merged.unverified }),
    ...(merged.look !== undefined && merged.status === 'reached' && { look: merged.look }),
    ...(merged.phase !== undefined && { phase: merged.phase }),
    ...(merged.progress !== undefined && { progress: merged.progress }),
    ...(merged.command !== undefined && { command: merged.command }),
    ...(merged.due !== undefined && { due: merged.due }),
    ...(merged.asks !== undefined && { asks: merged.asks }),
    ...(merged.answeredBy !== undefined && { answeredBy: merged.answeredBy }),
    ...(merged.child !== undefined &&
      merged.touched &&
      merged.status !== 'undone' && { child: merged.child }),
    ...(merged.held !== undefined && HOLDING.has(merged.status) && { held: merged.held }),
    ...(merged.kept !== undefined && { kept: merged.kept }),
    ...(merged.cancel !== undefined && { cancel: merged.cancel }),
    ...(merged.interruptions && { interruptions: merged.interruptions }),
    ...(merged.rescues && { rescues: merged.rescues }),
    ...(merged.facts !== undefined && { facts: merged.facts }),
    ...(merged.outputs !== undefined && { outputs: merged.outputs }),
    ...(merged.error !== undefined && { error: bounded(merged.error) }),
    ...(merged.cause !== undefined && { cause: merged.cause }),
    ...(merged.agent !== undefined && { agent: merged.agent }),
    ...(merged.base !== undefined && { base: merged.base }),
    ...(merged.next !== undefined && merged.status === 'ready' && { next: merged.next }),
    touched: merged.touched as boolean,
    ...(merged.withdrawn !== undefined && merged.touched && { withdrawn: merged.withdrawn }),
    ...(merged.toUndo && merged.touched && merged.status !== 'undone' && { toUndo: merged.toUndo }),
    ...(merged.operation !== undefined && { operation: merged.operation }),
    ...(merged.renews !== undefined && RENEWING.has(merged.status) && { renews: merged.renews }),
    ...(merged.freshFrom !== undefined && ASKING.has(merged.status) && { freshFrom: merged.freshFrom }),
    ...(merged.hasFailed && { hasFailed: merged.hasFailed }),
    ...(merged.rolling !== undefined && { rolling: merged.rolling }),
    since: patch.since ?? (moved ? at : before.since),
    ...(merged.startedAt !== undefined && { startedAt: merged.startedAt }),
  };
}

/** It may run a child, which may be held. */
const HOLDING = new Set<StepStatus | undefined>(['running', 'undoing']);

/** Statuses between two times of being reached, and the one after a renewal that failed. */
const RENEWING = new Set<StepStatus | undefined>([
  'waiting',
  'ready',
  'running',
  'paused',
  'interrupted',
  'failed',
]);
/** A step that was reached counts as reached again, or is no more, with any other status. */
const OPEN_AGAIN = new Set<StepStatus | undefined>([...RENEWING, 'blocked']);
const ASKING = new Set<StepStatus | undefined>(['waiting', 'blocked']);

/** Reached, or to be so again: of what begins anew nothing is in doubt. */
const isMarkable = ({ status, again, renews }: Patch): boolean =>
  status === 'reached' ||
  (again !== undefined && OPEN_AGAIN.has(status)) ||
  (renews !== undefined && RENEWING.has(status));

/** Whatever an agent says, a record stays small (rule P8). The end of a tail tells most. */
function bounded(error: StepError): StepError {
  if (isBounded(error) && (!error.cause || isBounded(error.cause))) return error;
  return { ...shortened(error), ...(error.cause && { cause: shortened(error.cause) }) };
}

type Said = Pick<StepError, 'message' | 'tail'>;

const isBounded = ({ message, tail = '' }: Said): boolean =>
  message.length <= LIMITS.errorText && tail.length <= LIMITS.tailBytes;

const shortened = <Error extends Said>(error: Error): Error => ({
  ...error,
  message: error.message.slice(0, LIMITS.errorText),
  ...(error.tail && { tail: error.tail.slice(-LIMITS.tailBytes) }),
});

/** What ends with an attempt, whatever comes next. */
export const ATTEMPT_OVER = {
  phase: undefined,
  progress: undefined,
  command: undefined,
  due: undefined,
  cancel: undefined,
  asks: undefined,
  answeredBy: undefined,
  held: undefined,
  kept: undefined,
} satisfies Patch;

/** The agent whose VM it keeps busy (R5): `online` only asks whether the agent is there, others may opt out. */
export function occupies(record: StepRecord | undefined): string | undefined {
  const { command } = record ?? {};
  if (!command || command.action.kind === 'online' || command.exclusive === false) return undefined;
  return command.agent;
}

/** The agent whose VM it waits for: a ready step, or an undo or a look that has not been sent. */
export function queuesFor(record: StepRecord | undefined): string | undefined {
  if (!record || record.command || record.due) return undefined;
  if (isLooking(record)) return record.agent;
  return record.status === 'ready' || record.status === 'undoing' ? record.agent : undefined;
}

/** Equal but for when they came to be so. */
export const isSame = (before: StepRecord, after: StepRecord): boolean =>
  JSON.stringify(before) === JSON.stringify({ ...after, since: before.since });

/** Being run again while it counts as reached; one that failed counts so all the same. */
export const isRenewing = (record: StepRecord): boolean =>
  record.renews !== undefined && record.status !== 'failed';

/** Reached, and being looked at by a check. */
export const isLooking = ({ look }: StepRecord): boolean => look !== undefined && look.found === undefined;

/** Ended without the state: what `outcome: failed` asks for (row 12). */
export const hasNoWay = (status: StepRecord['status'] | undefined): boolean =>
  status === 'failed' || status === 'blocked';

/** The generation in which its last command was sent. */
export const generationOf = ({ generation = FIRST_GENERATION }: StepRecord): number => generation;
export const FIRST_GENERATION = 1;

/** More commands than one step can be sent in one generation: attempts, rescues, probes and undos together. */
const COMMANDS_PER_GENERATION = 100_000;

/**
 * Number of the step's next command, higher than every one before it. Its record may be gone with a member that left; the agent that
 * comes back remembers what it was sent, so a step without commands begins behind all of earlier generations.
 */
export const nextDispatch = ({ dispatch }: Pick<StepRecord, 'dispatch'>, generation: number): number =>
  (dispatch === 0 ? (generation - FIRST_GENERATION) * COMMANDS_PER_GENERATION : dispatch) + 1;

/** The generation with which the definition came that holds, or under which a step last began. */
export const sourceOf = ({ source = FIRST_GENERATION }: { readonly source?: number }): number => source;

/** True while it was reached before definition or inputs changed, and is not judged yet. */
export const isToJudge = ({ again }: StepRecord): boolean => again !== undefined && again.why === undefined;

/** True while it is to be taken back although the workflow goes on. */
export const isWithdrawn = (record: StepRecord | undefined): boolean =>
  record?.withdrawn !== undefined && owes(record);

/** True when something was started that an undo has to take back (R10). */
export const owes = (record: StepRecord): boolean => record.touched && record.status !== 'undone';

/** The same of what an undo of the workflow is about: all, or what a person asked for. */
export const isDebt = (record: StepRecord, { undo }: Pick<WorkflowRecord, 'undo'>): boolean =>
  owes(record) && (undo === undefined || record.toUndo === true);
