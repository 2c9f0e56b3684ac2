// Every message between engine and agent, as a closed table. Anything else is refused and counted.
// Belongs here: the types, directions and version. Does not belong here: bytes (codec.ts), signatures (signing.ts),
// or what either side does on receipt (agent-machine.ts; engine/agents/).
import type { SignedKeySet } from './enrolment/key-set.ts';

export const PROTOCOL_VERSION = 1;

/** JSON, as in any message. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Identity of one command: the same bytes on every re-send. `dispatch` never repeats within a step. */
export interface CommandId {
  readonly workflow: string;
  readonly generation: number;
  readonly step: string;
  readonly dispatch: number;
}

export const commandKey = (id: CommandId): string =>
  `${id.workflow}/${id.generation}/${id.step}/${id.dispatch}`;

/** What an agent tells of its machine; all of it the agent's own word. */
export interface Facts {
  readonly os: 'linux' | 'windows' | 'darwin' | 'other';
  readonly release: string;
  readonly arch: string;
  readonly hostname: string;
  /** Bytes free where the agent keeps its files. */
  readonly freeDisk: number;
  readonly interpreters: readonly string[];
  readonly agentVersion: string;
}

// ---------------------------------------------------------------- agent → engine

/** On every connection, before anything else. */
export interface Hello {
  readonly kind: 'hello';
  readonly protocol: number;
  readonly agent: string;
  /** Made anew with every new journal: tells a re-created agent from a restarted one. */
  readonly incarnation: string;
  readonly bootId: string;
  /** Records ever written to the journal; going backwards means a reverted VM (A14). */
  readonly journal: number;
  /** Attempts whose outcome the engine has not receipted. */
  readonly unreceipted: readonly CommandId[];
  readonly facts: Facts;
  /** Names this connection; the welcome answers it. */
  readonly nonce: string;
}

/** Journaled; will be run once, or was. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
}

export interface Started {
  readonly kind: 'started';
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
  readonly bootId: string;
}

/** A piece of live output: bounded, may be lost, never decides anything. */
export interface Output {
  readonly kind: 'output';
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** Bytes of this stream before this piece, and how many were left out just before it. */
  readonly offset: number;
  readonly skipped: number;
}

export type OutputValue =
  | { readonly text: string }
  | { readonly json: Json }
  | { readonly sealed: SealedBox };

/** The end of an attempt that ran to its end or was stopped. */
export interface Finished {
  readonly kind: 'finished';
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
  readonly result:
    | { readonly kind: 'exit'; readonly code: number }
    | { readonly kind: 'signal'; readonly signal: string }
    | { readonly kind: 'timeout' }
    | { readonly kind: 'cancelled' }
    /** Could not be started or its outputs not read: bad interpreter, no such user, no space. */
    | { readonly kind: 'error'; readonly reason: string }
    /** Asked for more reboots than it may. */
    | { readonly kind: 'reboots'; readonly count: number };
  readonly outputs: { readonly [name: string]: OutputValue };
  /** Tails, secrets masked, invalid UTF-8 made safe. */
  readonly stdout: string;
  readonly stderr: string;
}

/** The script is proven dead and its end unknown. */
export interface Interrupted {
  readonly kind: 'interrupted';
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
  /** Such as `boot id changed`, `process 812 is gone and left no exit record`. */
  readonly evidence: string;
}

/** Will never be started. */
export interface Refused {
  readonly kind: 'refused';
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
  readonly reason:
    | 'superseded'
    | 'cancelled'
    | 'old_term'
    | 'wrong_agent'
    | 'wrong_incarnation'
    | 'digest_mismatch'
    | 'no_space'
    | 'policy'
    | 'journal_damaged'
    | 'unsupported';
  readonly message: string;
}

// ---------------------------------------------------------------- engine → agent

/** Answers a hello; until then commands are journaled and none is started. */
export interface Welcome {
  readonly kind: 'welcome';
  readonly protocol: number;
  readonly agent: string;
  readonly incarnation: string;
  readonly nonce: string;
  readonly term: number;
  /** Commands of this agent that are out; what it holds and is not listed is refused as superseded. */
  readonly live: readonly CommandId[];
  /** X25519 public key (SPKI, base64) to which hidden outputs are sealed. */
  readonly sealingKey: string;
  /** The engine's signing keys, from engines that have a root key: makes this message believed. */
  readonly keys?: SignedKeySet;
}

/** From an engine that took over: say hello, so that it knows who is there. Binds nothing and starts nothing. */
export interface Greet {
  readonly kind: 'greet';
  readonly agent: string;
  readonly term: number;
  /** As in a welcome. */
  readonly keys?: SignedKeySet;
}

export interface CommandMessage {
  readonly kind: 'command';
  readonly agent: string;
  readonly incarnation: string;
  readonly term: number;
  readonly id: CommandId;
  /** Milliseconds from the script's start, on the VM's monotonic clock; reboots included. */
  readonly timeout: number;
  readonly reason: 'first' | 'changed' | 'retry' | 'reboot' | 'verify' | 'operation';
  readonly task: Task;
  readonly outputs: readonly { readonly name: string; readonly hidden: boolean }[];
  /** False: may run beside others. */
  readonly exclusive: boolean;
}

export type Task =
  | {
      readonly kind: 'script';
      readonly interpreter: 'bash' | 'sh' | 'powershell' | 'python' | 'cmd';
      readonly text: string;
      /** Clear inputs; hidden ones are sealed as one JSON object of the same form and merged over these. */
      readonly inputs: { readonly [name: string]: Json };
      readonly sealed?: SealedBox;
      readonly runAs?: string;
      readonly workingDirectory?: string;
      readonly reboots: number;
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly text?: string;
      readonly sealed?: SealedBox;
      /** In place of a text. */
      readonly download?: Download;
      readonly mode?: number;
      readonly owner?: string;
    }
  /** Reboots the machine; ended when the agent is back with another boot id. */
  | { readonly kind: 'reboot' };

export interface Download {
  /** http or https. */
  readonly url: string;
  /** Of its bytes, in hex: what has another is thrown away. */
  readonly sha256: string;
}

export interface Cancel {
  readonly kind: 'cancel';
  readonly agent: string;
  readonly incarnation: string;
  readonly term: number;
  readonly id: CommandId;
  readonly why: string;
}

/** The outcome is committed (or of no use): the agent may forget it. */
export interface Receipt {
  readonly kind: 'receipt';
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
  readonly verdict: 'recorded' | 'stale' | 'unknown_workflow';
}

export type FromAgent = Hello | Accepted | Started | Output | Finished | Interrupted | Refused;
export type FromEngine = Greet | Welcome | CommandMessage | Cancel | Receipt;
export type Message = FromAgent | FromEngine;

/** X25519 ephemeral key + AES-256-GCM; bytes in base64. Bound to agent, incarnation and command by its AAD. */
export interface SealedBox {
  readonly ephemeral: string;
  readonly nonce: string;
  readonly ciphertext: string;
}
