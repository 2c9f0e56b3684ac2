// What a stack's owner may say by `openstack stack resource signal STACK RESOURCE --data JSON`.
// Belongs here: the data of a signal as a request to the engine. Does not belong here: carrying it out (runtime/).
//
//   {"signal": NAME, "data": {…}}            to steps that wait for it; one that comes early is kept
//   {"approve": STEP}   {"reject": STEP}     to a step that asks
//   {"retry": STEP}     {"fail": STEP}       to a step that failed or is held
//   {"skip": STEP, "outputs": {…}}
//   {"resume": true}                         everything that failed
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
]);

type Wish = ActRequest extends infer One
  ? One extends ActRequest
    ? Omit<One, 'requestId' | 'workflow' | 'by'>
    : never
  : never;

/** EngineError `usage` for anything else. */
export function actionOf(details: JsonValue): Wish {
  const { data: said, success } = shapes.safeParse(details);
  if (!success) {
    throw new EngineError(
      'usage',
      'The data of the signal is none that a workflow understands.',
      'Send one of {"signal": NAME, "data": {}}, {"approve": STEP}, {"reject": STEP}, {"retry": STEP}, {"fail": STEP}, {"skip": STEP, "outputs": {}}, {"resume": true}.',
    );
  }
  if ('signal' in said) return { kind: 'signal', name: said.signal, data: said.data as JsonObject };
  if ('approve' in said) return { kind: 'approve', step: said.approve };
  if ('reject' in said) return { kind: 'reject', step: said.reject };
  if ('retry' in said) return { kind: 'retry', step: said.retry };
  if ('fail' in said) return { kind: 'fail', step: said.fail };
  if ('skip' in said) return { kind: 'skip', step: said.skip, outputs: said.outputs as JsonObject };
  return { kind: 'resume' };
}
