// `run FILE`: start a workflow, or go on with the one of that name, and watch it to its end.
// Belongs here: this order. Does not belong here: the words of progress and ending (views/), the engine (host.ts).
import { EngineError } from '../../base/errors.ts';
import { ID } from '../../base/ids.ts';
import type { JsonObject } from '../../base/json.ts';
import { statesInCloud } from '../../definition/checks/credential.ts';
import type { CreateRequest } from '../../runtime/api.ts';
import { loadCredential } from '../cloud.ts';
import type { ExitCode } from '../exits.ts';
import { ProblemsFound, usageError } from '../failure.ts';
import type { WatchOptions } from '../finish.ts';
import { watchToEnd } from '../finish.ts';
import type { Context, Session } from '../host.ts';
import type { Loaded } from '../loading.ts';
import { loadDefinition, loadInputs, loadMembers } from '../loading.ts';
import { nextCommand, withEngine } from '../sessions.ts';
import { printLines } from '../terminal.ts';
import { defaultName } from '../values.ts';
import { piece } from '../views/style.ts';

export interface RunOptions extends WatchOptions {
  readonly name?: string;
  readonly inputs?: readonly string[];
  readonly members?: readonly string[];
  readonly cloud?: string;
}

export async function run(context: Context, file: string, options: RunOptions): Promise<ExitCode> {
  const loaded = await loadDefinition(context, file);
  const id = checkedName(options.name ?? defaultName(file));
  const request = await createRequest(context, loaded, id, options);
  const found = context.language.checkStart(loaded.definition, request.inputs, request.members);
  if (found.some(problem => problem.severity === 'error')) throw new ProblemsFound(found, loaded.sources);
  return withEngine(context, options, session => runWith(context, session, loaded, request, options));
}

function checkedName(name: string): string {
  if (ID.test(name)) return name;
  throw usageError(
    `'${name}' cannot be the name of a workflow`,
    'Use letters, digits, - and _ (up to 64): --name my-cluster.',
  );
}

async function createRequest(
  context: Context,
  loaded: Loaded,
  id: string,
  options: RunOptions,
): Promise<CreateRequest> {
  return {
    // Not made of the name: an old request's answer would stand for a workflow that was deleted since.
    requestId: context.newRequestId(),
    id,
    stackName: id,
    document: loaded.document,
    inputs: await loadInputs(context, loaded, options.inputs ?? []),
    members: await loadMembers(context, loaded, options.members ?? [], id),
    ...(await rightOf(context, loaded, options)),
    by: context.by,
  };
}

/** Of a definition that calls no cloud none is asked for. */
async function rightOf(
  context: Context,
  { definition }: Loaded,
  { cloud }: RunOptions,
): Promise<{ credential?: JsonObject }> {
  if (cloud === undefined && statesInCloud(definition).length === 0) return {};
  const credential = await loadCredential(context, cloud);
  return credential === undefined ? {} : { credential };
}

async function runWith(
  context: Context,
  session: Session,
  loaded: Loaded,
  request: CreateRequest,
  options: RunOptions,
): Promise<ExitCode> {
  const { id } = request;
  if (session.trial !== undefined) sayWhere(context, session.trial, options);
  const known = await seqOf(session, id);
  const { problems } = await createOrExplain(session, request, options, known !== undefined);
  if (problems.some(problem => problem.severity === 'error'))
    throw new ProblemsFound(problems, loaded.sources);
  if (known !== undefined && !options.json) {
    printLines(context.terminal, [[piece(`${id} is there already: going on with it.`, 'faint')]]);
  }
  return watchToEnd(context, session, id, options, known ?? 0);
}

/** Where operators are answered: among the lines of a program, as its own object. */
function sayWhere(
  { terminal }: Context,
  { url, token }: NonNullable<Session['trial']>,
  { json }: RunOptions,
): void {
  if (json) terminal.out(`${JSON.stringify({ admin: { url, token } })}\n`);
  else printLines(terminal, [[piece(`Operators are answered at ${url} by the token ${token}`)]]);
}

/** Number of the last entry in the log of a workflow that is there already. */
async function seqOf(session: Session, id: string): Promise<number | undefined> {
  try {
    return (await session.api.workflow(id)).record.seq;
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'not_found') return undefined;
    throw thrown;
  }
}

async function createOrExplain(
  session: Session,
  request: CreateRequest,
  options: RunOptions,
  known: boolean,
): ReturnType<Session['api']['create']> {
  try {
    return await session.api.create(request);
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'conflict') throw thrown;
    throw known ? otherWorkflow(request.id, options, thrown) : usedBefore(request.id, thrown);
  }
}

function otherWorkflow(id: string, options: RunOptions, cause: EngineError): EngineError {
  const command = nextCommand(options);
  return new EngineError(
    'conflict',
    `a workflow ${id} with another definition, other inputs or other members is there already`,
    `Go on with that one: ${command('resume', id)}. Remove it first: ${command('delete', id)}. Or give this one another name with --name.`,
    { cause },
  );
}

/** A deleted workflow leaves its name taken, so that a late request cannot bring it back. */
function usedBefore(id: string, cause: EngineError): EngineError {
  return new EngineError('conflict', cause.message, `Give it another name: --name ${id.slice(0, 60)}-2.`, {
    cause,
  });
}
