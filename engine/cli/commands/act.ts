// The operator's commands: retry, skip, fail, undo, approve, reject, signal, resume, suspend, cancel, update, delete.
// Belongs here: sending one request and seeing it through. Does not belong here: whether it is allowed (the machine).
import { EngineError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { nearest } from '../../definition/nearest.ts';
import type { WorkflowStatus } from '../../machine/types.ts';
import type { ActRequest, WorkflowView } from '../../runtime/api.ts';
import { EXIT_OF_STATUS, type ExitCode } from '../exits.ts';
import type { WatchOptions } from '../finish.ts';
import { watchToEnd } from '../finish.ts';
import type { Context, Session } from '../host.ts';
import { readFrom } from '../loading.ts';
import { finishDeletion, mustBeApplied, nextCommand, withExisting } from '../sessions.ts';
import { printWhole } from '../terminal.ts';
import { parseValues } from '../values.ts';
import { piece, plain } from '../views/style.ts';

type Asked<Kind extends ActRequest['kind']> = Omit<
  Extract<ActRequest, { readonly kind: Kind }>,
  'requestId' | 'workflow' | 'by'
>;

export type Action =
  | { readonly kind: 'retry'; readonly step?: string }
  | { readonly kind: 'skip'; readonly step: string; readonly outputs: JsonObject }
  | { readonly kind: 'fail' | 'undo' | 'approve' | 'reject'; readonly step: string }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonObject }
  | { readonly kind: 'resume'; readonly credential?: JsonObject }
  | { readonly kind: 'cancel' | 'suspend' | 'check' }
  | { readonly kind: 'converge'; readonly credential?: JsonObject }
  | Asked<'update'>
  | Asked<'operate'>
  | { readonly kind: 'delete'; readonly abandon: boolean; readonly credential?: JsonObject };

/** What is said when it is applied, before the progress. */
const APPLIED: { readonly [kind in Action['kind']]: string } = {
  retry: 'is tried again',
  skip: 'counts as done',
  fail: 'has failed by your word',
  undo: 'is being undone, after what stands on it',
  approve: 'is approved',
  reject: 'is rejected',
  signal: 'is sent',
  resume: 'goes on',
  cancel: 'is being cancelled',
  suspend: 'is suspended: what runs may end, and nothing begins until it is resumed',
  check: 'is being checked: what is reached is looked at by its probes',
  converge: 'converges: what is unverified runs again, what failed is tried again',
  update: 'is being updated: what changed runs again, what is new runs, what is gone is undone',
  operate: 'is begun',
  delete: 'is being deleted: what was done is undone first',
};

/**
 * With a running engine the request is handed to it; `resume`, `check`, `converge`, `update`, `undo` and `delete` are watched to their end, the others
 * return when they are applied. Without one, an engine is started here for the time it takes, and watched.
 */
export async function act(
  context: Context,
  id: string,
  action: Action,
  options: WatchOptions,
): Promise<ExitCode> {
  if (action.kind === 'delete') await finishDeletion(context, options);
  return withExisting(context, options, id, async (session, view) => {
    checkStep(view, action);
    const { seq, status, suspended } = view.record;
    const isMoved = 'credential' in action || suspended !== undefined;
    if (action.kind === 'resume' && !isMoved && NEEDS_NO_RESUME.includes(status))
      return watchToEnd(context, session, id, options, seq);
    const request = {
      requestId: context.newRequestId(),
      workflow: id,
      by: context.by,
      ...action,
    } as ActRequest;
    mustBeApplied(await session.api.act(request));
    if (session.kind === 'attached' && !WATCHED.has(action.kind)) {
      return sayHandedOver(context, id, action, options);
    }
    if (!options.json) sayApplied(context, id, action, session);
    const asked =
      action.kind === 'operate'
        ? { operation: action.id }
        : action.kind === 'check'
          ? ({ isCheck: true } as const)
          : {};
    const code = await watchToEnd(context, session, id, options, seq, asked);
    return (await hasCome(session, id, action, code)) ? 0 : code;
  });
}

/** What was asked for has come, though the workflow has not ended well by that. */
async function hasCome({ api }: Session, id: string, action: Action, code: ExitCode): Promise<boolean> {
  if (action.kind === 'suspend') return code === EXIT_OF_STATUS.held;
  if (action.kind !== 'undo' || code !== EXIT_OF_STATUS.failed) return false;
  const { steps } = await api.workflow(id);
  return steps.some(step => step.id === action.step && step.record.status === 'undone');
}

/** Seen through to their end also where another engine runs. */
const WATCHED: ReadonlySet<Action['kind']> = new Set([
  'resume',
  'check',
  'converge',
  'update',
  'operate',
  'undo',
  'delete',
]);

/** Resuming what moves by itself, or is done, is only watching it. */
const NEEDS_NO_RESUME: readonly WorkflowStatus[] = [
  'running',
  'cancelling',
  'undoing',
  'deleting',
  'complete',
  'deleted',
];

/** A step's name is checked here too: the engine could only say that there is none. */
export function checkStep(
  view: WorkflowView,
  action: Pick<Action, 'kind'> & { readonly step?: string },
): void {
  if (action.step === undefined) return;
  const ids = view.steps.map(step => step.id);
  if (ids.includes(action.step)) return;
  const near = nearest(action.step, ids);
  throw new EngineError(
    'not_found',
    `${view.record.id} has no step ${action.step}`,
    near === undefined
      ? `See all steps with: murano-workflow status ${view.record.id}`
      : `Did you mean '${near}'?`,
  );
}

function subject(id: string, action: Action): string {
  if (action.kind === 'signal') return `The signal ${action.name}`;
  if (action.kind === 'operate') return `The operation ${action.operation} (${action.id})`;
  return 'step' in action && action.step !== undefined ? action.step : id;
}

const applied = (action: Action): string =>
  action.kind === 'delete' && action.abandon
    ? 'is being removed; nothing that it did is undone'
    : APPLIED[action.kind];

function sayApplied(context: Context, id: string, action: Action, session: Session): void {
  const engine = '(No engine was running here: one runs now, for as long as this takes.)';
  printWhole(context.terminal, [
    [piece(`${subject(id, action)} ${applied(action)}.`)],
    ...(session.kind === 'embedded' ? [[piece(engine, 'faint')]] : []),
    [],
  ]);
}

function sayHandedOver(context: Context, id: string, action: Action, options: WatchOptions): ExitCode {
  const { terminal } = context;
  if (options.json) terminal.out(`${JSON.stringify({ applied: true, workflow: id, ...action })}\n`);
  else {
    printWhole(terminal, [
      plain(`${subject(id, action)} ${applied(action)}.`),
      plain(`The running engine goes on with it. Watch: ${nextCommand(options)('events', id, '--follow')}`),
    ]);
  }
  return 0;
}

export async function sendSignal(
  context: Context,
  name: string,
  signal: string,
  options: WatchOptions & { readonly data?: readonly string[] },
): Promise<ExitCode> {
  const data = await parseValues(options.data ?? [], '--data', () => 'map', readFrom(context));
  return act(context, name, { kind: 'signal', name: signal, data }, options);
}

export async function skip(
  context: Context,
  name: string,
  step: string,
  options: WatchOptions & { readonly outputs?: readonly string[] },
): Promise<ExitCode> {
  // The types of outputs are the engine's to know; here 5432 is a number and '"5432"' a text.
  const outputs = await parseValues(options.outputs ?? [], '--outputs', () => 'map', readFrom(context));
  return act(context, name, { kind: 'skip', step, outputs }, options);
}
