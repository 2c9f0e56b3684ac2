// What a HOT template of a `stack` action says of itself: the parameters that it takes, the outputs that it gives.
// Belongs here: reading those, and what a template cannot have here. Does not belong here: what Heat makes of it.
//
// Heat's client puts files into a template before it sends it; here nobody does. So a template that names files
// (`get_file`, a resource whose type is a file) is refused before it fails in Heat.
import { load, YAMLException } from 'js-yaml';
import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Report } from '../report.ts';
import { shown } from '../yaml-scalars.ts';

export interface HotTemplate {
  /** Name → whether a value must be given. */
  readonly parameters: ReadonlyMap<string, boolean>;
  readonly outputs: ReadonlySet<string>;
}

/** Undefined after noting why it is none. `what`: `the template of net.made`. */
export function readHot(report: Report, text: string, at: string, what: string): HotTemplate | undefined {
  const found = parsed(report, text, at, what);
  if (found === undefined) return undefined;
  if (!isObject(found) || found['heat_template_version'] === undefined) {
    report.add('wrong_value', at, `${what} is no HOT template.`, {
      hint: "It begins with 'heat_template_version: 2018-08-31' and has resources.",
    });
    return undefined;
  }
  const file = fileIn(found, 0);
  if (file !== undefined) {
    const message = `${what} names the file '${shown(file)}', which nobody puts into it.`;
    report.add('wrong_value', at, message, { hint: 'Write the content of that file into the template.' });
    return undefined;
  }
  return { parameters: parametersOf(found), outputs: new Set(Object.keys(mapIn(found, 'outputs'))) };
}

function parsed(report: Report, text: string, at: string, what: string): JsonValue | undefined {
  try {
    return load(text, { maxDepth: LIMITS.definitionDepth }) as JsonValue;
  } catch (thrown) {
    const why =
      thrown instanceof YAMLException ? `line ${(thrown.mark?.line ?? 0) + 1}: ${thrown.reason}` : '';
    report.add('yaml_syntax', at, `${what} is not YAML: ${why || 'it cannot be read'}.`);
    return undefined;
  }
}

const mapIn = (map: JsonObject, key: string): JsonObject => {
  const value = map[key];
  return isObject(value) ? value : {};
};

function parametersOf(template: JsonObject): ReadonlyMap<string, boolean> {
  return new Map(
    Object.entries(mapIn(template, 'parameters')).map(([name, schema]) => [
      name,
      !(isObject(schema) && 'default' in schema),
    ]),
  );
}

/** The first file that is named; aliases can make a template deep, but not endless. */
function fileIn(value: JsonValue, depth: number): string | undefined {
  if (depth > LIMITS.definitionDepth || typeof value !== 'object' || value === null) return undefined;
  if (isObject(value)) {
    const { get_file: file, type } = value;
    if (typeof file === 'string') return file;
    if (typeof type === 'string' && /\.(?:ya?ml|template|json)$/.test(type)) return type;
  }
  for (const inner of Object.values(value)) {
    const found = fileIn(inner as JsonValue, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
