// The action `wait`: waits for a time.
// Belongs here: its one field. Does not belong here: timers.
import { readMap } from '../reader.ts';
import type { KindOfAction } from './kind.ts';

export const wait: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: false,
  idempotent: true,
  read(node, { report, what }) {
    const fields = readMap(report, node, 'wait', `the wait of ${what}`);
    if (fields?.required('for', 'Write a time such as 30s.') === undefined) return undefined;
    const duration = fields.duration('for');
    return duration === undefined
      ? undefined
      : { kind: 'wait', at: node.at, build: () => ({ kind: 'wait', duration }) };
  },
};
