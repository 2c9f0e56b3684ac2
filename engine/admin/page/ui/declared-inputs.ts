// Which inputs a workflow's definition declares, for who is about to change some of them.
// Belongs here: that list. Does not belong here: typing values (plan.ts, operate-dialog.ts), the values that they have (panel.ts).
import type { JsonObject } from '../../../base/json.ts';
import type { InputView } from '../../../runtime/operator-api.ts';
import { inputWords } from '../model/operations.ts';
import { h, type Node_ } from './dom.ts';

/** `undefined`: not known yet, or there are none. */
export function declaredInputs(inputs: readonly InputView[]): Node_ | undefined {
  if (inputs.length === 0) return undefined;
  return h(
    'details',
    { class: 'declared', key: 'declared' },
    h('summary', {}, 'Inputs of the definition'),
    h(
      'dl',
      {},
      inputs.flatMap(input => [
        h('dt', { key: `t${input.name}` }, input.name),
        h('dd', { key: `d${input.name}` }, inputWords(input)),
      ]),
    ),
  );
}

/** Of those that are given: which a command line may not show. What another definition declares is not known: told to nobody. */
export const untold = (given: JsonObject, declared: readonly InputView[]): ReadonlySet<string> =>
  new Set(Object.keys(given).filter(name => declared.find(one => one.name === name)?.hidden !== false));
