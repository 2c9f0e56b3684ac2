// A whole simulated system: engines, agents, broker, store, clients, one clock, one seed.
// Belongs here: putting the parts together, doing the faults, running to the end. Does not belong here: what the parts
// do (their own files), what must hold (checks.ts).
import { newEngineKeys } from '../../engine/agents/keys.ts';
import { memoryDirectory } from '../../engine/agents/directory.ts';
import { memoryBroker, type MemoryBroker } from '../../engine/bus/memory.ts';
import { commandQueue } from '../../agent-protocol/transport.ts';
import { keyRing, publicKeyText } from '../../agent-protocol/signing.ts';
import type { Change } from '../../engine/machine/types.ts';
import type { StoredWorkflow } from '../../engine/runtime/ports.ts';
import { vault } from '../../engine/runtime/secrets.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { AgentHost } from './agent-host.ts';
import { Broken, Checker } from './checks.ts';
import { type Asking, Client } from './client.ts';
import { SimulatedCloud } from './cloud.ts';
import { EngineHost, type EngineWorld } from './engine-host.ts';
import { type FaultKind, Faults } from './faults.ts';
import { type KillPlan, Life } from './life.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenarios.ts';
import { Scheduler, settle } from './scheduler.ts';
import { modelStore } from './store-model.ts';
import { Vm } from './vm.ts';

export interface RunOptions {
  readonly seed: number;
  readonly scenario: Scenario;
  /** Absent: drawn from the seed. Empty: a run without faults. */
  readonly faults?: readonly FaultKind[];
  /** Kills of the engine at chosen I/Os instead of drawn ones: for enumeration. */
  readonly killEngine?: (life: number) => KillPlan;
  /** The same of the agent on a VM; its lives count from 1. */
  readonly killAgent?: (vm: string, life: number) => KillPlan;
  readonly remove?: boolean;
  /** It is suspended and resumed at moments drawn from the seed. */
  readonly pauses?: boolean;
  /** What the scenario asks for later comes at a moment drawn from the seed, not when all is over. */
  readonly early?: boolean;
}

export interface RunResult {
  readonly status: string;
  readonly steps: number;
  readonly faults: readonly FaultKind[];
  /** Effects that hold at the end, by VM: what runs are compared by. */
  readonly effects: Readonly<Record<string, readonly string[]>>;
  /** Final status of each step, and its outputs; empty once deleted. */
  readonly states: Readonly<Record<string, string>>;
  readonly engineIos: number;
  /** I/Os of each VM's agent, in all its lives. */
  readonly agentIos: Readonly<Record<string, number>>;
  readonly answers: number;
}

const ios = (lives: readonly Life[]): number => lives.reduce((sum, life) => sum + life.ios, 0);

/** Steps after the faults stopped within which everything must have come to an end (I7). */
const LIVENESS = 400_000;

