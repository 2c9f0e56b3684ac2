// The enrolment office: hears who wants to be an agent, proves it, rules, binds, and answers.
// Belongs here: carrying a ruling out in the order that survives a crash. Does not belong here: the rules (rules.ts), accounts and
// members (registrar.ts), messages of agents that are enrolled (desk.ts).
//
// EO1 Nothing is bound before signature and proof held; what has no signature gets no answer, and nobody costs more than a budget.
// EO2 Bound in the store, then admitted by the broker, then answered, then acked: a crash between any two does it again.
// EO3 A new key and the end of the incarnation before it are one commit.
// EO4 A replaced engine enrols nobody (P2).
import {
  decodeEnrol,
  encodeEnrolment,
  type Enrol,
  type EnrolmentAnswer,
} from '../../../agent-protocol/enrolment/messages.ts';
import { provesToken } from '../../../agent-protocol/enrolment/proof.ts';
import { PROTOCOL_VERSION } from '../../../agent-protocol/messages.ts';
import { keyId, keyRing, readPublicKey, sign, verify } from '../../../agent-protocol/signing.ts';
import { type Delivery, ENROLMENTS_QUEUE, enrolmentQueue } from '../../../agent-protocol/transport.ts';
import type { BrokerUsers } from '../../broker/ports.ts';
import type { Link } from '../../bus/link.ts';
import type { Clock, ReportSink } from '../../runtime/ports.ts';
import { type Allowance, Budget } from '../budget.ts';
import type { EngineKeys } from '../keys.ts';
import type { OnRefused } from '../desk.ts';
import type { AgentDirectory, Alarm } from '../ports.ts';
import type { Presence } from '../presence.ts';
import { agentTopology, type QueueKind } from '../topology.ts';
import { type Account, type Accounts, type Claim, giveUp } from './accounts.ts';
import type { Members } from './members.ts';
import { type Ruling, ruleOn } from './rules.ts';
import { SENTENCES } from './sentences.ts';

export interface OfficeParts {
  readonly link: Pick<Link, 'read' | 'send'>;
  readonly keys: EngineKeys;
  readonly accounts: Accounts;
  readonly members: Members;
  readonly directory: AgentDirectory;
  readonly presence: Presence;
  readonly users: BrokerUsers;
  readonly sink: Pick<ReportSink, 'owned'>;
  readonly clock: Clock;
  /** Greets the agent bound now: who lives says hello. */
  readonly greet: (agent: string) => void;
  readonly queueKind?: QueueKind;
  readonly allowance?: Allowance;
  readonly onAlarm?: (alarm: Alarm) => void;
  readonly onRefused?: OnRefused;
}

const PREFETCH = 50;
/** Enrolments of one agent that are looked at; each opens what is sealed of its account. */
const ALLOWANCE: Allowance = { burst: 30, perSecond: 0.5 };
/** Milliseconds until one that could not be carried out is taken again. */
const HOLD = 1_000;
/** Milliseconds that a former agent has to give a sign of life. */
export const SIGN_OF_LIFE = 30_000;

interface Judged {
  readonly account: Account;
  readonly enrol: Enrol;
  readonly claim: Claim;
  readonly proved: boolean;
}

export class Office {
  readonly counts = { enrolled: 0, refused: 0, dropped: 0 };
  readonly #parts: OfficeParts;
  readonly #budget: Budget;
  /** Since when the former agent was asked, by agent. */
  readonly #asked = new Map<string, number>();
  /** What is under way, by agent: one after another. */
  readonly #busy = new Map<string, Promise<void>>();
  #closed = false;

  constructor(parts: OfficeParts) {
    this.#parts = parts;
    this.#budget = new Budget(parts.allowance ?? ALLOWANCE);
  }

  start(): Promise<void> {
    return this.#parts.link.read(ENROLMENTS_QUEUE, PREFETCH, delivery => this.#deliver(delivery));
  }

  close(): void {
    this.#closed = true;
  }

