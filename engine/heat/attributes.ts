// A workflow as the attributes of its resource. Pure.
// Belongs here: WorkflowView → plain values, each of bounded size: Heat keeps them in its database and sends them over its
// own bus with every look at the resource. Does not belong here: asking for them (methods.ts), events (progress.ts).
//
// B1. What is cut says how much is left out; counts and sums are always of all steps.
import { LIMITS } from '../base/limits.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { StepStatus } from '../machine/types.ts';
import type { StepView, WorkflowView } from '../runtime/api.ts';
import { unverifiedOf } from './doubts.ts';

/** `state`, `reason`, `progress`, `states`, `unverified`, `failures` and `outputs` of the resource. */
export function attributesOf(view: WorkflowView): JsonObject {
  const wanted = view.steps.filter(step => step.wanted);
  const failed = view.steps.filter(hasFailed);
  const { outputs, leftOut } = boundedOutputs(view.outputs);
  return {
    state: view.record.status,
    reason: view.record.reason,
    progress: { done: wanted.filter(isDone).length, of: wanted.length },
    states: boundedStates(statesOf(wanted)),
    unverified: unverifiedOf(view.steps),
    failures: [...failed.slice(0, LIMITS.shownFailures).map(failureOf), ...moreOf(failed)],
    outputs,
    ...(leftOut.length > 0 && { outputs_left_out: leftOut }),
  };
}

const DONE = new Set<StepStatus>(['reached', 'skipped', 'not_needed']);
const isDone = ({ record }: StepView): boolean => DONE.has(record.status);

const FAILED = new Set<StepStatus>(['failed', 'interrupted']);
const hasFailed = ({ record }: StepView): boolean => FAILED.has(record.status) && record.error !== undefined;

function failureOf({ id, member, record }: StepView): JsonObject {
  const { error, attempt } = record;
  return {
    step: id,
    attempt,
    message: error?.message ?? '',
    ...(member === undefined ? {} : { member: member.name }),
    ...(error?.exitCode === undefined ? {} : { exit_code: error.exitCode }),
    ...(error?.tail === undefined ? {} : { tail: error.tail }),
  };
}

const moreOf = (failed: readonly StepView[]): JsonObject[] =>
  failed.length > LIMITS.shownFailures ? [{ more: failed.length - LIMITS.shownFailures }] : [];

/** Status → steps in it. */
type Counts = Record<string, number>;
/** Entity → state → counts. */
type States = Map<string, Map<string, Counts>>;

function statesOf(steps: readonly StepView[]): States {
  const states: States = new Map();
  for (const { entity, state, record } of steps) {
    const ofEntity = states.get(entity) ?? new Map<string, Counts>();
    states.set(entity, ofEntity);
    const counts = ofEntity.get(state) ?? {};
    ofEntity.set(state, counts);
    counts[record.status] = (counts[record.status] ?? 0) + 1;
  }
  return states;
}

/** Every entity; of its states those in which something is left to do come first, and the rest is one sum. */
function boundedStates(states: States): JsonObject {
  let room = LIMITS.shownStates;
  const shown: Record<string, JsonObject> = {};
  for (const [entity, ofEntity] of states) {
    const sorted = [...ofEntity].toSorted(([, a], [, b]) => Number(isRestful(a)) - Number(isRestful(b)));
    const kept = new Set(sorted.slice(0, room).map(([state]) => state));
    const rest = sorted.slice(room);
    room -= kept.size;
    shown[entity] = {
      ...Object.fromEntries([...ofEntity].filter(([state]) => kept.has(state))),
      ...(rest.length > 0 && { [`(${rest.length} more states)`]: sumOf(rest.map(([, counts]) => counts)) }),
    };
  }
  return shown;
}

const isRestful = (counts: Counts): boolean =>
  Object.keys(counts).every(status => DONE.has(status as StepStatus));

function sumOf(all: readonly Counts[]): Counts {
  const sum: Counts = {};
  for (const counts of all)
    for (const [status, count] of Object.entries(counts)) sum[status] = (sum[status] ?? 0) + count;
  return sum;
}

/** The smallest first, so that one that is too large costs no other its place. */
function boundedOutputs(all: JsonObject): {
  readonly outputs: JsonObject;
  readonly leftOut: readonly string[];
} {
  let room: number = LIMITS.shownOutputBytes;
  const sizes = Object.entries(all).map(([name, value]) => ({ name, bytes: bytesOf(value) }));
  const leftOut = new Set<string>();
  for (const { name, bytes } of sizes.toSorted((a, b) => a.bytes - b.bytes)) {
    room -= bytes;
    if (room < 0) leftOut.add(name);
  }
  const kept = Object.entries(all).filter(([name]) => !leftOut.has(name));
  return { outputs: Object.fromEntries(kept), leftOut: [...leftOut].toSorted() };
}

const bytesOf = (value: JsonValue): number => Buffer.byteLength(JSON.stringify(value));

/** The text, or, where Heat's users could do nothing with so much of it, a drawing that says so. */
export function boundedGraph(text: string, id: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= LIMITS.shownGraphBytes) return text;
  const kilobytes = Math.ceil(bytes / 1024);
  return `flowchart TB\n  note["${kilobytes} KiB are too much for an attribute. Run: murano-workflow graph ${id}"]\n`;
}
