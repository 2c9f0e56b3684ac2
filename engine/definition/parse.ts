// Text or map -> definition, or every problem of it with its place.
// Belongs here: the door (limits, YAML, safety), the top-level keys, the digest. Does not belong here: inner keys.
import { jsonBytes, type JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { Build } from './build.ts';
import { type Nesting, outermost } from './children.ts';
import { checkFiles, Contents } from './contents.ts';
import type { OutputDraft } from './draft.ts';
import { readEntities } from './entities.ts';
import { checkName } from './names.ts';
import { readOperations } from './operations/read.ts';
import { readInputs } from './parameters.ts';
import type { PositionNode } from './positions.ts';
import type { Problem } from './problems.ts';
import { type Fields, readEntries, readMap } from './reader.ts';
import { Report } from './report.ts';
import { resolveGoal } from './resolve.ts';
import { checkSafety } from './safety.ts';
import { FAILURE_MODES, ON_WORKFLOW_FAILURE, WORKFLOW_VERSIONS, type WorkflowDefinition } from './types.ts';
import { loadYaml } from './yaml.ts';

export interface ParseOptions {
  /** Name to show before line and column. */
  readonly fileName: string;
  /** Texts that `file:` may name. */
  readonly files: { readonly [name: string]: string };
  /** Of a definition inside another: where it stands. Given by the parser itself. */
  readonly nesting?: Nesting;
}

export interface Parsed {
  /** Absent when any problem is an error. */
  readonly definition?: WorkflowDefinition;
  readonly problems: readonly Problem[];
}

/**
 * Parses a definition: YAML text, or the map that it would give. Never throws on any text or JSON.
 * Problems of text carry file, line and column; those of a map its JSON pointers.
 */
export function parseDefinition(source: JsonValue, options: ParseOptions): Parsed {
  const report = new Report();
  const text = typeof source === 'string' ? source.replace(/^\uFEFF/, '') : undefined;
  const loaded = text === undefined ? { value: source } : loadText(text, report);
  if (options.nesting === undefined) checkFiles(report, options.files);
  const usable =
    loaded !== undefined &&
    checkSafety(loaded.value, text === undefined ? 'map' : 'text', report) &&
    fits(report, loaded.value, text);
  const definition = usable ? read(report, loaded.value, options) : undefined;
  const problems = report.finish(text === undefined ? undefined : placed(text, options.fileName, loaded));
  return definition === undefined || report.hasErrors ? { problems } : { definition, problems };
}

function placed(source: string, fileName: string, loaded: { readonly positions?: PositionNode } | undefined) {
  return { source, fileName, ...(loaded?.positions ? { positions: loaded.positions } : {}) };
}

function loadText(
  text: string,
  report: Report,
): { readonly value: JsonValue; readonly positions?: PositionNode } | undefined {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes <= LIMITS.definitionBytes) return loadYaml(text, report);
  tooLarge(report, bytes);
  return undefined;
}

function fits(report: Report, value: JsonValue, text: string | undefined): boolean {
  if (text !== undefined) return true;
  const bytes = jsonBytes(value);
  if (bytes > LIMITS.definitionBytes) tooLarge(report, bytes);
  return bytes <= LIMITS.definitionBytes;
}

function tooLarge(report: Report, bytes: number): void {
  const message = `The definition has ${bytes} bytes; at most ${LIMITS.definitionBytes} may be.`;
  report.add('limit_exceeded', '', message, { hint: 'Move scripts into files.' });
}

function read(report: Report, value: JsonValue, options: ParseOptions): WorkflowDefinition | undefined {
  const root = readMap(report, { value, at: '' }, 'workflow', 'the definition');
  if (root === undefined) return undefined;
  const { files, nesting = outermost() } = options;
  const contents = new Contents(report, files, {
    nesting,
    parse: (inner, fileName, within) => parseDefinition(inner, { fileName, files, nesting: within }),
  });
  const version = readVersion(root);
  const description = root.string('description') ?? '';
  const inputs = readInputs(report, root.get('inputs'));
  const entities = readEntities(report, contents, root.required('entities'));
  const goal = resolveGoal(report, entities, root.required('goal', 'Name the state to reach: entity.state.'));
  const outputs = readOutputs(report, root);
  const operations = readOperations(report, root.get('operations'), entities);
  const { operations: runnable, ...built } = new Build(report, {
    inputs,
    entities,
    goal,
    outputs,
    operations,
  }).build();
  return {
    version,
    description,
    inputs,
    failureMode: root.choice('failure_mode', FAILURE_MODES) ?? 'continue',
    ...readTimes(root),
    onWorkflowFailure: root.choice('on_workflow_failure', ON_WORKFLOW_FAILURE) ?? 'keep',
    ...built,
    ...(runnable.size > 0 && { operations: runnable }),
    goal: goal.map(({ entity, state }) => ({ entity, state })),
    contents: contents.texts,
    ...(contents.children.known.size > 0 && { children: contents.children.known }),
    digest: contents.digestWith(value),
  };
}

/** Times of the whole (rows 15 and 43). */
function readTimes(root: Fields): Pick<WorkflowDefinition, 'deadline' | 'waitForStragglers'> {
  const deadline = root.duration('deadline', 1000);
  const waitForStragglers = root.duration('wait_for_stragglers');
  return {
    ...(deadline === undefined ? {} : { deadline }),
    ...(waitForStragglers === undefined ? {} : { waitForStragglers }),
  };
}

function readVersion(root: Fields): WorkflowDefinition['version'] {
  root.required('workflow_version', `Write 'workflow_version: ${WORKFLOW_VERSIONS[0]}'.`);
  return root.choice('workflow_version', WORKFLOW_VERSIONS) ?? WORKFLOW_VERSIONS[0];
}

function readOutputs(report: Report, root: Fields): OutputDraft[] {
  const outputs: OutputDraft[] = [];
  for (const [name, entry] of readEntries(report, root.get('outputs'), 'outputs', LIMITS.outputs)) {
    const usable = checkName(report, 'output', name, entry.at);
    const fields = readMap(report, entry, 'workflow output', `output ${name}`);
    const value = fields?.required('value');
    const draft = {
      name,
      description: fields?.string('description') ?? '',
      hidden: fields?.boolean('hidden') ?? false,
    };
    if (usable && value !== undefined) outputs.push({ ...draft, value });
  }
  return outputs;
}
