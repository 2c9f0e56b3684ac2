// Expressions that read what a service answered, and nothing else: compiled where they are written, and again where the
// answer comes.
// Belongs here: the answer as data of an expression. Does not belong here: asking (drivers/), which keys hold them.
import type { JsonValue } from '../../base/json.ts';
import { parseJsonText } from '../json-text.ts';
import { compileTemplate, evaluateTemplate } from './template.ts';
import type { DataView, ExpressionModel, ResponseView, Template } from './types.ts';

const NO_MODEL: ExpressionModel = { inputs: new Map(), entities: new Map() };

/** `use`: `response_test` answers true or false. The text has passed the definition's checks under the same name `at`. */
export function compileForResponse(
  value: JsonValue,
  use: 'response' | 'response_test',
  at: string,
): Template {
  return compileTemplate(value, { use, at, guaranteed: () => false }, NO_MODEL).template;
}

/** Throws EngineError `expression_failed`; `details.absent` where it reads what the answer does not have. */
export function evaluateForResponse(template: Template, response: ResponseView): JsonValue {
  return evaluateTemplate(template, { ...NOTHING, response });
}

/** `headers`: names in lower case. */
export function responseView(
  status: number,
  headers: { readonly [name: string]: string },
  body: string,
): ResponseView {
  const json = parseJsonText(body);
  return { status, headers, body, ...(json !== undefined && { json }) };
}

const NOTHING: DataView = {
  inputs: {},
  workflow: { id: '', stackName: '' },
  members: () => [],
  role: () => undefined,
  holders: () => undefined,
  outputs: () => undefined,
  once: () => undefined,
  reached: () => [],
};
