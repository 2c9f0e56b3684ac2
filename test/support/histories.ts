// Golden histories: workflows as an earlier day of this software ran them, kept to be replayed for ever.
// Belongs here: what a history holds, its file, its replay. Does not belong here: recording (tools/histories.ts),
// expectations (test/histories.test.ts).
import { readdirSync, readFileSync } from 'node:fs';
import type { JsonObject } from '../../engine/base/json.ts';
import { problemText } from '../../engine/definition/problems.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { Member, StateGraph } from '../../engine/graph/types.ts';
import { type Definitions, entered } from '../../engine/machine/update/begin.ts';
import { apply } from '../../engine/machine/apply.ts';
import { initialState, type MachineState } from '../../engine/machine/state.ts';
import type { Change, MachineEvent, StepRecord, WorkflowRecord } from '../../engine/machine/types.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { inProject } from './project.ts';
import { HASH } from './workflow.ts';

/** Plain JSON, as it is stored; never changed once its version is released. */
export interface History {
  /** The definition's text; that of the first generation. */
  readonly source: string;
  /** Texts of the definitions of later generations, by digest. */
  readonly later?: { readonly [digest: string]: string };
  readonly members: { readonly [entity: string]: readonly Member[] };
  readonly workflow: Pick<WorkflowRecord, 'id' | 'stackName' | 'generation' | 'createdAt'>;
  readonly inputs: JsonObject;
  /** What happened, and how many entries of the log each event brought; empty where only the log was kept. */
  readonly events: readonly { readonly event: MachineEvent; readonly changes: number }[];
  readonly log: readonly Change[];
  /** What replaying the log led to. */
  readonly end: {
    readonly workflow: WorkflowRecord;
    readonly steps: { readonly [step: string]: StepRecord };
  };
}

const FOLDER = ['test', 'histories'];

/** The folder of the version that is being written now. */
export function currentVersion(): string {
  const { version } = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as { version: string };
  return version;
}

export const historyFolder = (version: string): string => inProject(...FOLDER, version);

export function readHistories(): {
  readonly version: string;
  readonly name: string;
  readonly history: History;
}[] {
  return readdirSync(inProject(...FOLDER)).flatMap(version =>
    readdirSync(historyFolder(version)).map(file => ({
      version,
      name: file.replace('.json', ''),
      history: JSON.parse(readFileSync(inProject(...FOLDER, version, file), 'utf8')) as History,
    })),
  );
}

/** The workflow before anything happened to it, as the present code compiles it. */
export function beginning(history: Omit<History, 'end'>): { graph: StateGraph; state: MachineState } {
  const { source, members, workflow, inputs } = history;
  const graph = compileGraph(definitionOf(source), new Map(Object.entries(members)));
  const { createdAt, ...identity } = workflow;
  return { graph, state: initialState(graph, { ...identity, at: createdAt, inputs }, HASH) };
}

export function definitionOf(source: string): WorkflowDefinition {
  const { definition, problems } = parseDefinition(source, { fileName: 'history.yaml', files: {} });
  if (!definition) throw new Error(problems.map(problemText).join('\n'));
  return definition;
}

/** The definitions of all generations by digest; the function throws for one that no generation had. */
export function definitionsOf({ source, later = {} }: Pick<History, 'source' | 'later'>): Definitions {
  const all = [source, ...Object.values(later)].map(definitionOf);
  return digest => {
    const found = all.find(one => one.digest === digest);
    if (!found) throw new Error(`no definition ${digest}`);
    return found;
  };
}

/** What the log leads to. */
export function replay(history: Omit<History, 'end'>): { graph: StateGraph; state: MachineState } {
  let { graph, state } = beginning(history);
  const definitions = definitionsOf(history);
  for (const change of history.log) {
    if (change.kind === 'generation' || change.kind === 'operation')
      ({ graph, state } = entered(graph, state, change, definitions));
    apply(graph, state, [change]);
  }
  return { graph, state };
}

export function endOf(graph: StateGraph, state: MachineState): History['end'] {
  const steps = graph.steps.flatMap(({ id, number }) => {
    const record = state.records[number];
    return record ? [[id, record] as const] : [];
  });
  return { workflow: state.workflow, steps: Object.fromEntries(steps) };
}
