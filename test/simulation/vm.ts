// A simulated VM: the disk that outlives the agent, and the scripts that outlive it too.
// Belongs here: processes as programs on virtual time, exit records, reboots. Does not belong here: the agent's own
// decisions (agent-host.ts runs the production agent machine).
//
// | a real VM                                  | here                                                      |
// |--------------------------------------------|-----------------------------------------------------------|
// | supervisor process, files, fsync           | an exit record that appears with the script's end         |
// | journal: torn tail, CRC                    | whole records (test/agent-protocol tears real journals)   |
// | output streams, masking                    | left out                                                  |
// | TERM, grace, KILL                          | a kill ends the script at its next line                   |
import type { Ending, Held, JournalRecord } from '../../agent-protocol/agent-records.ts';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import { newSigningKey } from '../../agent-protocol/signing.ts';
import { perform, VmDisk } from './programs.ts';
import type { Scheduler } from './scheduler.ts';

export interface Process {
  readonly key: string;
  readonly run: number;
  readonly exclusive: boolean;
  killed: 'cancelled' | 'timeout' | undefined;
  alive: boolean;
}

interface Exit {
  readonly ending: Ending;
  readonly spent: number;
}

const runKey = (key: string, run: number): string => `${key}#${run}`;

export class Vm {
  readonly name: string;
  readonly disk = new VmDisk();
  readonly journal: JournalRecord[] = [];
  readonly signing = newSigningKey();
  readonly sealing = newSealingKey();
  incarnation: string;
  builds = 1;
  bootId = 'boot-1';
  boots = 1;
  /** Starts by command and run: what invariant I1 is checked from. */
  readonly starts = new Map<string, number>();
  /** Reboots that the agent asked for: at most one for each that it journaled (AM8). */
  asked = 0;
  /** Scripts that ran when it did (R5). */
  besides = 0;
  /** Set when a script was started beside another, and neither may run beside others (R5). */
  together: string | undefined;
  /** Set when a script was started for an engine that had been replaced, as far as this VM had heard (I5). */
  staleStart: string | undefined;
  readonly #terms = new Map<string, number>();
  /** Commands that arrived at least once under a term that was not outdated then. */
  readonly #current = new Set<string>();
  readonly #processes = new Map<string, Process>();
  readonly #exits = new Map<string, Exit>();
  readonly #scheduler: Scheduler;
  /** Told of every script's end while an agent lives. */
  onEnd: ((key: string, run: number) => void) | undefined;

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.incarnation = `incarnation-of-${name}`;
    this.#scheduler = scheduler;
  }

  /** Set when the agent forgot an outcome that the engine never confirmed (A4). */
  forgotten: string | undefined;
  readonly #receipted = new Set<string>();

  receipt(key: string): void {
    this.#receipted.add(key);
  }

  /** The agent journals these. */
  journaled(records: readonly JournalRecord[]): void {
    for (const record of records) {
      if (record.kind !== 'forgotten' || this.#receipted.has(record.key)) continue;
      this.forgotten ??= `${this.name} forgot the outcome of ${record.key} without a receipt`;
    }
  }

  /** A command or cancel arrived: noted here apart from the agent's own memory, to judge it by. */
  told(key: string, workflow: string, term: number): void {
    const highest = this.#terms.get(workflow) ?? 0;
    this.#terms.set(workflow, Math.max(term, highest));
    if (term >= highest) this.#current.add(key);
  }

  /** The supervisor's part: starts the script, which then needs nobody. */
  spawn(key: string, held: Held): void {
    const id = runKey(key, held.run);
    this.starts.set(id, (this.starts.get(id) ?? 0) + 1);
    if (!this.#current.has(key))
      this.staleStart ??= `${key} was started on ${this.name} under an outdated term only`;
    const exclusive = held.command.exclusive !== false;
    const other = [...this.#processes.values()].find(one => one.alive && one.exclusive);
    if (exclusive && other) this.together ??= `${key} was started on ${this.name} beside ${other.key}`;
    const process: Process = { key, run: held.run, exclusive, killed: undefined, alive: true };
    this.#processes.set(id, process);
    const { task, timeout } = held.command;
    const lines = task.kind === 'script' ? task.text.split('\n') : ['exit 0'];
    const began = this.#scheduler.time;
    const left = timeout - held.spent;
    this.#scheduler.at(began + left, () => {
      process.killed ??= 'timeout';
    });
    void this.#run(process, lines, () => held.spent + this.#scheduler.time - began);
  }

  async #run(process: Process, lines: readonly string[], spent: () => number): Promise<void> {
    const outputs = new Map<string, string>();
    for (const line of lines) {
      await this.#scheduler.sleep(1);
      if (!process.alive) return;
      if (process.killed) return this.#exit(process, { kind: process.killed }, outputs, spent());
      const step = perform(line, this.disk, outputs);
      if (step.kind === 'exit')
        return this.#exit(process, { kind: 'exit', code: step.code }, outputs, spent());
      if (step.kind === 'sleep') await this.#scheduler.sleep(step.milliseconds);
      if (!process.alive) return;
    }
    this.#exit(process, { kind: 'exit', code: 0 }, outputs, spent());
  }

  #exit(process: Process, result: Ending['result'], outputs: Map<string, string>, spent: number): void {
    process.alive = false;
    const values = Object.fromEntries([...outputs].map(([name, text]) => [name, { text }]));
    const ending: Ending = { result, outputs: values, stdout: '', stderr: '' };
    this.#exits.set(runKey(process.key, process.run), { ending, spent });
    this.onEnd?.(process.key, process.run);
  }

  exitOf(key: string, run: number): Exit | undefined {
    return this.#exits.get(runKey(key, run));
  }

  processOf(key: string, run: number): Process | undefined {
    return this.#processes.get(runKey(key, run));
  }

  /** Power off and on: every script dies without a record; a new boot id. */
  reboot(): void {
    for (const process of this.#processes.values()) process.alive = false;
    this.boots += 1;
    this.bootId = `boot-${this.boots}`;
  }

  /** Made anew under the same agent: nothing is left of its disk, nor of what its agent remembered. */
  rebuild(): void {
    this.reboot();
    this.builds += 1;
    this.incarnation = `incarnation-${this.builds}-of-${this.name}`;
    this.journal.length = 0;
    for (const kept of [this.#processes, this.#exits, this.disk.effects, this.disk.counters]) kept.clear();
    this.disk.applied.length = 0;
  }

  get running(): number {
    return [...this.#processes.values()].filter(process => process.alive).length;
  }
}
