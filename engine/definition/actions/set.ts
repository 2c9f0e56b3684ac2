// The action `set`: computes outputs, runs nothing.
// Belongs here: its one field. Does not belong here: evaluation (expressions/).
import { LIMITS } from '../../base/limits.ts';
import type { Compile } from '../draft.ts';
import type { Template } from '../expressions/types.ts';
import { pointerTo } from '../positions.ts';
import { type Node, readEntries, readMap } from '../reader.ts';
import type { KindOfAction } from './kind.ts';

export const set: KindOfAction = {
  needsVm: false,
  givesOutputs: true,
  idempotent: true,
  read(node, { report, what }) {
    const fields = readMap(report, node, 'set', `the set of ${what}`);
    const outputs = fields?.required('outputs');
    if (outputs === undefined) return undefined;
    const entries = readEntries(report, outputs, `outputs of the set of ${what}`, LIMITS.outputs);
    return {
      kind: 'set',
      at: node.at,
      gives: entries.map(([name, { at }]) => ({ name, at })),
      build: compile => ({ kind: 'set', outputs: together(outputs.at, entries, compile) }),
    };
  },
};

/** One template of all outputs, each compiled for itself, so that each is checked for itself. */
function together(at: string, entries: readonly (readonly [string, Node])[], compile: Compile): Template {
  const compiled = entries.map(
    ([name, { value }]) => [name, compile(value, pointerTo(at, name), { output: name })] as const,
  );
  return {
    root: { kind: 'map', entries: compiled.map(([name, template]) => [name, template.root] as const) },
    reads: compiled.flatMap(([, template]) => template.reads),
    secret: compiled.some(([, template]) => template.secret),
    at,
  };
}
