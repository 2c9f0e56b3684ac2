// One item becomes changes of one workflow: decide, apply in memory, gather what the commit must write.
// Belongs here: items → events → a draft of the commit. Does not belong here: committing (loop.ts), effects (dispatch.ts).
//
// A1  Everything that an item changes in memory is in the draft; memory and draft are committed or dropped together.
// A2  A report settles as `recorded` only for the step's current dispatch; an older one is `stale` and changes nothing.
import { EngineError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { StepId } from '../base/ids.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import type { GenerationChange } from '../machine/events.ts';
import { generationOf } from '../machine/records.ts';
import type { Decision, Effect, MachineEvent, StepRecord } from '../machine/types.ts';
import type { Doubt } from '../machine/verify/types.ts';
import type { Machine } from './machine.ts';
import type {
  InboxRow,
  LogEntry,
  NewAudit,
  NewSecret,
  ReportVerdict,
  RequestResult,
  WorkflowCommit,
  WorkflowSource,
} from './ports.ts';
import type { Item } from './queue.ts';
import { auditOf } from './audit.ts';
import { staleness } from './expectation.ts';
import type { LiveWorkflow, Named } from './live.ts';
import { outlook } from './summary.ts';
import { sameSource } from './same-source.ts';

/** What a commit will hold of one workflow, and what follows once it happened. */
export interface Draft {
  readonly id: string;
  readonly live: LiveWorkflow | undefined;
  readonly steps: Map<number, StepRecord>;
  readonly log: LogEntry[];
  readonly secrets: NewSecret[];
  readonly requests: { requestId: string; result: RequestResult; audit: NewAudit }[];
  /** In the order decided; let out after the commit. */
  readonly effects: Effect[];
  /** Answers to those who wait for an item; given after the commit. */
  readonly answers: (() => void)[];
  recordChanged: boolean;
  /** A generation began: the source goes with the commit, and all steps under the numbers that they have now. */
  renewed: boolean;
  erase: boolean;
}

export function newDraft(id: string, live: LiveWorkflow | undefined): Draft {
  return {
    id,
    live,
    steps: new Map(),
    log: [],
    secrets: [],
    requests: [],
    effects: [],
    answers: [],
    recordChanged: false,
    renewed: false,
    erase: false,
  };
}

/** What the store is to write; undefined when the items changed nothing. */
export function toCommit(draft: Draft): WorkflowCommit | undefined {
  const { id, steps, log, secrets, requests, erase } = draft;
  if (log.length === 0 && requests.length === 0 && !erase) return undefined;
  const live = log.length === 0 ? undefined : draft.live;
  return {
    id,
    ...(live !== undefined && (draft.renewed || !live.stored) ? { source: live.source } : {}),
    ...(live !== undefined && (draft.recordChanged || !live.stored) ? recordOfAll(live) : {}),
    steps: [...steps].map(([number, record]) => ({ number, record })),
    log,
    secrets,
    requests,
    ...(erase ? { erase } : {}),
  };
}

const recordOfAll = ({ graph, state }: LiveWorkflow): Pick<WorkflowCommit, 'record' | 'outlook'> => ({
  record: state.workflow,
  outlook: outlook(graph, state),
});

/** What an item needs from outside of its workflow. */
export interface Around {
  /** Why the workflow is not there. */
  readonly absent?: EngineError;
  /** The definition that an update names. */
  readonly arriving?: WorkflowDefinition;
}

export function aroundOf(
  item: Item,
  absent: ReadonlyMap<string, EngineError>,
  arriving: ReadonlyMap<string, WorkflowDefinition>,
): Around {
  const reason = absent.get(item.workflow);
  const definition = arriving.get(arrivingWith(item) ?? '');
  return { ...(reason && { absent: reason }), ...(definition && { arriving: definition }) };
}

/** Takes one item in. Throws what `decide` throws: then memory and draft of this workflow are to be dropped. */
export function absorb(machine: Machine, draft: Draft, item: Item, now: number, around: Around = {}): void {
  switch (item.kind) {
    case 'report':
      return absorbReport(machine, draft, item, now);
    case 'timer':
      return absorbTimer(machine, draft, item, now);
    case 'request':
      return absorbRequest(machine, draft, item, now, around);
    default:
      return item satisfies never;
  }
}

function absorbReport(machine: Machine, draft: Draft, item: Item & { kind: 'report' }, now: number): void {
  const verdict = judge(draft.live, item.id);
  if (verdict === 'recorded' && draft.live !== undefined) {
    const event = { kind: 'report', id: item.id, report: item.report, at: now } as const;
    const decision = carry(machine, draft, draft.live, event);
    if (decision.changes.length > 0) draft.secrets.push(...item.secrets);
  }
  draft.answers.push(() => item.settle(verdict));
}

function judge(
  live: LiveWorkflow | undefined,
  id: { step: StepId; generation: number; dispatch: number },
): ReportVerdict {
  if (live === undefined) return 'unknown_workflow';
  const record = live.state.records[live.graph.stepByOutside.get(id.step) ?? -1];
  if (record === undefined) return 'stale';
  const current = generationOf(record) === id.generation && record.dispatch === id.dispatch;
  return current ? 'recorded' : 'stale';
}

function absorbTimer(machine: Machine, draft: Draft, item: Item & { kind: 'timer' }, now: number): void {
  const { live } = draft;
  if (live === undefined) return;
  const { step } = item;
  const due = step === undefined ? machine.workflowDue(live.state.workflow) : recordOf(live, step)?.due?.at;
  if (due !== item.due) return;
  const at = Math.max(now, item.due);
  carry(machine, draft, live, { kind: 'timer', ...(step !== undefined && { step }), at });
}

function absorbRequest(
  machine: Machine,
  draft: Draft,
  item: Item & { kind: 'request' },
  now: number,
  around: Around,
): void {
  const { row } = item;
  const before = standing(draft, row);
  const result = answer(machine, draft, row, now, around);
  const audit = auditOf(row, result, { at: now, before, after: standing(draft, row), live: draft.live });
  draft.requests.push({ requestId: row.requestId, result, audit });
  draft.answers.push(() => item.settle(result));
}

function answer(
  machine: Machine,
  draft: Draft,
  row: InboxRow,
  now: number,
  { absent, arriving }: Around,
): RequestResult {
  if (row.kind === 'create') return create(machine, draft, row, now, absent);
  const live = existing(draft);
  const stale = live && staleness(live, row.payload);
  if (stale !== undefined) return stale;
  if (live !== undefined) {
    const brings = { named: namedBy(row), ...(arriving && { arriving }) };
    const decision = carry(machine, draft, live, toEvent(row, now), brings);
    return decision.rejected === undefined
      ? { status: 'applied' }
      : { status: 'rejected', code: 'not_allowed', ...decision.rejected };
  }
  if (row.kind !== 'delete') return rejection(notFound(row.workflow));
  draft.erase = true;
  return { status: 'applied' };
}

function create(
  machine: Machine,
  draft: Draft,
  row: InboxRow,
  now: number,
  absent?: EngineError,
): RequestResult {
  const { live } = draft;
  if (draft.erase) return rejection(wasDeleted(row.workflow));
  if (live === undefined) return rejection(absent ?? notFound(row.workflow));
  if (existing(draft) !== undefined) {
    const same = sameSource(live.source, sourceOf(row));
    return same ? { status: 'applied' } : rejection(otherContent(row.workflow));
  }
  carry(machine, draft, live, { kind: 'create', at: now, ...given(row.payload) });
  return { status: 'applied' };
}

/** The workflow, unless it is only about to be created by an item that was not absorbed yet. */
function existing({ live, log }: Draft): LiveWorkflow | undefined {
  return live !== undefined && (live.stored || log.length > 0) ? live : undefined;
}

/** Decides on one event and carries the changes into memory and draft. */
function carry(
  machine: Machine,
  draft: Draft,
  live: LiveWorkflow,
  event: MachineEvent,
  { arriving, named }: { readonly arriving?: WorkflowDefinition; readonly named?: Named } = {},
): Decision {
  const timed = { ...event, at: Math.max(event.at, live.state.at) };
  const decision = machine.decide(live.graph, live.state, timed, arriving);
  if (decision.rejected !== undefined) return decision;
  if (decision.next !== undefined) renew(draft, live, decision.next, named);
  const { graph, state } = live;
  const before = state.workflow.seq;
  machine.apply(graph, state, decision.changes);
  decision.changes.forEach((change, index) => {
    draft.log.push({ seq: before + index + 1, at: timed.at, change });
    if (change.kind === 'workflow') draft.recordChanged = true;
    else if (change.kind === 'step')
      draft.steps.set(graph.stepById.get(change.step) as number, change.record);
  });
  draft.effects.push(...decision.effects);
  if (state.workflow.status === 'deleted') draft.erase = true;
  return decision;
}

/** Numbers of steps are those of the new graph from here on, so every record is written again. */
function renew(
  draft: Draft,
  live: LiveWorkflow,
  next: NonNullable<Decision['next']>,
  named: Named | undefined,
): void {
  live.enter(next, named);
  draft.renewed = true;
  draft.steps.clear();
  for (const [number, record] of next.state.records.entries())
    if (record !== undefined) draft.steps.set(number, record);
}

/** Status of the step that is named, or of the workflow; undefined: there is none. */
function standing(draft: Draft, { payload }: InboxRow): string | undefined {
  const live = existing(draft);
  const step = (payload as Payload).step;
  if (live === undefined || step === undefined) return live?.state.workflow.status;
  return live.graph.stepById.has(step) ? (recordOf(live, step)?.status ?? 'waiting') : undefined;
}

interface Payload {
  readonly change?: GenerationChange;
  readonly resource?: string;
  readonly operation?: string;
  readonly id?: string;
  readonly inputs?: JsonObject;
  readonly step?: StepId;
  readonly attempt?: number;
  readonly outputs?: JsonObject;
  readonly name?: string;
  readonly data?: JsonObject;
  readonly abandon?: boolean;
  readonly agent?: string;
  readonly why?: Doubt;
  readonly allowed?: number;
  readonly credential?: string;
}

/** What a caller may bring with several kinds of requests. */
function given(payload: Payload): Pick<Payload, 'allowed' | 'credential'> {
  const { allowed, credential } = payload;
  return { ...(allowed !== undefined && { allowed }), ...(credential !== undefined && { credential }) };
}

/** What the resource is called whose change the row is; written with the generation that it begins. */
function namedBy({ payload }: InboxRow): Named {
  const { resource } = payload as Payload;
  return resource === undefined ? {} : { resource };
}

/** The payload of a row was made by service.ts from a checked request. */
function toEvent(row: InboxRow, at: number): MachineEvent {
  const { by } = row;
  const payload = row.payload as Payload;
  const step = payload.step === undefined ? {} : { step: payload.step };
  switch (row.kind) {
    case 'retry':
      return {
        kind: 'retry',
        at,
        by,
        ...step,
        ...(payload.attempt === undefined ? {} : { attempt: payload.attempt }),
      };
    case 'skip':
      return { kind: 'skip', at, by, step: payload.step ?? '', outputs: payload.outputs ?? {} };
    case 'fail':
    case 'undo':
    case 'approve':
    case 'reject':
      return { kind: row.kind, at, by, step: payload.step ?? '' };
    case 'signal':
      return { kind: 'signal', at, by, name: payload.name ?? '', data: payload.data ?? {} };
    case 'resume':
      return { kind: 'resume', at, by, ...given(payload) };
    case 'cancel':
    case 'suspend':
      return { kind: row.kind, at, by };
    case 'check':
    case 'converge':
      return { kind: row.kind, at, by, ...given(payload) };
    case 'unverify':
      return { kind: 'unverify', at, agent: payload.agent ?? '', why: payload.why ?? 'vm_replaced' };
    case 'update':
      return {
        kind: 'update',
        at,
        by,
        change: payload.change ?? {},
        ...given(payload),
      };
    case 'operate':
      return {
        kind: 'operate',
        at,
        by,
        operation: payload.operation ?? '',
        id: payload.id ?? '',
        inputs: payload.inputs ?? {},
        ...(payload.allowed !== undefined && { allowed: payload.allowed }),
      };
    case 'delete':
      return { kind: 'delete', at, by, abandon: payload.abandon === true, ...given(payload) };
    case 'create':
      return { kind: 'create', at };
    default:
      return row.kind satisfies never;
  }
}

/** Digest of the definition that the item brings. */
export function arrivingWith(item: Item): string | undefined {
  if (item.kind !== 'request' || item.row.kind !== 'update') return undefined;
  return (item.row.payload as Payload).change?.source?.definition;
}

/** The workflow that a `create` row asks for. */
export function sourceOf(row: InboxRow): WorkflowSource {
  return row.payload['source'] as unknown as WorkflowSource;
}

function recordOf(live: LiveWorkflow, step: StepId): StepRecord | undefined {
  const number = live.graph.stepById.get(step);
  return number === undefined ? undefined : live.state.records[number];
}

export function notFound(id: string): EngineError {
  return new EngineError(
    'not_found',
    `There is no workflow '${id}'.`,
    'List the workflows to see what there is.',
  );
}

export function wasDeleted(id: string): EngineError {
  return new EngineError(
    'conflict',
    `Workflow '${id}' was deleted; its id is not used twice.`,
    'Create it under another id.',
  );
}

export function otherContent(id: string): EngineError {
  return new EngineError(
    'conflict',
    `Workflow '${id}' exists already, with another definition, other inputs or other members.`,
    'Choose another id, or delete the workflow first and then choose another id.',
  );
}

export function rejection(error: EngineError): RequestResult {
  return { status: 'rejected', code: error.code, message: error.message, next: error.next };
}
