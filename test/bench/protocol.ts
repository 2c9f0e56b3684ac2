// What a step costs from its command to its outcome, with agents, against what no such engine can leave out.
// Belongs here: chain and fan-out, and their floor. Does not belong here: the agents (agents.ts).
//
// The floor of a step: one durable commit of the rows that its two transitions write, two synced appends to an
// agent's journal, and a command and an outcome signed, carried by the in-process broker, verified. Of a chain one
// after the other; of a fan by batches: one commit for a hundred steps, their journals and messages at once.
import path from 'node:path';
import type { JournalRecord } from '../../agent-protocol/agent-records.ts';
import type { Journal } from '../../agent-protocol/agent/journal.ts';
import { keyRing, newSigningKey, sign, verify } from '../../agent-protocol/signing.ts';
import type { Connection, Delivery, Login, Transport } from '../../agent-protocol/transport.ts';
import { memoryBroker } from '../../engine/bus/memory.ts';
import { openDatabase } from '../../engine/store/sqlite/driver.ts';
import { AgentWorld, freshJournal } from './agents.ts';
import { compare, print } from './harness.ts';
import { chain, fan, type Shape } from './shapes.ts';
import { inDirectory } from './worlds.ts';

/** Bytes: a step's row and its event as `transitions` counts them; a journal record and a message as estimated. */
const BYTES = { row: 300, event: 360, record: 400, message: 600 };
const BATCH = 100;
const UNSIGNED = { key: 'none', signature: Buffer.alloc(64) };

export class Floor {
  readonly #database;
  readonly #journals: readonly Journal[];
  readonly #connection: Connection;
  readonly #key = newSigningKey();
  readonly #trusted = keyRing([this.#key.publicKey]);
  readonly #waiting: (() => void)[] = [];
  readonly #step;
  readonly #event;
  #count = 0;
  #unsigned = false;

  private constructor(directory: string, journals: readonly Journal[], connection: Connection) {
    this.#journals = journals;
    this.#connection = connection;
    this.#database = openDatabase(path.join(directory, 'floor.db'));
    this.#database.exec('PRAGMA journal_mode = WAL');
    this.#database.exec('PRAGMA synchronous = FULL');
    this.#database.exec('CREATE TABLE step (number INTEGER PRIMARY KEY, record TEXT)');
    this.#database.exec('CREATE TABLE event (seq INTEGER PRIMARY KEY, change TEXT)');
    this.#step = this.#database.prepare(
      'INSERT INTO step VALUES (?, ?) ON CONFLICT DO UPDATE SET record = excluded.record',
    );
    this.#event = this.#database.prepare('INSERT INTO event (change) VALUES (?)');
  }

  /** `through`: another broker than the one in the process, as who. */
  static async open(
    directory: string,
    agents: number,
    through: { readonly transport: Transport; readonly login: Login } = {
      transport: memoryBroker().transport,
      login: { user: 'engine', password: '', name: 'floor' },
    },
  ): Promise<Floor> {
    const journals: Journal[] = [];
    for (let agent = 0; agent < agents; agent += 1)
      journals.push(await freshJournal(path.join(directory, `floor-${agent}`)));
    const connection = await through.transport.connect(through.login);
    await connection.declare({
      exchanges: [{ name: 'floor', type: 'topic' }],
      queues: [{ name: 'floor', kind: 'classic' }],
      bindings: [{ exchange: 'floor', queue: 'floor', routingKey: '#' }],
    });
    const floor = new Floor(directory, journals, connection);
    await connection.consume('floor', 2 * BATCH, delivery => floor.#arrived(delivery));
    return floor;
  }

  /** So many steps, `batch` of them at once. `unsigned`: to see what signing and verifying add. */
  async steps(count: number, batch: number, unsigned = false): Promise<number> {
    this.#unsigned = unsigned;
    for (let done = 0; done < count; done += batch) {
      const now = Math.min(batch, count - done);
      this.#commit(now);
      await Promise.all(Array.from({ length: now }, () => this.#carryOut()));
    }
    return count;
  }

  #commit(steps: number): void {
    const [row, change] = ['r'.repeat(BYTES.row), 'e'.repeat(BYTES.event)];
    this.#database.exec('BEGIN IMMEDIATE');
    for (let step = 0; step < steps; step += 1) {
      for (const number of [this.#count + step, this.#count + step + 1]) {
        this.#step.run(number, row);
        this.#event.run(change);
      }
    }
    this.#database.exec('COMMIT');
  }

  async #carryOut(): Promise<void> {
    const journal = this.#journals[this.#count % this.#journals.length] as Journal;
    this.#count += 1;
    const records: JournalRecord[] = [
      { kind: 'cancel', key: `${this.#count}`, why: 'j'.repeat(BYTES.record) },
    ];
    await this.#message();
    await journal.append(records);
    await journal.append(records);
    await this.#message();
  }

  async #message(): Promise<void> {
    const body = Buffer.alloc(BYTES.message, 'm');
    const headers = this.#unsigned ? UNSIGNED : sign(this.#key, 'from_engine', 'floor', body);
    const arrived = new Promise<void>(resolve => this.#waiting.push(resolve));
    await this.#connection.publish('floor', 'floor', { body, messageId: `${this.#count}`, headers });
    await arrived;
  }

  #arrived(delivery: Delivery): void {
    if (!this.#unsigned) this.#verify(delivery);
    delivery.ack();
    this.#waiting.shift()?.();
  }

  #verify({ message }: Delivery): void {
    const verdict = verify(this.#trusted, 'from_engine', 'floor', message);
    if (verdict.kind !== 'valid') throw new Error(`The floor's own message is refused: ${verdict.reason}`);
  }

  async close(): Promise<void> {
    this.#database.close();
    await this.#connection.close();
    for (const journal of this.#journals) await journal.close();
  }
}

async function against(name: string, shape: Shape, batch: number, agents: number): Promise<boolean> {
  return inDirectory(async directory => {
    const world = await AgentWorld.open(directory);
    const floor = await Floor.open(directory, agents);
    return sideBySide(name, shape, batch, world, floor);
  });
}

/** Closes both. */
export async function sideBySide(
  name: string,
  shape: Shape,
  batch: number,
  world: AgentWorld,
  floor: Floor,
): Promise<boolean> {
  try {
    await world.staff(shape);
    let runs = 0;
    const comparison = {
      name: `${name}: agents that journal and start no process, against commit + 2 journal writes + 2 messages`,
      unit: 'step',
      target: '<= 2',
      compare: 'time',
      rounds: 3,
      warmups: 4,
      ours: async () => {
        await world.run(`${name.replace(/\W+/g, '-')}-${(runs += 1)}`, shape);
        return shape.steps;
      },
      baseline: () => floor.steps(shape.steps, batch),
    } as const;
    const result = await compare(comparison);
    print(comparison, result);
    return result.holds;
  } finally {
    await floor.close();
    await world.close();
  }
}

export const chain1000 = (): Promise<boolean> => against('chain-1000', chain(1_000), 1, 5);
export const fan1000 = (): Promise<boolean> => against('fan-out-1000', fan(1_000), BATCH, 1_000);
