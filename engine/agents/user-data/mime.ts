// User data of several parts, as cloud-init and cloudbase-init take it: the author's own first, ours last.
// Belongs here: MIME. Does not belong here: what our part says.
//
// Nothing is drawn: the same parts are the same bytes.
import { createHash } from 'node:crypto';
import { EngineError } from '../../base/errors.ts';

interface Part {
  readonly type: string;
  readonly name: string;
  readonly text: string;
}

/** By how it begins, as cloud-init tells them apart; the first that fits. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^## template: jinja/, 'text/jinja2'],
  [/^#cloud-config/, 'text/cloud-config'],
  [/^#cloud-boothook/, 'text/cloud-boothook'],
  [/^#include/, 'text/x-include-url'],
  [/^#ps1|^#!|^rem cmd/i, 'text/x-shellscript'],
];

/**
 * One document of the author's part and ours.
 * EngineError `usage` when the author's is nothing that cloud-init knows, or a document of several parts itself.
 */
export function multipart(own: string, ours: Part): string {
  const parts = [{ type: typeOf(own), name: 'own', text: own }, ours];
  const digest = createHash('sha256');
  for (const { type, text } of parts) digest.update(`${type}\0${text}\0`);
  const boundary = `murano-workflow-${digest.digest('hex').slice(0, 32)}`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    ...parts.flatMap(part => [`--${boundary}`, ...linesOf(part)]),
    `--${boundary}--`,
    '',
  ].join('\n');
}

function typeOf(text: string): string {
  const found = TYPES.find(([pattern]) => pattern.test(text));
  if (found !== undefined) return found[1];
  throw new EngineError(
    'usage',
    'The user data given for the agent is of no kind that can be joined with its own.',
    'Begin it with #cloud-config, #!, #include, #cloud-boothook or #ps1_sysnative.',
  );
}

/** Lists of the author's `write_files` and `runcmd` are kept, and ours appended: by default the last part would replace them. */
const linesOf = ({ type, name, text }: Part): readonly string[] => [
  `Content-Type: ${type}; charset="utf-8"`,
  'MIME-Version: 1.0',
  'Content-Transfer-Encoding: base64',
  `Content-Disposition: attachment; filename="${name}"`,
  ...(type === 'text/cloud-config' && name !== 'own'
    ? ['X-Merge-Type: list(append)+dict(no_replace,recurse_list)+str()']
    : []),
  '',
  ...(Buffer.from(text, 'utf8')
    .toString('base64')
    .match(/.{1,76}/g) ?? []),
];
