// Makes the command for an attempt: every expression evaluated, nothing of it left to decide.
// Belongs here: which action a phase runs, its command, its agent. Does not belong here: when it is sent.
import { EngineError, errorText } from '../base/errors.ts';
import type { Phase } from '../base/ids.ts';
import { type JsonValue, isObject, secretRefs } from '../base/json.ts';
import type {
  Action,
  FileAction,
  GeneratedSecret,
  HttpAction,
  OpenstackAction,
  SetAction,
  StackAction,
  State,
  WorkflowAction,
} from '../definition/types.ts';
import { isRepeatable } from '../definition/actions/call.ts';
import { pathFault } from '../definition/actions/openstack.ts';
import { isSum, urlFault } from '../definition/actions/download.ts';
import type { DataView, Template } from '../definition/expressions/types.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import { outsideId, stateKey } from '../graph/references.ts';
import type { Step } from '../graph/types.ts';
import { childTask, deletionOf, lookAtChild, looksAtChild } from './child.ts';
import type { Draft } from './draft.ts';
import type { GenerateTask } from './generate-task.ts';
import type { Command, ResolvedAction, StepError, StepRecord, WorkflowRecord } from './types.ts';
import { nameFor } from './naming.ts';
import { dataView } from './view.ts';

type ResolvedFile = Extract<ResolvedAction, { kind: 'file' }>;

/** True where the state's `on_change` takes the place of its action. */
export const isChange = ({ changeAction }: State, record?: Pick<StepRecord, 'again'>): boolean =>
  changeAction !== undefined && record?.again?.previous !== undefined;

/**
 * What a phase does: the state's action (or, of a step that changed, what `on_change` says), its probe (before, or after an
 * undo), its rescue, or its undo. `record`: needed where it may be the action.
 */
export function actionOf(state: State, phase: Phase, record?: StepRecord): Action | undefined {
  switch (phase) {
    case 'action':
      return isChange(state, record) ? state.changeAction : state.action;
    case 'probe':
    case 'verify':
      return state.probe;
    case 'rescue':
      return state.rescue?.action;
    case 'undo':
      return state.undo?.action;
    default:
      return phase satisfies never;
  }
}

/** Actions that go to an agent. */
const TRAVELS = new Set<Action['kind']>(['online', 'script', 'file', 'reboot']);
export const travels = (action: Action): boolean => TRAVELS.has(action.kind);

/** Computed in the decision that starts it; secrets are not, for a decision draws no random number. */
export const isComputed = (action: Action | undefined): boolean =>
  action?.kind === 'set' && action.generate === undefined;

/** True when the step must wait for its VM to be free; `online` only asks whether the agent is there. */
export function needsVm(draft: Draft, number: number, phase: Phase): boolean {
  const action = actionOf(draft.step(number).state, phase, draft.record(number));
  return action !== undefined && travels(action) && action.kind !== 'online';
}

/** True when it may run beside others in its VM (`exclusive: false`). What takes back never does, nor a reboot. */
export const sharesVm = (state: State, phase: Phase, record: StepRecord): boolean =>
  !state.exclusive &&
  (phase === 'action' || phase === 'probe' || phase === 'rescue') &&
  actionOf(state, phase, record)?.kind !== 'reboot';

/** Actions that call the owner's cloud. */
const CALLS_OUT = new Set<Action['kind']>(['stack', 'openstack']);

const rightOf = ({ workflow: { credential } }: Draft): Pick<Command, 'credential'> =>
  credential === undefined ? {} : { credential };

/** Throws EngineError `expression_failed`. */
export function makeCommand(draft: Draft, step: Step, phase: Phase, agent: string | undefined): Command {
  const record = draft.record(step.number);
  if (phase === 'probe' && looksAtChild(step, record)) return lookAtChild(draft, step);
  const action = actionOf(step.state, phase, record) as Action;
  if (action.kind === 'workflow' && phase === 'undo') return deletionOf(draft, step);
  const { attempt } = record;
  const collects = phase === 'action' || phase === 'probe';
  const rescues = phase === 'rescue';
  const view = viewFor(
    draft,
    step,
    phase === 'action' ? attempt + 1 : attempt,
    rescues ? record.error : undefined,
  );
  return {
    action:
      action.kind === 'workflow'
        ? childTask(draft, step, action, view)
        : resolve(step, action, view, {
            idempotent: phase === 'action' && step.state.idempotent,
            name: nameFor(draft.workflow, outsideId(step)),
          }),
    ...(agent !== undefined && { agent }),
    ...(CALLS_OUT.has(action.kind) && rightOf(draft)),
    timeout: phase === 'undo' ? (step.state.undo?.timeout ?? step.state.timeout) : step.state.timeout,
    reason: reasonFor(phase, record, runsFor(draft, record) !== undefined),
    ...(sharesVm(step.state, phase, record) && { exclusive: false }),
    outputs: collects ? [...step.state.outputs.values()].map(({ name, hidden }) => ({ name, hidden })) : [],
  };
}

