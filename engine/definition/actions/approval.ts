// The action `approval`: waits for a person's yes or no.
// Belongs here: its one field. Does not belong here: who is asked, and how (machine/asking.ts, views).
import { readMap } from '../reader.ts';
import type { KindOfAction } from './kind.ts';

export const approval: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: false,
  idempotent: true,
  read(node, { report, what, timeout }) {
    const fields = readMap(report, node, 'approval', `the approval of ${what}`);
    const message = fields?.required('message', 'Write what is to be decided, for whoever answers.');
    if (fields?.string('message') === undefined || message === undefined) return undefined;
    return {
      kind: 'approval',
      at: node.at,
      build: compile => ({
        kind: 'approval',
        message: compile(message.value, message.at, { showsSecrets: 'message' }),
        ...(timeout === undefined ? {} : { timeout }),
      }),
    };
  },
};
