// The engine's side of the agents, put together: link, post, presence, ledger and desk around one directory.
// Belongs here: wiring, registering an agent so that it can connect, starting and ending in order.
// Does not belong here: rules of the parts, drivers, the choice of broker (main.ts).
import type { Login, Topology, Transport } from '../../agent-protocol/transport.ts';
import { Link, type LinkOptions, type LinkState } from '../bus/link.ts';
import type { Clock, Doubts, ReportSink } from '../runtime/ports.ts';
import type { Allowances } from './budget.ts';
import { Desk, type OnRefused } from './desk.ts';
import { Greeter } from './greeter.ts';
import type { EngineKeys } from './keys.ts';
import { Ledger } from './ledger.ts';
import type { AgentCard, AgentDirectory, AgentRecord, Alarm, LiveOutput, Vault } from './ports.ts';
import { Post } from './post.ts';
import { Presence } from './presence.ts';
import { agentTopology, engineTopology, type QueueKind } from './topology.ts';

export interface AgentSideOptions {
  readonly transport: Transport;
  readonly login: Login;
  readonly clock: Clock;
  /** In [0, 1); spreads reconnects. Default: Math.random. */
  readonly random?: () => number;
  readonly keys: EngineKeys;
  readonly directory: AgentDirectory;
  readonly sink: ReportSink & Doubts;
  readonly vault: Vault;
  /** The engine's current term. */
  readonly term: () => number;
  /** Of the agents' queues; default: quorum. */
  readonly queueKind?: QueueKind;
  /** How much the desk listens to each agent; default: ALLOWANCES of budget.ts. */
  readonly allowances?: Allowances;
  readonly onOutput?: (output: LiveOutput) => void;
  readonly onAlarm?: (alarm: Alarm) => void;
  /** As of `DeskOptions`. */
  readonly onRefused?: OnRefused;
  readonly onLink?: (state: LinkState) => void;
  /** As of `LinkOptions`. */
  readonly onPublished?: LinkOptions['onPublished'];
}

export interface AgentSide {
  readonly link: Link;
  readonly post: Post;
  readonly presence: Presence;
  readonly ledger: Ledger;
  readonly desk: Desk;
  readonly directory: AgentDirectory;
  /** Everything that must be on the broker. */
  topology(): Topology;
  /** Says to every agent that an engine is here, with its newest key set. */
  greetAll(): void;
  /** Says so to one. */
  greet(agent: string): void;
  /** Connects. Commands may be handed to the drivers from now on; the runtime's recovery does. */
  connect(): Promise<void>;
  /** Begins to take what agents say: after the recovery, or results of live commands would pass for stale. */
  open(): Promise<void>;
  /** As `AgentDirectory.register`; its command queue is there when this resolves (if the broker is). */
  register(card: AgentCard, options?: { readonly replace?: boolean }): Promise<AgentRecord>;
  remove(id: string): Promise<void>;
  /** Takes nothing more, then leaves the broker; the directory stays open. */
  close(): Promise<void>;
}

/** Puts the parts together; nothing happens before `connect`. */
export function createAgentSide(options: AgentSideOptions): AgentSide {
  const { directory, keys } = options;
  const topology = (): Topology =>
    engineTopology(
      directory.list().map(({ id }) => id),
      options.queueKind,
    );
  const link = linkOf(options, topology);
  const post = new Post(link, keys, options.queueKind);
  const presence = new Presence(agent => directory.get(agent)?.lastSeen);
  const ledger = new Ledger();
  const desk = new Desk({ ...options, link, post, presence, ledger });
  const greeter = new Greeter({ ...options, post, presence });
  return {
    link,
    post,
    presence,
    ledger,
    desk,
    directory,
    topology,
    greetAll: () => greeter.all(),
    greet: agent => greeter.greet(agent),
    connect: () => link.start(),
    async open() {
      await desk.start();
      greeter.start();
    },
    async register(card, how) {
      const record = await directory.register(card, how);
      await link.declare(agentTopology(card.id, options.queueKind));
      return record;
    },
    async remove(id) {
      presence.forget(id);
      await directory.remove(id);
    },
    async close() {
      greeter.stop();
      desk.close();
      await link.close();
      // A replaced engine keeps nothing; its successor heard them later.
      await directory.heard(presence.times).catch(() => undefined);
    },
  };
}

function linkOf(
  { transport, login, clock, random, onLink, onPublished }: AgentSideOptions,
  topology: () => Topology,
): Link {
  return new Link({
    transport,
    login,
    clock,
    topology,
    random: random ?? Math.random,
    ...(onLink && { onState: onLink }),
    ...(onPublished && { onPublished }),
  });
}
