// Enrolment put together: accounts and members out of the book, the office, and the registrar in front of them.
// Belongs here: wiring, starting and ending. Does not belong here: rules of the parts, the choice of broker (the root).
import type { BrokerUsers } from '../../broker/ports.ts';
import type { Clock, ReportSink } from '../../runtime/ports.ts';
import type { Book } from '../book.ts';
import type { OnRefused } from '../desk.ts';
import type { EngineKeys } from '../keys.ts';
import type { Alarm } from '../ports.ts';
import type { AgentSide } from '../side.ts';
import { agentTopology, type QueueKind } from '../topology.ts';
import { Accounts, type AccountVault } from './accounts.ts';
import { Members } from './members.ts';
import { Office } from './office.ts';
import { type Leaving, Registrar } from './registrar.ts';

export interface EnrolmentOptions {
  readonly book: Book;
  readonly vault: AccountVault;
  readonly keys: EngineKeys;
  readonly users: BrokerUsers;
  readonly sink: Pick<ReportSink, 'owned'>;
  readonly clock: Clock;
  readonly leaving: Leaving;
  /** As VMs reach the broker, without a login. */
  readonly broker: { readonly urls: readonly string[]; readonly ca?: string };
  readonly queueKind?: QueueKind;
  readonly onAlarm?: (alarm: Alarm) => void;
  readonly onRefused?: OnRefused;
}

export interface Enrolment {
  readonly accounts: Accounts;
  readonly registrar: Registrar;
  readonly office: Office;
  /** After the recovery: what was bound is then known. */
  start(): Promise<void>;
  close(): void;
}

/** Reads what the book holds; EngineError `store_failed` when it cannot. Nothing happens before `start`. */
export function createEnrolment(side: AgentSide, options: EnrolmentOptions): Enrolment {
  const accounts = new Accounts(options.book, options.vault);
  const members = new Members(options.book);
  const office = new Office({ ...options, ...side, accounts, members });
  const registrar = new Registrar({
    ...options,
    ...side,
    accounts,
    members,
    office,
    declare: agent => side.link.declare(agentTopology(agent, options.queueKind)),
  });
  return { accounts, registrar, office, start: () => office.start(), close: () => office.close() };
}
