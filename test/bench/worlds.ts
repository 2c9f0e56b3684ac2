// An engine over a SQLite file whose commands are answered in the process: what the engine itself costs.
// Belongs here: opening and ending it, a driver that does nothing. Does not belong here: agents (agents.ts), figures.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EffectId } from '../../engine/base/ids.ts';
import { systemClock } from '../../engine/runtime/clock.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import type { Driver, ReportSink, Store } from '../../engine/runtime/ports.ts';
import { vault } from '../../engine/runtime/secrets.ts';
import { EngineService } from '../../engine/runtime/service.ts';
import { openSqliteStore, type SqliteOptions } from '../../engine/store/sqlite/store.ts';
import { allKinds } from '../support/drivers.ts';
import { requestFor, type Shape } from './shapes.ts';

/** Reports success within the call itself; told not to, it takes commands and never answers. */
export class InstantDriver implements Driver {
  sink: ReportSink | undefined;
  answers = true;

  async start(id: EffectId): Promise<void> {
    if (!this.answers) return;
    void this.sink?.report(id, { kind: 'finished', outcome: { kind: 'succeeded', outputs: {} } });
  }

  async cancel(): Promise<void> {}

  async close(): Promise<void> {}
}

/** A directory for one benchmark, gone when the work is over however it ends. */
export async function inDirectory<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(path.join(tmpdir(), 'murano-workflow-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export const BENCH_VAULT = vault(new Uint8Array(32).fill(7));

export class EngineWorld {
  readonly store: Store;
  readonly engine: Engine;
  readonly service: EngineService;
  readonly driver = new InstantDriver();

  private constructor(store: Store) {
    this.store = store;
    const drivers = allKinds(this.driver);
    this.engine = new Engine({ store, clock: systemClock, vault: BENCH_VAULT, drivers, owner: 'bench' });
    this.driver.sink = this.engine;
    this.service = new EngineService(this.engine);
  }

  /** Opens without starting: recovery is what some benchmarks measure. */
  static async open(directory: string, options: SqliteOptions = {}): Promise<EngineWorld> {
    return new EngineWorld(await openSqliteStore(path.join(directory, 'engine.db'), options));
  }

  async create(id: string, shape: Shape): Promise<void> {
    const { problems } = await this.service.create(requestFor(id, shape));
    if (problems.length > 0)
      throw new Error(`The bench's own definition is refused: ${problems[0]?.message}`);
  }

  /** Creates a workflow and sees it through; returns the number of its transitions. */
  async run(id: string, shape: Shape): Promise<number> {
    await this.create(id, shape);
    await this.engine.idle();
    const stored = await this.store.load(id);
    if (stored?.record.status !== 'complete')
      throw new Error(`Workflow ${id} ended as ${stored?.record.status ?? 'nothing'}.`);
    return stored.record.seq;
  }

  async close(): Promise<void> {
    await this.engine.stop();
    await this.store.close();
  }
}