function reasonFor(
  phase: Phase,
  { touched, tries, renews, again, rescues = 0 }: StepRecord,
  isOperated: boolean,
): Command['reason'] {
  switch (phase) {
    case 'probe':
    case 'verify':
      return 'verify';
    case 'action':
      if (isOperated && tries === 0) return 'operation';
      if (again?.why === 'unverified' && tries === 0) return 'verify';
      if ((renews !== undefined || again) && tries === 0) return 'changed';
      // What was taken back is as if it had never run.
      return touched ? 'retry' : 'first';
    case 'rescue':
      return rescues <= 1 ? 'first' : 'retry';
    case 'undo':
      return tries === 0 ? 'first' : 'retry';
    default:
      return phase satisfies never;
  }
}

/** The operation that a step runs for; what is tried again after its end runs for none. */
const runsFor = (
  { workflow: { operation } }: Draft,
  record: StepRecord,
): WorkflowRecord['operation'] | undefined =>
  record.operation !== undefined && record.operation === operation?.id ? operation : undefined;

export function viewFor(draft: Draft, step: Step, attempt: number, error?: StepError): DataView {
  const record = draft.record(step.number);
  const operation = runsFor(draft, record);
  const previous = isChange(step.state, record) ? record.again?.previous : undefined;
  return dataView(draft, {
    step,
    attempt,
    ...(error && { error }),
    ...(operation && { operation }),
    ...(previous && { previous }),
  });
}

/** The error of an attempt that could not even be made. */
export function expressionError(thrown: unknown, phase: Phase): StepError {
  const next = thrown instanceof EngineError ? ` ${thrown.next}` : '';
  return { kind: 'expression', message: `${errorText(thrown)}${next}`, phase };
}

/** What travels, and a `set` that generates; the others never become a command. */
export function resolve(
  step: Step,
  action: Exclude<Action, WorkflowAction>,
  data: DataView,
  { idempotent, name }: { readonly idempotent: boolean; readonly name: string },
): ResolvedAction {
  switch (action.kind) {
    case 'online':
    case 'reboot':
      return action;
    case 'script':
      return {
        kind: 'script',
        interpreter: action.interpreter,
        digest: action.content.digest,
        inputs: inputsOf(action.inputs, data),
        ...optional('runAs', action.runAs, data),
        ...optional('workingDirectory', action.workingDirectory, data),
        reboots: action.reboots,
      };
    case 'file':
      return {
        kind: 'file',
        path: evaluateTemplate(action.path, data),
        content: contentOf(action.content, data),
        ...(action.mode !== undefined && { mode: action.mode }),
        ...optional('owner', action.owner, data),
      };
    case 'http':
      return callOf(action, data, idempotent);
    case 'openstack':
      return cloudCallOf(action, data, idempotent);
    case 'stack':
      return stackOf(action, data, name);
    case 'set':
      if (action.generate) return generateOf(step, action, action.generate, data);
      throw noCommand(action);
    case 'wait':
    case 'signal':
    case 'approval':
      throw noCommand(action);
    default:
      return action satisfies never;
  }
}

const noCommand = ({ kind }: Action): EngineError =>
  new EngineError('internal', `A ${kind} action has no command.`, 'Report this with the definition.');

/** A URL with something hidden in it is judged where that is filled in. */
function callOf(action: HttpAction, data: DataView, idempotent: boolean): ResolvedAction {
  const url = evaluateTemplate(action.url, data);
  const fault = secretRefs(url).length > 0 ? undefined : urlFault(typeof url === 'string' ? url : '');
  if (fault)
    throw new EngineError('expression_failed', `The url ${fault.what}.`, 'Correct what it is made of.');
  return { kind: 'http', url, ...requestOf(action, data, idempotent) };
}

