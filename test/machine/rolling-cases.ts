// Workflows with one rolling, for tests about turns.
// Belongs here: making them, letting them run. Does not belong here: expectations.
import type { JsonValue } from '../../engine/base/json.ts';
import type { DataView } from '../../engine/definition/expressions/types.ts';
import type { Rolling, Share } from '../../engine/definition/types.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  rolling,
  state,
  type StateSpec,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

/** `a`, then `b` of a group in one rolling; `s.up` needs all of them. */
export function workflow(
  more: Partial<Rolling>,
  members: number,
  specs: { readonly a?: StateSpec; readonly b?: StateSpec } = {},
): Workflow {
  const r = rolling(['a', 'b'], more);
  const group = entity('g', {
    states: [
      state('g', 'a', { rolling: r, ...specs.a }),
      state('g', 'b', { rolling: r, needs: ['a'], ...specs.b }),
    ],
  });
  const up = entity('s', { type: 'service', states: [join('s', 'up', { needs: ['g.b'] })] });
  return new Workflow(definition([group, up], ['s.up']), membership({ g: members })).create();
}

/** Every step that is out succeeds, until nothing is out: which were out at each time, one after the other. */
export function course(w: Workflow): readonly string[] {
  const seen: string[] = [];
  for (let [next] = w.out(); next; [next] = w.out()) {
    seen.push(w.out().join(' '));
    w.succeed(next);
  }
  return seen;
}

export const inOrder = (judge: (member: NonNullable<DataView['member']>) => JsonValue): Partial<Rolling> => ({
  order: expression(({ member }) => judge(member as NonNullable<DataView['member']>)),
});
export const window = (size: Share): Partial<Rolling> => ({ serial: { kind: 'window', size } });
export const batches = (...sizes: readonly Share[]): Partial<Rolling> => ({
  serial: { kind: 'batches', sizes },
});
