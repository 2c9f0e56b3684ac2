// Faults of the store: a full disk under SQLite, a MariaDB that is away. What happens next cannot be written down.
// Belongs here: rows of that kind, each with an engine of its own. Does not belong here: what stores do then (test/store).
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { startEngine } from '../../engine/embedded.ts';
import { openMariadbStore } from '../../engine/store/mariadb/store.ts';
import type { Databases } from '../support/databases.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { service } from './definitions.ts';
import { ADVICE, type Asked, type Fault } from './fault.ts';
import { QUIET, WholeEngine } from './whole-engine.ts';

/** A service elsewhere that says "not yet" until it is told to be ready: then there is something to be written down. */
class Elsewhere {
  readonly #server = createServer((_, response) => {
    response.statusCode = this.isReady ? 200 : 503;
    response.end();
  });
  isReady = false;

  async url(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as { readonly port: number };
    return `http://127.0.0.1:${port}/`;
  }

  close(): void {
    this.#server.close();
  }
}

const looksAt = (url: string) =>
  service({ a: { action: { http: { url, until: '<% response.status == 200 %>' } } } }, 's.a');

/** A workflow whose next step forward comes when `breaks` has been done. */
async function waiting(engine: WholeEngine, elsewhere: Elsewhere, breaks: () => void): Promise<Asked> {
  const id = await engine.create(looksAt(await elsewhere.url()));
  breaks();
  elsewhere.isReady = true;
  return engine.asked(id, 's.a');
}

/** Needs root, to mount a small file system. */
export function fullDisk(): Fault {
  const elsewhere = new Elsewhere();
  let engine: WholeEngine | undefined;
  let place = '';
  return {
    name: "the disk of the engine's store is full",
    path: ['store'],
    says: /goes no further: for \S+ the engine cannot write down what happens: .*(full|No space)/,
    who: 'operator',
    advice: ADVICE.store,
    inject: async () => {
      place = path.join(await temporaryDirectory(), 'small');
      mkdirSync(place);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', place]);
      const own = await new WholeEngine(path.join(place, 'state')).start();
      engine = own;
      return waiting(own, elsewhere, () => fill(path.join(place, 'fill')));
    },
    mend: async () => {
      elsewhere.close();
      rmSync(path.join(place, 'fill'), { force: true });
      await engine?.close();
      execFileSync('umount', ['-l', place]);
    },
  };
}

/** To the last byte. */
function fill(file: string): void {
  for (const size of [1024 * 1024, 4096, 1])
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // That much fits no more.
    }
}

export function lostDatabase(databases: Databases): Fault {
  const elsewhere = new Elsewhere();
  let engine: WholeEngine | undefined;
  let way: Way | undefined;
  return {
    name: "the engine's database is away",
    path: [],
    says: /The workflow why-\d+ goes no further, and the engine's store does not tell where it stands: \S+ refused or did not answer/,
    who: 'operator',
    advice: /see whether the database server runs and can be reached/,
    inject: async () => {
      const place = await databases.make();
      const own = await new Way(place.url).open();
      way = own;
      const key = randomBytes(32);
      const open = async () => {
        const store = await openMariadbStore({ url: own.url });
        return { store, key, close: () => store.close() };
      };
      const started = (at: string) => startEngine(at, QUIET, { kind: 'embedded' }, open);
      engine = await new WholeEngine(await temporaryDirectory(), started).start();
      return waiting(engine, elsewhere, () => own.cut());
    },
    mend: async () => {
      elsewhere.close();
      await way?.open();
      await engine?.close();
      way?.cut();
    },
  };
}

/** To the database's server; what is cut is as if that were away, until it is opened again. */
class Way {
  readonly #to: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(url: string) {
    this.#to = new URL(url);
  }

  get url(): string {
    const through = new URL(this.#to);
    through.port = String(this.#port);
    return through.href;
  }

  async open(): Promise<this> {
    this.#server = createTcpServer(here => this.#join(here)).listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as { readonly port: number }).port;
    return this;
  }

  #join(here: Socket): void {
    const there = connect(Number(this.#to.port), this.#to.hostname);
    for (const socket of [here, there])
      this.#sockets.add(socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket)));
    here.pipe(there).pipe(here);
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
