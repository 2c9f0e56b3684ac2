// What is known of the way to the agents and of each of them, kept up to date: the link's state, the broker's own view.
// Belongs here: joining link, mender, absence and overview. Does not belong here: what any of them does.
import { ENROLMENTS_QUEUE, RESULTS_QUEUE } from '../../agent-protocol/transport.ts';
import type { AgentBus } from '../broker/agent-bus.ts';
import { Mender } from '../broker/mender.ts';
import type { BrokerRecord } from '../broker/ports.ts';
import { minorityClause } from '../broker/majority.ts';
import type { Survey } from '../broker/survey.ts';
import type { LinkState } from '../bus/link.ts';
import type { Presence as Known, Trouble } from '../machine/why/types.ts';
import type { AgentsView } from '../runtime/api.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/ports.ts';
import { Absence } from './absence.ts';
import { brokerWarnings, type Warning } from './broker-warnings.ts';
import { overview, type OverviewParts, viewOf } from './overview.ts';
import type { AgentSide } from './side.ts';

export interface WatchParts {
  /** Absent: the broker in the process, which loses nothing and has no users. */
  readonly bus?: AgentBus;
  /** Agents whose users must be on the broker. */
  readonly records: () => readonly BrokerRecord[];
  /** As of `OverviewParts`. */
  readonly enrolment?: (agent: string) => string | undefined;
  /** How many dead letters are kept. */
  readonly deadLetters?: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export class Watch {
  readonly #parts: WatchParts;
  #link: LinkState = { kind: 'down', reason: 'not connected yet' };
  /** Since when it is not connected, ms since the epoch. */
  #since = 0;
  #survey: Survey | undefined;
  /** Since when its queues have no majority of nodes, ms since the epoch. */
  #outvoted: number | undefined;
  #side: AgentSide | undefined;
  #mender: Mender | undefined;
  /** Keys of warnings that stood in the log. */
  readonly #warned = new Set<string>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#since = parts.clock.now();
  }

  /** Told by the link; a broker that went away may come back without what it had. */
  link(state: LinkState): void {
    if (state.kind !== 'connected' && this.#link.kind === 'connected') this.#since = this.#parts.clock.now();
    this.#link = state;
    if (this.#parts.bus === undefined) return;
    tell(this.#parts.log, this.#parts.bus.place, state);
    this.#mender?.soon();
  }

  begin(side: AgentSide): void {
    this.#side = side;
    const { bus, clock, log, records } = this.#parts;
    if (bus === undefined) return;
    const absence = new Absence(side.directory, side.presence);
    this.#mender = new Mender({
      bus,
      clock,
      log,
      records,
      agents: () => side.directory.list().map(({ id }) => id),
      queues: () => side.topology().queues.map(({ name }) => name),
      declare: () => side.link.declare(side.topology()),
      seen: survey => {
        this.#survey = survey;
        this.#outvoted = survey.minority === undefined ? undefined : (this.#outvoted ?? clock.now());
        absence.seen(survey, clock.now());
        this.#warn(log);
      },
    });
    this.#mender.soon();
  }

  /** Of one agent, with the nearest reason why it is not there. */
  presence(agent: string): Known {
    const side = this.#side;
    if (side === undefined) return { kind: 'unknown' };
    const known = side.presence.known(agent);
    if (known.kind === 'online' || known.kind === 'unknown' || this.#parts.bus === undefined) return known;
    const record = side.directory.get(agent) ?? { id: agent };
    const { reason, state } = viewOf(record, this.#overview(side));
    // Its hello came while we looked.
    return reason === undefined || state === 'online' ? known : { ...known, reason };
  }

  /** What keeps the engine from speaking with any agent. */
  trouble(): Trouble | undefined {
    const { bus } = this.#parts;
    if (bus === undefined) return undefined;
    if (this.#link.kind === 'connected') return this.#troubleOfNodes(bus.place);
    const what = this.#link.kind === 'down' ? 'is away' : 'takes no messages';
    return {
      reason: `the agents' broker ${bus.place} ${what}: ${this.#link.reason.replace(/\.$/, '')}`,
      since: this.#since,
    };
  }

  /** Of a broker that takes connections and stores nothing. */
  #troubleOfNodes(place: string): Trouble | undefined {
    const minority = this.#survey?.minority;
    if (minority === undefined || this.#outvoted === undefined) return undefined;
    const reason = `the agents' broker ${place} stores nothing: ${minorityClause(minority)}`;
    return { reason, since: this.#outvoted };
  }

  /** Messages of agents that wait for the engine; undefined: nobody has looked. */
  get backlog(): number | undefined {
    const seen = [RESULTS_QUEUE, ENROLMENTS_QUEUE].flatMap(
      name => this.#survey?.queues.get(name)?.messages ?? [],
    );
    return seen.length === 0 ? undefined : seen.reduce((sum, one) => sum + one, 0);
  }

  view(): AgentsView {
    const side = this.#side;
    if (side === undefined) return { agents: [], bus: { state: 'none' } };
    return overview(this.#overview(side));
  }

  #overview(side: AgentSide): OverviewParts {
    const { bus, enrolment, deadLetters } = this.#parts;
    const trouble = this.#mender?.trouble;
    return {
      agents: side.directory.list(),
      presence: side.presence,
      link: this.#link,
      ...(bus !== undefined && { place: bus.place }),
      ...(this.#survey !== undefined && { survey: this.#survey }),
      ...(trouble !== undefined && { trouble }),
      ...(enrolment !== undefined && { enrolment }),
      ...(deadLetters !== undefined && { deadLetters: deadLetters() }),
      warnings: this.#warnings().map(({ sentence }) => sentence),
    };
  }

  #warnings(): readonly Warning[] {
    const { bus, clock } = this.#parts;
    if (bus === undefined) return [];
    return brokerWarnings(
      this.#survey ?? { losing: [] },
      this.#side?.link.certificateEnds,
      bus.vhost,
      clock.now(),
    );
  }

  /** Each once; one that went away and came back is another. */
  #warn(log: Log): void {
    const warnings = this.#warnings();
    for (const { key, sentence } of warnings) if (!this.#warned.has(key)) log.warn(sentence);
    this.#warned.clear();
    for (const { key } of warnings) this.#warned.add(key);
  }

  async close(): Promise<void> {
    await this.#mender?.close();
  }
}

function tell(log: Log, place: string, state: LinkState): void {
  switch (state.kind) {
    case 'connected':
      return log.info(`Connected to the agents' broker ${place}.`);
    case 'blocked':
      return log.warn(`The agents' broker ${place} blocks publishers: ${state.reason}`);
    case 'down':
      return log.warn(
        `The agents' broker ${place} is away, tried again soon: ${state.reason}${adviceOn(state.reason)}`,
      );
    default:
      return state satisfies never;
  }
}

/** The setting behind a queue that exists as another kind than the one asked for. */
function adviceOn(reason: string): string {
  if (!/inequivalent arg 'x-queue-type' for queue '(agent|enrol)\./.test(reason)) return '';
  return '. Set agents.queue_type as it was, or delete the queues agent.* and enrol.* of this vhost: they are made anew.';
}
