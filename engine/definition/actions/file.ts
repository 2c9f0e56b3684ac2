// The action `file`: puts a file in the VM.
// Belongs here: its fields. Does not belong here: how an agent writes it.
import type { Compile } from '../draft.ts';
import { hasExpression } from '../expression-marks.ts';
import { type Fields, type Node, readMap } from '../reader.ts';
import type { Content, FileAction } from '../types.ts';
import { shown } from '../yaml-scalars.ts';
import { readDownload } from './download.ts';
import type { ActionContext, KindOfAction } from './kind.ts';

const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;
const MODE = /^0?[0-7]{3}$|^[0-7]{4}$/;

type Source =
  | { readonly kind: 'template'; readonly value: string; readonly at: string; readonly file?: string }
  | { readonly kind: 'copy'; readonly content: Content }
  | { readonly kind: 'download'; readonly url: Node; readonly sha256: Node };

const SOURCES = ['content', 'file', 'url'] as const;

export const file: KindOfAction = {
  needsVm: true,
  placeable: true,
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
    content: buildSource(source, compile),
    ...(mode === undefined ? {} : { mode }),
    ...(owner ? { owner: compile(owner.value, owner.at, { showsSecrets: 'owner' }) } : {}),
  };
}

function buildSource(source: Source, compile: Compile): FileAction['content'] {
  switch (source.kind) {
    case 'copy':
      return source;
    case 'template': {
      const { value, at, file } = source;
      return { kind: 'template', template: compile(value, at, { ...(file !== undefined && { file }) }) };
    }
    case 'download': {
      const { url, sha256 } = source;
      return {
        kind: 'download',
        url: compile(url.value, url.at, { showsSecrets: 'url' }),
        sha256: compile(sha256.value, sha256.at, { showsSecrets: 'sha256' }),
      };
    }
    default:
      return source satisfies never;
  }
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

function readSource(fields: Fields, context: ActionContext): Source | undefined {
  const given = SOURCES.filter(key => fields.has(key));
  const [only] = given;
  if (only === undefined || given.length > 1) {
    const code = only === undefined ? 'missing_key' : 'wrong_value';
    fields.report.add(code, fields.at, `${fields.what} needs exactly one of 'content', 'file' and 'url'.`);
    return undefined;
  }
  const asTemplate = fields.boolean('template') ?? false;
  if (only !== 'file')
    goesWith(fields, 'template', 'file', only === 'content' ? '; content is always one' : '');
  if (only !== 'url') goesWith(fields, 'sha256', 'url', '');
  switch (only) {
    case 'content':
      return readContent(fields);
    case 'url':
      return readDownload(fields);
    case 'file':
      return readNamed(fields, context, asTemplate);
    default:
      return only satisfies never;
  }
}

function goesWith(fields: Fields, key: string, other: string, rest: string): void {
  if (!fields.has(key)) return;
  const message = `${key} of ${fields.what} goes with '${other}'${rest}.`;
  fields.report.add('wrong_value', fields.place(key), message, { hint: `Remove '${key}'.`, key: true });
}

function readContent(fields: Fields): Source | undefined {
  const text = fields.string('content');
  return text === undefined ? undefined : { kind: 'template', value: text, at: fields.place('content') };
}

function readNamed(fields: Fields, { contents }: ActionContext, asTemplate: boolean): Source | undefined {
  const named = fields.get('file');
  const found = named && contents.file(named, fields.what);
  if (found === undefined || named === undefined) return undefined;
  if (!asTemplate) return { kind: 'copy', content: found.content };
  return { kind: 'template', value: found.text, at: named.at, file: found.content.file };
}
