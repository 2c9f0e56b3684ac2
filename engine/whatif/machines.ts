// When a machine takes up what it is given: nothing runs beside a reboot (R5), as agents see to.
// Belongs here: the order on one machine of what is not kept apart before it is sent. Does not belong here: the queue
// for a VM, which the workflow's machine keeps.
import type { Command } from '../machine/types.ts';

export class Machines {
  /** Agent → when all that it was given will have ended; of reboots alone. */
  readonly #quiet = new Map<string, number>();
  readonly #rebooted = new Map<string, number>();

  /** When the agent begins what it is given at this time. */
  begin({ agent, action }: Command, at: number): number {
    if (agent === undefined || action.kind === 'online') return at;
    const before = action.kind === 'reboot' ? this.#quiet : this.#rebooted;
    return Math.max(at, before.get(agent) ?? 0);
  }

  /** Notes when it will end. */
  note({ agent, action }: Command, end: number): void {
    if (agent === undefined || action.kind === 'online') return;
    this.#quiet.set(agent, Math.max(end, this.#quiet.get(agent) ?? 0));
    if (action.kind === 'reboot') this.#rebooted.set(agent, end);
  }
}
