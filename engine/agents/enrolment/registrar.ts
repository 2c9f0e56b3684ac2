// Agents and members as Heat and operators ask for them: created, shown, told of their server, removed, approved.
// Belongs here: what each request does, so that it may come twice. Does not belong here: who may enrol (rules.ts, office.ts), RPC
// (engine/heat/), how a workflow lets a member go (leaving).
//
// RG1 An agent is recorded before its users and queues are made, and its record goes before they do.
// RG2 User data is rendered once: an agent that exists is answered with what was kept, whatever is asked now.
import { randomBytes } from 'node:crypto';
import { hashPassword } from '../../../agent-protocol/password-hash.ts';
import { serverId } from '../../../agent-protocol/enrolment/config.ts';
import { EngineError } from '../../base/errors.ts';
import { ID } from '../../base/ids.ts';
import type { JsonObject } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { BrokerUsers } from '../../broker/ports.ts';
import type { AgentRequest, AgentsApi } from '../../runtime/agents-api.ts';
import type { Clock, ReportSink } from '../../runtime/ports.ts';
import type { EngineKeys } from '../keys.ts';
import type { AgentDirectory, Alarm } from '../ports.ts';
import type { Presence } from '../presence.ts';
import { renderUserData } from '../user-data/index.ts';
import { type Account, type Accounts, giveUp } from './accounts.ts';
import type { MemberRecord, Members } from './members.ts';
import type { Office } from './office.ts';
import { memberView, reasonOf, viewOf } from './views.ts';

/** How workflows let go of an agent. */
export interface Leaving {
  /**
   * Begins it, or goes on with it; true once no workflow has the agent as a member any more. `again`: what failed to be undone is
   * tried again; without it that is an error.
   */
  leave(
    agent: string,
    how: { readonly abandon: boolean; readonly again: boolean; readonly by: string },
  ): Promise<boolean>;
}

export interface RegistrarParts {
  readonly accounts: Accounts;
  readonly members: Members;
  readonly directory: AgentDirectory;
  readonly presence: Presence;
  readonly office: Pick<Office, 'bind'>;
  readonly keys: EngineKeys;
  readonly sink: Pick<ReportSink, 'owned'>;
  readonly users: BrokerUsers;
  /** Makes the agent's queues now, if there is a connection. */
  readonly declare: (agent: string) => Promise<void>;
  /** Greets every agent: they learn the newest key set by it. */
  readonly greetAll: () => void;
  readonly leaving: Leaving;
  readonly clock: Clock;
  /** As VMs reach the broker, without a login. */
  readonly broker: { readonly urls: readonly string[]; readonly ca?: string };
  readonly onAlarm?: (alarm: Alarm) => void;
}

type Of<K extends AgentRequest['kind']> = Extract<AgentRequest, { readonly kind: K }>;

/** Seconds after which Heat asks again whether a member has left: soon while it may be quick. */
const leavePoll = (elapsed: number): number => (elapsed < 15_000 ? 1 : 5);

export class Registrar implements AgentsApi {
  readonly #parts: RegistrarParts;

  constructor(parts: RegistrarParts) {
    this.#parts = parts;
  }

  async administer(request: AgentRequest): Promise<JsonObject> {
    switch (request.kind) {
      case 'create_agent':
        return this.#create(request);
      case 'show_agent':
        return this.#view(request.agent);
      case 'user_data':
        return this.#userData(request.agent);
      case 'delete_agent':
        return this.#delete(request.agent);
      case 'put_member':
        return this.#putMember(request);
      case 'show_member':
        return memberView(this.#member(request.member));
      case 'delete_member':
        return this.#deleteMember(request.member, request.by);
      case 'approve':
        return this.#approve(request);
      case 'refuse':
        return this.#refuse(request);
      case 'revoke':
        return this.#revoke(request.agent);
      case 'rotate_keys':
        return this.#rotate(request.drop);
      default:
        return request satisfies never;
    }
  }

  /** What an operator has to decide of it; undefined: nothing. */
  reason(agent: string): string | undefined {
    const account = this.#parts.accounts.get(agent);
    return account && reasonOf(account);
  }

  // ---------------------------------------------------------------- agents

  async #create(request: Of<'create_agent'>): Promise<JsonObject> {
    const { accounts, directory, users, declare } = this.#parts;
    const { agent } = request;
    if (!ID.test(agent))
      throw new EngineError(
        'usage',
        `'${agent.slice(0, 64)}' cannot be an agent's id.`,
        'Give letters, digits, - and _, at most 64.',
      );
    if (accounts.get(agent) === undefined) {
      if (directory.get(agent) !== undefined)
        throw new EngineError(
          'conflict',
          `There is an agent '${agent}' already, of another kind.`,
          'Choose another id.',
        );
      const { account, secrets } = this.#newAccount(request);
      // One turn, one commit.
      await Promise.all([accounts.create(account, secrets), directory.expect(agent)]);
    }
    await accounts.settled();
    await declare(agent);
    const account = this.#account(agent);
    // A broker whose management is away gets the user later: it is put back like any that was lost.
    await users.createEnrolment(agent, account.enrolmentHash).catch(unlessAway);
    return this.#view(agent);
  }

