// The words for what changed of an action: of inputs their old and new values, hidden ones never.
// Belongs here: sentences. Does not belong here: whether anything changed (compare.ts).
import { canonicalJson, isObject, type JsonObject, type JsonValue, secretRefs, tagOf } from '../base/json.ts';
import type { Read, Template } from '../definition/expressions/types.ts';
import type { Action, WorkflowDefinition } from '../definition/types.ts';
import type { Step } from '../graph/types.ts';
import type { Unverified } from '../machine/verify/types.ts';
import type { Foresight } from './foresight.ts';

/** Changes that are told of one step, and characters of one value. */
const SHOWN = 3;
const CHARACTERS = 40;

/** `parts`: `action`, or names of its inputs. */
export function changesOf(foresight: Foresight, step: Step, parts: readonly string[]): string {
  const { begun, state } = foresight;
  const own = partsText(step, parts);
  const reads = readsOf(step.state.action);
  const read = reads.flatMap(one => (one.kind === 'input' ? [one.name] : []));
  const before = begun.former?.state.inputs ?? {};
  const { definition } = foresight.graph;
  const told = [...new Set(read)].flatMap(name =>
    inputChanges(definition, name, before[name], state.inputs[name]),
  );
  if (told.length > 0) return `input ${listed(told)}${own.isInput ? `, used by ${own.text}` : ''}`;
  const entities = new Set(
    reads.flatMap(one => (one.kind === 'members' || one.kind === 'reached' ? [one.entity] : [])),
  );
  const changed = [...entities].filter(entity => hasOtherMembers(foresight, entity));
  if (changed.length > 0) return `the members of ${changed.join(', ')} changed, used by ${own.text}`;
  return `${own.text} changed`;
}

/** Why what was reached may hold no longer. */
export const doubtOf = ({ why }: Unverified): string => DOUBTS[why];

const DOUBTS: { readonly [why in Unverified['why']]: string } = {
  vm_replaced: 'its VM was replaced',
  vm_reverted: 'its VM was reverted',
  drifted: 'it has drifted',
};

const listed = (told: readonly string[]): string =>
  told.length > SHOWN
    ? `${told.slice(0, SHOWN).join(', ')} and ${told.length - SHOWN} more`
    : told.join(', ');

function partsText(
  { state }: Step,
  parts: readonly string[],
): { readonly text: string; readonly isInput: boolean } {
  const inputs = parts.filter(part => part !== 'action');
  const kind = state.action?.kind ?? 'action';
  if (inputs.length === 0) return { text: `its ${kind}`, isInput: false };
  const names = listed(inputs.map(name => `'${name}'`));
  const text = `its input ${names}`;
  return { text: inputs.length < parts.length ? `its ${kind} and ${text}` : text, isInput: true };
}

/** Such as `listener.port 5023 → 5024`. */
function inputChanges(
  { inputs }: WorkflowDefinition,
  name: string,
  before: JsonValue | undefined,
  now: JsonValue | undefined,
): readonly string[] {
  if (canonicalJson(before ?? null) === canonicalJson(now ?? null)) return [];
  return inputs.get(name)?.hidden === true ? [`${name} (hidden)`] : differences(name, before, now);
}

/** Paths that differ, maps in depth. */
function differences(
  path: string,
  before: JsonValue | undefined,
  now: JsonValue | undefined,
): readonly string[] {
  const maps = [plainMap(before), plainMap(now)] as const;
  if (!maps[0] || !maps[1]) return [`${path} ${shown(before)} → ${shown(now)}`];
  const [one, other] = maps;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter(key => canonicalJson(one[key] ?? null) !== canonicalJson(other[key] ?? null))
    .flatMap(key => differences(`${path}.${key}`, one[key], other[key]));
}

/** A map as its author wrote it. */
function plainMap(value: JsonValue | undefined): JsonObject | undefined {
  if (!isObject(value)) return undefined;
  const tag = tagOf(value);
  if (tag === '$literal') return value['$literal'] as JsonObject;
  return tag === undefined ? value : undefined;
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (secretRefs(value).length > 0) return '(hidden)';
  const tagged = tagOf(value) === '$integer' ? (value as JsonObject)['$integer'] : value;
  const text = typeof tagged === 'string' ? tagged : JSON.stringify(tagged);
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > CHARACTERS ? `${line.slice(0, CHARACTERS)}…` : line;
}

function hasOtherMembers({ begun, graph }: Foresight, entity: string): boolean {
  const text = (members = graph.membership.get(entity)): string =>
    JSON.stringify(
      (members ?? []).filter(({ leaving }) => !leaving).map(({ agent, name, data }) => [agent, name, data]),
    );
  return text(begun.former?.graph.membership.get(entity) ?? []) !== text();
}

/** Of all its expressions. */
const readsOf = (action: Action | undefined): readonly Read[] =>
  templatesIn(action).flatMap(({ reads }) => reads);

function templatesIn(value: unknown): readonly Template[] {
  if (value instanceof Map) return [...value.values()].flatMap(templatesIn);
  if (Array.isArray(value)) return value.flatMap(templatesIn);
  if (typeof value !== 'object' || value === null) return [];
  if ('root' in value && 'reads' in value) return [value as Template];
  return Object.values(value).flatMap(templatesIn);
}
