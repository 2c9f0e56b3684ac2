// Watching to the end, and the last words: shared by `run`, `resume`, `delete` and the operator's commands.
// Belongs here: that order. Does not belong here: following (watch.ts), wording of endings (views/ending.ts).
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '../base/errors.ts';
import type { PastOperation } from '../machine/operation/types.ts';
import type { WorkflowStatus } from '../machine/types.ts';
import type { WorkflowView } from '../runtime/api.ts';
import type { ExitCode } from './exits.ts';
import { EXIT_OF_STATUS } from './exits.ts';
import type { Context, Session } from './host.ts';
import { makeReporter } from './reporters.ts';
import type { EngineOptions } from './sessions.ts';
import { nextCommand, withReader } from './sessions.ts';
import { printWhole, textWidth } from './terminal.ts';
import { deletedLines, endingLines } from './views/ending.ts';
import { checkLines, isSound } from './views/doubts.ts';
import { unfinishedLines } from './views/operations.ts';
import type { Line } from './views/style.ts';
import { piece, plain } from './views/style.ts';
import { type Residue, standsStill, watch, type Watched } from './watch.ts';

export interface WatchOptions extends EngineOptions {
  readonly verbose: boolean;
}

/** What is watched rather than the workflow: an operation by its id, or a check. */
interface Asked {
  readonly operation?: string | undefined;
  readonly isCheck?: true | undefined;
}

/**
 * Shows progress until the workflow stands still, then how it ended. When the operation was not done, or the check found
 * something, that is a failure whatever became of the workflow.
 */
export async function watchToEnd(
  context: Context,
  session: Session,
  id: string,
  options: WatchOptions,
  after: number,
  asked: Asked = {},
): Promise<ExitCode> {
  const reporter = makeReporter(context.terminal, options.json, {
    verbose: options.verbose,
    now: () => context.now(),
  });
  const { view, interrupted, residue } = await watch(context, session, id, reporter, after).catch(
    async (thrown: unknown) => ({
      view: await leftBehind(context, session, id, options, thrown),
      interrupted: false,
      residue: [],
    }),
  );
  if (interrupted) return sayInterrupted(context, session, id, options);
  const ended = view?.record.operations?.find(one => one.id === asked.operation);
  return sayEnd(context, id, { view, residue, ended, isCheck: asked.isCheck }, options);
}

const LOOKS = 20;
const PAUSE_MS = 100;

/**
 * The engine of another process ends with its own watcher, at the same moment as the workflow: how that ended is in
 * the store. Undefined: it is deleted. Throws `lost` when the workflow was still moving.
 */
export async function leftBehind(
  context: Context,
  session: Session,
  id: string,
  options: EngineOptions,
  lost: unknown,
): Promise<WorkflowView | undefined> {
  const closed = lost instanceof EngineError && lost.code === 'transport_closed';
  if (session.kind !== 'attached' || !closed) throw lost;
  for (let look = 1; look <= LOOKS; look += 1) {
    await delay(PAUSE_MS);
    try {
      const view = await withReader(context, options, reader => reader.api.workflow(id));
      if (view === undefined || standsStill(view)) return view;
      break;
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      if (thrown.code === 'not_found') return undefined;
      // It is still closing, or removing what it kept.
    }
  }
  throw lost;
}

function sayEnd(
  context: Context,
  id: string,
  { view, residue, ended, isCheck }: Pick<Watched, 'view' | 'residue'> & Operated,
  options: WatchOptions,
): ExitCode {
  const { terminal } = context;
  const status = view?.record.status ?? 'deleted';
  const stands = view?.record.suspended ? SUSPENDED : exitOf(status, ended);
  const exitCode = view && isCheck ? (Number(!isSound(view)) as 0 | 1) : stands;
  if (options.json) {
    const facts = { ...endFacts(view), ...residueFacts(residue), ...(ended && { operation: ended }) };
    terminal.out(`${JSON.stringify({ kind: 'end', workflow: id, status, exitCode, ...facts })}\n`);
  } else if (view === undefined)
    printWhole(terminal, deletedLines(id, residue, textWidth(terminal), terminal.style));
  else {
    printWhole(terminal, unfinishedLines(ended, textWidth(terminal), terminal.style));
    if (isCheck) printWhole(terminal, [[], ...checkLines(view, terminal.style)]);
    else sayEnding(context, view, options);
  }
  return exitCode;
}

/** As what is held: it waits for a person. */
const SUSPENDED: ExitCode = 3;

/** `ended`: the operation that was watched, where one was and has ended. */
interface Operated {
  readonly ended?: PastOperation | undefined;
  /** A check was watched: what it found is the answer. */
  readonly isCheck?: true | undefined;
}

const exitOf = (status: WorkflowStatus, ended: PastOperation | undefined): ExitCode =>
  ended !== undefined && ended.status !== 'done' ? 1 : EXIT_OF_STATUS[status];

/** The ending of a workflow that stands still, below an empty line. */
export function sayEnding(context: Context, view: WorkflowView, options: EngineOptions): void {
  const { terminal } = context;
  const ending = { width: textWidth(terminal), style: terminal.style, command: nextCommand(options) };
  const lines = endingLines(view, ending);
  if (lines.length > 0) printWhole(terminal, [[], ...lines]);
}

function residueFacts(residue: readonly Residue[]): object {
  if (residue.length === 0) return {};
  return {
    notUndone: residue.map(({ step, record }) => ({ step, agent: record.agent, error: record.error })),
  };
}

function endFacts(view: WorkflowView | undefined): object {
  if (view === undefined) return {};
  const failed = view.steps.filter(
    step => step.record.error !== undefined && step.record.status !== 'reached',
  );
  return {
    reason: view.record.reason,
    ...(view.record.suspended && { suspended: view.record.suspended }),
    ...(view.record.checked && { checked: view.record.checked, doubts: doubtsOf(view) }),
    outputs: view.outputs,
    ...(view.outputFailures && { outputFailures: view.outputFailures }),
    failures: failed.map(({ id, record }) => ({ step: id, status: record.status, error: record.error })),
  };
}

/** What is in doubt, and what could not be checked. */
const doubtsOf = ({ steps }: WorkflowView): object =>
  steps.flatMap(({ id, record: { status, unverified, look } }) =>
    status === 'reached' && (unverified || look?.found === 'unknown')
      ? [{ step: id, ...(unverified && { unverified }), ...(look && { look }) }]
      : [],
  );

function sayInterrupted(context: Context, session: Session, id: string, options: WatchOptions): ExitCode {
  const command = nextCommand(options);
  if (options.json) {
    context.terminal.out(
      `${JSON.stringify({ kind: 'end', workflow: id, status: 'interrupted', exitCode: 130 })}\n`,
    );
    return 130;
  }
  printWhole(context.terminal, [[], ...interruptedLines(session), ...goOnLines(id, command)]);
  return 130;
}

function interruptedLines(session: Session): Line[] {
  if (session.kind === 'attached')
    return [plain('No longer watching. The engine, another process, goes on.')];
  return [
    [piece('Stopping in order. ', 'warn'), piece('Scripts that run now go on; the next start adopts them.')],
    [piece('Press Ctrl-C again to stop at once.', 'faint')],
  ];
}

function goOnLines(id: string, command: ReturnType<typeof nextCommand>): Line[] {
  return [
    [piece('  Go on:  '), piece(command('resume', id), 'strong')],
    [piece('  Remove: '), piece(command('delete', id), 'strong')],
  ];
}
