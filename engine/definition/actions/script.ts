// The action `script`: runs a script in the VM.
// Belongs here: its fields. Does not belong here: how an agent runs it.
import { isObject, type JsonObject } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Compile } from '../draft.ts';
import { type Fields, type Node, readEntries, readItems, readMap, readText } from '../reader.ts';
import type { Report } from '../report.ts';
import { type Content, INTERPRETERS, type Interpreter, type ScriptAction } from '../types.ts';
import { shown } from '../yaml-scalars.ts';
import type { ActionContext, KindOfAction } from './kind.ts';

/** Inputs become environment variables. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const MOST_REBOOTS = 20;

export const script: KindOfAction = {
  needsVm: true,
  placeable: true,
  givesOutputs: true,
  idempotent: false,
  read(node, context) {
    const fields = readMap(context.report, node, 'script', `the script of ${context.what}`);
    if (fields === undefined) return undefined;
    const text = readScriptText(fields, context);
    const inputs = readInputs(fields);
    const ignoreChanges = readIgnored(fields, inputs);
    const reboots = readReboots(fields);
    if (text === undefined) return undefined;
    const fixed = { kind: 'script', ...text, ignoreChanges, reboots } as const;
    return { kind: 'script', at: node.at, build: compile => build(fixed, fields, inputs, compile) };
  },
};

function build(
  fixed: Pick<ScriptAction, 'kind' | 'interpreter' | 'content' | 'ignoreChanges' | 'reboots'>,
  fields: Fields,
  inputs: JsonObject,
  compile: Compile,
): ScriptAction {
  const runAs = fields.get('run_as');
  const directory = fields.get('working_directory');
  return {
    ...fixed,
    inputs: compile(inputs, fields.get('inputs')?.at ?? fields.place('inputs')),
    ...(runAs ? { runAs: compile(runAs.value, runAs.at, { showsSecrets: 'run_as' }) } : {}),
    ...(directory
      ? { workingDirectory: compile(directory.value, directory.at, { showsSecrets: 'working_directory' }) }
      : {}),
  };
}

function readScriptText(
  fields: Fields,
  context: ActionContext,
): { interpreter: Interpreter; content: Content } | undefined {
  for (const key of ['run_as', 'working_directory']) fields.string(key);
  const given = INTERPRETERS.filter(name => fields.has(name));
  const [interpreter] = given;
  if (interpreter === undefined || given.length > 1) {
    const message = `${fields.what} must have exactly one of the keys ${INTERPRETERS.join(', ')}.`;
    fields.report.add(given.length > 1 ? 'wrong_value' : 'missing_key', fields.at, message);
    return undefined;
  }
  const node = fields.required(interpreter);
  const content = node && readContent(node, interpreter, context);
  return content && { interpreter, content };
}

function readContent(
  node: Node,
  interpreter: Interpreter,
  { report, contents, what }: ActionContext,
): Content | undefined {
  if (!isObject(node.value)) {
    const text = readText(report, node, `${interpreter} of ${what}`);
    if (text !== undefined) warnOfExpression(report, text, node.at, what);
    return text === undefined ? undefined : contents.inPlace(text);
  }
  const fields = readMap(report, node, 'script text', `${interpreter} of ${what}`);
  const file = fields?.required('file');
  return file && contents.file(file, `the script of ${what}`)?.content;
}

/** The first piece that looks like an expression of ours; `<%` alone is common in what scripts write. */
function expressionIn(text: string): string | undefined {
  for (let from = text.indexOf('<%'); from !== -1; ) {
    const end = text.indexOf('%>', from + 2);
    if (end === -1) return undefined;
    const piece = text.slice(from, end + 2);
    if (/\b(?:inputs|member|outputs)\b/.test(piece)) return piece;
    from = text.indexOf('<%', end + 2);
  }
  return undefined;
}

function warnOfExpression(report: Report, text: string, at: string, what: string): void {
  const found = expressionIn(text);
  if (found === undefined) return;
  const message = `The script of ${what} holds '${shown(found)}', which stays as it is: the text of a script is never changed.`;
  report.add('wrong_value', at, message, {
    hint: "Give the value under 'inputs', and read it in the script as an environment variable.",
    severity: 'warning',
  });
}

function readInputs(fields: Fields): JsonObject {
  const inputs: [string, JsonObject[string]][] = [];
  for (const [name, { value, at }] of readEntries(
    fields.report,
    fields.get('inputs'),
    `inputs of ${fields.what}`,
    LIMITS.inputs,
  )) {
    if (VARIABLE.test(name)) inputs.push([name, value]);
    else {
      const hint = 'Use letters, digits and underscores, and begin with a letter.';
      fields.report.add(
        'wrong_value',
        at,
        `'${shown(name)}' cannot name an input of a script: it becomes an environment variable.`,
        { hint, key: true },
      );
    }
  }
  return Object.fromEntries(inputs);
}

function readIgnored(fields: Fields, inputs: JsonObject): readonly string[] | 'all' {
  const node = fields.get('ignore_changes');
  if (node?.value === 'all') return 'all';
  const known = Object.keys(inputs);
  const names: string[] = [];
  for (const item of readItems(fields.report, node, `ignore_changes of ${fields.what}`, LIMITS.inputs)) {
    const name = readText(fields.report, item, `ignore_changes of ${fields.what}`);
    if (name === undefined) continue;
    if (known.includes(name)) names.push(name);
    else {
      const message = `ignore_changes of ${fields.what} names '${shown(name)}', which is none of its inputs.`;
      fields.report.add('unknown_name', item.at, message, { near: { name, known } });
    }
  }
  return names;
}

function readReboots(fields: Fields): number {
  const node = fields.get('reboot');
  if (node === undefined) return 0;
  const reboot = readMap(fields.report, node, 'reboot', `reboot of ${fields.what}`);
  if (reboot === undefined) return 0;
  return reboot.integer('max', 0, MOST_REBOOTS) ?? 1;
}
