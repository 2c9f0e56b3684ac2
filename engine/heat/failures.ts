// Errors as a Python caller raises them.
// Belongs here: our codes as exception classes. Does not belong here: when an error is made.
import { EngineError, type ErrorCode, errorText } from '../base/errors.ts';
import type { RpcFailure } from './envelope.ts';

/**
 * A client of oslo.messaging raises classes of modules that it allows, and `RemoteError` with `exc_type` and `value` for
 * all others: so the plugin tells our errors apart by the name of their class.
 */
const MODULE = 'murano_workflow';

const CLASSES: { readonly [Code in ErrorCode]?: string } = {
  not_found: 'NotFound',
  conflict: 'Conflict',
  not_allowed: 'NotAllowed',
  usage: 'Invalid',
  definition_invalid: 'Invalid',
  inputs_invalid: 'Invalid',
  members_invalid: 'Invalid',
  limit_exceeded: 'Invalid',
};

/** Errors of the engine's surroundings (a full disk, a lost store) are `Unavailable`: asked again, it may work. */
export function failureOf(thrown: unknown): RpcFailure {
  if (!(thrown instanceof EngineError)) {
    return { class: 'Internal', module: MODULE, message: `The engine failed: ${errorText(thrown)}` };
  }
  const name = CLASSES[thrown.code] ?? (thrown.retriable ? 'Unavailable' : 'Internal');
  return { class: name, module: MODULE, message: `${thrown.message} ${thrown.next}`.trim() };
}

/** The two that oslo's own dispatcher raises, under its own names. */
export function noSuchMethod(method: string): RpcFailure {
  return {
    class: 'NoSuchMethod',
    module: 'oslo_messaging.rpc.dispatcher',
    message: `Endpoint does not support RPC method ${method.slice(0, 80)}`,
  };
}

export function unsupportedVersion(version: string, method: string): RpcFailure {
  return {
    class: 'UnsupportedVersion',
    module: 'oslo_messaging.rpc.dispatcher',
    message: `Endpoint does not support RPC version ${version.slice(0, 20)}. Attempted method: ${method.slice(0, 80)}`,
  };
}
