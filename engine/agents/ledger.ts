// The commands that are out, in memory: whose they are, and how far they came. Rebuilt by the runtime's recovery,
// which starts every live command again.
// Belongs here: who may report what, what a welcome lists as live. Does not belong here: workflow state (the machine
// knows), sending (engine/drivers/).
//
// LE1 A step has at most one command out: a newer dispatch takes the place of an older one.
// LE2 Only the agent that a command was sent to may report it.
import { effectKey, type EffectId } from '../base/ids.ts';

export interface CommandOut {
  readonly id: EffectId;
  readonly agent: string;
  /** Declared outputs: name → hidden. */
  readonly outputs: ReadonlyMap<string, boolean>;
  /** Incarnation it was sent to; undefined: not sent yet. */
  incarnation: string | undefined;
  accepted: boolean;
  /** Why it is called back. */
  cancelled: string | undefined;
  /** Sends it (or its cancel) to the incarnation that is bound now. */
  resend(): void;
  /** Nobody waits for it any more. */
  withdraw(): void;
}

export class Ledger {
  readonly #commands = new Map<string, CommandOut>();
  readonly #byStep = new Map<string, CommandOut>();
  readonly #byAgent = new Map<string, Set<CommandOut>>();
  readonly #held = new Set<string>();

  get(id: EffectId): CommandOut | undefined {
    return this.#commands.get(effectKey(id));
  }

  /** In the order in which they were added. */
  of(agent: string): readonly CommandOut[] {
    return [...(this.#byAgent.get(agent) ?? [])];
  }

  get size(): number {
    return this.#commands.size;
  }

  /** False when a newer command of the step is out: then nothing is added. */
  add(command: CommandOut): boolean {
    const older = this.#byStep.get(stepKey(command.id));
    if (older !== undefined && newer(older.id, command.id)) return false;
    if (older !== undefined) this.remove(older);
    this.#commands.set(effectKey(command.id), command);
    this.#byStep.set(stepKey(command.id), command);
    const own = this.#byAgent.get(command.agent) ?? new Set();
    this.#byAgent.set(command.agent, own.add(command));
    return true;
  }

  /** While an agent's hello is judged nothing is sent to it: its incarnation may be about to change. */
  hold(agent: string): void {
    this.#held.add(agent);
  }

  release(agent: string): void {
    this.#held.delete(agent);
  }

  held(agent: string): boolean {
    return this.#held.has(agent);
  }

  /** Takes it out, if it still is the one that is known under its id. */
  remove(command: CommandOut): void {
    if (this.#commands.get(effectKey(command.id)) !== command) return;
    this.#commands.delete(effectKey(command.id));
    if (this.#byStep.get(stepKey(command.id)) === command) this.#byStep.delete(stepKey(command.id));
    const own = this.#byAgent.get(command.agent);
    own?.delete(command);
    if (own?.size === 0) this.#byAgent.delete(command.agent);
    command.withdraw();
  }
}

const newer = (one: EffectId, other: EffectId): boolean =>
  one.generation > other.generation || (one.generation === other.generation && one.dispatch > other.dispatch);

const stepKey = (id: EffectId): string => `${id.workflow}/${id.step}`;
