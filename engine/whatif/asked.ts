// What somebody asks of a workflow while it is played through: another definition, inputs or members, an operation.
// Belongs here: from the wish to the event that the machine is given. Does not belong here: the author's words (cli/), when it is
// asked (simulate.ts), what comes of it (machine/).
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject, type JsonValue } from '../base/json.ts';
import { checkParameters } from '../definition/inputs.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import type { StateGraph } from '../graph/types.ts';
import type { GenerationChange } from '../machine/events.ts';
import type { MachineEvent } from '../machine/types.ts';
import { completeInputs, withoutSecrets } from './values.ts';

export type Asked = {
  /** For people: `update next.yaml`, `operate backup`. */
  readonly says: string;
  /** Ms from the workflow's creation; absent: once it stands still. */
  readonly at?: number;
} & (
  | {
      readonly kind: 'update';
      readonly change: GenerationChange;
      /** The one that holds from then on. */
      readonly definition: WorkflowDefinition;
    }
  | {
      readonly kind: 'operate';
      readonly operation: string;
      readonly inputs: JsonObject;
      /** Make up inputs that are not given. */
      readonly guesses: boolean;
    }
);

export interface Refusal {
  readonly message: string;
  readonly next: string;
}

/** `number`: of the wish among all, which its id follows from. Refused: its inputs cannot be used. */
export function eventOf(
  asked: Asked,
  graph: StateGraph,
  number: number,
  at: number,
): { readonly event: MachineEvent } | { readonly refused: Refusal } {
  if (asked.kind === 'update') return { event: { kind: 'update', change: asked.change, by: BY, at } };
  const { operation, guesses } = asked;
  const declared = { inputs: graph.definition.operations?.get(operation)?.inputs ?? new Map() };
  const { inputs: complete } = completeInputs(declared, asked.inputs, guesses);
  const { inputs, problems } = checkParameters(declared.inputs, complete);
  const [wrong] = problems.filter(({ severity }) => severity === 'error');
  const isKnown = graph.definition.operations?.has(operation) === true;
  if (wrong && isKnown) return { refused: { message: wrong.message, next: wrong.hint ?? HOW } };
  const id = `${operation}-${number}`;
  return { event: { kind: 'operate', operation, id, inputs: withoutSecrets(declared, inputs), by: BY, at } };
}

const BY = 'simulated';
const HOW = 'Give its inputs: NAME={"label": "x"}, or have them made up with --guess-inputs.';

/** By it updates find out what changed; a simulation keeps no secrets, so it needs no key. */
export const hashed = (value: JsonValue): string =>
  createHash('sha256').update(canonicalJson(value)).digest('base64url');
