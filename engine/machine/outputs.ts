// The workflow's declared outputs, as far as what they read is there.
// Belongs here: their values for views and Heat's attributes. Does not belong here: outputs of a state
// (declared-outputs.ts), where they are shown.
import { EngineError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { StateGraph } from '../graph/types.ts';
import { type MachineState, recordOf } from './state.ts';
import { dataView, type ViewSource } from './view.ts';

/** By name; absent while what they read is not reached (row 34), hidden ones left out (row 50). */
export function workflowOutputs(graph: StateGraph, state: MachineState): JsonObject {
  const source: ViewSource = {
    graph,
    workflow: state.workflow,
    inputs: state.inputs,
    record: number => recordOf(state, number),
  };
  const data = dataView(source);
  const values: { [name: string]: JsonValue } = {};
  for (const output of graph.definition.outputs.values()) {
    if (output.hidden || output.value.secret) continue;
    try {
      values[output.name] = evaluateTemplate(output.value, data);
    } catch (thrown) {
      if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    }
  }
  return values;
}
