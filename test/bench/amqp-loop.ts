// The raw loop of one sequential step: a result to the engine, one durable commit, a command to the agent.
// Belongs here: that loop through RabbitMQ, signed or not. Does not belong here: what it is compared with (amqp.ts).
import path from 'node:path';
import { keyRing, newSigningKey, sign, verify } from '../../agent-protocol/signing.ts';
import type { Connection, Delivery } from '../../agent-protocol/transport.ts';
import { openDatabase } from '../../engine/store/sqlite/driver.ts';
import type { AmqpLab } from './amqp-lab.ts';

const BYTES = { row: 300, event: 360, message: 600 };

export class RawLoop {
  readonly #agent: Connection;
  readonly #engine: Connection;
  readonly #database;
  readonly #insert;
  readonly #key = newSigningKey();
  readonly #trusted = keyRing([this.#key.publicKey]);
  #signed = false;
  #commits = true;
  #arrived = (): void => undefined;

  private constructor(directory: string, agent: Connection, engine: Connection) {
    this.#agent = agent;
    this.#engine = engine;
    this.#database = openDatabase(path.join(directory, 'loop.db'));
    this.#database.exec('PRAGMA journal_mode = WAL');
    this.#database.exec('PRAGMA synchronous = FULL');
    this.#database.exec('CREATE TABLE row (number INTEGER PRIMARY KEY, text TEXT)');
    this.#insert = this.#database.prepare('INSERT INTO row (text) VALUES (?)');
  }

  static async open(lab: AmqpLab, directory: string): Promise<RawLoop> {
    const [agent, engine] = [
      await lab.transport.connect(lab.engine),
      await lab.transport.connect(lab.engine),
    ];
    await engine.declare({
      exchanges: [{ name: 'loop', type: 'topic' }],
      queues: [{ name: 'loop.results' }, { name: 'loop.commands', kind: 'classic' }],
      bindings: [{ exchange: 'loop', queue: 'loop.results', routingKey: '#' }],
    });
    const loop = new RawLoop(directory, agent, engine);
    await engine.consume('loop.results', 500, delivery => loop.#atEngine(delivery));
    await agent.consume('loop.commands', 32, delivery => loop.#atAgent(delivery));
    return loop;
  }

  /** Milliseconds of each of so many loops, one after the other. */
  async times(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let done = 0; done < count; done += 1) {
      const began = performance.now();
      const arrived = new Promise<void>(resolve => {
        this.#arrived = resolve;
      });
      this.#say(this.#agent, 'loop', 'agent.result');
      await arrived;
      times.push(performance.now() - began);
    }
    return times;
  }

  /** Loops without a commit, signed and verified or not. */
  async messages(count: number, signed: boolean): Promise<number> {
    this.#signed = signed;
    this.#commits = false;
    await this.times(count);
    this.#signed = false;
    this.#commits = true;
    return count;
  }

  async close(): Promise<void> {
    this.#database.close();
    await this.#agent.close();
    await this.#engine.close();
  }

  /** The confirm is taken, and of the last one nobody waits for it. */
  #say(connection: Connection, exchange: string, key: string): void {
    const body = Buffer.alloc(BYTES.message, 'm');
    const headers = this.#signed
      ? sign(this.#key, 'from_engine', 'loop', body)
      : { key: 'none', signature: Buffer.alloc(64) };
    connection.publish(exchange, key, { body, messageId: 'loop', headers }).catch(() => undefined);
  }

  #check(delivery: Delivery): void {
    if (!this.#signed) return;
    const verdict = verify(this.#trusted, 'from_engine', 'loop', delivery.message);
    if (verdict.kind !== 'valid') throw new Error(`The loop's own message is refused: ${verdict.reason}`);
  }

  #atEngine(delivery: Delivery): void {
    this.#check(delivery);
    if (this.#commits) this.#commit();
    delivery.ack();
    this.#say(this.#engine, '', 'loop.commands');
  }

  #atAgent(delivery: Delivery): void {
    this.#check(delivery);
    delivery.ack();
    this.#arrived();
  }

  /** The rows of the two transitions that a result and the next start are. */
  #commit(): void {
    this.#database.exec('BEGIN IMMEDIATE');
    for (const bytes of [BYTES.row, BYTES.event, BYTES.row, BYTES.event]) this.#insert.run('r'.repeat(bytes));
    this.#database.exec('COMMIT');
  }
}
