// The page over a real engine, whose machines are a fake driver's: what a test says happens on them.
// Belongs here: that engine with its endpoint. Does not belong here: the browser (browser.ts), expectations.
import { nobodyAsked } from '../../engine/admin/auth/local.ts';
import type { Authenticator } from '../../engine/admin/auth/types.ts';
import { readPage } from '../../engine/admin/page-files.ts';
import { type Listening, openAdmin } from '../../engine/admin/server.ts';
import { Streams } from '../../engine/admin/stream/streams.ts';
import { Book } from '../../engine/agents/book.ts';
import { Letters } from '../../engine/agents/letters/letters.ts';
import { systemClock } from '../../engine/runtime/clock.ts';
import type { AgentsApi } from '../../engine/runtime/agents-api.ts';
import type { Known } from '../../engine/runtime/explain.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { operatorViews } from '../../engine/runtime/operator-views.ts';
import type { AgentsView, CreateRequest } from '../../engine/runtime/api.ts';
import { EngineService } from '../../engine/runtime/service.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { createRequest, World } from '../runtime/kit.ts';

/** Servers that are prepared each by itself and joined by the first; a person agrees in the end. */
export const CLUSTER = `
workflow_version: 2026-11-01
description: Database servers, a primary and its standbys
inputs:
  port: {type: integer, default: 5432}
  password: {type: string, hidden: true}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 1000}
    roles:
      primary: {among: prepared, choose: lowest_index}
    states:
      prepared:
        description: Packages and users that the server needs
        action: {script: {bash: "echo prepare", inputs: {port: "<% inputs.port %>", password: "<% inputs.password %>"}}}
        on_failure: {then: pause}
        outputs: {address: {type: string}}
      initialised:
        once: primary
        requires: [db.prepared]
        action: {script: {bash: "echo initialise"}}
      joined:
        requires: [db.initialised]
        except: [primary]
        action: {script: {bash: "echo join"}}
  service:
    type: service
    states:
      agreed:
        requires: [db.joined]
        action: {approval: {message: "The standbys follow. Let the application use it?"}}
goal: service.agreed
outputs:
  addresses: {value: "<% db.members.map(m, m.outputs.prepared.address) %>"}
`;

export const SECRET = 'correct horse battery staple';

/** As a script ends for which there is no room. */
export const DISK = {
  kind: 'failed',
  error: { kind: 'exit', message: 'exit 3', exitCode: 3, tail: 'no space left on /var' },
} as const;

/** Of a script that ends well. */
export const PREPARED = { kind: 'succeeded', outputs: { address: { text: '10.0.0.7' } } } as const;

export class ConsoleWorld extends World {
  readonly #known: Known | undefined;
  readonly #agents: AgentsView;
  readonly #registrar: AgentsApi | undefined;
  #listening: Listening | undefined;
  readonly letters = new Letters(new Book([], this.store));

  /** `known`, `agents`: what is known of one and of all; `registrar`: who decides of them. Without them nothing is, and nobody. */
  constructor(known?: Known, agents?: AgentsView, registrar?: AgentsApi) {
    super(new MemoryDisk(), { clock: systemClock });
    this.#known = known;
    this.#agents = agents ?? { agents: [], bus: { state: 'none' } };
    this.#registrar = registrar;
  }

  async open(auth: Authenticator = nobodyAsked): Promise<this> {
    await this.engine.start();
    await this.listen(0, auth);
    return this;
  }

  async listen(port: number, auth: Authenticator = nobodyAsked): Promise<void> {
    const { engine, letters } = this;
    const agents = (): AgentsView => ({ ...this.#agents, deadLetters: letters.size });
    const api = new EngineService(engine, this.#known, agents, this.#registrar, letters);
    const parts = {
      api,
      views: operatorViews(engine, api),
      streams: new Streams(),
      ready: async () => true,
      auth,
    };
    const page = await readPage();
    this.#listening = await openAdmin({ host: '127.0.0.1', port }, { ...parts, page, log: silentLog });
  }

  /** As from the broker: what an agent sent and nobody believed. */
  async poison(digest: string): Promise<void> {
    const at = systemClock.now();
    const where = { queue: 'engine.results', why: 'rejected', reason: 'signature does not fit' } as const;
    const letter = { at, ...where, agent: 'vm-1', signer: 'nobody', bytes: 9, digest } as const;
    await this.letters.add([{ letter, again: false }]);
  }

  /** What a script says while it runs; waits until somebody watches, as nobody is told later what was said before. */
  async say(workflow: string, step: string, stream: 'stdout' | 'stderr', text: string): Promise<void> {
    while (!this.engine.followers.watched(workflow)) await new Promise(resolve => setTimeout(resolve, 5));
    this.engine.followers.tell(workflow, { kind: 'output', step, stream, text });
  }

  /** The engine goes on; nobody can ask it. */
  async shut(): Promise<void> {
    await this.#listening?.close();
  }

  get url(): string {
    return this.#listening?.url ?? '';
  }

  cluster(id: string, count: number, more: Partial<CreateRequest> = {}): Promise<void> {
    const db = Array.from({ length: count }, (_, index) => ({
      agent: `${id}-${index}`,
      name: `db-${index}`,
    }));
    return this.create(id, {
      ...createRequest(id),
      document: { source: CLUSTER, fileName: 'cluster.yaml', files: {} },
      inputs: { password: SECRET },
      members: { db },
      ...more,
    });
  }

  async close(): Promise<void> {
    await this.shut();
    await this.engine.stop();
  }
}
