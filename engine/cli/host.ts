// What the commands need of the program around them: an engine, and a way to be interrupted.
// Belongs here: these interfaces. Does not belong here: how they are made (engine/embedded.ts names the adapters).
//
// The commands own: words, layout, exit codes, the order of questions. The host owns: the state directory, the
// engine in this process or the socket of another one, the agents, and their end.
import type { EngineError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { EngineApi } from '../runtime/api.ts';
import type { Language } from './language.ts';
import type { Terminal } from './terminal.ts';

export interface EngineHost {
  /** The engine that holds the state directory now; undefined when none runs. */
  attach(stateDirectory: string): Promise<Session | undefined>;
  /**
   * Starts an engine and the agents of its workflows in this process. EngineError `store_locked` when another
   * engine holds the directory, `store_failed` when it cannot be written.
   */
  start(stateDirectory: string, options: StartOptions): Promise<Session>;
  /**
   * Starts an engine that serves Heat until it is closed, without agents of its own; with a shared store once no other one works on
   * it. Errors as of `start`.
   */
  serve(settings: EngineSettings, standing: Standing): Promise<Service>;
  /** EngineError `usage` for settings that `serve` could never work with. Connects to nothing. */
  check(settings: EngineSettings): Promise<void>;
  /** Opens the store to read, without lease or agents; the directory must exist. */
  read(stateDirectory: string): Promise<Session>;
  /** An engine elsewhere, over HTTP. EngineError `usage` for what can never be asked. */
  reach(login: RemoteLogin): Promise<Session>;
  /** Whether there is a store to open. */
  exists(stateDirectory: string): Promise<boolean>;
}

/** Where an engine is, and by whose right it is asked; neither `token` nor `credential`: nobody has to authenticate there. */
export interface RemoteLogin {
  readonly endpoint: URL;
  readonly token?: string;
  /** An entry as clouds.yaml has it, for which Keystone gives tokens. */
  readonly credential?: JsonObject;
  /** File of PEM certificates. */
  readonly caFile?: string;
}

export interface StartOptions {
  /** Level of what goes to `engine.log` in the state directory; to stderr as well when asked for by hand. */
  readonly logLevel: LogLevel;
  readonly logToStderr: boolean;
  /** Which services may be called by `http`; absent: none. */
  readonly egress?: {
    readonly allow: readonly string[];
    /** File of PEM certificates. */
    readonly caFile?: string;
  };
  /** Address on loopback at which operators are answered, by a token that is made for it. */
  readonly trial?: string;
  /** How the engine reaches its own cloud; what a credential does not say itself comes from here. */
  readonly openstack?: {
    readonly authUrl?: string;
    readonly region?: string;
    readonly interface?: 'public' | 'internal' | 'admin';
    /** File of PEM certificates. */
    readonly caFile?: string;
  };
}

/** What an engine does that is not the active one of those that share a store. */
export interface Standing {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Another one is active. */
  readonly onWait: (holder: string) => void;
  readonly onTrouble: (message: string) => void;
}

/** A database for engines of which one works while others stand by. */
export interface SharedStoreSettings {
  /** `mysql://USER:PASSWORD@HOST:PORT/DATABASE`. */
  readonly url: string;
  /** File of PEM certificates. */
  readonly caFile?: string;
  /** Milliseconds without a word after which another engine takes over. */
  readonly leaseTime?: number;
}

/** What `murano-workflow engine` is told by its settings file; the reference says what each means. */
export interface EngineSettings extends StartOptions {
  readonly stateDirectory: string;
  /** Absent: a file in the state directory. */
  readonly store?: SharedStoreSettings;
  /** Of this engine among others. */
  readonly name: string;
  /** Absent: Heat is not served, only who asks over HTTP. */
  readonly heat?: {
    readonly transportUrl: string;
    readonly exchange: string;
    readonly topic: string;
    readonly server: string;
    readonly durable: boolean;
    readonly autoDelete: boolean;
    readonly quorum: boolean;
    /** File of PEM certificates. */
    readonly caFile?: string;
  };
  /** Absent: this engine reaches no agents. */
  readonly agents?: AgentBusSettings;
  /** Absent: nobody is answered over HTTP. */
  readonly admin?: AdminSettings;
  /** Milliseconds for which the audit log is kept; absent: for ever. */
  readonly keepAudit?: number;
}

/** The operator's endpoint. */
export interface AdminSettings {
  /** Address and port. */
  readonly listen: string;
  /** Absent: nobody has to authenticate, which only loopback allows. */
  readonly keystone?: {
    /** An entry as clouds.yaml has it: by its right Keystone is asked whose a token is. */
    readonly credentialFile: string;
    /** Milliseconds for which an answer of Keystone's is kept. */
    readonly keep: number;
    /** Names of Keystone's roles. */
    readonly roles: {
      readonly reader: readonly string[];
      readonly operator: readonly string[];
      readonly auditor: readonly string[];
      readonly everywhere: readonly string[];
    };
  };
  /** Files of PEM. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** A proxy before it encrypts. */
  readonly behindProxy: boolean;
  /** Numbers are read without authentication. */
  readonly openMetrics: boolean;
}

/** The broker of the agents. */
export interface AgentBusSettings {
  readonly transportUrl: string;
  readonly managementUrl: string;
  /** The same broker as VMs reach it: a transport URL without a login. */
  readonly agentUrl: string;
  readonly caFile?: string;
  readonly queueKind: 'classic' | 'quorum';
  readonly allowSharedBroker: boolean;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Session {
  readonly api: EngineApi;
  /** `embedded`: the engine ends with this process; `attached`: it is another's; `reading`: there is none. */
  readonly kind: 'embedded' | 'attached' | 'reading';
  /** Where operators are answered, and by which token. */
  readonly trial?: { readonly url: string; readonly token: string };
  /** Ends in order what `kind` says is ours; resolves when all is on disk. */
  close(): Promise<void>;
}

/** An engine that serves Heat as soon as the broker is there. */
export interface Service extends Session {
  /** Why the first try to reach the broker came to nothing: host and cause, no password. Absent: it did not. */
  readonly away?: string;
  /** Where operators are answered; absent: nowhere. */
  readonly admin?: string;
  /** Resolves once requests of Heat are taken for the first time; absent: Heat is not served. */
  readonly serving?: Promise<void>;
  /** Resolves when it is over: undefined after `close`, else with why: another engine took over, or the store is damaged. */
  readonly ended: Promise<EngineError | undefined>;
}

/** Everything a command may touch. */
export interface Context {
  readonly host: EngineHost;
  readonly language: Language;
  readonly terminal: Terminal;
  /** Milliseconds since the epoch. */
  now(): number;
  /** A new id for a request; the same request is sent under one id only. */
  newRequestId(): string;
  /** Who asks, for the record of the workflow. */
  readonly by: string;
  readonly directory: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Calls back on the first Ctrl-C or SIGTERM; returns how to take it back. */
  onInterrupt(listener: () => void): () => void;
}

export const DEFAULT_STATE_DIRECTORY = '.murano-workflow';
export const STATE_VARIABLE = 'MURANO_WORKFLOW_STATE';