  #newAccount({ agent, name, by, format, reenrolment, userData }: Of<'create_agent'>): {
    readonly account: Account;
    readonly secrets: Parameters<Accounts['create']>[1];
  } {
    const { clock, keys, broker } = this.#parts;
    const token = randomBytes(32).toString('base64url');
    const password = randomBytes(32).toString('base64url');
    const enrol = { user: `enrol.${agent}`, password };
    const config = { version: 1, agent, broker, enrol, token, root_key: keys.rootKeyText } as const;
    const account = {
      agent,
      name,
      by,
      createdAt: clock.now(),
      format,
      reenrolment,
      enrolmentHash: hashPassword(password, randomBytes(4)),
      givenUp: [],
    };
    return { account, secrets: { token, userData: renderUserData(format, config, userData) } };
  }

  #view(agent: string): JsonObject {
    const { members, presence } = this.#parts;
    return viewOf(this.#account(agent), presence.of(agent), members.serverOf(agent));
  }

  #userData(agent: string): JsonObject {
    this.#account(agent);
    return { user_data: this.#parts.accounts.secrets(agent)?.userData ?? '' };
  }

  async #delete(agent: string): Promise<JsonObject> {
    const { accounts, directory, members, presence, users } = this.#parts;
    if (accounts.get(agent) !== undefined) {
      presence.forget(agent);
      const own = members.of(agent).map(one => one.member);
      await Promise.all([accounts.remove(agent), directory.remove(agent), members.remove(...own)]);
    }
    await accounts.settled();
    // What is left of it on a broker that is away now is swept later.
    await users.remove(agent).catch(unlessAway);
    return {};
  }

  // ---------------------------------------------------------------- members

  async #putMember(request: Of<'put_member'>): Promise<JsonObject> {
    const { members, clock } = this.#parts;
    const { member, agent, server, name, data, onLeave, leaveTimeout } = request;
    this.#account(agent);
    if (serverId(server) !== undefined)
      throw new EngineError(
        'usage',
        `'${server.slice(0, 64)}' is no server's UUID.`,
        'Give the id that Nova gave the server.',
      );
    checkData(member, data);
    const known = members.get(member);
    if (known !== undefined && known.agent !== agent)
      throw new EngineError('conflict', `Member '${member}' is of another agent.`, 'Replace the member.');
    const createdAt = known?.createdAt ?? clock.now();
    const record = {
      member,
      agent,
      server,
      name,
      onLeave,
      leaveTimeout,
      createdAt,
      ...(data === undefined ? {} : { data }),
    };
    await members.put(record);
    await this.#compare(agent);
    return memberView(record);
  }

  /** What enrolled before any member told of its server is no impostor only if a member tells of the same one. */
  async #compare(agent: string): Promise<void> {
    const { accounts, members, directory, users, presence } = this.#parts;
    const account = this.#account(agent);
    const { bound } = account;
    if (bound === undefined) {
      // Thrown out before, perhaps while the broker's management was away.
      if (account.givenUp.length > 0) await users.revoke(agent);
      return accounts.settled();
    }
    if (bound.confirmed) return accounts.settled();
    if (members.serverOf(agent) === bound.server)
      return accounts.update({ ...account, bound: { ...bound, confirmed: true } });
    const { bound: _, ...rest } = account;
    const kept = accounts.update({ ...rest, givenUp: giveUp(account, bound.key) });
    await Promise.all([kept, directory.expect(agent)]);
    presence.lost(agent, "it is not on the server that the agent's member names");
    this.#parts.onAlarm?.({
      agent,
      kind: 'impostor',
      message: `Agent '${agent}' had been enrolled by server ${bound.server}, which is not the one its member names; that one's rights were taken away.`,
    });
    await users.revoke(agent);
  }

  async #deleteMember(member: string, by: string): Promise<JsonObject> {
    const { members, leaving, clock } = this.#parts;
    const known = members.get(member);
    if (known === undefined) return { gone: true };
    const leavingSince = known.leavingSince ?? clock.now();
    const record = { ...known, leavingSince };
    if (known.leavingSince === undefined) await members.put(record);
    const how = { abandon: known.onLeave === 'abandon', again: known.leavingSince === undefined, by };
    // Another member of the same agent stays: Heat only replaced the resource.
    const stays = members
      .of(known.agent)
      .some(one => one.member !== member && one.leavingSince === undefined);
    try {
      if (stays || (await leaving.leave(known.agent, how))) {
        await members.remove(member);
        return { gone: true };
      }
      const elapsed = clock.now() - leavingSince;
      if (elapsed > known.leaveTimeout) throw tooLong(record);
      return { gone: false, poll_after: leavePoll(elapsed) };
    } catch (thrown) {
      // It stays, and the next delete begins anew.
      await members.put(withoutLeaving(record));
      throw thrown;
    }
  }

  #member(member: string): MemberRecord {
    const known = this.#parts.members.get(member);
    if (known !== undefined) return known;
    throw new EngineError('not_found', `There is no member '${member}'.`, 'Check the id.');
  }

  // ---------------------------------------------------------------- operators

  async #approve({ agent, key }: Of<'approve' | 'refuse'>): Promise<JsonObject> {
    const { accounts, members, office } = this.#parts;
    const account = this.#account(agent);
    const { pending } = account;
    if (key !== undefined) mustAsk(account, key);
    if (pending !== undefined) {
      const claim = { ...pending, at: this.#parts.clock.now() };
      await office.bind(account, claim, members.serverOf(agent) === pending.server);
    } else if (account.revoked === true) {
      await accounts.update({ ...account, revoked: false });
    } else {
      throw new EngineError(
        'not_allowed',
        `Nothing of agent '${agent}' waits for approval.`,
        'murano-workflow agents shows what does.',
      );
    }
    return this.#view(agent);
  }

  async #refuse({ agent, key }: Of<'approve' | 'refuse'>): Promise<JsonObject> {
    const account = this.#account(agent);
    const { pending, ...rest } = account;
    if (key !== undefined) mustAsk(account, key);
    if (pending === undefined)
      throw new EngineError(
        'not_allowed',
        `Nothing of agent '${agent}' waits for approval.`,
        'murano-workflow agents shows what does.',
      );
    await this.#parts.accounts.update({ ...rest, givenUp: giveUp(account, pending.key) });
    return this.#view(agent);
  }

  async #revoke(agent: string): Promise<JsonObject> {
    const { accounts, directory, users, presence } = this.#parts;
    const account = this.#account(agent);
    // Its key is not given up: once approved again, it enrols as it is.
    const { bound: _bound, pending: _pending, ...rest } = account;
    await Promise.all([accounts.update({ ...rest, revoked: true }), directory.expect(agent)]);
    presence.lost(agent, 'an operator took its rights away');
    await users.revoke(agent);
    return this.#view(agent);
  }

  async #rotate(drop: boolean): Promise<JsonObject> {
    const { keys, greetAll, sink } = this.#parts;
    // An engine that was replaced would rotate the keys away under its successor (P2).
    await sink.owned();
    const set = await keys.rotate({ drop });
    greetAll();
    return { version: set.version, keys: set.keys.length };
  }

  #account(agent: string): Account {
    const account = this.#parts.accounts.get(agent);
    if (account !== undefined) return account;
    throw new EngineError(
      'not_found',
      `There is no agent '${agent.slice(0, 64)}' of Heat.`,
      'murano-workflow agents lists them.',
    );
  }
}

