// Enrolment over the agents' broker, opened with an engine, and what goes over that broker as numbers.
// Belongs here: naming their parts together, in order. Does not belong here: enrolment itself (engine/agents/enrolment/), the rest
// of the engine (embedded.ts).
import type { Book } from './agents/book.ts';
import type { OnRefused } from './agents/desk.ts';
import type { Leaving } from './agents/enrolment/registrar.ts';
import { createEnrolment, type Enrolment } from './agents/enrolment/side.ts';
import type { EngineKeys } from './agents/keys.ts';
import type { AgentSide } from './agents/side.ts';
import type { Watch } from './agents/watch.ts';
import type { AgentBus } from './broker/agent-bus.ts';
import type { OpenLog } from './cli/logging.ts';
import { systemClock } from './runtime/clock.ts';
import { NO_TRAFFIC, type Operating } from './runtime/operator-api.ts';
import type { ReportSink } from './runtime/ports.ts';
import type { Vault } from './runtime/secrets.ts';

/** The broker as VMs reach it. */
export interface Reach {
  /** Without a login. */
  readonly urls: readonly string[];
  /** PEM. */
  readonly ca?: string;
}

interface Parts {
  readonly book: Book;
  readonly keys: EngineKeys;
  readonly vault: Vault;
  readonly bus: AgentBus;
  readonly reach: Reach;
  readonly sink: ReportSink;
  readonly log: OpenLog;
  readonly leaving: Leaving;
  readonly onRefused: OnRefused;
}

/** What has gone between the engine and its agents, for those who count. */
export function trafficOf(
  { desk, link }: Pick<AgentSide, 'desk' | 'link'>,
  watch: Pick<Watch, 'backlog'>,
  enrolment: Enrolment | undefined,
): Operating['traffic'] {
  return () => {
    const { taken, stale, refused, dropped } = desk.counts;
    const { backlog } = watch;
    return {
      messages: { taken, stale, refused, dropped },
      enrolments: { ...(enrolment?.office.counts ?? NO_TRAFFIC.enrolments) },
      unconfirmed: link.waiting,
      ...(backlog !== undefined && { backlog }),
    };
  };
}

/** Begins with its `start`. */
export function openEnrolment(side: AgentSide, parts: Parts): Enrolment {
  const { vault, bus, reach, log } = parts;
  return createEnrolment(side, {
    ...parts,
    vault: { seal: (ref, value) => vault.seal(ref, value).sealed, open: vault.open },
    users: bus.users,
    queueKind: bus.queueKind,
    broker: reach,
    clock: systemClock,
    onAlarm: ({ agent, kind, message }) => log.warn(message, { agent, alarm: kind }),
  });
}
