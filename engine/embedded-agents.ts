// The agents that live in the engine's process: one for each member, sharing nothing with the engine but the broker.
// Belongs here: starting and removing them with their files. Does not belong here: the engine (embedded.ts), what an agent
// does (agent-protocol/agent/).
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAgent } from '../agent-protocol/agent/agent.ts';
import type { RunningAgent } from '../agent-protocol/agent/agent.ts';
import { loadIdentity } from '../agent-protocol/agent/identity.ts';
import { isAlive } from '../agent-protocol/agent/processes.ts';
import type { Claim } from '../agent-protocol/agent/run-files.ts';
import { readJson, RUN_FILES } from '../agent-protocol/agent/run-files.ts';
import { AGENT_LIMITS } from '../agent-protocol/limits.ts';
import { rootTrust, type Trust } from '../agent-protocol/enrolment/trust.ts';
import { publicKeyText, readPublicKey } from '../agent-protocol/signing.ts';
import type { EngineKeys } from './agents/keys.ts';
import type { AgentSide } from './agents/side.ts';
import { EngineError, errorText } from './base/errors.ts';
import type { MemoryBroker } from './bus/memory.ts';
import type { Log } from './runtime/log.ts';
import { systemClock } from './runtime/clock.ts';
import type { Store } from './runtime/ports.ts';
import { systemError } from './store/system-error.ts';

export interface AgentParts {
  readonly directory: string;
  readonly side: AgentSide;
  readonly broker: MemoryBroker;
  readonly keys: Pick<EngineKeys, 'rootKeyText' | 'keySet'>;
  readonly log: Log;
}

/** The agents that come and go with the workflows. */
export interface MemberAgents {
  add(ids: readonly string[]): Promise<void>;
  /** Removes every agent that is not to be kept. */
  retain(kept: ReadonlySet<string>): Promise<void>;
  stop(): Promise<void>;
}

/** Agents in VMs come and go with these. */
export const noMemberAgents: MemberAgents = {
  add: async () => undefined,
  retain: async () => undefined,
  stop: async () => undefined,
};

/** One agent for each member, in this process; it shares nothing with the engine but the broker. */
export class EmbeddedAgents implements MemberAgents {
  readonly #parts: AgentParts;
  readonly #running = new Map<string, RunningAgent>();

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  async add(ids: readonly string[]): Promise<void> {
    const fresh = [...new Set(ids)].filter(id => !this.#running.has(id));
    await Promise.all(fresh.map(id => this.#start(id)));
  }

  /** Its directory too, and what still runs in it. */
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
    const { side, broker, keys, log } = this.#parts;
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
      trust: trustIn(keys),
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

/** Workflows read at a time. */
const PAGE = 500;

/** Every agent that some stored workflow has as a member. */
export async function membersOf(store: Pick<Store, 'list' | 'load'>): Promise<ReadonlySet<string>> {
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

/** Nothing is kept: at the next start they are given the set of then. */
function trustIn({ rootKeyText, keySet }: AgentParts['keys']): Trust {
  const root = readPublicKey(rootKeyText, 'ed25519');
  if (root === undefined) throw new TypeError('the engine has no root key');
  return rootTrust(root, keySet, () => undefined);
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
