// Transitions per second of the engine alone, against inserts of the same bytes by the same SQLite library.
// Belongs here: this comparison, and one large graph from end to end. Does not belong here: agents (protocol.ts).
import path from 'node:path';
import { openDatabase } from '../../engine/store/sqlite/driver.ts';
import { compare, print, timeText } from './harness.ts';
import { barriers, grid } from './shapes.ts';
import { EngineWorld, inDirectory } from './worlds.ts';

const BATCH = 100;
const PAIRS = 4_000;

interface Bytes {
  readonly step: number;
  readonly event: number;
}

/** Tables as the store's, filled with the two rows of a transition, a hundred transitions in each transaction. */
function rawInserts(directory: string, bytes: Bytes): { insert(): number; close(): void } {
  const database = openDatabase(path.join(directory, 'raw.db'));
  for (const statement of SCHEMA) database.exec(statement);
  const step = database.prepare('INSERT INTO step VALUES (?, ?, ?)');
  const event = database.prepare('INSERT INTO event VALUES (?, ?, ?, ?)');
  const [record, change] = ['r'.repeat(bytes.step), 'c'.repeat(bytes.event)];
  let workflow = 0;
  return {
    insert: () => {
      workflow += 1;
      for (let number = 0; number < PAIRS; number += 1) {
        if (number % BATCH === 0) database.exec('BEGIN IMMEDIATE');
        step.run(workflow, number, record);
        event.run(workflow, number, Date.now(), change);
        if (number % BATCH === BATCH - 1) database.exec('COMMIT');
      }
      return PAIRS;
    },
    close: () => database.close(),
  };
}

const SCHEMA = [
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = FULL',
  'CREATE TABLE step (workflow INTEGER, number INTEGER, record TEXT, PRIMARY KEY (workflow, number)) WITHOUT ROWID',
  'CREATE TABLE event (workflow INTEGER, seq INTEGER, at INTEGER, change TEXT, PRIMARY KEY (workflow, seq)) WITHOUT ROWID',
];

/** Mean bytes of the two rows that one transition writes. */
async function bytesOf(world: EngineWorld, id: string): Promise<Bytes> {
  const changes = (await world.store.events(id, 0, 2_000)).map(entry => entry.change);
  const mean = (texts: readonly string[]): number =>
    Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
  return {
    step: mean(changes.map(change => ('record' in change ? JSON.stringify(change.record) : ''))),
    event: mean(changes.map(change => JSON.stringify(change))),
  };
}

export async function transitions(): Promise<boolean> {
  return inDirectory(async directory => {
    const world = await EngineWorld.open(directory);
    await world.engine.start();
    let runs = 0;
    const shape = grid(100, 20);
    const ours = (): Promise<number> => world.run(`run-${(runs += 1)}`, shape);
    await ours();
    const bytes = await bytesOf(world, 'run-1');
    const raw = rawInserts(directory, bytes);
    const comparison = {
      name: `transitions of a driver that answers at once, against inserts of the same rows (${bytes.step} and ${bytes.event} bytes) by ${BATCH}`,
      unit: 'transition',
      target: '>= 0.3',
      compare: 'rate',
      warmups: 6,
      ours,
      baseline: async () => raw.insert(),
    } as const;
    try {
      const result = await compare(comparison);
      print(comparison, result);
      return result.holds;
    } finally {
      raw.close();
      await world.close();
    }
  });
}

/** Reported: every one of 10,000 steps in 100 rows, each row after all of the one before. */
export async function largeGraph(): Promise<boolean> {
  return inDirectory(async directory => {
    const world = await EngineWorld.open(directory);
    try {
      await world.engine.start();
      const shape = barriers(100, 100);
      const began = process.hrtime.bigint();
      const changes = await world.run('large', shape);
      const seconds = Number(process.hrtime.bigint() - began) / 1e9;
      console.log(`     10,000 steps, 100 wide × 100 deep with barriers, from request to complete`);
      console.log(
        `     ${seconds.toFixed(2)} s, ${timeText(seconds / shape.steps)} per step, ${changes} transitions`,
      );
      return true;
    } finally {
      await world.close();
    }
  });
}
