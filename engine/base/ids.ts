// How things are named: workflows, members, steps, attempts. Identifiers are computed, never drawn (rule P10).
// Belongs here: the text form of each identifier and its reading back. Does not belong here: uniqueness checks.

/** Names of entities, states, roles, inputs and outputs. */
export const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** Ids of workflows, agents and requests: what may stand in a path, a routing key and a log line alike. */
export const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** `service.deployed`, `sql[2].prepared`; a `once` state has no member: `sql.failover_cluster_created`. */
export type StepId = string;

export function stepId(entity: string, state: string, memberIndex?: number): StepId {
  return memberIndex === undefined ? `${entity}.${state}` : `${entity}[${memberIndex}].${state}`;
}

/** What a step does: its action, a look before it, what follows when its attempts are spent; taking it back, a look after that. */
export const PHASES = ['probe', 'action', 'rescue', 'undo', 'verify'] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Identity of one command: equal for every re-send of the same work, different for any other.
 * `dispatch` counts the commands of this step over its whole life, so it never repeats.
 */
export interface EffectId {
  readonly workflow: string;
  readonly generation: number;
  readonly step: StepId;
  readonly dispatch: number;
}

export function effectKey(id: EffectId): string {
  return `${id.workflow}/${id.generation}/${id.step}/${id.dispatch}`;
}