  #deliver(delivery: Delivery): void {
    if (this.#closed) return;
    const [agent = '', ...rest] = delivery.routingKey.split('.');
    const account = this.#parts.accounts.get(agent);
    if (account === undefined || rest.join('.') !== 'enrol') return this.#drop(delivery);
    if (!this.#budget.spend(agent, this.#parts.clock.now())) return this.#drop(delivery);
    const before = this.#busy.get(agent) ?? Promise.resolve();
    const now = before.then(() => this.#take(delivery, agent)).catch(() => this.#hold(delivery));
    this.#busy.set(agent, now);
    void now.then(() => this.#busy.get(agent) === now && this.#busy.delete(agent));
  }

  async #take(delivery: Delivery, agent: string): Promise<void> {
    const account = this.#parts.accounts.get(agent);
    if (account === undefined) return this.#drop(delivery);
    const judged = this.#judge(delivery, account);
    if (typeof judged === 'string') return this.#disbelieve(delivery, agent, judged);
    await this.#parts.sink.owned();
    const ruling = this.#rule(judged);
    const answer =
      ruling.kind === 'bind'
        ? await this.#bind(judged, ruling.how)
        : await this.#refuse(judged, ruling.kind === 'ask_former' ? STILL_ONLINE : ruling);
    await this.#answer(answer);
    delivery.ack();
  }

  /** Text: why it is not believed. */
  #judge({ message }: Delivery, account: Account): Judged | string {
    const decoded = decodeEnrol(message.body);
    if ('refused' in decoded) return decoded.refused;
    const enrol = decoded.message;
    const { signingKey, sealingKey, passwordHash, server } = enrol;
    const key = readPublicKey(signingKey, 'ed25519');
    if (key === undefined || readPublicKey(sealingKey, 'x25519') === undefined)
      return 'brings keys that are none';
    if (enrol.agent !== account.agent) return 'speaks for another agent';
    const verdict = verify(keyRing([key]), 'enrolment', account.agent, message);
    if (verdict.kind === 'refused') return verdict.reason;
    const secrets = this.#parts.accounts.secrets(account.agent);
    const proved = secrets !== undefined && provesToken(secrets.token, enrol);
    const at = this.#parts.clock.now();
    return {
      account,
      enrol,
      proved,
      claim: { signingKey, sealingKey, passwordHash, server, key: keyId(key), at },
    };
  }

  #rule({ account, enrol, claim, proved }: Judged): Ruling {
    if (!proved) return { kind: 'refuse', reason: 'wrong_proof', pending: false };
    if (enrol.protocol !== PROTOCOL_VERSION) return { kind: 'refuse', reason: 'unsupported', pending: false };
    const memberServer = this.#parts.members.serverOf(account.agent);
    const former = this.#formerOf(account.agent);
    const ruling = ruleOn({ account, claim, former, ...(memberServer !== undefined && { memberServer }) });
    if (ruling.kind === 'ask_former') this.#ask(account.agent, claim.at);
    else if (former !== 'not_asked') this.#asked.delete(account.agent);
    return ruling;
  }

