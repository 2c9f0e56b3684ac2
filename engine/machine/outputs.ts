// The workflow's declared outputs, as far as what they read is there.
// Belongs here: their values for views and Heat's attributes. Does not belong here: outputs of a state
// (declared-outputs.ts), where they are shown.
import { EngineError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { StateGraph } from '../graph/types.ts';
import { type MachineState, recordOf } from './state.ts';
import { dataView, type ViewSource } from './view.ts';

/** A declared output that has no value, and why. */
export interface OutputFailure {
  readonly name: string;
  /** True where it reads what is not there, such as an output of a state that was skipped; false: it is mistaken. */
  readonly absent: boolean;
  readonly message: string;
}

export interface WorkflowOutputs {
  /** By name; absent while what they read is not reached (row 34), hidden ones left out (row 50). */
  readonly values: JsonObject;
  /** Mistaken ones at any time; those that read what is not there, once nothing more will come. */
  readonly failures: readonly OutputFailure[];
}

/** What the workflow gives, and what of it cannot be given; with `all` to its parent, hidden ones too, by reference. */
export function workflowOutputs(
  graph: StateGraph,
  state: MachineState,
  which: 'shown' | 'all' = 'shown',
): WorkflowOutputs {
  const source: ViewSource = {
    graph,
    workflow: state.workflow,
    inputs: state.inputs,
    record: number => recordOf(state, number),
  };
  const data = dataView(source);
  const values: { [name: string]: JsonValue } = {};
  const failures: OutputFailure[] = [];
  for (const { name, hidden, value } of graph.definition.outputs.values()) {
    if (which === 'shown' && (hidden || value.secret)) continue;
    try {
      values[name] = evaluateTemplate(value, data);
    } catch (thrown) {
      if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
      const absent = isAbsent(thrown);
      if (!absent || state.workflow.status === 'complete')
        failures.push({ name, absent, message: thrown.message });
    }
  }
  return { values, failures };
}

const isAbsent = ({ details }: EngineError): boolean =>
  typeof details === 'object' && details !== null && 'absent' in details && details.absent === true;
