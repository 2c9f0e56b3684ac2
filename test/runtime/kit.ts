// An engine for tests: memory store, manual clock, fake driver, real machine; any of them may be replaced.
// Belongs here: building and ending it, requests and definitions that many tests share. Does not belong here: expectations.
import { Engine, type EngineOptions } from '../../engine/runtime/engine.ts';
import type { CreateRequest } from '../../engine/runtime/api.ts';
import type { Store } from '../../engine/runtime/ports.ts';
import { vault } from '../../engine/runtime/secrets.ts';
import { EngineService } from '../../engine/runtime/service.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { ManualClock } from '../support/clock.ts';
import { allKinds, FakeDriver } from '../support/drivers.ts';
import { type Faults, watched } from '../support/stores.ts';

export const CLUSTER = `
workflow_version: 2026-11-01
description: A cluster for tests
inputs:
  port: {type: integer, default: 5432}
  password: {type: string, hidden: true}
entities:
  sql:
    type: vm_group
    members: {min: 1, max: 200}
    states:
      prepared:
        action: {script: {bash: "echo prepare", inputs: {port: "<% inputs.port %>"}}}
        retry: {attempts: 3, delay: 30s, jitter: 0}
        outputs:
          address: {type: string}
        undo: {script: {bash: "echo unprepare"}}
      joined:
        requires: [sql.prepared]
        action: {script: {bash: "echo join", inputs: {password: "<% inputs.password %>"}}}
goal: sql.joined
outputs:
  addresses: {value: "<% sql.members.map(m, m.outputs.prepared.address) %>"}
`;

export const members = (count: number): CreateRequest['members'] => ({
  sql: Array.from({ length: count }, (_, index) => ({ agent: `agent-${index}`, name: `sql-${index}` })),
});

export function createRequest(id: string, more: Partial<CreateRequest> = {}): CreateRequest {
  return {
    requestId: `create-${id}`,
    id,
    stackName: `${id}-stack`,
    document: { source: CLUSTER, fileName: 'cluster.yaml', files: {} },
    inputs: { password: 'correct horse' },
    members: members(1),
    by: 'tester',
    ...more,
  };
}

export class World {
  readonly clock = new ManualClock();
  readonly driver = new FakeDriver();
  readonly faults: Faults = {};
  /** Commits, commands, acks and followed log entries, in the order they happened. */
  readonly history: string[] = [];
  readonly engine: Engine;
  readonly service: EngineService;
  readonly store: Store;

  constructor(
    disk: MemoryDisk = new MemoryDisk(),
    options: Partial<EngineOptions> & { readonly inner?: Store } = {},
  ) {
    const { inner = new MemoryStore(disk), ...rest } = options;
    this.store = watched(inner, this.faults, what => this.history.push(what));
    this.engine = new Engine({
      store: this.store,
      clock: this.clock,
      vault: vault(new Uint8Array(32).fill(7)),
      drivers: allKinds(this.driver),
      owner: 'test',
      ...rest,
    });
    this.driver.sink = this.engine;
    this.service = new EngineService(this.engine);
  }

  /** The engine has taken in everything and handed out everything. */
  async settled(): Promise<void> {
    await this.engine.idle();
  }

  async create(id: string, more: Partial<CreateRequest> = {}): Promise<void> {
    const { problems } = await this.service.create(createRequest(id, more));
    if (problems.length > 0) throw new Error(JSON.stringify(problems, undefined, 2));
    await this.settled();
  }
}