/** Passes when the broker's management is away now; throws any other error. */
function unlessAway(thrown: unknown): void {
  if (!(thrown instanceof EngineError) || thrown.code !== 'transport_closed') throw thrown;
}

function checkData(member: string, data: unknown): void {
  const bytes = data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data), 'utf8');
  if (bytes <= LIMITS.memberDataBytes) return;
  throw new EngineError(
    'limit_exceeded',
    `The data of member '${member}' has ${bytes} bytes; at most ${LIMITS.memberDataBytes} are kept.`,
    'Make it smaller.',
  );
}

function withoutLeaving(record: MemberRecord): MemberRecord {
  const { leavingSince: _, ...rest } = record;
  return rest;
}

const tooLong = ({ name, agent, leaveTimeout }: MemberRecord): EngineError =>
  new EngineError(
    'not_allowed',
    `Member '${name}' (agent ${agent}) has not left its workflows within ${Math.round(leaveTimeout / 1_000)} seconds.`,
    'Look at what it undoes (murano-workflow status), then delete it again; on_leave: abandon leaves it as it is.',
  );

/** Who decides has seen one key ask; a later one may stand in its place by now. */
function mustAsk({ agent, pending }: Account, key: string): void {
  if (pending?.key === key) return;
  const now = pending === undefined ? 'nothing' : `the key ${pending.key} of server ${pending.server}`;
  throw new EngineError(
    'stale',
    `The key ${key.slice(0, 64)} does not wait for approval as agent '${agent}': ${now} does.`,
    'Look again (murano-workflow agents), and decide of what waits now.',
  );
}
