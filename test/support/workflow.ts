// Drives one workflow through the machine, as the runtime would, and checks every invariant on the way.
// Belongs here: sending events, keeping what was decided. Does not belong here: assertions about a case.
import { createHash } from 'node:crypto';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { Membership, StateGraph } from '../../engine/graph/types.ts';
import { canonicalJson, type JsonObject } from '../../engine/base/json.ts';
import { outsideId } from '../../engine/graph/references.ts';
import type { MemberChange } from '../../engine/graph/members.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { apply } from '../../engine/machine/apply.ts';
import { workflowDue } from '../../engine/machine/deadline.ts';
import { decide } from '../../engine/machine/decide.ts';
import { check } from '../../engine/machine/invariants.ts';
import { type Hash, initialState, type MachineState } from '../../engine/machine/state.ts';
import type {
  Change,
  Decision,
  Effect,
  MachineEvent,
  Outcome,
  RawOutput,
  Report,
  StepRecord,
} from '../../engine/machine/types.ts';

/** An event without its time. */
export type Untimed = MachineEvent extends infer Event
  ? Event extends MachineEvent
    ? Omit<Event, 'at'>
    : never
  : never;

export const START = 1_000;

/** The engine's own is keyed. */
export const HASH: Hash = value => createHash('sha256').update(canonicalJson(value)).digest('hex');

export class Workflow {
  graph: StateGraph;
  state: MachineState;
  now = START;
  /** Who took part at the beginning. */
  readonly members: Membership;
  /** Those of the beginning. */
  readonly inputs: JsonObject;
  /** Definitions of all generations, by digest. */
  readonly definitions = new Map<string, WorkflowDefinition>();
  /** Every change so far: the log. */
  readonly log: Change[] = [];
  /** Every event so far, with the number of changes that it brought about. */
  readonly events: { readonly event: MachineEvent; readonly changes: number }[] = [];
  readonly effects: Effect[] = [];

  constructor(definition: WorkflowDefinition, members: Membership, inputs: JsonObject = {}) {
    this.members = members;
    this.inputs = inputs;
    this.graph = compileGraph(definition, members);
    this.definitions.set(definition.digest, definition);
    const workflow = { id: 'w', stackName: 'stack', generation: 1, at: START, inputs };
    this.state = initialState(this.graph, workflow, HASH);
  }

  /** The next generation: another definition, or other inputs. */
  update(
    definition: WorkflowDefinition,
    inputs: JsonObject = this.state.inputs,
    change: MemberChange = {},
  ): Decision {
    this.definitions.set(definition.digest, definition);
    const source = { definition: definition.digest, inputs };
    return this.send({ kind: 'update', change: { ...change, source }, by: 'ann' });
  }

  /** Throws for a digest that no generation had. */
  readonly definition = (digest: string): WorkflowDefinition => {
    const found = this.definitions.get(digest);
    if (!found) throw new Error(`no definition ${digest}`);
    return found;
  };

  send(event: Untimed): Decision {
    const timed = { ...event, at: this.now } as MachineEvent;
    const { source } = timed.kind === 'update' ? timed.change : {};
    const decision = decide(this.graph, this.state, timed, source && this.definition(source.definition));
    this.events.push({ event: timed, changes: decision.changes.length });
    if (decision.next) ({ graph: this.graph, state: this.state } = decision.next);
    apply(this.graph, this.state, decision.changes);
    this.log.push(...decision.changes);
    this.effects.push(...decision.effects);
    const broken = check(this.graph, this.state);
    if (broken.length > 0) throw new Error(`after ${JSON.stringify(event)}:\n${broken.join('\n')}`);
    return decision;
  }

  create(): this {
    this.send({ kind: 'create' });
    return this;
  }

  record(step: string): StepRecord | undefined {
    return this.state.records[this.number(step)];
  }

  status(step: string): string {
    return this.record(step)?.status ?? 'waiting';
  }

  /** Status of the workflow. */
  get over(): string {
    return this.state.workflow.status;
  }

  get reason(): string {
    return this.state.workflow.reason;
  }

  report(step: string, report: Report): Decision {
    const dispatch = this.record(step)?.dispatch ?? 0;
    const generation = this.record(step)?.generation ?? 1;
    const known = this.graph.steps[this.number(step)];
    const id = { workflow: 'w', generation, step: known ? outsideId(known) : step, dispatch };
    return this.send({ kind: 'report', id, report });
  }

  finish(step: string, outcome: Outcome): Decision {
    return this.report(step, { kind: 'finished', outcome });
  }

  succeed(step: string, outputs: { readonly [name: string]: RawOutput } = {}): Decision {
    return this.finish(step, { kind: 'succeeded', outputs });
  }

  exit(step: string, exitCode: number, tail = ''): Decision {
    return this.finish(step, {
      kind: 'failed',
      error: { kind: 'exit', message: `exit ${exitCode}`, exitCode, tail },
    });
  }

  interrupt(step: string): Decision {
    return this.finish(step, { kind: 'interrupted', evidence: 'boot id changed' });
  }

  /** Lets time pass to the step's due time and fires it. */
  due(step: string): Decision {
    this.now = Math.max(this.now, this.record(step)?.due?.at ?? this.now);
    return this.send({ kind: 'timer', step });
  }

  /** Lets time pass to the workflow's own time and fires it. */
  ownTime(): Decision {
    this.now = Math.max(this.now, workflowDue(this.state.workflow) ?? this.now);
    return this.send({ kind: 'timer' });
  }

  /** Steps whose command is out, in step order. */
  out(): readonly string[] {
    return this.graph.steps.filter(step => this.state.records[step.number]?.command).map(step => step.id);
  }

  private number(step: string): number {
    const number = this.graph.stepById.get(step);
    if (number === undefined) throw new Error(`no step ${step}`);
    return number;
  }
}
