// The action `file`: puts a file in the VM.
// Belongs here: its fields. Does not belong here: how an agent writes it.
import type { JsonValue } from '../../base/json.ts';
import type { Compile } from '../draft.ts';
import { hasExpression } from '../expression-marks.ts';
import { type Fields, readMap, readText } from '../reader.ts';
import type { Content, FileAction } from '../types.ts';
import { shown } from '../yaml-scalars.ts';
import type { ActionContext, KindOfAction } from './kind.ts';

const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;
const MODE = /^0?[0-7]{3}$|^[0-7]{4}$/;

type Source =
  | { readonly kind: 'template'; readonly value: JsonValue; readonly at: string }
  | { readonly kind: 'copy'; readonly content: Content };

export const file: KindOfAction = {
  needsVm: true,
  givesOutputs: false,
  idempotent: true,
  read(node, context) {
    const fields = readMap(context.report, node, 'file', `the file of ${context.what}`);
    if (fields === undefined) return undefined;
    const path = fields.required('path');
    checkPath(fields);
    fields.string('owner');
    const mode = readMode(fields);
    const source = readSource(fields, context);
    if (path === undefined || source === undefined) return undefined;
    return { kind: 'file', at: node.at, build: compile => build(fields, source, mode, compile) };
  },
};

function build(fields: Fields, source: Source, mode: number | undefined, compile: Compile): FileAction {
  const path = fields.get('path') ?? { value: '', at: fields.at };
  const owner = fields.get('owner');
  return {
    kind: 'file',
    path: compile(path.value, path.at, { showsSecrets: 'path' }),
    content:
      source.kind === 'copy' ? source : { kind: 'template', template: compile(source.value, source.at) },
    ...(mode === undefined ? {} : { mode }),
    ...(owner ? { owner: compile(owner.value, owner.at, { showsSecrets: 'owner' }) } : {}),
  };
}

function checkPath(fields: Fields): void {
  const path = fields.string('path');
  if (path === undefined || hasExpression(path) || ABSOLUTE.test(path)) return;
  fields.report.add(
    'wrong_value',
    fields.place('path'),
    `path of ${fields.what} is '${shown(path)}'; it must be absolute.`,
    {
      hint: 'Write it from the root: /etc/app.conf or C:\\app\\app.conf.',
    },
  );
}

function readMode(fields: Fields): number | undefined {
  const text = fields.string('mode');
  if (text === undefined) return undefined;
  if (MODE.test(text)) return Number.parseInt(text, 8);
  fields.report.add('wrong_value', fields.place('mode'), `mode of ${fields.what} is '${shown(text)}'.`, {
    hint: "Write octal digits in quotes, such as '0644'.",
  });
  return undefined;
}

function readSource(fields: Fields, { contents }: ActionContext): Source | undefined {
  const asTemplate = fields.boolean('template') ?? false;
  const [content, named] = [fields.get('content'), fields.get('file')];
  if ((content === undefined) === (named === undefined)) {
    const code = content === undefined ? 'missing_key' : 'wrong_value';
    fields.report.add(code, fields.at, `${fields.what} needs exactly one of 'content' and 'file'.`);
    return undefined;
  }
  if (content !== undefined) {
    if (fields.has('template'))
      fields.report.add(
        'wrong_value',
        fields.place('template'),
        `template of ${fields.what} goes with 'file'; content is always one.`,
      );
    const text = readText(fields.report, content, `content of ${fields.what}`);
    return text === undefined ? undefined : { kind: 'template', value: text, at: content.at };
  }
  const found = named && contents.file(named, fields.what);
  if (found === undefined || named === undefined) return undefined;
  return asTemplate
    ? { kind: 'template', value: found.text, at: named.at }
    : { kind: 'copy', content: found.content };
}
