// The action `reboot`: reboots the VM and waits for its new boot.
// Belongs here: that it has no fields. Does not belong here: how an agent goes about it (agent-protocol/).
import { readMap } from '../reader.ts';
import type { KindOfAction } from './kind.ts';

export const reboot: KindOfAction = {
  needsVm: true,
  placeable: true,
  givesOutputs: false,
  idempotent: true,
  read(node, { report, what }) {
    if (readMap(report, node, 'reboot action', `the reboot of ${what}`) === undefined) return undefined;
    return { kind: 'reboot', at: node.at, build: () => ({ kind: 'reboot' }) };
  },
};
