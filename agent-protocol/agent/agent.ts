// The agent: its parts put together, as a service in a VM or inside the engine's process.
// Belongs here: start, stop, and carrying effects out. Does not belong here: decisions (agent-machine.ts).
import { mkdir } from 'node:fs/promises';
import type { KeyObject } from 'node:crypto';
import path from 'node:path';
import type { AgentEffect } from '../agent-machine.ts';
import { newState, shortForm } from '../agent-records.ts';
import type { AgentState } from '../agent-records.ts';
import { fixedTrust, type Trust } from '../enrolment/trust.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import { commandKey, PROTOCOL_VERSION } from '../messages.ts';
import type { FromAgent, FromEngine, Hello } from '../messages.ts';
import { createOpener, createSealer } from '../sealing.ts';
import type { Sealer } from '../sealing.ts';
import { publicKeyText, readPublicKey } from '../signing.ts';
import type { Login, Transport } from '../transport.ts';
import { readBootId } from './boot-id.ts';
import type { FileSteps } from './durable-file.ts';
import { freeBytes, gatherFacts } from './facts.ts';
import { loadIdentity, lockDirectory, newIncarnation, saveIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { openJournal } from './journal.ts';
import type { Journal, JournalFiles } from './journal.ts';
import { Keeper, replay } from './keeper.ts';
import { Link } from './link.ts';
import { offence, type Policy } from './policy.ts';
import { ownSupervisor, Scripts } from './scripts.ts';

export interface AgentOptions {
  /** The agent's own: keys, journal, runs. Made if missing. */
  readonly directory: string;
  readonly agent: string;
  readonly login: Login;
  readonly transport: Transport;
  /** Trusted Ed25519 public keys of engines, where no root key vouches for them. */
  readonly engineKeys?: readonly KeyObject[];
  /** Whom to believe instead, once enrolled (enrolled.ts). */
  readonly trust?: Trust;
  readonly log?: (text: string) => void;
  /** Restarts the machine; without it a script that asks for a reboot fails, and the action `reboot`. */
  readonly reboot?: () => void;
  /** What the machine's owner forbids. */
  readonly policy?: Policy;
  /** Command and arguments that start a supervisor; default: this package's own, run by this Node. */
  readonly supervisor?: readonly string[];
  readonly bootId?: () => string;
  readonly killGraceMs?: number;
  readonly pipeGraceMs?: number;
  readonly reconnectMs?: number;
  readonly reconnectMaxMs?: number;
  readonly resendMs?: number;
  /** Free bytes below which commands are refused. */
  readonly minimumFreeBytes?: number;
  readonly journalFiles?: JournalFiles;
  /** Steps of writing its small files; tests stop between them. */
  readonly fileSteps?: FileSteps;
}

export interface RunningAgent {
  /** Public keys as SPKI in base64. */
  readonly identity: {
    readonly agent: string;
    readonly incarnation: string;
    readonly signingKey: string;
    readonly sealingKey: string;
  };
  /** Ends the agent; its scripts go on, and the next agent on this directory adopts them. */
  stop(): Promise<void>;
}

/**
 * Starts an agent. Resolves when its journal was read; it connects, and connects again, by itself.
 * Rejects when the directory is in use, belongs to another agent, or cannot be written.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const unlock = lockDirectory(options.directory);
  try {
    const runs = path.join(options.directory, 'runs');
    await mkdir(runs, { recursive: true, mode: 0o711 });
    const { identity, state, journal } = await openState(options);
    return assemble(options, runs, identity, state, journal, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

interface OpenedState {
  readonly identity: Identity;
  readonly state: AgentState;
  readonly journal: Journal | undefined;
}

/** A new journal is a new incarnation (A12); a damaged one is kept and nothing is started (A10). */
async function openState(options: AgentOptions): Promise<OpenedState> {
  const identity = await loadIdentity(options.directory, options.agent, options.fileSteps);
  const opened = await openJournal(options.directory, options.journalFiles);
  if ('damaged' in opened) {
    const why = `The journal is damaged and nothing can be started: ${opened.damaged}. Look at what ran, then remove the file to begin a new incarnation.`;
    options.log?.(`Agent ${options.agent}: ${why}`);
    return { identity, state: newState(options.agent, identity.incarnation, why), journal: undefined };
  }
  try {
    return await openedState(options, identity, opened);
  } catch (error) {
    await opened.journal.close();
    throw error;
  }
}

type Opened = Extract<Awaited<ReturnType<typeof openJournal>>, { journal: Journal }>;

async function openedState(
  options: AgentOptions,
  identity: Identity,
  { journal, records, cut }: Opened,
): Promise<OpenedState> {
  if (cut > 0) options.log?.(`Agent ${options.agent}: cut ${cut} bytes of a torn record off the journal.`);
  const [base] = records;
  if (base?.kind === 'base') {
    const same = { ...identity, incarnation: base.incarnation };
    if (identity.incarnation !== base.incarnation)
      await saveIdentity(options.directory, same, options.fileSteps);
    return { identity: same, state: replay(options.agent, base.incarnation, records), journal };
  }
  const fresh = { ...identity, incarnation: newIncarnation() };
  const state = newState(options.agent, fresh.incarnation);
  await journal.append(shortForm(state));
  await saveIdentity(options.directory, fresh, options.fileSteps);
  return { identity: fresh, state, journal };
}

function assemble(
  options: AgentOptions,
  runs: string,
  identity: Identity,
  state: AgentState,
  journal: Journal | undefined,
  unlock: () => void,
): RunningAgent {
  const { agent, directory } = options;
  const log = options.log ?? (() => undefined);
  const bootId = (options.bootId ?? readBootId)();
  const resendMs = options.resendMs ?? LIMITS.resendMs;
  const from = { agent, incarnation: identity.incarnation };

  const keeper = new Keeper(state, journal, { letOut, log, retryAfter: 1_000 });
  const scripts = new Scripts({
    runs,
    bootId,
    opener: createOpener(identity.sealing.privateKey),
    sealer: sealerOf(() => keeper.state.sealingKey),
    settings: {
      killGrace: options.killGraceMs ?? LIMITS.killGraceMs,
      pipeGrace: options.pipeGraceMs ?? LIMITS.pipeGraceMs,
    },
    mayReboot: options.reboot !== undefined,
    supervisor: options.supervisor ?? ownSupervisor(),
    emit: event => keeper.push(event),
    output: (held, piece) => link.sendOutput({ kind: 'output', ...from, id: held.command.id, ...piece }),
  });
  const link = new Link({
    agent,
    key: identity.signing,
    trust: options.trust ?? fixedTrust(options.engineKeys ?? []),
    transport: options.transport,
    login: options.login,
    reconnectMs: options.reconnectMs ?? LIMITS.reconnectMs,
    reconnectMaxMs: options.reconnectMaxMs ?? LIMITS.reconnectMaxMs,
    resendMs,
    connected: nonce => keeper.push({ kind: 'connected', nonce }),
    disconnected: () => keeper.push({ kind: 'disconnected' }),
    hello: nonce => helloOf(keeper.state, directory, bootId, nonce),
    welcomed: () => keeper.state.welcomed,
    received: (message, token) =>
      keeper.push({ kind: 'message', message, token, space: hasSpace(), ...forbids(message) }),
    log,
  });
  const resend = setInterval(() => keeper.push({ kind: 'resend' }), resendMs);
  resend.unref();
  keeper.push({ kind: 'boot', bootId, mayReboot: options.reboot !== undefined });

  function hasSpace(): boolean {
    return !keeper.full && freeBytes(directory) >= (options.minimumFreeBytes ?? LIMITS.minimumFreeBytes);
  }

  function forbids(message: FromEngine): { readonly forbidden?: string } {
    const { policy } = options;
    const forbidden =
      policy !== undefined && message.kind === 'command' ? offence(policy, message.task) : undefined;
    return forbidden === undefined ? {} : { forbidden };
  }

  /** What is let out is journaled: of a run that was answered nothing is read again, and its files may hold secrets. */
  function dropFiles(message: FromAgent): void {
    if (!('id' in message)) return;
    const key = commandKey(message.id);
    const held = keeper.state.held.get(key);
    if (held?.answer !== undefined) scripts.forget(key, held);
  }

  function letOut(effect: AgentEffect): void {
    switch (effect.kind) {
      case 'send':
        dropFiles(effect.message);
        return link.send(effect.message, effect.soon);
      case 'hello':
        return link.hello(effect.nonce);
      case 'ack':
        return link.ack(effect.token);
      case 'start':
        return scripts.start(effect.key, effect.held);
      case 'look':
        return scripts.look(effect.key, effect.held);
      case 'kill':
        return scripts.kill(effect.key, effect.held);
      case 'forget':
        return scripts.forget(effect.key, effect.held);
      case 'reboot':
        return options.reboot?.();
      default: {
        const unknown: never = effect;
        throw new TypeError(`Unknown effect ${JSON.stringify(unknown)}`);
      }
    }
  }

  return {
    identity: {
      ...from,
      signingKey: publicKeyText(identity.signing.publicKey),
      sealingKey: publicKeyText(identity.sealing.publicKey),
    },
    async stop() {
      clearInterval(resend);
      await scripts.stop();
      await link.stop();
      await keeper.stop();
      unlock();
    },
  };
}

function helloOf(state: AgentState, directory: string, bootId: string, nonce: string): Hello {
  return {
    kind: 'hello',
    protocol: PROTOCOL_VERSION,
    agent: state.agent,
    incarnation: state.incarnation,
    bootId,
    journal: state.written,
    unreceipted: [...state.held.values()].map(held => held.command.id),
    facts: gatherFacts(directory),
    nonce,
  };
}

/** Seals to the engine's latest key. */
function sealerOf(key: () => string | undefined): () => Sealer | undefined {
  let current: { readonly text: string; readonly sealer: Sealer } | undefined;
  return () => {
    const text = key();
    if (text === undefined || text === current?.text) return current?.sealer;
    const publicKey = readPublicKey(text, 'x25519');
    if (publicKey !== undefined) current = { text, sealer: createSealer(publicKey) };
    return current?.sealer;
  };
}
