// Runs a definition with the state machine alone: it decides, this carries out its commands with real scripts, here.
// Belongs here: the shortest way from effects to reports. Does not belong here: agents, stores, time (their own tests).
import { chmod, writeFile } from 'node:fs/promises';
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';
import { isObject } from '../../engine/base/json.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { Membership, StateGraph } from '../../engine/graph/types.ts';
import { apply } from '../../engine/machine/apply.ts';
import { decide } from '../../engine/machine/decide.ts';
import { check } from '../../engine/machine/invariants.ts';
import { workflowOutputs } from '../../engine/machine/outputs.ts';
import { initialState, type MachineState } from '../../engine/machine/state.ts';
import type { Command, Effect, MachineEvent, Outcome, RawOutput } from '../../engine/machine/types.ts';
import type { ScriptRunner } from './postgresql-machine.ts';

type Start = Extract<Effect, { kind: 'start' }>;
type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never;

export class Driven {
  readonly #graph: StateGraph;
  readonly #state: MachineState;
  readonly #definition: WorkflowDefinition;
  readonly #runner: ScriptRunner;
  readonly #serverUser: string;
  readonly #secrets = new Map<string, JsonValue>();
  readonly #running = new Map<string, Promise<() => void>>();
  #now = 0;
  /** Commands in the order in which they ended: `db[0].started action`. */
  readonly ended: string[] = [];

  constructor(
    definition: WorkflowDefinition,
    membership: Membership,
    inputs: JsonObject,
    runner: ScriptRunner,
    serverUser: string,
  ) {
    this.#definition = definition;
    this.#runner = runner;
    this.#serverUser = serverUser;
    this.#graph = compileGraph(definition, membership);
    const workflow = {
      id: 'driven',
      stackName: 'driven',
      generation: 1,
      at: 0,
      inputs: this.#sealed(inputs),
    };
    this.#state = initialState(this.#graph, workflow);
  }

  get status(): string {
    const { status, reason } = this.#state.workflow;
    return reason === '' ? status : `${status}: ${reason}`;
  }

