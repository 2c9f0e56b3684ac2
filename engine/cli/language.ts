// What the commands ask of the language: is it valid, with these inputs and members too, and what does it look like.
// Belongs here: the one interface to definition/ and graph/. Does not belong here: any rule of the language.
import type { JsonObject } from '../base/json.ts';
import type { Problem } from '../definition/problems.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
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
  /** The state graph as mermaid text. */
  mermaid(definition: WorkflowDefinition, members: Members): string;
}
