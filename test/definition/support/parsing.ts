// Short ways to parse a definition in a test.
// Belongs here: wrapping of fragments, finding problems. Does not belong here: expectations.
import type { JsonValue } from '../../../engine/base/json.ts';
import { parseDefinition, type Parsed } from '../../../engine/definition/parse.ts';
import { type Problem, problemText } from '../../../engine/definition/problems.ts';
import type { State, WorkflowDefinition } from '../../../engine/definition/types.ts';

type Files = { readonly [name: string]: string };

export function parse(source: JsonValue, files: Files = {}): Parsed {
  return parseDefinition(source, { fileName: 'test.yaml', files });
}

/** Indents lines, to put a fragment into a larger text. */
function indent(text: string, by: number): string {
  return text
    .replace(/^\n|\n\s*$/g, '')
    .split('\n')
    .map(line => (line === '' ? line : ' '.repeat(by) + line))
    .join('\n');
}

/** A definition of one group `sql` with the given states (YAML lines), whose goal is `sql.done`. */
export function groupWith(
  states: string,
  options: { entity?: string; top?: string; goal?: string } = {},
): string {
  const { entity = '', top = '', goal = 'sql.done' } = options;
  return `workflow_version: 2026-11-01\n${top}\nentities:\n  sql:\n    type: vm_group\n${indent(entity, 4)}\n    states:\n${indent(states, 6)}\ngoal: ${goal}\n`;
}

/** The problems, as one line each. */
export function texts(parsed: { readonly problems: readonly Problem[] }): string[] {
  return parsed.problems.map(problemText);
}

export function codes(parsed: { readonly problems: readonly Problem[] }): string[] {
  return [...new Set(parsed.problems.map(({ code }) => code))];
}

/** The definition, or an error that shows why there is none. */
export function definitionOf(parsed: Parsed): WorkflowDefinition {
  if (parsed.definition === undefined) throw new Error(`Refused:\n${texts(parsed).join('\n')}`);
  return parsed.definition;
}

export function stateOf(definition: WorkflowDefinition, entity: string, state: string): State {
  const found = definition.entities.get(entity)?.states.get(state);
  if (found === undefined) throw new Error(`There is no ${entity}.${state}`);
  return found;
}