/** A path with something hidden in it is judged where that is filled in. */
function cloudCallOf(action: OpenstackAction, data: DataView, idempotent: boolean): ResolvedAction {
  const { service, microversion } = action;
  const path = evaluateTemplate(action.path, data);
  const fault = secretRefs(path).length > 0 ? undefined : pathFault(typeof path === 'string' ? path : '');
  if (fault)
    throw new EngineError('expression_failed', `The path ${fault.what}.`, 'Correct what it is made of.');
  return {
    kind: 'openstack',
    service,
    path,
    ...(microversion !== undefined && { microversion }),
    ...requestOf(action, data, idempotent),
  };
}

function requestOf(action: HttpAction | OpenstackAction, data: DataView, idempotent: boolean) {
  const { method, expect, until, outputs } = action;
  const headers = evaluateTemplate(action.headers, data);
  return {
    method,
    headers: isObject(headers) ? headers : {},
    ...optional('body', action.body, data),
    ...(expect !== undefined && { expect }),
    ...(until !== undefined && { until }),
    outputs,
    repeatable: idempotent || isRepeatable(method),
  };
}

function stackOf(action: StackAction, data: DataView, name: string): ResolvedAction {
  if (action.change === 'delete') return { kind: 'stack', change: 'delete', name };
  return {
    kind: 'stack',
    change: 'create',
    name,
    digest: action.template.digest,
    parameters: inputsOf(action.parameters, data),
    sources: Object.fromEntries(action.sources),
  };
}

/** What is computed beside the secrets is computed now, and comes to the record with them. */
function generateOf(
  { member }: Step,
  action: SetAction,
  secrets: readonly GeneratedSecret[],
  data: DataView,
): GenerateTask {
  const values = evaluateTemplate(action.outputs, data);
  const since = member?.since === undefined ? {} : { since: member.since };
  return { kind: 'generate', secrets, values: isObject(values) ? values : {}, ...since };
}

function contentOf(content: FileAction['content'], data: DataView): ResolvedFile['content'] {
  switch (content.kind) {
    case 'copy':
      return { digest: content.content.digest };
    case 'template':
      return { value: evaluateTemplate(content.template, data) };
    case 'download':
      return downloadOf(evaluateTemplate(content.url, data), evaluateTemplate(content.sha256, data));
    default:
      return content satisfies never;
  }
}

/** Computed, they are judged as written ones were. */
function downloadOf(
  url: JsonValue,
  sha256: JsonValue,
): { readonly url: JsonValue; readonly sha256: JsonValue } {
  const fault = urlFault(typeof url === 'string' ? url : '');
  if (fault) throw new EngineError('expression_failed', `The url of the file ${fault.what}.`, fault.hint);
  if (typeof sha256 === 'string' && isSum(sha256)) return { url, sha256 };
  throw new EngineError(
    'expression_failed',
    'The sha256 of the file is no SHA-256 sum.',
    'It must be 64 hexadecimal digits in lower case.',
  );
}

function inputsOf(template: Template, data: DataView): { readonly [name: string]: JsonValue } {
  const value = evaluateTemplate(template, data);
  if (isObject(value)) return value;
  throw new EngineError(
    'expression_failed',
    `The inputs at ${template.at} are not a map.`,
    'Make them a map of names.',
  );
}

function optional<Key extends string>(
  key: Key,
  template: Template | undefined,
  data: DataView,
): { readonly [K in Key]?: JsonValue } {
  if (!template) return {};
  return { [key]: evaluateTemplate(template, data) } as { readonly [K in Key]: JsonValue };
}

/** On whose VM a step runs: its member's; for `once` the role's holder, or the lowest index that has come along. */
export function agentFor(draft: Draft, step: Step): string | undefined {
  if (step.member) return step.member.agent;
  const { once } = step.state;
  if (!once) return undefined;
  if ('role' in once) return draft.holders(step.entity.name, once.role)?.[0];
  const members = draft.graph.membership.get(step.entity.name) ?? [];
  const comesAlong = members.find((one, place) => !one.leaving && hasComeAlong(draft, step, place));
  return (comesAlong ?? members.find(one => !one.leaving))?.agent;
}

/** True when the member at this place of the group reached every state of its own that the step requires. */
function hasComeAlong(draft: Draft, step: Step, place: number): boolean {
  return step.state.requires.every(({ entity, state }) => {
    if (entity !== step.entity.name) return true;
    const own = draft.graph.stepByState.get(stateKey(entity, state))?.[place];
    return own === undefined || !draft.step(own).member || draft.record(own).status === 'reached';
  });
}
