// The action `online`: reached when the VM's agent is online and shows the facts asked for.
// Belongs here: its fields. Does not belong here: how an agent is known to be online.
import { readMap } from '../reader.ts';
import { INTERPRETERS, type OnlineAction } from '../types.ts';
import type { KindOfAction } from './kind.ts';

const SYSTEMS = ['linux', 'windows', 'darwin', 'other'] as const;

export const online: KindOfAction = {
  needsVm: true,
  placeable: false,
  givesOutputs: false,
  idempotent: true,
  read(node, { report, what }) {
    const fields = readMap(report, node, 'online', `online of ${what}`);
    if (fields === undefined) return undefined;
    const os = fields.choice('os', SYSTEMS);
    const minDisk = fields.size('min_disk');
    const interpreter = fields.choice('interpreter', INTERPRETERS);
    const action: OnlineAction = {
      kind: 'online',
      ...(os === undefined ? {} : { os }),
      ...(minDisk === undefined ? {} : { minDisk }),
      ...(interpreter === undefined ? {} : { interpreter }),
    };
    return { kind: 'online', at: node.at, build: () => action };
  },
};
