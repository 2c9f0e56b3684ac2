// What is known of the way to the agents and of each of them, kept up to date: the link's state, the broker's own view.
// Belongs here: joining link, mender, absence and overview. Does not belong here: what any of them does.
import type { AgentBus } from '../broker/agent-bus.ts';
import { Mender } from '../broker/mender.ts';
import type { BrokerRecord } from '../broker/ports.ts';
import type { Survey } from '../broker/survey.ts';
import type { LinkState } from '../bus/link.ts';
import type { AgentsView } from '../runtime/api.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/ports.ts';
import { Absence } from './absence.ts';
import { overview } from './overview.ts';
import type { AgentSide } from './side.ts';

export interface WatchParts {
  /** Absent: the broker in the process, which loses nothing and has no users. */
  readonly bus?: AgentBus;
  /** Agents whose users must be on the broker. */
  readonly records: () => readonly BrokerRecord[];
  /** As of `OverviewParts`. */
  readonly enrolment?: (agent: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class Watch {
  readonly #parts: WatchParts;
  #link: LinkState = { kind: 'down', reason: 'not connected yet' };
  #survey: Survey | undefined;
  #side: AgentSide | undefined;
  #mender: Mender | undefined;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Told by the link; a broker that went away may come back without what it had. */
  link(state: LinkState): void {
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
        absence.seen(survey, clock.now());
      },
    });
    this.#mender.soon();
  }

  view(): AgentsView {
    const { bus, enrolment } = this.#parts;
    const trouble = this.#mender?.trouble;
    const side = this.#side;
    if (side === undefined) return { agents: [], bus: { state: 'none' } };
    return overview({
      agents: side.directory.list(),
      presence: side.presence,
      link: this.#link,
      ...(bus !== undefined && { place: bus.place }),
      ...(this.#survey !== undefined && { survey: this.#survey }),
      ...(trouble !== undefined && { trouble }),
      ...(enrolment !== undefined && { enrolment }),
    });
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
