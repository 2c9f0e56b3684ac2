// A whole embedded engine whose agents start no process: real desk, drivers, signatures, codec, link and journals.
// Belongs here: the wiring, and the runner that ends every script at once. Does not belong here: figures (protocol.ts).
//
// Of the agent everything is the production code (link, machine, keeper, journal with fdatasync) but scripts.ts: no
// directory of a run, no supervisor, no script. The journals of many agents reserve no space, for they would fill disks.
import { mkdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { AgentEffect } from '../../agent-protocol/agent-machine.ts';
import { newState, shortForm } from '../../agent-protocol/agent-records.ts';
import { gatherFacts } from '../../agent-protocol/agent/facts.ts';
import { openJournal, type Journal, type JournalFiles } from '../../agent-protocol/agent/journal.ts';
import { Keeper } from '../../agent-protocol/agent/keeper.ts';
import { Link } from '../../agent-protocol/agent/link.ts';
import { fixedTrust } from '../../agent-protocol/enrolment/trust.ts';
import { AGENT_LIMITS as LIMITS } from '../../agent-protocol/limits.ts';
import { PROTOCOL_VERSION, type Hello } from '../../agent-protocol/messages.ts';
import { newSigningKey, publicKeyText, type SigningKey } from '../../agent-protocol/signing.ts';
import { memoryDirectory } from '../../engine/agents/directory.ts';
import { newEngineKeys } from '../../engine/agents/keys.ts';
import { createAgentSide, type AgentSide } from '../../engine/agents/side.ts';
import { memoryBroker, type PublishContext } from '../../engine/bus/memory.ts';
import { createDrivers } from '../../engine/drivers/index.ts';
import { childWorkflows } from '../../engine/runtime/children.ts';
import { systemClock } from '../../engine/runtime/clock.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import type { Driver, Doubts, ReportSink, Store } from '../../engine/runtime/ports.ts';
import { EngineService } from '../../engine/runtime/service.ts';
import { openSqliteStore } from '../../engine/store/sqlite/store.ts';
import type { Login, Transport } from '../../agent-protocol/transport.ts';
import type { EngineKeys } from '../../engine/agents/keys.ts';
import { requestFor, type Shape } from './shapes.ts';
import { BENCH_VAULT } from './worlds.ts';
import { NO_CLOUDS } from '../support/clouds.ts';

/** As production's, but for the reserve, which stays a hole. */
export const BENCH_JOURNAL: JournalFiles = {
  write: async (handle: FileHandle, bytes: Uint8Array, position: number): Promise<unknown> =>
    bytes.length === LIMITS.journalReserveBytes
      ? handle.truncate(bytes.length)
      : handle.write(bytes, 0, bytes.length, position),
  sync: handle => handle.datasync(),
};

export async function freshJournal(directory: string): Promise<Journal> {
  await mkdir(directory, { recursive: true });
  const opened = await openJournal(directory, BENCH_JOURNAL);
  if ('damaged' in opened) throw new Error(opened.damaged);
  return opened.journal;
}

interface BenchAgent {
  stop(): Promise<void>;
}

/** An agent that journals and answers as production's does, and ends each script in the turn in which it starts. */
async function startBenchAgent(
  id: string,
  directory: string,
  way: BenchWay,
  keys: EngineKeys,
  signing: SigningKey,
  started: () => void,
): Promise<BenchAgent> {
  const incarnation = `i-${id}`;
  const journal = await freshJournal(directory);
  const state = newState(id, incarnation);
  await journal.append(shortForm(state));
  const log = (): void => undefined;
  const letOut = (effect: AgentEffect): void => {
    if (effect.kind === 'send') link.send(effect.message, effect.soon);
    else if (effect.kind === 'hello') link.hello(effect.nonce);
    else if (effect.kind === 'ack') link.ack(effect.token);
    else if (effect.kind === 'start') {
      started();
      endAtOnce(keeper, effect.key, effect.held.run);
    }
  };
  const keeper = new Keeper(state, journal, { letOut, log, retryAfter: 1_000 });
  const hello = (nonce: string): Hello => ({
    kind: 'hello',
    protocol: PROTOCOL_VERSION,
    agent: id,
    incarnation,
    bootId: 'bench',
    journal: keeper.state.written,
    unreceipted: [...keeper.state.held.values()].map(held => held.command.id),
    facts: gatherFacts(directory),
    nonce,
  });
  const link = new Link({
    agent: id,
    key: signing,
    trust: fixedTrust([keys.signing.publicKey]),
    transport: way.forAgents ?? way.transport,
    login: way.loginOf(id),
    reconnectMs: LIMITS.reconnectMs,
    reconnectMaxMs: LIMITS.reconnectMaxMs,
    resendMs: LIMITS.resendMs,
    connected: nonce => keeper.push({ kind: 'connected', nonce }),
    disconnected: () => keeper.push({ kind: 'disconnected' }),
    hello,
    welcomed: () => keeper.state.welcomed,
    received: (message, token) => keeper.push({ kind: 'message', message, token, space: true }),
    log,
  });
  keeper.push({ kind: 'boot', bootId: 'bench', mayReboot: false });
  return {
    stop: async () => {
      await link.stop();
      await keeper.stop();
    },
  };
}

function endAtOnce(keeper: Keeper, key: string, run: number): void {
  const ending = { result: { kind: 'exit', code: 0 }, outputs: {}, stdout: '', stderr: '' } as const;
  keeper.push({ kind: 'running', key, run });
  keeper.push({ kind: 'ended', key, run, ending, spent: 1 });
}

type Ear = (context: PublishContext) => void;

/** The broker that the world is built around. */
export interface BenchWay {
  readonly transport: Transport;
  /** Another way to the same broker, for the agents; absent: the engine's. */
  readonly forAgents?: Transport;
  readonly engine: Login;
  readonly queueKind?: 'classic' | 'quorum';
  loginOf(agent: string): Login;
}

const throughMemory = (onPublish?: Ear): BenchWay => ({
  transport: memoryBroker(onPublish && { onPublish }).transport,
  engine: { user: 'engine', password: '', name: 'bench' },
  loginOf: agent => ({ user: `agent.${agent}`, password: '', name: agent }),
});

/** Engine, desk and agents around one broker. */
export class AgentWorld {
  readonly store: Store;
  readonly engine: Engine;
  readonly service: EngineService;
  /** Scripts that were started, by all agents. */
  starts = 0;
  readonly #directory: string;
  readonly #way: BenchWay;
  readonly #keys = newEngineKeys();
  readonly #agents = new Map<string, BenchAgent>();
  readonly #side: AgentSide;
  readonly #drivers: readonly Driver[];

  private constructor(directory: string, store: Store, way: BenchWay) {
    this.#way = way;
    this.#directory = directory;
    this.store = store;
    const registry = memoryDirectory();
    const term = (): number => this.engine.term;
    const sink: ReportSink & Doubts = {
      report: (id, report, secrets) => this.engine.report(id, report, secrets),
      owned: () => this.engine.owned(),
      doubt: (...told) => this.engine.doubt(...told),
    };
    this.#side = createAgentSide({
      transport: way.transport,
      login: way.engine,
      ...(way.queueKind !== undefined && { queueKind: way.queueKind }),
      clock: systemClock,
      keys: this.#keys,
      directory: registry,
      sink,
      vault: { seal: (ref, value) => BENCH_VAULT.seal(ref, value).sealed },
      term,
    });
    const { post, presence, ledger } = this.#side;
    const drivers = createDrivers({
      post,
      presence,
      ledger,
      directory: registry,
      clock: systemClock,
      sink,
      term,
      seal: BENCH_VAULT.seal,
      children: childWorkflows(() => this.engine),
      clouds: NO_CLOUDS,
    });
    this.#drivers = Object.values(drivers);
    this.engine = new Engine({ store, clock: systemClock, vault: BENCH_VAULT, drivers, owner: 'bench' });
    this.service = new EngineService(this.engine);
  }

  /** Around a broker in the process; `onPublish` hears every message. */
  static open(directory: string, onPublish?: Ear): Promise<AgentWorld> {
    return AgentWorld.around(directory, throughMemory(onPublish));
  }

  static async around(directory: string, way: BenchWay): Promise<AgentWorld> {
    const store = await openSqliteStore(path.join(directory, 'engine.db'));
    const world = new AgentWorld(directory, store, way);
    await world.#side.connect();
    await world.engine.start();
    await world.#side.open();
    return world;
  }

  /**
   * Agents for every member, known to the engine before they come; one after the other or `atOnce`. Resolves when it has
   * welcomed them all.
   */
  async staff(shape: Shape, atOnce = false): Promise<void> {
    const wanted = Object.values(shape.members).flatMap(group => group.map(member => member.agent));
    const starts = await Promise.all(wanted.map(id => this.#register(id)));
    if (atOnce) await Promise.all(starts.map(start => start()));
    else for (const start of starts) await start();
    while (!wanted.every(id => this.#side.presence.online(id)))
      await new Promise(resolve => setTimeout(resolve, 5));
  }

  /** Returns how to start it. */
  async #register(id: string): Promise<() => Promise<void>> {
    const signing = newSigningKey();
    const sealingKey = publicKeyText(this.#keys.sealing.publicKey);
    await this.#side.register({ id, signingKey: publicKeyText(signing.publicKey), sealingKey });
    const place = path.join(this.#directory, 'agents', id);
    const started = (): void => {
      this.starts += 1;
    };
    return async () => {
      this.#agents.set(id, await startBenchAgent(id, place, this.#way, this.#keys, signing, started));
    };
  }

  /** Creates a workflow and waits for its end. */
  async run(id: string, shape: Shape): Promise<void> {
    const { problems } = await this.service.create(requestFor(id, shape));
    if (problems.length > 0)
      throw new Error(`The bench's own definition is refused: ${problems[0]?.message}`);
    const abort = new AbortController();
    const happenings = this.service.follow(id, abort.signal);
    // The first commands have left by now and no answer was absorbed yet: the end is still to be told.
    for await (const happening of happenings) {
      if (happening.kind !== 'log' || happening.entry.change.kind !== 'workflow') continue;
      const { status } = happening.entry.change.record;
      if (status === 'failed') throw new Error(`Workflow ${id} failed.`);
      if (status === 'complete') break;
    }
    abort.abort();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map(agent => agent.stop()));
    await this.engine.stop();
    await Promise.all([...new Set(this.#drivers)].map(driver => driver.close()));
    await this.#side.close();
    await this.store.close();
  }
}
