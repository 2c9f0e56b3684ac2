// A VM that becomes another, in the machine and beside it.
// Belongs here: which VM, and when. Does not belong here: other fates (lockstep.ts), what follows (naive-doubt.ts).
import type { Workflow } from '../support/workflow.ts';
import type { NaiveOperations } from './naive-operation.ts';

/** A VM in which something ran is another, for both. Undefined: this time none is, or nothing was reached there. */
export function replaceVm(
  ours: Workflow,
  naive: NaiveOperations,
  pick: number | undefined,
): string | undefined {
  // Operations leave marks alone, and have fates of their own.
  const { operation, operations } = ours.state.workflow;
  if (pick === undefined || operation || operations) return undefined;
  if (ours.graph.definition.onWorkflowFailure === 'undo') return undefined;
  const agents = [...new Set(ours.state.records.flatMap(record => record?.agent ?? []))];
  const agent = agents[pick % Math.max(1, agents.length)];
  if (agent === undefined) return undefined;
  const { changes } = ours.send({ kind: 'unverify', agent, why: 'vm_replaced' });
  if (changes.length === 0) return undefined;
  naive.doubt(agent);
  return `another VM: ${agent}`;
}
