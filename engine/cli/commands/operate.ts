// `operate`: starts an operation of a workflow's definition, and sees it through (R8).
// Belongs here: words → one request. Does not belong here: watching (act.ts), what the operation does (the machine).
import type { ExitCode } from '../exits.ts';
import type { WatchOptions } from '../finish.ts';
import type { Context } from '../host.ts';
import { readFrom } from '../loading.ts';
import { parseValues } from '../values.ts';
import { act } from './act.ts';

export interface OperateOptions extends WatchOptions {
  readonly inputs?: readonly string[];
  /** By which it is known: the same twice is once. */
  readonly id?: string;
}

export async function operate(
  context: Context,
  name: string,
  operation: string,
  options: OperateOptions,
): Promise<ExitCode> {
  // The types of its inputs are the engine's to know: it takes text as HOT would.
  const inputs = await parseValues(options.inputs ?? [], '--inputs', () => undefined, readFrom(context));
  const id = options.id ?? context.newRequestId();
  return act(context, name, { kind: 'operate', operation, id, inputs }, options);
}
