// A simulated engine process: the production runtime, desk and drivers over a store, a clock and a broker that can fail.
// Belongs here: wiring, and cutting every wire when the process dies. Does not belong here: faults (faults.ts).
import type { AgentDirectory } from '../../engine/agents/ports.ts';
import type { EngineKeys } from '../../engine/agents/keys.ts';
import { type AgentSide, createAgentSide } from '../../engine/agents/side.ts';
import type { MemoryBroker } from '../../engine/bus/memory.ts';
import type { CloudSource } from '../../engine/drivers/cloud/rights.ts';
import { createDrivers } from '../../engine/drivers/index.ts';
import { childWorkflows } from '../../engine/runtime/children.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import type { Doubts, ReportSink, Store } from '../../engine/runtime/ports.ts';
import { EngineService } from '../../engine/runtime/service.ts';
import type { Vault } from '../../engine/runtime/secrets.ts';
import type { Connection, Delivery, Transport } from '../../agent-protocol/transport.ts';
import type { Life } from './life.ts';
import { NO_CLOUDS } from '../support/clouds.ts';

export interface EngineWorld {
  readonly broker: MemoryBroker;
  readonly keys: EngineKeys;
  readonly vault: Vault;
  readonly directory: AgentDirectory;
  readonly skew: () => number;
  /** The owner's cloud, where the scenario calls one. */
  readonly clouds?: (life: Life) => CloudSource;
  store(life: Life): Store;
  /** The engine is about to ack this. */
  readonly acked: (delivery: Delivery) => void;
  random(): number;
}

export class EngineHost {
  readonly life: Life;
  readonly engine: Engine;
  readonly service: EngineService;
  readonly #side: AgentSide;
  /** True from the end of recovery on. */
  serving = false;

  constructor(life: Life, world: EngineWorld) {
    this.life = life;
    const clock = life.clock(world.skew);
    // The engine needs its drivers and they report to the engine: the sink is the knot.
    const sink: ReportSink & Doubts = {
      report: (id, report, secrets) => this.engine.report(id, report, secrets),
      owned: () => this.engine.owned(),
      doubt: (...told) => this.engine.doubt(...told),
    };
    const vault = { seal: (ref: string, value: never) => world.vault.seal(ref, value).sealed };
    this.#side = createAgentSide({
      transport: mortal(world.broker.transport, life, world.acked),
      login: { user: 'engine', password: 'x', name: life.name },
      clock,
      random: () => world.random(),
      keys: world.keys,
      directory: durable(world.directory, life),
      sink,
      vault,
      term: () => this.engine.term,
    });
    const { post, presence, ledger, directory } = this.#side;
    const drivers = createDrivers({
      post,
      directory,
      presence,
      ledger,
      clock,
      sink,
      term: () => this.engine.term,
      seal: world.vault.seal,
      clouds: world.clouds?.(life) ?? NO_CLOUDS,
      draw: below => Math.floor(world.random() * below),
      children: childWorkflows(() => this.engine),
    });
    this.engine = new Engine({
      store: world.store(life),
      clock,
      vault: world.vault,
      drivers,
      owner: life.name,
    });
    this.service = new EngineService(this.engine);
    life.onDeath(why => void world.broker.cut(why, login => login.name === life.name));
    void this.engine.ended.then(error => life.die(error?.message ?? 'stopped'));
  }

  async start(): Promise<void> {
    await this.#side.connect();
    await this.engine.start();
    await this.#side.open();
    this.serving = true;
  }
}

/** A dead process opens no connection. (Those it has are cut by the world when it dies.) Acks are looked at. */
function mortal(transport: Transport, life: Life, acked: EngineWorld['acked']): Transport {
  return {
    connect: async login => watched(await life.io('connect', () => transport.connect(login)), acked),
  };
}

function watched(connection: Connection, acked: EngineWorld['acked']): Connection {
  return {
    publish: (exchange, key, message) => connection.publish(exchange, key, message),
    declare: topology => connection.declare(topology),
    closed: connection.closed,
    onBlocked: listener => connection.onBlocked(listener),
    close: () => connection.close(),
    consume: (queue, prefetch, deliver) =>
      connection.consume(queue, prefetch, delivery => {
        const ack = (): void => {
          acked(delivery);
          delivery.ack();
        };
        deliver({ ...delivery, ack, nack: options => delivery.nack(options) });
      }),
  };
}

/** Writes of the directory are I/O of this engine's; what it keeps outlives it. */
function durable(directory: AgentDirectory, life: Life): AgentDirectory {
  return {
    get: id => directory.get(id),
    list: () => directory.list(),
    register: (card, options) => life.io('directory.register', () => directory.register(card, options)),
    expect: id => life.io('directory.expect', () => directory.expect(id)),
    bind: (id, incarnation, journal, at) =>
      life.io('directory.bind', () => directory.bind(id, incarnation, journal, at)),
    heard: times => life.io('directory.heard', () => directory.heard(times)),
    remove: id => life.io('directory.remove', () => directory.remove(id)),
    close: () => Promise.resolve(),
  };
}
