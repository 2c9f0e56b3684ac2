// A template on disk, the environments and the files that go with it.
// Belongs here: reading them. Does not belong here: what they mean (hot/), what is planned by them (commands/plan-template.ts).
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '../base/limits.ts';
import { filesIn, isElsewhere } from '../hot/resolve.ts';
import { HotText } from '../hot/text.ts';
import { propertiesOf, workflowsIn } from '../hot/workflow.ts';
import type { JsonObject } from '../base/json.ts';
import { ProblemsFound, usageError } from './failure.ts';
import { reason } from './values.ts';

export interface LoadedTemplate {
  readonly text: HotText;
  readonly environments: readonly HotText[];
  /** Name of the resource, and its properties as they are written. */
  readonly resource: string;
  readonly properties: JsonObject;
  /** Contents by the names that `get_file` gives them. */
  readonly files: ReadonlyMap<string, string>;
  /** Texts by the names that problems call them. */
  readonly sources: { readonly [file: string]: string };
}

interface Named {
  readonly template: string;
  readonly environments: readonly string[];
  /** Absent: the only workflow of the template. */
  readonly resource?: string;
}

/** EngineError `usage` for what cannot be read; throws ProblemsFound for what is no template with such a workflow. */
export async function loadTemplate(directory: string, named: Named): Promise<LoadedTemplate> {
  const sources: { [file: string]: string } = {};
  const open = async (file: string, what: string): Promise<HotText> => {
    sources[file] = await readText(path.resolve(directory, file), file, what);
    return new HotText(sources[file], file, what);
  };
  const text = await open(named.template, 'template');
  const environments: HotText[] = [];
  for (const file of named.environments) environments.push(await open(file, 'environment'));
  if (!text.hasErrors && text.value['heat_template_version'] === undefined)
    text.say('missing_key', '', 'This is no template: it has no heat_template_version.');
  stopAtErrors([text, ...environments], sources);
  const resource = named.resource ?? only(text, named.template);
  const properties = propertiesOf(text, resource);
  stopAtErrors([text], sources);
  const files = await readFiles(
    path.dirname(path.resolve(directory, named.template)),
    filesIn(properties ?? {}),
  );
  return { text, environments, resource, properties: properties ?? {}, files, sources };
}

/** Throws ProblemsFound with what is wrong with any of the texts. */
export function stopAtErrors(texts: readonly HotText[], sources: LoadedTemplate['sources']): void {
  if (!texts.some(text => text.hasErrors)) return;
  throw new ProblemsFound(
    texts.flatMap(text => text.problems()),
    sources,
  );
}

function only(text: HotText, file: string): string {
  const [name, ...others] = workflowsIn(text);
  if (name !== undefined && others.length === 0) return name;
  throw usageError(
    name === undefined
      ? `${file} has no resource of type Murano::Workflow`
      : `${file} has several workflows: ${[name, ...others].join(', ')}`,
    'Say which resource: murano-workflow plan STACK RESOURCE --template FILE.',
  );
}

/** Those that are not there are left out: the template's check says where they are named. */
async function readFiles(folder: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const name of new Set(names)) {
    const place = placeOf(folder, name);
    if (place === undefined || !(await isThere(place))) continue;
    files.set(name, await readText(place, name, 'file'));
  }
  return files;
}

/** Undefined: on another machine. */
function placeOf(folder: string, name: string): string | undefined {
  if (name.startsWith('file:///')) return fileURLToPath(name);
  return isElsewhere(name) ? undefined : path.resolve(folder, name);
}

const isThere = async (place: string): Promise<boolean> =>
  stat(place).then(
    () => true,
    () => false,
  );

/** Never more than Heat itself would take with a request. */
async function readText(place: string, shown: string, what: string): Promise<string> {
  try {
    const facts = await stat(place);
    if (!facts.isFile()) throw new Error(`it is no ordinary file`);
    if (facts.size > LIMITS.templateBytes)
      throw new Error(`it has ${facts.size} bytes and the limit is ${LIMITS.templateBytes}`);
    return await readFile(place, 'utf8');
  } catch (thrown) {
    throw usageError(`cannot read the ${what} ${shown}: ${reason(thrown)}`, 'Give the path of a file.');
  }
}
