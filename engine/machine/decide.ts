// The one question to the machine: given this graph, this state and this event, what changes and what is to be done?
// Belongs here: the entry. Does not belong here: events (on/), what follows from them (settle.ts).
//
// Pure and total: it reads nothing but its arguments, changes none of them, and answers every event, also one that is
// stale, repeated or wrong, with a decision. Stale and repeated events give no changes and no effects.
import type { WorkflowDefinition } from '../definition/types.ts';
import type { StateGraph } from '../graph/types.ts';
import { operationDue } from './deadline.ts';
import { Draft } from './draft.ts';
import { HANDLERS } from './on/index.ts';
import type { Handler } from './on/handler.ts';
import { beginGeneration } from './update/begin.ts';
import { beginOperation } from './operation/begin.ts';
import { afterStep } from './operation/course.ts';
import { settle } from './settle.ts';
import type { MachineState } from './state.ts';
import { goOnFromSuspension, kept, leadsOn } from './suspension.ts';
import type { Decision, MachineEvent } from './types.ts';
import { giveUpCheck, interruptedBy, isOfCheck } from './verify/check.ts';

/**
 * @returns changes to commit, then effects to let out once they are committed (rule P1); `rejected` when the event
 * asks for what may not be done now. No changes and no rejection: the event is stale or repeated. `arriving`: the built
 * definition that an `update` names by its digest, where that is not the present one; events are plain data.
 */
export function decide(
  graph: StateGraph,
  state: MachineState,
  event: MachineEvent,
  arriving?: WorkflowDefinition,
): Decision {
  const draft = begin(graph, state, event, arriving);
  const givesUp = draft.workflow.check !== undefined && !isOfCheck(draft, event);
  if (givesUp) giveUpCheck(draft, interruptedBy(event));
  if (!handlerOf(event)(draft, event))
    return givesUp ? { ...NOTHING, ...rejectionOf(draft) } : draft.decision();
  return followed(draft, event).decision();
}

/** The draft with all that follows from the event, or, where that may not begin now, with the event kept. */
function followed(draft: Draft, event: MachineEvent): Draft {
  const [start] = draft.starts;
  const isKept = start !== undefined && leadsOn(draft);
  const decided = isKept ? kept(draft.graph, draft.state, event, start.step) : draft;
  if (draft.state.workflow.suspended && !draft.isSuspended) goOnFromSuspension(draft, handlerOf);
  settle(decided);
  return decided;
}

/** A check goes on where an event is of no effect. */
const NOTHING: Decision = { changes: [], effects: [] };

function rejectionOf(draft: Draft): Pick<Decision, 'rejected'> {
  const { rejected } = draft.decision();
  return rejected ? { rejected } : {};
}

/** Each handler takes its own kind of event; the table's type says so, the compiler can't follow the lookup. */
const handlerOf = (event: MachineEvent): Handler<MachineEvent['kind']> =>
  HANDLERS[event.kind] as Handler<MachineEvent['kind']>;

/** Over the graph that follows, where the event begins a generation or another step of an operation. */
function begin(
  graph: StateGraph,
  state: MachineState,
  event: MachineEvent,
  arriving: WorkflowDefinition | undefined,
): Draft {
  if (event.kind === 'update') return beginGeneration(graph, state, event, arriving);
  if (event.kind === 'operate') return beginOperation(graph, state, event);
  const isOwnTime = event.kind === 'timer' && event.step === undefined;
  if (isOwnTime && isOperationDue(state, event.at)) return afterStep(graph, state, event.at);
  return new Draft(graph, state, event.at);
}

const isOperationDue = ({ workflow }: MachineState, at: number): boolean =>
  (operationDue(workflow) ?? Infinity) <= at;
