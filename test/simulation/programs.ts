// Scripts of simulated VMs: a tiny language that stands for what real scripts do to a machine.
// Belongs here: its statements and what they do to a disk. Does not belong here: processes, time, the agent.
//
//   sleep MS          takes virtual time
//   apply NAME        makes the effect NAME hold on this VM (again: no change, but counted)
//   revert NAME       takes it back
//   check NAME        exits 0 when NAME holds, 1 when not (a probe)
//   flaky NAME N      exits 75 the first N times it is run on this VM
//   reboot NAME       exits 194 the first time, so that the VM reboots and the script runs again
//   output KEY VALUE  writes an output
//   exit N            ends

/** What survives a VM's reboot and its agent's death. */
export class VmDisk {
  readonly effects = new Set<string>();
  readonly counters = new Map<string, number>();
  /** Every `apply`, in order: what repeated effects are counted from. */
  readonly applied: string[] = [];
  /** Reads of input `fail`… are not modelled: scripts see no inputs here. */
  bump(name: string): number {
    const next = (this.counters.get(name) ?? 0) + 1;
    this.counters.set(name, next);
    return next;
  }
}

export type Step =
  | { readonly kind: 'sleep'; readonly milliseconds: number }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'next' };

/** Carries out one line; the caller sleeps, ends, or goes on to the next. */
export function perform(line: string, disk: VmDisk, outputs: Map<string, string>): Step {
  const [word = '', name = '', value = ''] = line.trim().split(/\s+/);
  switch (word) {
    case 'sleep':
      return { kind: 'sleep', milliseconds: Number(name) };
    case 'exit':
      return { kind: 'exit', code: Number(name) };
    case 'apply':
      disk.effects.add(name);
      disk.applied.push(name);
      return { kind: 'next' };
    case 'revert':
      disk.effects.delete(name);
      return { kind: 'next' };
    case 'check':
      return { kind: 'exit', code: disk.effects.has(name) ? 0 : 1 };
    case 'flaky':
      return disk.bump(name) <= Number(value) ? { kind: 'exit', code: 75 } : { kind: 'next' };
    case 'reboot':
      return disk.bump(name) === 1 ? { kind: 'exit', code: 194 } : { kind: 'next' };
    case 'output':
      outputs.set(name, value);
      return { kind: 'next' };
    default:
      return { kind: 'exit', code: 127 };
  }
}
