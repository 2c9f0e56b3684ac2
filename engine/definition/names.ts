// The names that an author may give to entities, states, roles, inputs and outputs.
// Belongs here: form, reserved words. Does not belong here: whether a name that is used exists (checks/).
import { NAME } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Report } from './report.ts';
import { shown } from './yaml-scalars.ts';

/** Heat takes any map with exactly one of these keys for a call of the function. */
export const HOT_FUNCTIONS: ReadonlySet<string> = new Set([
  'get_attr',
  'get_file',
  'get_param',
  'get_resource',
  'if',
  'repeat',
  'filter',
  'contains',
  'digest',
  'yaql',
  'list_join',
  'list_concat',
  'list_concat_unique',
  'map_merge',
  'map_replace',
  'make_url',
  'str_replace',
  'str_replace_strict',
  'str_replace_vstrict',
  'str_split',
  'resource_facade',
]);

/** Words that mean something of their own wherever a name may stand in an expression. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'in true false null inputs member members error attempt workflow operation previous outputs reached once status ' +
    'name index size string int double bool list map type dyn has cel optional google'
  ).split(' '),
);

/** Words that an expression cannot begin with; an entity's name is the first word of what is read of it. */
const RESERVED_FIRST: ReadonlySet<string> = new Set(
  'if for else let package import function return var void while const continue break loop namespace as'.split(
    ' ',
  ),
);

export type NameKind = 'entity' | 'state' | 'role' | 'rolling' | 'input' | 'output' | 'operation';

/** Notes what is wrong with a name given by the author; true when it may be used. */
export function checkName(report: Report, kind: NameKind, name: string, at: string): boolean {
  if (report.has('reserved_name', at)) return false;
  const refuse = (code: 'wrong_value' | 'reserved_name', message: string, hint: string): false => {
    report.add(code, at, message, { hint, key: true });
    return false;
  };
  const article = /^[aeiou]/.test(kind) ? 'an' : 'a';
  if (HOT_FUNCTIONS.has(name)) {
    return refuse(
      'reserved_name',
      `'${name}' cannot name ${article} ${kind}: it is a function of Heat templates.`,
      'Use another name.',
    );
  }
  if (isReserved(kind, name)) {
    return refuse(
      'reserved_name',
      `'${name}' cannot name ${article} ${kind}: expressions use the word for something else.`,
      'Use another name.',
    );
  }
  if (!NAME.test(name)) {
    const usable = name
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll(/[- .]+/g, '_')
      .toLowerCase();
    const hint =
      NAME.test(usable) && !isReserved(kind, usable) && !HOT_FUNCTIONS.has(usable)
        ? `Write '${usable}'.`
        : `Use a lower-case letter, then letters, digits and underscores, ${LIMITS.nameLength} characters at most.`;
    return refuse('wrong_value', `'${shown(name)}' cannot name ${article} ${kind}.`, hint);
  }
  return true;
}

function isReserved(kind: NameKind, name: string): boolean {
  if (RESERVED.has(name)) return true;
  if (kind === 'role' && name === 'any') return true;
  return kind === 'entity' && RESERVED_FIRST.has(name);
}