export class World {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly broker: MemoryBroker;
  readonly vms: readonly Vm[];
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #disk = new MemoryDisk();
  readonly #checker: Checker;
  readonly #client: Client;
  readonly #keys = newEngineKeys();
  readonly #engineWorld: EngineWorld;
  readonly #engines: EngineHost[] = [];
  readonly #agents = new Map<string, AgentHost>();
  readonly #agentLives = new Map<string, readonly Life[]>();
  #cloud: SimulatedCloud | undefined;
  #lives = 0;
  #broken: Error | undefined;
  engineIos = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.scheduler = new Scheduler(this.#random.fork());
    this.faults = new Faults(this.#random.fork(), () => this.scheduler.time, options.faults);
    this.vms = Object.entries(options.scenario.members).flatMap(([entity, count]) =>
      Array.from({ length: count }, (_, index) => new Vm(`${entity}-${index}`, this.scheduler)),
    );
    this.#checker = new Checker(this.#disk, this.vms);
    this.broker = this.#makeBroker();
    if (options.scenario.calls) this.#cloud = this.#makeCloud(options.seed);
    this.#engineWorld = this.#makeEngineWorld();
    this.#client = new Client({
      scheduler: this.scheduler,
      scenario: options.scenario,
      active: () => this.#engines.findLast(host => host.life.alive && host.serving),
      record: async () => (await this.#checker.load('w1'))?.stored.record,
      isInDoubt: () => this.#isInDoubt(),
      asking: async () => {
        const workflows = ['w1', ...(await this.#checker.children('w1'))];
        const all = await Promise.all(workflows.map(workflow => this.#askingIn(workflow)));
        return all.flat();
      },
    });
  }

  /** Where VMs are rebuilt: more may be, or not all have said hello since, or something is marked. */
  async #isInDoubt(): Promise<boolean> {
    if (!this.faults.kinds.has('vm_rebuilt')) return false;
    const { directory } = this.#engineWorld;
    const isNew = this.vms.some(vm => directory.get(vm.name)?.incarnation !== vm.incarnation);
    const { steps = [] } = (await this.#checker.load('w1'))?.stored ?? {};
    return !this.faults.over || isNew || steps.some(({ record }) => record.unverified !== undefined);
  }

  async #askingIn(workflow: string): Promise<readonly Asking[]> {
    const now = await this.#checker.load(workflow);
    return (now?.stored.steps ?? []).map(({ number, record }) => ({
      workflow,
      step: now?.graph.steps[number]?.id ?? '',
      asks: record.asks,
    }));
  }

  /** Runs until the client is done, or something is broken. Throws Broken. */
  async run(): Promise<RunResult> {
    this.#startEngine();
    for (const vm of this.vms) this.scheduler.after(0, 3_000, () => this.#startAgent(vm));
    this.#scheduleFaults();
    let status: string | undefined;
    const moments = this.#options.early ? new Random(this.#options.seed + 2) : undefined;
    this.#client.live(this.#options.remove ?? false, moments).then(
      end => {
        status = end;
      },
      (thrown: unknown) => this.#breaks(thrown),
    );
    // What is asked of a workflow that is gone by then is refused.
    if (this.#options.pauses)
      this.#client.pause(new Random(this.#options.seed + 1)).catch((thrown: unknown) => {
        if ((thrown as { code?: string }).code !== 'not_found') this.#breaks(thrown);
      });
    await this.#runUntil(() => status !== undefined);
    return this.#result(status as string);
  }

  async #runUntil(done: () => boolean): Promise<void> {
    let after = 0;
    for (;;) {
      await settle();
      if (this.#broken) throw this.#broken;
      this.#checker.vms();
      if (done()) return;
      if (this.faults.over && (after += 1) > LIVENESS)
        throw new Broken('I7', 'no end in sight long after the last fault');
      if (!this.scheduler.step())
        throw new Broken('I7', 'nothing is left to happen and the end is not reached');
    }
  }

  async #result(status: string): Promise<RunResult> {
    const children = await this.#checker.children('w1');
    const all = await Promise.all(['w1', ...children].map(id => this.#statesOf(id)));
    if (status === 'deleted' && children.length > 0)
      throw new Broken('row 40', 'a child is left with nobody');
    const states = Object.fromEntries(all.flat());
    return {
      status,
      steps: this.scheduler.steps,
      faults: [...this.faults.kinds],
      effects: {
        ...Object.fromEntries(this.vms.map(vm => [vm.name, [...vm.disk.effects].sort()])),
        ...(this.#cloud && { cloud: this.#cloud.effects }),
      },
      states,
      engineIos: ios(this.#engines.map(host => host.life)),
      agentIos: Object.fromEntries([...this.#agentLives].map(([vm, lives]) => [vm, ios(lives)])),
      answers: this.#client.answers,
    };
  }

  /**
   * A child's by its parent's step: its id hangs on how often that was begun. What is gone from the definition is told only
   * as far as it had begun, so only its effects are compared.
   */
  async #statesOf(id: string): Promise<readonly (readonly [string, string])[]> {
    const found = await this.#checker.load(id);
    const { parent } = found?.stored.record ?? {};
    const place = parent ? `${parent.step}/` : '';
    const there = (found?.graph.steps ?? []).filter(({ leaving }) => !leaving);
    return there.map(step => {
      const record = found?.state.records[step.number];
      const outputs = JSON.stringify(record?.outputs ?? {});
      return [`${place}${step.id}`, `${record?.status ?? 'waiting'} ${outputs}`] as const;
    });
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (thrown) {
      this.#breaks(thrown);
    }
  }

  #breaks(thrown: unknown): void {
    this.#broken ??= thrown instanceof Error ? thrown : new Error(String(thrown));
  }

  // ---------------------------------------------------------------- parts

  #makeBroker(): MemoryBroker {
    const random = this.#random.fork();
    return memoryBroker({
      scheduler: {
        soon: task => void this.scheduler.after(0, random.chance(0.1) ? 15 : 1, task),
        after: (milliseconds, task) => void this.scheduler.at(this.scheduler.time + milliseconds, task),
      },
      fault: ({ connection }) => {
        const fault = this.faults.publish();
        // A broker that owes a confirm for long is found out by heartbeats: then the connection goes.
        if (fault?.kind === 'no_confirm') this.scheduler.after(1_000, 60_000, () => this.#cut(connection));
        return fault;
      },
      onPublish: context => {
        this.#checker.published(context).catch((thrown: unknown) => this.#breaks(thrown));
      },
    });
  }

  /** Chance of its own: a draw for it must not shift the draws of worlds that have none. */
  #makeCloud(seed: number): SimulatedCloud {
    return new SimulatedCloud(this.scheduler, new Random(seed + 1), this.faults, thrown =>
      this.#breaks(thrown),
    );
  }

  #makeEngineWorld(): EngineWorld {
    const cloud = this.#cloud;
    const records = this.vms.map(vm => ({
      id: vm.name,
      signingKey: publicKeyText(vm.signing.publicKey),
      sealingKey: publicKeyText(vm.sealing.publicKey),
      retired: [],
      journal: 0,
    }));
    const random = this.#random.fork();
    return {
      broker: this.broker,
      keys: this.#keys,
      vault: vault(Buffer.alloc(32, 7)),
      directory: memoryDirectory(records),
      skew: () => 0,
      ...(cloud && { clouds: (life: Life) => cloud.source(life) }),
      store: life => this.#storeFor(life),
      acked: delivery => {
        this.#checker.acked(delivery.message).catch((thrown: unknown) => this.#breaks(thrown));
      },
      random: () => random.next(),
    };
  }

  #storeFor(life: Life) {
    return modelStore(
      this.#disk,
      life,
      method => this.faults.store(method),
      (workflows, term) => {
        this.#guard(() => this.#checker.fenced(term, this.#disk.term));
        for (const id of workflows)
          this.#checker.committed(id).catch((thrown: unknown) => this.#breaks(thrown));
      },
    );
  }

  #startEngine(): void {
    this.#lives += 1;
    const plan = this.#options.killEngine?.(this.#lives) ?? this.faults.killEngine;
    const life = new Life(`engine-${this.#lives}`, this.scheduler, this.#random.fork(), plan);
    const skew = this.faults.skew();
    const host = new EngineHost(life, { ...this.#engineWorld, skew: () => (this.faults.over ? 0 : skew) });
    this.#engines.push(host);
    // A supervisor starts a dead engine again, as systemd does, unless another one lives.
    life.onDeath(() => this.scheduler.after(200, 8_000, () => this.#restartEngine()));
    host.start().catch((thrown: unknown) => life.die(String(thrown)));
  }

  #restartEngine(): void {
    if (!this.#engines.some(host => host.life.alive)) this.#startEngine();
  }

  #startAgent(vm: Vm): void {
    const before = this.#agentLives.get(vm.name) ?? [];
    const plan = this.#options.killAgent?.(vm.name, before.length + 1) ?? this.faults.killAgent;
    const life = new Life(`${vm.name}#${vm.boots}`, this.scheduler, this.#random.fork(), plan);
    this.#agentLives.set(vm.name, [...before, life]);
    // The agent's queue is declared by the engine; an agent that comes too early tries again.
    const host = new AgentHost(vm, life, {
      scheduler: this.scheduler,
      transport: this.broker.transport,
      engineKeys: keyRing([this.#keys.signing.publicKey]),
      space: () => !this.faults.happens('agent_disk_full', 0.3),
      reboot: machine => {
        machine.asked += 1;
        machine.besides += machine.running;
        this.#reboot(machine);
      },
    });
    this.#agents.set(vm.name, host);
    life.onDeath(why => {
      void this.broker.cut(why, login => login.name === vm.name);
      this.scheduler.after(500, 6_000, () => this.#startAgent(vm));
    });
  }

  #reboot(vm: Vm): void {
    vm.reboot();
    this.#agents.get(vm.name)?.life.die('its VM rebooted');
  }

  #rebuild(vm: Vm): void {
    vm.rebuild();
    this.#agents.get(vm.name)?.life.die('its VM was rebuilt');
  }

  // ---------------------------------------------------------------- faults that come by themselves

  #scheduleFaults(): void {
    const every = (kind: FaultKind, low: number, high: number, act: () => void): void => {
      const again = (): void => {
        if (this.faults.over || !this.faults.kinds.has(kind)) return;
        act();
        this.scheduler.after(low, high, again);
      };
      this.scheduler.after(0, high, again);
    };
    every('standby_takes_over', 5_000, 120_000, () => this.#startEngine());
    every('vm_rebuilt', 10_000, 150_000, () => this.#rebuild(this.#random.pick(this.vms)));
    every('vm_reboots', 10_000, 200_000, () => this.#reboot(this.#random.pick(this.vms)));
    every(
      'broker_cut',
      3_000,
      60_000,
      () => void this.broker.cut('simulated', () => this.#random.chance(0.5)),
    );
    every('broker_wiped', 20_000, 200_000, () => this.broker.wipe('simulated'));
    every('broker_stopped', 20_000, 100_000, () => this.#pauseBroker('stop', 'start'));
    every('broker_blocked', 20_000, 100_000, () => this.#pauseBroker('block', 'unblock'));
  }

  #cut(connection: string): void {
    this.broker.cut('no confirm came', login => login.name === connection);
  }

  #pauseBroker(begin: 'stop' | 'block', end: 'start' | 'unblock'): void {
    this.broker[begin]('simulated');
    this.scheduler.after(100, 30_000, () => this.broker[end]());
  }

  /** What is stored of the workflow, and every change that led there. */
  async history(): Promise<{ readonly stored: StoredWorkflow; readonly log: readonly Change[] }> {
    const found = await this.#checker.load('w1');
    if (!found) throw new Error('The workflow is gone.');
    return { stored: found.stored, log: await this.#checker.changes('w1') };
  }

  /** Messages that wait for agents: for reports of a failed run. */
  queues(): string {
    return this.vms
      .map(vm => `${vm.name}=${this.broker.depth(commandQueue(vm.name))?.ready ?? '-'}`)
      .join(' ');
  }
}
