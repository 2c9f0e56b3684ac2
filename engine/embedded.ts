// An engine with everything in one process: store, broker, desk, drivers, socket, and an agent for each member.
// Belongs here: naming the concrete adapters and the order of opening and closing. Does not belong here: what any of
// them does, or a word for people (cli/).
//
//   open:  lock and store → keys → broker and link → recovery → desk → agents → socket
//   close: the reverse. Scripts that run go on under their supervisors; the next start adopts them.
import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAgent } from '../agent-protocol/agent/agent.ts';
import type { RunningAgent } from '../agent-protocol/agent/agent.ts';
import { loadIdentity } from '../agent-protocol/agent/identity.ts';
import { isAlive } from '../agent-protocol/agent/processes.ts';
import type { Claim } from '../agent-protocol/agent/run-files.ts';
import { readJson, RUN_FILES } from '../agent-protocol/agent/run-files.ts';
import { AGENT_LIMITS } from '../agent-protocol/limits.ts';
import { publicKeyText } from '../agent-protocol/signing.ts';
import { openDirectory } from './agents/directory.ts';
import { openEngineKeys } from './agents/keys.ts';
import type { AgentSide } from './agents/side.ts';
import { createAgentSide } from './agents/side.ts';
import { EngineError, errorText } from './base/errors.ts';
import type { MemoryBroker } from './bus/memory.ts';
import { memoryBroker } from './bus/memory.ts';
import type { EngineHost, Session, StartOptions } from './cli/host.ts';
import type { OpenLog } from './cli/logging.ts';
import { openLog } from './cli/logging.ts';
import { connectControl } from './control/client.ts';
import { serveControl } from './control/server.ts';
import { createDrivers } from './drivers/index.ts';
import type { ActRequest, CreateRequest, EngineApi } from './runtime/api.ts';
import { systemClock } from './runtime/clock.ts';
import { Engine } from './runtime/engine.ts';
import type { Driver, ReportSink, RequestResult, Store } from './runtime/ports.ts';
import { Releasers } from './runtime/releasers.ts';
import { vault as makeVault } from './runtime/secrets.ts';
import { EngineService } from './runtime/service.ts';
import { readKeyFile } from './store/key-file.ts';
import { openSqliteStore } from './store/sqlite/store.ts';
import { systemError } from './store/system-error.ts';
import type { Lock } from './store/sqlite/lock.ts';
import { readHolder, takeLock } from './store/sqlite/lock.ts';
import type { StateDirectory } from './store/state-directory.ts';
import { openStateDirectory } from './store/state-directory.ts';

/** The ways to an engine on a state directory of this machine. */
export function embeddedHost(): EngineHost {
  return {
    attach,
    start,
    read,
    exists: async directory => existsSync(databaseOf(directory)),
  };
}

const databaseOf = (directory: string): string => path.join(directory, 'engine.db');
const agentsOf = (directory: string): string => path.join(directory, 'agents');

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
  return { api: new EngineService(engine), kind: 'reading', close: () => store.close() };
}

const owner = (): string => `${hostname()}:${process.pid}`;

interface Parts {
  readonly directory: string;
  readonly state: StateDirectory;
  readonly log: OpenLog;
  readonly releasers: Releasers;
}

async function start(directory: string, options: StartOptions): Promise<Session> {
  const state = await openStateDirectory(directory, systemClock.now()).catch((thrown: unknown) => {
    throw systemError(thrown, directory);
  });
  const log = openLog(path.join(directory, 'engine.log'), options);
  const releasers = new Releasers(log);
  releasers.add('the state directory', () => state.close());
  const parts = { directory, state, log, releasers };
  try {
    const { service, agents } = await assemble(parts);
    const embedded = new EmbeddedEngine(parts, service, agents);
    const server = await serveControl(state.socket, embedded);
    releasers.add('the local socket', () => server.close());
    return { api: embedded, kind: 'embedded', close: () => embedded.close() };
  } catch (thrown) {
    await releasers.release();
    await log.close();
    throw systemError(thrown, directory);
  }
}

