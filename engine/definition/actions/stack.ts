// The action `stack`: a Heat stack of the workflow's own, made as its owner; as an undo, its deletion.
// Belongs here: its fields, and whether they fit the template. Does not belong here: the template itself (hot.ts), how a
// stack is made (drivers/cloud/).
import { isObject, type JsonObject } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Compile } from '../draft.ts';
import { pointerTo } from '../positions.ts';
import { type Fields, type Node, readEntries, readMap, readText } from '../reader.ts';
import type { Content, StackAction, StateOutput } from '../types.ts';
import { shown } from '../yaml-scalars.ts';
import { type HotTemplate, readHot } from './hot.ts';
import type { ActionContext, KindOfAction } from './kind.ts';

export const stack: KindOfAction = {
  needsVm: false,
  placeable: false,
  givesOutputs: true,
  idempotent: true,
  read(node, context) {
    if (context.phase === 'undo') return readDeletion(node, context);
    const fields = readMap(context.report, node, 'stack', `the stack of ${context.what}`);
    const template = fields && readTemplate(fields, context);
    if (fields === undefined) return undefined;
    const parameters = readParameters(fields, template?.hot);
    const sources = readSources(fields);
    if (template === undefined) return undefined;
    const { content, hot } = template;
    return {
      kind: 'stack',
      at: node.at,
      judge: outputs => checkOutputs(fields, outputs, sources, hot),
      build: compile => build(fields, content, parameters, sources, compile),
    };
  },
};

interface Source {
  readonly source: string;
  readonly at: string;
}

/** What takes a stack back where the author says nothing. */
export const DELETION: StackAction = { kind: 'stack', change: 'delete' };

function readDeletion(node: Node, { report, what }: ActionContext) {
  const fields = readMap(report, node, 'stack undo', `the stack of ${what}`);
  return fields && ({ kind: 'stack', at: node.at, build: () => DELETION } as const);
}

function build(
  fields: Fields,
  template: Content,
  parameters: JsonObject,
  sources: ReadonlyMap<string, Source>,
  compile: Compile,
): StackAction {
  return {
    kind: 'stack',
    change: 'create',
    template,
    parameters: compile(parameters, fields.place('parameters')),
    sources: new Map([...sources].map(([name, { source }]) => [name, source])),
  };
}

function readTemplate(
  fields: Fields,
  { report, contents, what }: ActionContext,
): { readonly content: Content; readonly hot: HotTemplate | undefined } | undefined {
  const node = fields.required('template', 'Write the template as text, or name a file: {file: net.yaml}.');
  if (node === undefined) return undefined;
  const whose = `The template of ${what}`;
  if (!isObject(node.value)) {
    const text = readText(report, node, `template of ${fields.what}`);
    return text === undefined
      ? undefined
      : { content: contents.inPlace(text), hot: readHot(report, text, node.at, whose) };
  }
  if ('heat_template_version' in node.value) {
    report.add(
      'wrong_type',
      node.at,
      `${whose} must be text, for Heat would take its functions for its own.`,
      {
        hint: 'Write it as a block (`template: |`), or name a file: {file: net.yaml}.',
      },
    );
    return undefined;
  }
  const place = readMap(report, node, 'template text', `template of ${fields.what}`);
  const file = place?.required('file');
  const found = file && contents.file(file, fields.what);
  return found && { content: found.content, hot: readHot(report, found.text, node.at, whose) };
}

function readParameters(fields: Fields, hot: HotTemplate | undefined): JsonObject {
  const { report, what } = fields;
  const entries = readEntries(report, fields.get('parameters'), `parameters of ${what}`, LIMITS.inputs);
  const given = new Set(entries.map(([name]) => name));
  for (const [name, { at }] of hot ? entries : []) {
    if (hot?.parameters.has(name)) continue;
    const message = `${what} gives the parameter '${shown(name)}', which its template does not have.`;
    report.add('unknown_name', at, message, {
      near: { name, known: hot?.parameters.keys() ?? [] },
      key: true,
    });
  }
  for (const [name, isRequired] of hot?.parameters ?? []) {
    if (!isRequired || given.has(name)) continue;
    report.add('missing_key', fields.at, `${what} gives no value for the parameter '${shown(name)}'.`, {
      hint: `Write it under parameters: {${shown(name)}: …}, or give it a default in the template.`,
    });
  }
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value]));
}

/** Output of the state → the stack's output that it has another name for. */
function readSources(fields: Fields): ReadonlyMap<string, Source> {
  const { report, what } = fields;
  const entries = readEntries(report, fields.get('outputs'), `outputs of ${what}`, LIMITS.outputs);
  return new Map(
    entries.flatMap(([name, node]) => {
      const source = readText(report, node, `an output of ${what}`);
      return source === undefined ? [] : [[name, { source, at: node.at }] as const];
    }),
  );
}

function checkOutputs(
  fields: Fields,
  outputs: ReadonlyMap<string, StateOutput>,
  sources: ReadonlyMap<string, Source>,
  hot: HotTemplate | undefined,
): void {
  const { report, what } = fields;
  for (const [name, { at }] of sources) {
    if (outputs.has(name)) continue;
    const message = `${what} fills '${shown(name)}', which the outputs of its state don't declare.`;
    report.add('unknown_name', at, message, { near: { name, known: outputs.keys() }, key: true });
  }
  for (const { name, optional } of hot ? outputs.values() : []) {
    const source = sources.get(name)?.source ?? name;
    if (optional || hot?.outputs.has(source)) continue;
    const at = sources.get(name)?.at ?? pointerTo(fields.at, 'template');
    const message = `${what} must give '${name}', and its template has no output '${shown(source)}'.`;
    const near = { name: source, known: hot?.outputs ?? [] };
    report.add('unknown_name', at, message, { near });
  }
}
