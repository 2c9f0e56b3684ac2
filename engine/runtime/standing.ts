// Since when steps stand still, and for what: kept beside every commit, so that it is known without looking at any workflow.
// Belongs here: which reasons there are, and the sums. Does not belong here: why exactly one waits (machine/why/), numbers for
// Prometheus (admin/metrics/).
//
// ST1 What is kept is bounded by what is under way: a step that waits for others is not among it.
import type { StepRecord } from '../machine/types.ts';

/**
 * `agent`: its agent has not taken the command; `machine`: its agent has; `service`: a service, or a child, is at work;
 * `turn`: something else runs on its machine; `retry`, `time`: a time has to pass; `approval`, `signal`, `operator`: a person.
 */
export const STANDING = [
  'agent',
  'machine',
  'service',
  'turn',
  'retry',
  'time',
  'approval',
  'signal',
  'operator',
] as const;
export type StandsFor = (typeof STANDING)[number];

export function standsFor(record: StepRecord): StandsFor | undefined {
  const { status, command, due, asks, held, progress } = record;
  if (status === 'paused') return asks?.kind ?? 'operator';
  if (status === 'waiting') return due?.for === 'retry' ? 'retry' : undefined;
  if (status === 'ready') return 'turn';
  if (status !== 'running' && status !== 'undoing') return undefined;
  if (held !== undefined) return 'operator';
  if (command !== undefined)
    return command.agent === undefined ? 'service' : progress === 'sent' ? 'agent' : 'machine';
  return due === undefined ? 'turn' : due.for === 'retry' ? 'retry' : 'time';
}

interface Stood {
  readonly why: StandsFor;
  /** Ms since the epoch. */
  readonly since: number;
}

export class Standing {
  /** Workflow → step → what it stands for. */
  readonly #stood = new Map<string, Map<string, Stood>>();

  note(workflow: string, step: string, record: StepRecord): void {
    const why = standsFor(record);
    const steps = this.#stood.get(workflow) ?? new Map<string, Stood>();
    if (why === undefined) steps.delete(step);
    else steps.set(step, { why, since: record.since });
    if (steps.size === 0) this.#stood.delete(workflow);
    else this.#stood.set(workflow, steps);
  }

  forget(workflow: string): void {
    this.#stood.delete(workflow);
  }

  /** By reason, ms since the epoch: since when the one stands that has stood longest. */
  oldest(): ReadonlyMap<StandsFor, number> {
    const found = new Map<StandsFor, number>();
    for (const steps of this.#stood.values())
      for (const { why, since } of steps.values()) found.set(why, Math.min(since, found.get(why) ?? since));
    return found;
  }
}
