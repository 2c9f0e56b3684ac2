// A world of enrolment: broker with users, store, the engine's side, and VMs that are given real user data.
// Belongs here: fixtures of the suites of enrolment. Does not belong here: expectations.
import { startEnrolledAgent } from '../../agent-protocol/agent/enrolled.ts';
import type { RunningAgent } from '../../agent-protocol/agent/agent.ts';
import { type AgentConfig, decodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { Book, openBook } from '../../engine/agents/book.ts';
import { openDirectory } from '../../engine/agents/directory.ts';
import type { Leaving } from '../../engine/agents/enrolment/registrar.ts';
import { createEnrolment, type Enrolment } from '../../engine/agents/enrolment/side.ts';
import { newEngineKeys } from '../../engine/agents/keys.ts';
import type { Alarm } from '../../engine/agents/ports.ts';
import { type AgentSide, createAgentSide } from '../../engine/agents/side.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import { memoryBrokerUsers } from '../../engine/broker/memory-users.ts';
import type { BrokerUsers } from '../../engine/broker/ports.ts';
import { memoryBroker, type PublishContext } from '../../engine/bus/memory.ts';
import type { AgentRequest } from '../../engine/runtime/agents-api.ts';
import type { Doubts, ReportSink } from '../../engine/runtime/ports.ts';
import { vault as makeVault } from '../../engine/runtime/secrets.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { ManualClock, RecordingSink } from './world.ts';

/** A request but for who asks. */
type Asked = AgentRequest extends infer R ? (R extends AgentRequest ? Omit<R, 'by'> : never) : never;

export const server = (number: number): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export class EnrolmentWorld {
  readonly wire: PublishContext[] = [];
  readonly broker = memoryBroker({
    users: { engine: { password: 'e' } },
    onPublish: context => this.wire.push(context),
  });
  readonly disk = new MemoryDisk();
  readonly clock = new ManualClock();
  readonly sink = new RecordingSink();
  readonly alarms: Alarm[] = [];
  readonly logged: string[] = [];
  readonly left: string[] = [];
  keys = newEngineKeys();
  /** Whether workflows have let go, or why they do not. */
  mayLeave: boolean | Error = true;
  /** Put around what the engine writes and asks of the broker: tests fail or count there. */
  around: { keep?: (changes: number) => void; users?: (call: string) => void; owned?: () => void } = {};
  #side: AgentSide | undefined;
  #enrolment: Enrolment | undefined;
  readonly #vms = new Set<RunningAgent>();

  get side(): AgentSide {
    if (this.#side === undefined) throw new Error('no engine runs');
    return this.#side;
  }

  get enrolment(): Enrolment {
    if (this.#enrolment === undefined) throw new Error('no engine runs');
    return this.#enrolment;
  }

  /** As an engine starts, also after another on the same disk. */
  async open(): Promise<void> {
    const store = new MemoryStore(this.disk);
    await store.acquire('engine');
    const found = await openBook(store);
    const keep: MemoryStore['keep'] = async changes => {
      this.around.keep?.(changes.length);
      await store.keep(changes);
    };
    const book = new Book(await store.records(), { keep });
    await found.close();
    const vault = makeVault(Buffer.alloc(32, 7));
    const sealing = {
      seal: (ref: string, value: Parameters<typeof vault.seal>[1]) => vault.seal(ref, value).sealed,
      open: vault.open,
    };
    const sink: ReportSink & Doubts = {
      report: (...report) => this.sink.report(...report),
      owned: async () => this.around.owned?.(),
      doubt: (...told) => this.sink.doubt(...told),
    };
    const { clock, keys } = this;
    const onAlarm = (alarm: Alarm): void => void this.alarms.push(alarm);
    const login = { user: 'engine', password: 'e', name: 'engine' };
    const side = createAgentSide({
      transport: this.broker.transport,
      login,
      clock,
      random: () => 0,
      keys,
      directory: openDirectory(book),
      sink,
      vault: sealing,
      term: () => 1,
      onAlarm,
    });
    const leave: Leaving['leave'] = async (agent, { abandon, again }) => {
      this.left.push(`${agent}${abandon ? ' abandoned' : ''}${again ? ' again' : ''}`);
      if (this.mayLeave instanceof Error) throw this.mayLeave;
      return this.mayLeave;
    };
    const broker = { urls: ['amqp://broker.example/agents'] };
    const users = this.#users();
    this.#enrolment = createEnrolment(side, {
      book,
      vault: sealing,
      keys,
      users,
      sink,
      clock,
      leaving: { leave },
      broker,
      onAlarm,
    });
    this.#side = side;
    await side.connect();
    await side.open();
    await this.#enrolment.start();
  }

  async close(): Promise<void> {
    this.#enrolment?.close();
    await this.#side?.close();
    this.#enrolment = undefined;
    this.#side = undefined;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#vms].map(vm => vm.stop()));
    await this.close();
  }

  administer(request: Asked): Promise<JsonObject> {
    return this.enrolment.registrar.administer({ ...request, by: 'test' } as AgentRequest);
  }

  create(agent: string, reenrolment: 'approval' | 'offline' = 'approval'): Promise<JsonObject> {
    return this.administer({ kind: 'create_agent', agent, name: agent, format: 'cloud-init', reenrolment });
  }

  member(agent: string, number: number, member = `m-${agent}`): Promise<JsonObject> {
    const how = { onLeave: 'undo', leaveTimeout: 60_000 } as const;
    return this.administer({
      kind: 'put_member',
      member,
      agent,
      server: server(number),
      name: agent,
      ...how,
    });
  }

  async userData(agent: string): Promise<string> {
    return JSON.parse(
      JSON.stringify((await this.administer({ kind: 'user_data', agent }))['user_data']),
    ) as string;
  }

  async config(agent: string): Promise<AgentConfig> {
    const content = /content: (\S+)/.exec(await this.userData(agent))?.[1] ?? '';
    const decoded = decodeConfig(Buffer.from(content, 'base64'));
    if ('refused' in decoded) throw new Error(decoded.refused);
    return decoded.config;
  }

  /** A VM as Nova starts it; `disk`: that of another one. */
  async vm(
    config: AgentConfig,
    number: number,
    disk?: string,
  ): Promise<{ stop(): Promise<void>; disk: string }> {
    const directory = disk ?? (await temporaryDirectory());
    const agent = await startEnrolledAgent({
      directory,
      config,
      transport: this.broker.transport,
      server: async () => server(number),
      reconnectMs: 5,
      resendMs: 50,
      minimumFreeBytes: 0,
      log: text => this.logged.push(`${number}: ${text}`),
    });
    this.#vms.add(agent);
    const stop = async (): Promise<void> => {
      this.#vms.delete(agent);
      await agent.stop();
    };
    return { stop, disk: directory };
  }

  async show(agent: string): Promise<JsonObject> {
    return this.administer({ kind: 'show_agent', agent });
  }

  said(pattern: RegExp): boolean {
    return this.logged.some(text => pattern.test(text));
  }

  /** All that the broker and the store hold or held, as text. */
  everything(): string {
    const wire = this.wire.map(({ message }) => Buffer.from(message.body).toString());
    const kept = [...this.disk.kept.values()].map(
      ({ value, sealed }) => `${value} ${Buffer.from(sealed ?? []).toString()}`,
    );
    return [...wire, ...kept, ...this.logged, ...this.alarms.map(alarm => alarm.message)].join('\n');
  }

  /** Every call of the broker's users passes `around.users`. */
  #users(): BrokerUsers {
    return new Proxy(memoryBrokerUsers(this.broker), {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...parameters: unknown[]): Promise<unknown> => {
          this.around.users?.(String(name));
          return (value as (...given: unknown[]) => unknown).apply(target, parameters);
        };
      },
    });
  }
}
