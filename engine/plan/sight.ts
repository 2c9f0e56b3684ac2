// What an expression would read once the update runs, as far as that is known before.
// Belongs here: reading records, roles and inputs with a note of what is not known yet. Does not belong here: what follows.
//
// An expression is evaluated as the machine will evaluate it. Whatever it reads that the update may change is noted: then
// its value tells nothing. So it hangs only on what it really read, not on all that it might have.
import { EngineError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { Template } from '../definition/expressions/types.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import { UNTOUCHED } from '../machine/records.ts';
import { type MachineState, recordOf } from '../machine/state.ts';
import type { Holder, StepRecord } from '../machine/types.ts';
import { dataView, type ViewSource } from '../machine/view.ts';

/** What is foreseen of others. */
export interface Surroundings {
  readonly graph: StateGraph;
  readonly state: MachineState;
  /** Outputs and facts of the step as they will be; undefined: not known yet. */
  foreseen(step: number): { readonly outputs?: JsonObject; readonly facts?: JsonObject } | undefined;
  /** Who will hold the role; `open`: not known yet. */
  holders(role: number): readonly string[] | null | 'open';
  /** True when reached steps are looked at again, so that whether one counts as reached hangs on the moment. */
  readonly reopens: boolean;
}

export type Seen<Value> =
  | { readonly kind: 'known'; readonly value: Value }
  /** Names of what it hangs on. */
  | { readonly kind: 'unknown'; readonly on: readonly string[] }
  /** It has no value, whatever else happens. */
  | { readonly kind: 'failed'; readonly message: string };

/** Evaluates with what `step` may read. */
export function see<Value>(
  around: Surroundings,
  step: Step,
  evaluate: (source: ViewSource) => Value,
): Seen<Value> {
  const sight = new Sight(around, step);
  try {
    const value = evaluate(sight);
    return sight.on.size === 0 ? { kind: 'known', value } : { kind: 'unknown', on: [...sight.on] };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    if (sight.on.size > 0) return { kind: 'unknown', on: [...sight.on] };
    return { kind: 'failed', message: thrown.message };
  }
}

export const seeTemplate = (around: Surroundings, step: Step, template: Template): Seen<JsonValue> =>
  see(around, step, source => evaluateTemplate(template, dataView(source, { step, attempt: 1 })));

class Sight implements ViewSource {
  readonly on = new Set<string>();
  readonly graph: StateGraph;
  readonly inputs: JsonObject;
  readonly workflow: ViewSource['workflow'];
  readonly #around: Surroundings;
  readonly #step: Step;

  constructor(around: Surroundings, step: Step) {
    const { graph, state } = around;
    const { id, stackName } = state.workflow;
    this.graph = graph;
    this.inputs = state.inputs;
    this.#around = around;
    this.#step = step;
    this.workflow = { id, stackName, roles: this.#roles() };
  }

  record(number: number): StepRecord {
    const { graph, state } = this.#around;
    const step = graph.steps[number] as Step;
    const record = recordOf(state, number);
    if (number === this.#step.number || step.leaving) return record;
    const foreseen = this.#around.foreseen(number);
    if (!foreseen) this.on.add(step.id);
    return this.#watched(step, { ...UNTOUCHED, ...foreseen });
  }

  /** Where a step stands, and whether it counts as reached already, hangs on the moment. */
  #watched(step: Step, record: StepRecord): StepRecord {
    const note = (): void => void this.on.add(step.id);
    const awaits = (): boolean => this.#awaitsAllOf(step);
    const { reopens } = this.#around;
    return Object.defineProperties(
      { ...record },
      {
        status: {
          get() {
            note();
            return record.status;
          },
        },
        again: {
          get() {
            if (reopens && !awaits()) note();
            return undefined;
          },
        },
      },
    );
  }

  #awaitsAllOf({ entity, state }: Step): boolean {
    return this.#step.needs.some(number => {
      const gate = this.graph.gates[number];
      const isSame = gate?.target.entity === entity.name && gate.target.state === state.name;
      return isSame && gate.requirement.kind === 'all' && gate.outcome === undefined;
    });
  }

  #roles(): { readonly [role: string]: Holder | null } {
    const roles = {};
    for (const { number, entity, name, count } of this.graph.roles)
      Object.defineProperty(roles, `${entity}.${name}`, {
        enumerable: true,
        get: () => {
          const holders = this.#around.holders(number);
          if (holders === 'open') this.on.add(`${entity}.${name}`);
          if (holders === 'open' || holders === null) return null;
          return count === undefined ? holders[0] : holders;
        },
      });
    return roles;
  }
}

/** As things were before the update; undefined: it had no value. */
export function seenBefore<Value>(
  { graph, state }: Pick<Surroundings, 'graph' | 'state'>,
  evaluate: (source: ViewSource) => Value,
): Value | undefined {
  const { workflow, inputs } = state;
  try {
    return evaluate({ graph, workflow, inputs, record: number => recordOf(state, number) });
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    return undefined;
  }
}