  #formerOf(agent: string): 'alive' | 'silent' | 'not_asked' {
    const asked = this.#asked.get(agent);
    if (asked === undefined) return 'not_asked';
    if ((this.#parts.presence.of(agent)?.lastHello ?? 0) > asked) return 'alive';
    return this.#parts.clock.now() - asked >= SIGN_OF_LIFE ? 'silent' : 'not_asked';
  }

  #ask(agent: string, at: number): void {
    if (this.#asked.has(agent)) return;
    this.#asked.set(agent, at);
    this.#parts.greet(agent);
  }

  /** Binds the claim whatever the rules say: for rulings, and for operators who approve. */
  async bind(account: Account, claim: Claim, confirmed: boolean): Promise<void> {
    const { accounts, directory, users, presence } = this.#parts;
    const { bound, pending: _, ...rest } = account;
    const isNew = bound !== undefined && bound.key !== claim.key;
    const givenUp = isNew ? giveUp(account, bound.key) : account.givenUp;
    const card = { id: account.agent, signingKey: claim.signingKey, sealingKey: claim.sealingKey };
    // One turn, one commit.
    const kept = accounts.update({ ...rest, givenUp, revoked: false, bound: { ...claim, confirmed } });
    const registered = directory.register(card, { replace: true });
    await Promise.all([kept, registered]);
    if (isNew) presence.lost(account.agent, 'its server was replaced or rebuilt');
    await users.admit(account.agent, claim.passwordHash);
  }

  async #bind(
    { account, enrol, claim }: Judged,
    how: 'first' | 'again' | 'moved' | 'replaced',
  ): Promise<EnrolmentAnswer> {
    const { accounts, members, users, keys } = this.#parts;
    const { agent, bound } = account;
    const isSame = how === 'again' && bound !== undefined && bound.passwordHash === claim.passwordHash;
    if (isSame && bound.sealingKey === claim.sealingKey) {
      await accounts.settled();
      await users.admit(agent, claim.passwordHash);
    } else await this.bind(account, claim, members.serverOf(agent) !== undefined);
    if (how === 'moved' || how === 'replaced') this.#alarm(agent, 'enrolled_anew', SENTENCES[how]);
    this.counts.enrolled += 1;
    this.#parts.presence.admitted(agent);
    return { kind: 'enrolled', agent, nonce: enrol.nonce, key: claim.key, keys: keys.keySet };
  }

  async #refuse(
    { account, enrol, claim }: Judged,
    { reason, pending }: Pick<Extract<Ruling, { kind: 'refuse' }>, 'reason' | 'pending'>,
  ): Promise<EnrolmentAnswer> {
    const { agent } = account;
    const { message, retryAfter } = SENTENCES[reason];
    this.counts.refused += 1;
    this.#alarm(agent, 'enrolment_refused', `was refused: ${message}`);
    this.#parts.presence.refused(
      agent,
      `the engine refuses its enrolment (${reason}): ${message.slice(0, -1)}`,
    );
    if (pending && account.pending?.key !== claim.key)
      await this.#parts.accounts.update({ ...account, pending: { ...claim, why: message } });
    const keys = this.#parts.keys.keySet;
    return { kind: 'enrolment_refused', agent, nonce: enrol.nonce, reason, message, retryAfter, keys };
  }

  async #answer(answer: EnrolmentAnswer): Promise<void> {
    const { keys, link, queueKind } = this.#parts;
    const body = encodeEnrolment(answer);
    const key = `enrolment/${answer.agent}/${answer.nonce}`;
    await link.send({
      key,
      exchange: '',
      routingKey: enrolmentQueue(answer.agent),
      message: { body, messageId: key, headers: sign(keys.signing, 'enrolment_answer', answer.agent, body) },
      topology: agentTopology(answer.agent, queueKind),
      once: true,
    });
  }

  #disbelieve(delivery: Delivery, agent: string, why: string): void {
    this.counts.refused += 1;
    this.#parts.onRefused?.(delivery, why);
    delivery.nack({ requeue: false });
    this.#alarm(agent, 'refused_message', `is not believed: it ${why}`);
  }

  #drop(delivery: Delivery): void {
    this.counts.dropped += 1;
    delivery.ack();
  }

  /** The store, the broker's management or the link is away: not acked, nor given back (as in desk.ts), and taken again in a while. */
  #hold(delivery: Delivery): void {
    const { clock } = this.#parts;
    clock.at(clock.now() + HOLD, () => this.#deliver(delivery));
  }

  #alarm(agent: string, kind: Alarm['kind'], what: string): void {
    this.#parts.onAlarm?.({ agent, kind, message: `An enrolment as agent '${agent}' ${what}` });
  }
}

const STILL_ONLINE = { reason: 'still_online', pending: false } as const;
