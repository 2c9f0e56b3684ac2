// The action `set`: computes outputs and makes secrets; runs nothing.
// Belongs here: its two fields. Does not belong here: evaluation (expressions/), how a secret is made (generate.ts).
import { LIMITS } from '../../base/limits.ts';
import type { Compile, Mention } from '../draft.ts';
import type { Template } from '../expressions/types.ts';
import { pointerTo } from '../positions.ts';
import { type Fields, type Node, readEntries, readMap } from '../reader.ts';
import { readGenerated } from './generate.ts';
import type { KindOfAction } from './kind.ts';

export const set: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: true,
  idempotent: true,
  read(node, { report, what }) {
    const fields = readMap(report, node, 'set', `the set of ${what}`);
    if (fields === undefined || !givesSomething(fields)) return undefined;
    const at = fields.place('outputs');
    const entries = readEntries(
      report,
      fields.get('outputs'),
      `outputs of the set of ${what}`,
      LIMITS.outputs,
    );
    const generated = readGenerated(report, fields.get('generate'), what);
    const mentions = entries.map(([name, entry]) => ({ name, at: entry.at }));
    const makes = generated.map(({ secret, at: place }) => ({ name: secret.name, at: place }));
    checkOnce(fields, mentions, makes);
    const generate = generated.map(({ secret }) => secret);
    return {
      kind: 'set',
      at: node.at,
      gives: [...mentions, ...makes],
      makes,
      build: compile => ({
        kind: 'set',
        outputs: together(at, entries, compile),
        ...(generate.length > 0 && { generate }),
      }),
    };
  },
};

function givesSomething(fields: Fields): boolean {
  if (fields.get('generate')?.value) return true;
  const hint = "Write 'outputs' to compute values, or 'generate' to make secrets.";
  return fields.required('outputs', hint) !== undefined;
}

function checkOnce(fields: Fields, computed: readonly Mention[], made: readonly Mention[]): void {
  for (const { name, at } of made) {
    if (!computed.some(other => other.name === name)) continue;
    const message = `${fields.what} both computes and generates '${name}'.`;
    fields.report.add('duplicate', at, message, { hint: 'Keep one of the two.', key: true });
  }
}

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
