// The ways to an engine that the commands have: the running one, one of our own, a service, or only the store.
// Belongs here: choosing adapters for each way. Does not belong here: how an engine is put together (embedded.ts,
// serving.ts), which way a command takes (cli/sessions.ts).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { openTrialSide } from './admin-side.ts';
import { openBook } from './agents/book.ts';
import { openDirectory } from './agents/directory.ts';
import { Letters } from './agents/letters/letters.ts';
import { readOldList } from './agents/old-list.ts';
import { EngineError } from './base/errors.ts';
import type { EngineHost, Session, StartOptions } from './cli/host.ts';
import { connectControl } from './control/client.ts';
import { databaseOf, owner, startEngine } from './embedded.ts';
import type { AgentsView } from './runtime/api.ts';
import { systemClock } from './runtime/clock.ts';
import { reachEngine } from './remote-engine.ts';
import { Engine } from './runtime/engine.ts';
import { vault as makeVault } from './runtime/secrets.ts';
import { EngineService } from './runtime/service.ts';
import { checkServing, serve } from './serving.ts';
import { readKeyFile } from './store/key-file.ts';
import { readHolder } from './store/sqlite/lock.ts';
import { openSqliteStore } from './store/sqlite/store.ts';

/** The ways to an engine on a state directory of this machine. */
export function embeddedHost(): EngineHost {
  return {
    attach,
    start,
    serve,
    check: checkServing,
    read,
    reach: reachEngine,
    exists: async directory => existsSync(databaseOf(directory)),
  };
}

async function start(directory: string, options: StartOptions): Promise<Session> {
  const engine = await startEngine(directory, options, { kind: 'embedded' });
  if (options.trial === undefined) return engine;
  try {
    const trial = await openTrialSide(options.trial, engine);
    engine.also("the operator's endpoint", () => trial.close());
    return { ...engine, trial };
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

/** Undefined when nobody listens: then the lock decides who may start. */
async function attach(directory: string): Promise<Session | undefined> {
  const holder = readHolder(directory);
  if (holder === undefined) return undefined;
  try {
    const client = await connectControl(holder.socket);
    return { api: client, kind: 'attached', close: () => client.close() };
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'transport_closed') return undefined;
    throw thrown;
  }
}

/** The store alone: an engine that is never started decides nothing, and answers what is asked. */
async function read(directory: string): Promise<Session> {
  const key = readKeyFile(path.join(directory, 'keys', 'engine.key'), false);
  const store = await openSqliteStore(databaseOf(directory));
  const vault = makeVault(key);
  const engine = new Engine({ store, clock: systemClock, vault, drivers: {}, owner: owner() });
  const earlier = await readOldList(path.join(directory, 'keys', 'agents.json'));
  const book = await openBook(store);
  const registry = openDirectory(book, earlier);
  const letters = new Letters(book);
  const agents = (): AgentsView => ({
    agents: registry.list().map(({ id }) => ({ id, state: 'unknown', reason: 'no engine runs here' })),
    bus: { state: 'none' },
    deadLetters: letters.size,
  });
  return {
    api: new EngineService(engine, undefined, agents, undefined, letters),
    kind: 'reading',
    close: () => store.close(),
  };
}
