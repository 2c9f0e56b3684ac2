// An agent that enrols by itself: started from the configuration that user data wrote, and enrolled whenever the broker
// does not know it.
// Belongs here: when to enrol, login and trust of the agent after it. Does not belong here: the conversation
// (enrolling.ts), the agent (agent.ts), reading the file (the program).
//
// EL1 A login that the broker refuses is a reason to enrol again: a wiped broker, a re-created engine (B2).
// EL2 The agent never connects under another login than its own.
import { createPublicKey } from 'node:crypto';
import type { AgentConfig } from '../enrolment/config.ts';
import { rootTrust, type Trust } from '../enrolment/trust.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import { type Connection, type Transport, TransportError } from '../transport.ts';
import { type AgentOptions, type RunningAgent, startAgent } from './agent.ts';
import { readBootId } from './boot-id.ts';
import type { FileSteps } from './durable-file.ts';
import { enrol } from './enrolling.ts';
import { keepTrust, type KeptTrust, loadPassword, readTrust } from './enrolment-files.ts';
import { loadIdentity } from './identity.ts';
import { readServerId } from './server-id.ts';

export interface EnrolledOptions extends Omit<AgentOptions, 'agent' | 'login' | 'engineKeys' | 'trust'> {
  readonly config: AgentConfig;
  /** Default: the metadata service, then the config drive. */
  readonly server?: () => Promise<string | undefined>;
  /** Why it is not enrolled yet, or that it is: for whoever sees no more of the machine than its console. */
  readonly onEnrolment?: (news: string) => void;
}

/**
 * Starts the agent and, before its first connection, enrols it. Resolves when its journal was read; enrolling and
 * connecting go on by themselves. Rejects as `startAgent`.
 */
export async function startEnrolledAgent(options: EnrolledOptions): Promise<RunningAgent> {
  const { config, directory, fileSteps, server: _, ...rest } = options;
  const stopping = new AbortController();
  const kept = new Kept(directory, config, fileSteps);
  const login = { user: `agent.${config.agent}`, password: '', name: config.agent };
  const transport = new EnrollingTransport({ ...options, kept, signal: stopping.signal });
  const own = { directory, agent: config.agent, login, transport, trust: kept.trust };
  const agent = await startAgent({ ...rest, ...own, ...(fileSteps && { fileSteps }) });
  return {
    identity: agent.identity,
    async stop() {
      stopping.abort(new Error('the agent stops'));
      await agent.stop();
    },
  };
}

/** What the engine was believed so far, and for which key it said `enrolled`. */
class Kept {
  readonly trust: Trust;
  readonly #directory: string;
  readonly #steps: FileSteps | undefined;
  #now: KeptTrust | undefined;

  constructor(directory: string, config: AgentConfig, steps: FileSteps | undefined) {
    this.#directory = directory;
    this.#steps = steps;
    this.#now = readTrust(directory);
    const root = createPublicKey({
      key: Buffer.from(config.root_key, 'base64'),
      format: 'der',
      type: 'spki',
    });
    this.trust = rootTrust(root, this.#now?.keys, keys => this.#keep({ ...this.#now, keys }));
  }

  isBound(key: string): boolean {
    return this.#now?.bound === key;
  }

  bind(key: string): void {
    if (this.#now !== undefined && this.#now.bound !== key) this.#keep({ ...this.#now, bound: key });
  }

  #keep(trust: KeptTrust): void {
    keepTrust(this.#directory, trust, this.#steps);
    this.#now = trust;
  }
}

interface Context extends EnrolledOptions {
  readonly kept: Kept;
  readonly signal: AbortSignal;
}

/** Connects as the agent; enrols first where that was not done or does not help any more. */
class EnrollingTransport implements Transport {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async connect(login: { readonly user: string; readonly name: string }): Promise<Connection> {
    const { config, directory, fileSteps, transport, kept } = this.#context;
    const identity = await loadIdentity(directory, config.agent, fileSteps);
    const { password } = loadPassword(directory, fileSteps);
    if (!kept.isBound(identity.signing.id)) await this.#enrol();
    try {
      return await transport.connect({ ...login, password });
    } catch (thrown) {
      if (!(thrown instanceof TransportError) || thrown.reason !== 'refused') throw thrown;
      await this.#enrol();
      return transport.connect({ ...login, password });
    }
  }

  async #enrol(): Promise<void> {
    const { config, directory, transport, kept, signal, fileSteps } = this.#context;
    const { log = () => undefined, onEnrolment = () => undefined } = this.#context;
    const identity = await loadIdentity(directory, config.agent, fileSteps);
    await enrol({
      directory,
      config,
      transport,
      identity,
      password: loadPassword(directory, fileSteps),
      trust: kept.trust,
      bootId: (this.#context.bootId ?? readBootId)(),
      server: this.#context.server ?? (() => readServerId()),
      resendMs: this.#context.resendMs ?? LIMITS.resendMs,
      reconnectMs: this.#context.reconnectMs ?? LIMITS.reconnectMs,
      signal,
      log,
      told: onEnrolment,
    });
    kept.bind(identity.signing.id);
    log(`Agent ${config.agent}: enrolled.`);
    onEnrolment('is enrolled.');
  }
}