/** Opens everything in the order that is safe; each part is closed before what it stands on. */
async function assemble(
  parts: Parts,
): Promise<{ readonly service: EngineService; readonly agents: EmbeddedAgents }> {
  const { directory, state, log, releasers } = parts;
  const { store } = state;
  await makeReachable(directory);
  const keys = await openEngineKeys(path.join(directory, 'keys'));
  const registry = await openDirectory(path.join(directory, 'keys', 'agents.json'));
  releasers.add('the list of agents', () => registry.close());
  const broker = memoryBroker();
  const vault = makeVault(state.key);
  const sink: ReportSink = {
    report: (id, report, secrets) => engine.report(id, report, secrets),
    owned: () => engine.owned(),
  };
  const term = (): number => engine.term;
  const side = createAgentSide({
    transport: broker.transport,
    login: { user: 'engine', password: '', name: owner() },
    clock: systemClock,
    keys,
    directory: registry,
    sink,
    vault: { seal: (ref, value) => vault.seal(ref, value).sealed },
    term,
    onOutput: ({ id, stream, text }) =>
      engine.tell(id.workflow, { kind: 'output', step: id.step, stream, text }),
    onAlarm: ({ agent, kind, message }) => log.warn(message, { agent, alarm: kind }),
  });
  releasers.add('the link to the broker', () => side.close());
  const drivers = createDrivers({ ...side, clock: systemClock, term, sink, seal: vault.seal });
  releasers.add('the drivers', () => closeAll(Object.values(drivers)));
  const engine = new Engine({ store, clock: systemClock, vault, drivers, owner: owner(), log });
  releasers.add('the engine', () => engine.stop());
  releasers.add('the desk', () => side.desk.close());
  side.presence.listen(({ agent, state: now, reason }) =>
    engine.tellOfAgent({ kind: 'agent', agent, state: now, ...(reason === undefined ? {} : { reason }) }),
  );
  await side.connect();
  await engine.start();
  await side.open();
  const engineKey = keys.signing.publicKey;
  const agents = new EmbeddedAgents({ directory: agentsOf(directory), side, broker, engineKey, log });
  releasers.add('the agents', () => agents.stop());
  await agents.retain(await membersOf(store));
  await agents.add(registry.list().map(agent => agent.id));
  return { service: new EngineService(engine, agent => side.presence.known(agent)), agents };
}

async function closeAll(drivers: readonly Driver[]): Promise<void> {
  for (const driver of new Set(drivers)) await driver.close();
}

/** As root, scripts may run as other users: they must be able to pass through to their own run. */
async function makeReachable(directory: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await chmod(databaseOf(directory), 0o600);
  await chmod(directory, 0o711);
}

