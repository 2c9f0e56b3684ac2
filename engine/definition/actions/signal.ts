// The action `signal`: waits for a signal from outside, by its name.
// Belongs here: its one field. Does not belong here: signals that come, and early ones (machine/asking.ts).
import { NAME } from '../../base/ids.ts';
import { readMap } from '../reader.ts';
import { shown } from '../yaml-scalars.ts';
import type { KindOfAction } from './kind.ts';

export const signal: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: true,
  idempotent: true,
  read(node, { report, what, timeout }) {
    const fields = readMap(report, node, 'signal', `the signal of ${what}`);
    if (fields?.required('name', 'Write the name that the signal will bear.') === undefined) return undefined;
    const name = fields.string('name');
    if (name === undefined) return undefined;
    if (!NAME.test(name)) {
      report.add('wrong_value', `${fields.at}/name`, `name of ${fields.what} is '${shown(name)}'.`, {
        hint: 'Write lower-case letters, digits and underscores, beginning with a letter, 63 at most.',
      });
      return undefined;
    }
    return {
      kind: 'signal',
      at: node.at,
      build: () => ({ kind: 'signal', name, ...(timeout === undefined ? {} : { timeout }) }),
    };
  },
};
