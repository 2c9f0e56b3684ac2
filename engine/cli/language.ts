// What the commands ask of the language: is it valid, with these inputs and members too, and what does it look like.
// Belongs here: the one interface to definition/ and graph/. Does not belong here: any rule of the language.
import type { JsonObject } from '../base/json.ts';
import { checkInputs, checkMembers } from '../definition/inputs.ts';
import { parseDefinition } from '../definition/parse.ts';
import type { Problem } from '../definition/problems.ts';
import { definitionSchema } from '../definition/schema.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import { type Outline, outline } from '../drawing/outline.ts';
import { analyseMembers } from '../graph/analyse.ts';
import { compileGraph } from '../graph/compile.ts';
import { mermaid, mermaidSteps } from '../graph/describe.ts';
import type { Member, Membership } from '../graph/types.ts';
import type { CreateRequest } from '../runtime/api.ts';
import type { DefinitionDocument } from '../runtime/ports.ts';

export type Document = Omit<DefinitionDocument, 'digest'>;
export type Members = CreateRequest['members'];

export interface Language {
  /** Without a definition there is at least one problem that is an error. */
  parse(document: Document): {
    readonly definition?: WorkflowDefinition;
    readonly problems: readonly Problem[];
  };
  /** What is wrong with starting it so; empty when nothing is. */
  checkStart(definition: WorkflowDefinition, inputs: JsonObject, members: Members): readonly Problem[];
  /** What is wrong with these members, whatever the inputs are. */
  checkMembers(definition: WorkflowDefinition, members: Members): readonly Problem[];
  /** The state graph as mermaid text: of the states, or with members of every step. */
  mermaid(definition: WorkflowDefinition, members: Members | undefined): string;
  /** What a drawing shows. EngineError `limit_exceeded` for more states than it can. */
  outline(definition: WorkflowDefinition, members: Members | undefined): Outline;
  /** The JSON Schema of a definition, for editors. */
  schema(): JsonObject;
}

export const language: Language = {
  parse: ({ source, fileName, files }) => parseDefinition(source, { fileName, files }),
  checkStart: (definition, inputs, members) => {
    const wrongInputs = checkInputs(definition, inputs).problems;
    return [
      ...wrongInputs.map(problem => placed(problem, '--inputs')),
      ...language.checkMembers(definition, members),
    ];
  },
  checkMembers: (definition, members) => {
    const wrong = checkMembers(definition, members).map(problem => placed(problem, '--members'));
    if (wrong.some(problem => problem.severity === 'error')) return wrong;
    return [...wrong, ...analyseMembers(definition, membership(members))];
  },
  mermaid: (definition, members) =>
    members === undefined ? mermaid(definition) : mermaidSteps(compileGraph(definition, membership(members))),
  outline: (definition, members) =>
    outline(
      definition,
      members && new Map(Object.entries(members).map(([entity, group]) => [entity, group.length])),
    ),
  schema: definitionSchema,
};

/** Their pointers lead into what was given with an option, not into the definition. */
const placed = (problem: Problem, option: string): Problem => ({
  ...problem,
  pointer: `${option}${problem.pointer}`,
});

export function membership(members: Members): Membership {
  const groups = Object.entries(members).map(([entity, group]) => [
    entity,
    group.map(({ agent, name, data }, index): Member => ({ agent, name, index, data: data ?? {} })),
  ]);
  return new Map(groups as [string, Member[]][]);
}