/** Every agent that some stored workflow has as a member. */
async function membersOf(store: Store): Promise<ReadonlySet<string>> {
  const agents = new Set<string>();
  for (let after: string | undefined; ; ) {
    const page = await store.list({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { id } of page) {
      const members = Object.values((await store.load(id))?.source.members ?? {});
      for (const { agent } of members.flat()) agents.add(agent);
    }
    after = page.at(-1)?.id;
    if (page.length < PAGE) return agents;
  }
}

/** The service, and the agents that come with a workflow and go with it. */
class EmbeddedEngine implements EngineApi {
  readonly #parts: Parts;
  readonly #service: EngineService;
  readonly #agents: EmbeddedAgents;
  readonly #deletions = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: Parts, service: EngineService, agents: EmbeddedAgents) {
    this.#parts = parts;
    this.#service = service;
    this.#agents = agents;
  }

  /** Agents are known before the first command that names them is sent. */
  async create(request: CreateRequest): ReturnType<EngineApi['create']> {
    const wanted = Object.values(request.members).flatMap(group => group.map(member => member.agent));
    await this.#agents.add(wanted);
    let refused = true;
    try {
      const answer = await this.#service.create(request);
      refused = answer.problems.some(problem => problem.severity === 'error');
      return answer;
    } finally {
      if (refused) await this.#sweep();
    }
  }

  async act(request: ActRequest): Promise<RequestResult> {
    if (request.kind !== 'delete') return this.#service.act(request);
    const happenings = this.#service.follow(request.workflow, this.#closing.signal);
    const deletion = this.#afterDeletion(happenings);
    this.#deletions.add(deletion);
    void deletion.then(() => this.#deletions.delete(deletion));
    return this.#service.act(request);
  }

  list = (): ReturnType<EngineApi['list']> => this.#service.list();
  workflow = (id: string): ReturnType<EngineApi['workflow']> => this.#service.workflow(id);
  explain: EngineApi['explain'] = (id, step) => this.#service.explain(id, step);
  events: EngineApi['events'] = (id, after, limit) => this.#service.events(id, after, limit);
  follow: EngineApi['follow'] = (id, signal) => this.#service.follow(id, signal);

  /** Ends with the workflow: then its agents have nobody left to work for. */
  async #afterDeletion(happenings: AsyncIterable<unknown>): Promise<void> {
    try {
      for await (const _ of happenings);
      if (!this.#closing.signal.aborted) await this.#sweep();
    } catch (thrown) {
      this.#parts.log.warn(`A deletion was not followed to its end: ${errorText(thrown)}`);
    }
  }

  async #sweep(): Promise<void> {
    await this.#agents.retain(await membersOf(this.#parts.state.store));
  }

  async close(): Promise<void> {
    const { directory, state, log, releasers } = this.#parts;
    this.#closing.abort();
    await Promise.all(this.#deletions);
    await this.#sweep().catch((thrown: unknown) => log.warn(`Agents were not swept: ${errorText(thrown)}`));
    const left = await state.store.list({ limit: 1 }).catch(() => [undefined]);
    await releasers.release();
    await log.close();
    if (left.length === 0) await removeState(directory);
  }
}

const PAGE = 500;
/** Everything that this file and what it opens puts into a state directory. */
const OURS = /^(engine\.(db|db-wal|db-shm|db-journal|json|log|sock)|engine\d*\.log|keys|agents)$/;

/** Leaves no trace of an empty state directory; what is not ours stays, and the directory with it. */
async function removeState(directory: string): Promise<void> {
  let lock: Lock;
  try {
    lock = takeLock(directory, { pid: process.pid, startedAt: systemClock.now(), socket: '' });
  } catch {
    // Somebody has just started another engine here.
    return;
  }
  const ours = (await readdir(directory)).filter(name => OURS.test(name));
  // Killed in between, it must not leave a database whose key is gone: no engine would start on it again.
  const order = (name: string): number => (name === 'keys' ? 2 : name.startsWith('engine.db') ? 1 : 0);
  for (const name of ours.sort((one, other) => order(one) - order(other)))
    await rm(path.join(directory, name), { recursive: true, force: true });
  lock.release();
  for (const name of await readdir(directory)) {
    if (name.startsWith('engine.lock')) await rm(path.join(directory, name), { force: true });
  }
  // Fails when something else is in it: then it is somebody's.
  await rmdir(directory).catch(() => undefined);
}

interface AgentParts {
  readonly directory: string;
  readonly side: AgentSide;
  readonly broker: MemoryBroker;
  readonly engineKey: KeyObject;
  readonly log: OpenLog;
}

/** One agent for each member, in this process; it shares nothing with the engine but the broker. */
class EmbeddedAgents {
  readonly #parts: AgentParts;
  readonly #running = new Map<string, RunningAgent>();

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  async add(ids: readonly string[]): Promise<void> {
    const fresh = [...new Set(ids)].filter(id => !this.#running.has(id));
    await Promise.all(fresh.map(id => this.#start(id)));
  }

  /** Removes every agent that is not to be kept, its directory and what still runs in it. */
  async retain(kept: ReadonlySet<string>): Promise<void> {
    const { directory, side } = this.#parts;
    const onDisk = existsSync(directory) ? await readdir(directory) : [];
    const known = new Set([
      ...this.#running.keys(),
      ...side.directory.list().map(agent => agent.id),
      ...onDisk,
    ]);
    await Promise.all([...known].filter(id => !kept.has(id)).map(id => this.#remove(id)));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(agent => agent.stop()));
    this.#running.clear();
  }

  async #start(id: string): Promise<void> {
    const { side, broker, engineKey, log } = this.#parts;
    const directory = path.join(this.#parts.directory, id);
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const { signing, sealing } = await loadIdentity(directory, id).catch((thrown: unknown) => {
      throw brokenAgent(id, directory, thrown);
    });
    const card = {
      id,
      signingKey: publicKeyText(signing.publicKey),
      sealingKey: publicKeyText(sealing.publicKey),
    };
    await side.register(card, { replace: true });
    const agent = await startAgent({
      directory,
      agent: id,
      login: { user: `agent.${id}`, password: '', name: id },
      transport: broker.transport,
      engineKeys: [engineKey],
      log: text => log.info(text, { agent: id }),
    });
    this.#running.set(id, agent);
  }

  async #remove(id: string): Promise<void> {
    const directory = path.join(this.#parts.directory, id);
    await this.#running.get(id)?.stop();
    this.#running.delete(id);
    await stopRuns(path.join(directory, 'runs'));
    await this.#parts.side.remove(id);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** An error of the operating system stays what it is; the rest is about what is in the agent's files. */
function brokenAgent(id: string, directory: string, thrown: unknown): unknown {
  const error = systemError(thrown, directory);
  if (error instanceof EngineError) return error;
  return new EngineError(
    'store_failed',
    `The agent ${id} in ${directory} cannot start: ${errorText(thrown)}`,
    'Restore that directory from a backup, or remove it: then a new agent takes its place, which knows nothing of earlier runs.',
    { cause: thrown },
  );
}

const LOOK_MS = 50;
/** Longer than a supervisor takes to end a script's tree, by force in the end. */
const PATIENCE_MS = 4 * AGENT_LIMITS.killGraceMs;

/** Asks the supervisors of an agent that is stopped for good to end their scripts, and waits until they have. */
async function stopRuns(runs: string): Promise<void> {
  const names = existsSync(runs) ? await readdir(runs) : [];
  const left = names.map(name => path.join(runs, name)).filter(run => supervisorOf(run) !== undefined);
  for (const run of left) {
    await writeFile(path.join(run, RUN_FILES.cancel), '');
    wake(supervisorOf(run));
  }
  const until = systemClock.now() + PATIENCE_MS;
  while (left.some(run => supervisorOf(run) !== undefined) && systemClock.now() < until) await delay(LOOK_MS);
}

/** Pid of the living supervisor of a run; a void claim is an agent's, and that agent may be this process. */
function supervisorOf(run: string): number | undefined {
  const claim = readJson<Claim>(run, RUN_FILES.claim);
  return claim !== undefined && claim.void !== true && isAlive(claim) ? claim.pid : undefined;
}

/** A supervisor looks for the request at once when it is signalled. */
function wake(supervisor: number | undefined): void {
  try {
    if (supervisor !== undefined) process.kill(supervisor, 'SIGTERM');
  } catch {
    // It ended by itself.
  }
}