  get outputs(): JsonObject {
    return workflowOutputs(this.#graph, this.#state).values;
  }

  /** Lets the event happen, and all that follows, until nothing runs and nothing is timed. */
  async after(event: WithoutTime<MachineEvent>): Promise<void> {
    this.#decide(event);
    for (;;) {
      if (this.#running.size > 0) (await Promise.race(this.#running.values()))();
      else if (!(await this.#nextTimer())) return;
    }
  }

  #decide(event: WithoutTime<MachineEvent>): void {
    this.#now += 1;
    const decision = decide(this.#graph, this.#state, { ...event, at: this.#now } as MachineEvent);
    if (decision.rejected !== undefined) throw new Error(decision.rejected.message);
    apply(this.#graph, this.#state, decision.changes);
    const broken = check(this.#graph, this.#state);
    if (broken.length > 0) throw new Error(broken.join('\n'));
    for (const effect of decision.effects) if (effect.kind === 'start') this.#start(effect);
  }

  #start({ id, command }: Start): void {
    const key = `${id.step} ${id.dispatch}`;
    const report = async (): Promise<() => void> => {
      const outcome = await this.#carryOut(command);
      return () => {
        this.#running.delete(key);
        this.ended.push(id.step);
        this.#decide({ kind: 'report', id, report: { kind: 'finished', outcome } });
      };
    };
    this.#decide({ kind: 'report', id, report: { kind: 'started' } });
    this.#running.set(key, report());
  }

  /** Retries come due a short real moment later, deadlines of what has ended never. */
  async #nextTimer(): Promise<boolean> {
    const dues = this.#graph.steps.flatMap(({ id, number }) => {
      const due = this.#state.records[number]?.due;
      return due === undefined ? [] : [{ step: id, at: due.at }];
    });
    const [first] = dues.toSorted((a, b) => a.at - b.at);
    if (first === undefined) return false;
    await new Promise(resolve => setTimeout(resolve, 50));
    this.#now = Math.max(this.#now, first.at);
    this.#decide({ kind: 'timer', step: first.step });
    return true;
  }

  async #carryOut({ action, outputs }: Command): Promise<Outcome> {
    switch (action.kind) {
      case 'online':
        return { kind: 'succeeded', outputs: {} };
      case 'file': {
        const place = this.#clearText(action.path);
        const { content } = action;
        if ('url' in content) throw new Error('The examples download nothing.');
        const text = 'digest' in content ? this.#text(content.digest) : this.#clearText(content.value);
        await writeFile(place, text);
        await chmod(place, action.mode ?? 0o644);
        return { kind: 'succeeded', outputs: {} };
      }
      case 'script': {
        const inputs = this.#clear(action.inputs) as JsonObject;
        const words = Object.entries(inputs).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]);
        const asServer = action.runAs === this.#serverUser;
        const result = await this.#runner.runText(
          this.#text(action.digest),
          Object.fromEntries(words),
          asServer,
        );
        if (result.code === 0) return { kind: 'succeeded', outputs: this.#collect(result.outputs, outputs) };
        const message = `exit code ${result.code}`;
        return {
          kind: 'failed',
          error: { kind: 'exit', message, exitCode: result.code ?? -1, tail: result.stderr },
        };
      }
      case 'reboot':
        return { kind: 'succeeded', outputs: {} };
      case 'workflow':
        throw new Error('The examples that are driven so run no children.');
      case 'http':
        throw new Error('The examples call no service.');
      case 'stack':
      case 'openstack':
        return { kind: 'refused', message: 'There is no cloud here.' };
      case 'generate':
        return { kind: 'succeeded', outputs: this.#made(action.secrets) };
      default:
        return action satisfies never;
    }
  }

  #collect(
    found: { readonly [name: string]: string },
    wanted: Command['outputs'],
  ): Record<string, RawOutput> {
    const present = wanted.filter(({ name }) => found[name] !== undefined);
    return Object.fromEntries(
      present.map(({ name, hidden }) => {
        const text = found[name] ?? '';
        if (!hidden) return [name, { text }];
        const secret = `output-${this.#secrets.size}`;
        this.#secrets.set(secret, text);
        return [name, { secret }];
      }),
    );
  }

  #made(secrets: readonly { readonly name: string }[]): Record<string, RawOutput> {
    return Object.fromEntries(
      secrets.map(({ name }) => {
        this.#secrets.set(`made-${name}`, `secret-${name}`);
        return [name, { secret: `made-${name}` }];
      }),
    );
  }

  #text(digest: string): string {
    const text = this.#definition.contents.get(digest);
    if (text === undefined) throw new Error(`The definition has no content ${digest}`);
    return text;
  }

  #sealed(inputs: JsonObject): JsonObject {
    const hidden = [...this.#definition.inputs.values()].filter(
      ({ hidden: is, name }) => is && name in inputs,
    );
    for (const { name } of hidden) this.#secrets.set(name, inputs[name] as JsonValue);
    return { ...inputs, ...Object.fromEntries(hidden.map(({ name }) => [name, { $secret: name }])) };
  }

  #clearText(value: JsonValue): string {
    const clear = this.#clear(value);
    if (typeof clear !== 'string') throw new Error(`A text is due, not ${JSON.stringify(clear)}`);
    return clear;
  }

  #clear(value: JsonValue): JsonValue {
    if (Array.isArray(value)) return value.map((item: JsonValue) => this.#clear(item));
    if (!isObject(value)) return value;
    if (typeof value['$secret'] === 'string') return this.#secrets.get(value['$secret']) ?? null;
    if (Array.isArray(value['$concat']))
      return value['$concat'].map((part: JsonValue) => this.#clearText(part)).join('');
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#clear(item)]));
  }
}
