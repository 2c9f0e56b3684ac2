// Getting at an engine: the running one, one of our own, or only its store.
// Belongs here: the choice and its words. Does not belong here: the ways themselves (host.ts).
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ERROR_CODES, EngineError } from '../base/errors.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { WorkflowView } from '../runtime/api.ts';
import type { RequestResult } from '../runtime/ports.ts';
import { usageError } from './failure.ts';
import type { Context, LogLevel, Session } from './host.ts';
import { DEFAULT_STATE_DIRECTORY, STATE_VARIABLE } from './host.ts';
import { remoteLogin, type RemoteOptions } from './remote.ts';
import type { CommandLine } from './views/ending.ts';
import { commandLine } from './views/ending.ts';

/** Options that every command with an engine takes. */
export interface EngineOptions extends RemoteOptions {
  readonly json: boolean;
  readonly logLevel?: LogLevel;
  /** Services that an engine of this command may call. */
  readonly allowHost?: readonly string[];
  /** Address on loopback at which an engine of this command answers operators. */
  readonly admin?: string;
}

export function stateDirectory(context: Context, options: EngineOptions): string {
  const given = options.stateDir ?? (context.env[STATE_VARIABLE] || DEFAULT_STATE_DIRECTORY);
  return path.resolve(context.directory, given);
}

/** Command lines for people: which engine is said only where it was said to us. */
export const nextCommand = ({ stateDir, endpoint, osCloud }: EngineOptions): CommandLine =>
  commandLine([
    ...(stateDir === undefined ? [] : ['--state-dir', stateDir]),
    ...(endpoint === undefined ? [] : ['--endpoint', endpoint]),
    ...(osCloud === undefined ? [] : ['--os-cloud', osCloud]),
  ]);

/** The engine that runs, here or elsewhere; undefined: none does here. */
export async function attached(context: Context, options: EngineOptions): Promise<Session | undefined> {
  const login = await remoteLogin(context, options);
  if (login !== undefined) return context.host.reach(login);
  return context.host.attach(stateDirectory(context, options));
}

/** Runs `work` with an engine that moves workflows: the running one, or one that lives as long as the work. */
export async function withEngine<T>(
  context: Context,
  options: EngineOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return closing(await openEngine(context, options), work);
}

/** An engine that has just taken the lock does not listen yet: it is asked again for a while. */
const ATTEMPTS = 10;
const PAUSE_MS = 100;

async function openEngine(context: Context, options: EngineOptions): Promise<Session> {
  const directory = stateDirectory(context, options);
  const start = {
    logLevel: options.logLevel ?? 'info',
    logToStderr: options.logLevel !== undefined,
    ...(options.allowHost && { egress: { allow: options.allowHost } }),
    ...(options.admin !== undefined && { trial: options.admin }),
  } as const;
  for (let attempt = 1; ; attempt += 1) {
    const running = await attached(context, options);
    if (running !== undefined) return withOwnHosts(running, options);
    try {
      return await context.host.start(directory, start);
    } catch (thrown) {
      const locked = thrown instanceof EngineError && thrown.code === 'store_locked';
      if (!locked || attempt === ATTEMPTS) throw thrown;
      await delay(PAUSE_MS);
    }
  }
}

/** Another engine calls whom its own operator allows. */
async function withOwnHosts(session: Session, { allowHost, admin }: EngineOptions): Promise<Session> {
  if (allowHost === undefined && admin === undefined) return session;
  await session.close();
  if (allowHost === undefined)
    throw usageError(
      'an engine runs here already, and --admin cannot make it answer operators',
      'Leave --admin out, or end that engine first.',
    );
  throw usageError(
    'an engine runs here already, and --allow-host cannot change which services it may call',
    'Leave --allow-host out, or end that engine first.',
  );
}

/** As `withEngine`, for what must exist already. */
export async function withExisting<T>(
  context: Context,
  options: EngineOptions,
  id: string,
  work: (session: Session, view: WorkflowView) => Promise<T>,
): Promise<T> {
  await mustExist(context, options, id);
  return withEngine(context, options, async session => work(session, await session.api.workflow(id)));
}

/**
 * An engine that is killed after the commit of a deletion leaves agents and files of a workflow that is gone. Where no
 * workflow is left, one that starts and ends removes them; else the next that starts here does.
 */
export async function finishDeletion(context: Context, options: EngineOptions): Promise<void> {
  const left = await withReader(context, options, async session => ({
    kind: session.kind,
    workflows: (await session.api.list()).length,
  }));
  if (left?.kind === 'reading' && left.workflows === 0)
    await withEngine(context, options, async () => undefined);
}

/** Runs `work` with anything that can answer questions; undefined when there is no store at all. */
export async function withReader<T>(
  context: Context,
  options: EngineOptions,
  work: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  const running = await attached(context, options);
  if (running !== undefined) return closing(running, work);
  const directory = stateDirectory(context, options);
  if (!(await context.host.exists(directory))) return undefined;
  return closing(await context.host.read(directory), work);
}

async function closing<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Looks before an engine is started for nothing. */
async function mustExist(context: Context, options: EngineOptions, id: string): Promise<void> {
  const found = await withReader(context, options, session => session.api.workflow(id));
  if (found === undefined) throw noState(context, options, id);
}

export function noState(context: Context, options: EngineOptions, id: string): EngineError {
  return new EngineError(
    'not_found',
    `there is no workflow ${id}: ${stateDirectory(context, options)} holds no workflows`,
    'Start one with: murano-workflow run FILE, or name its state directory with --state-dir.',
  );
}

/** A rejected request is an error of the caller; an applied one is nothing to say. */
export function mustBeApplied(result: RequestResult): void {
  if (result.status === 'applied') return;
  const code = result.code in ERROR_CODES ? (result.code as ErrorCode) : 'not_allowed';
  throw new EngineError(code, result.message, result.next);
}
