// What a stack's owner may say by `openstack stack resource signal STACK RESOURCE --data JSON`.
// Belongs here: the data of a signal as a request to the engine. Does not belong here: carrying it out (runtime/).
//
//   {"signal": NAME, "data": {…}}            to steps that wait for it; one that comes early is kept
//   {"approve": STEP}   {"reject": STEP}     to a step that asks
//   {"retry": STEP}     {"fail": STEP}       to a step that failed or is held
//   {"skip": STEP, "outputs": {…}}
//   {"resume": true}                         everything that failed
//   {"operation": NAME, "inputs": {…}, "id": ID}   an operation of the definition; with an id the same twice is once
import { z } from 'zod';
import { EngineError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { ActRequest } from '../runtime/api.ts';

const step = z.string();
const object = z.record(z.string(), z.json()).default({});
const shapes = z.union([
  z.strictObject({ signal: z.string(), data: object }),
  z.strictObject({ approve: step }),
  z.strictObject({ reject: step }),
  z.strictObject({ retry: step }),
  z.strictObject({ fail: step }),
  z.strictObject({ skip: step, outputs: object }),
  z.strictObject({ resume: z.literal(true) }),
  z.strictObject({ operation: z.string(), inputs: object, id: z.string().optional() }),
]);

type Wish = ActRequest extends infer One
  ? One extends ActRequest
    ? Omit<One, 'requestId' | 'workflow' | 'by'>
    : never
  : never;

/** EngineError `usage` for anything else. `requestId`: by which an operation without an id is known. */
export function actionOf(details: JsonValue, requestId: string): Wish {
  const { data: said, success } = shapes.safeParse(details);
  if (!success) {
    throw new EngineError(
      'usage',
      'The data of the signal is none that a workflow understands.',
      'Send one of {"signal": NAME, "data": {}}, {"approve": STEP}, {"reject": STEP}, {"retry": STEP}, {"fail": STEP}, {"skip": STEP, "outputs": {}}, {"resume": true}, {"operation": NAME, "inputs": {}}.',
    );
  }
  if ('signal' in said) return { kind: 'signal', name: said.signal, data: said.data as JsonObject };
  if ('approve' in said) return { kind: 'approve', step: said.approve };
  if ('reject' in said) return { kind: 'reject', step: said.reject };
  if ('retry' in said) return { kind: 'retry', step: said.retry };
  if ('fail' in said) return { kind: 'fail', step: said.fail };
  if ('skip' in said) return { kind: 'skip', step: said.skip, outputs: said.outputs as JsonObject };
  if ('operation' in said)
    return {
      kind: 'operate',
      operation: said.operation,
      id: said.id ?? requestId,
      inputs: said.inputs as JsonObject,
    };
  return { kind: 'resume' };
}
