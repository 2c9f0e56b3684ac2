// Which faults a run has, how often, and until when: drawn from its seed.
// Belongs here: the kinds and their odds (each seed switches on some of them: swarm testing).
// Does not belong here: how a fault is done to a part of the world (world.ts).
import type { PublishFault } from '../../engine/bus/memory.ts';
import type { KillPlan } from './life.ts';
import type { Random } from './random.ts';
import type { StoreFault } from './store-model.ts';

export const FAULT_KINDS = [
  'engine_killed',
  'standby_takes_over',
  'agent_killed',
  'vm_reboots',
  'broker_cut',
  'broker_wiped',
  'broker_stopped',
  'broker_blocked',
  'publish_faults',
  'store_faults',
  'agent_disk_full',
  'clock_skew',
] as const;
/** Of the owner's cloud, in worlds that have one, and VMs that lose their disks: not drawn, or every seed would mean another run. */
export type FaultKind = (typeof FAULT_KINDS)[number] | 'service_faults' | 'vm_rebuilt';

export class Faults {
  readonly kinds: ReadonlySet<FaultKind>;
  /** Virtual time at which all faults stop; what is alive must then come to an end. */
  readonly until: number;
  readonly #random: Random;
  readonly #now: () => number;

  constructor(random: Random, now: () => number, chosen?: readonly FaultKind[]) {
    this.#random = random;
    this.#now = now;
    this.until = now() + random.between(20, 600) * 1_000;
    this.kinds = new Set(chosen ?? FAULT_KINDS.filter(() => random.chance(0.4)));
  }

  get over(): boolean {
    return this.#now() >= this.until;
  }

  on(kind: FaultKind): boolean {
    return this.kinds.has(kind) && !this.over;
  }

  happens(kind: FaultKind, probability: number): boolean {
    return this.on(kind) && this.#random.chance(probability);
  }

  killEngine: KillPlan = () => this.#kill('engine_killed', 0.006);
  killAgent: KillPlan = () => this.#kill('agent_killed', 0.02);

  #kill(kind: FaultKind, probability: number): 'before' | 'after' | undefined {
    return this.happens(kind, probability) ? this.#random.pick(['before', 'after'] as const) : undefined;
  }

  store(method: string): StoreFault | undefined {
    if (!this.happens('store_faults', 0.05)) return undefined;
    if (method !== 'commit') return 'failed';
    return this.#random.pick(['unknown_done', 'unknown_not_done', 'failed', 'full'] as const);
  }

  publish(): PublishFault | undefined {
    if (!this.happens('publish_faults', 0.08)) return undefined;
    return this.#random.pick([
      { kind: 'cut_before' },
      { kind: 'cut_after' },
      { kind: 'no_confirm' },
      { kind: 'lose' },
      { kind: 'nack' },
      { kind: 'duplicate', copies: 2 },
      { kind: 'delay', milliseconds: this.#random.between(10, 90_000) },
      { kind: 'front' },
    ] as const);
  }

  skew(): number {
    return this.on('clock_skew') ? this.#random.between(-90_000, 90_000) : 0;
  }
}
