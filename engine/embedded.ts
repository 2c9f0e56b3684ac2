// An engine with everything in one process: store, broker, desk, drivers, socket, and an agent for each member.
// Belongs here: naming the concrete adapters and the order of opening and closing. Does not belong here: what any of
// them does, or a word for people (cli/).
//
//   open:  lock and store → keys → broker and link → recovery → desk → agents → socket
//   close: the reverse. Scripts that run go on under their supervisors; the next start adopts them.
import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { openEnrolment, type Reach, trafficOf } from './agent-accounts.ts';
import { openLetters } from './agent-letters.ts';
import { openBook } from './agents/book.ts';
import type { OnRefused } from './agents/desk.ts';
import { openDirectory } from './agents/directory.ts';
import { openEngineKeys } from './agents/keys.ts';
import { Letters } from './agents/letters/letters.ts';
import { readOldList } from './agents/old-list.ts';
import { createAgentSide } from './agents/side.ts';
import { Watch, type WatchParts } from './agents/watch.ts';
import { type EngineError, errorText } from './base/errors.ts';
import type { AgentBus } from './broker/agent-bus.ts';
import { memoryBroker } from './bus/memory.ts';
import type { Session, StartOptions } from './cli/host.ts';
import type { OpenLog } from './cli/logging.ts';
import { openLog } from './cli/logging.ts';
import { pointerTo } from './definition/positions.ts';
import type { Problem } from './definition/problems.ts';
import { serveControl } from './control/server.ts';
import { createDrivers } from './drivers/index.ts';
import { openWays } from './drivers/web/ways.ts';
import type { HttpWays } from './drivers/web/http-call.ts';
import { EmbeddedAgents, type MemberAgents, membersOf, noMemberAgents } from './embedded-agents.ts';
import { leavingOf } from './leaving.ts';
import { Clouds } from './openstack/clouds.ts';
import type { CloudSettings, Heard } from './openstack/types.ts';
import type { ActRequest, CreateRequest, EngineApi, PlanAnswer, PlanRequest } from './runtime/api.ts';
import { childWorkflows } from './runtime/children.ts';
import { systemClock } from './runtime/clock.ts';
import { Engine } from './runtime/engine.ts';
import type { Doubts, ReportSink, RequestResult } from './runtime/ports.ts';
import type { Operating } from './runtime/operator-api.ts';
import { operating } from './runtime/operator-views.ts';
import { Releasers } from './runtime/releasers.ts';
import { vault as makeVault } from './runtime/secrets.ts';
import { EngineService } from './runtime/service.ts';
import { systemError } from './store/system-error.ts';
import type { OpenedStore, StateDirectory } from './store/state-directory.ts';
import { openStateDirectory, removeState } from './store/state-directory.ts';

export const databaseOf = (directory: string): string => path.join(directory, 'engine.db');
const agentsOf = (directory: string): string => path.join(directory, 'agents');

export const owner = (): string => `${hostname()}:${process.pid}`;

type Knows = (agent: string) => boolean;

interface Parts {
  readonly directory: string;
  readonly state: StateDirectory;
  readonly log: OpenLog;
  readonly releasers: Releasers;
  readonly places: AgentPlaces;
  /** Whether the store is that of other engines too. */
  readonly isShared: boolean;
  readonly web: HttpWays;
  readonly cloud: CloudSettings;
}

/** Where the agents of the workflows are: in this process, behind a broker, or nowhere that this engine could reach. */
export type AgentPlaces =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'none' }
  | { readonly kind: 'broker'; readonly bus: AgentBus; readonly reach: Reach };

/** An engine, and what is to be closed before it. */
export interface Started extends Session {
  readonly log: OpenLog;
  readonly operating: Operating;
  /** Resolves when the engine is over: undefined after `close`, else with the error that ended it. */
  readonly ended: Promise<EngineError | undefined>;
  /** Closed before everything that was opened earlier. */
  also(what: string, close: () => Promise<void>): void;
}

/** `open`: opens a store that is not in the directory. */
export async function startEngine(
  directory: string,
  options: StartOptions,
  places: AgentPlaces,
  open?: (directory: string) => Promise<OpenedStore>,
): Promise<Started> {
  const web = await openWays(options.egress ?? { allow: [] });
  const state = await openStateDirectory(directory, systemClock.now(), open).catch((thrown: unknown) => {
    throw systemError(thrown, directory);
  });
  const log = openLog(path.join(directory, 'engine.log'), options);
  const releasers = new Releasers(log);
  releasers.add('the state directory', () => state.close());
  const isShared = open !== undefined;
  const parts = { directory, state, log, releasers, places, isShared, web, cloud: options.openstack ?? {} };
  try {
    const assembled = await assemble(parts);
    const embedded = new EmbeddedEngine(parts, assembled);
    const server = await serveControl(state.socket, embedded);
    releasers.add('the local socket', () => server.close());
    const also = (what: string, close: () => Promise<void>): void => releasers.add(what, close);
    return {
      api: embedded,
      kind: 'embedded',
      close: () => embedded.close(),
      log,
      also,
      operating: assembled.operating,
      ended: assembled.ended,
    };
  } catch (thrown) {
    await releasers.release();
    await log.close();
    throw systemError(thrown, directory);
  }
}

interface Assembled {
  readonly service: EngineService;
  readonly agents: MemberAgents;
  readonly knows: Knows;
  readonly operating: Operating;
  readonly ended: Promise<EngineError | undefined>;
}

/** Opens everything in the order that is safe; each part is closed before what it stands on. */
async function assemble(parts: Parts): Promise<Assembled> {
  const { directory, state, log, releasers, places, web } = parts;
  const { store } = state;
  await makeReachable(directory);
  const keys = await openEngineKeys(path.join(directory, 'keys'));
  const oldList = path.join(directory, 'keys', 'agents.json');
  const earlier = await readOldList(oldList);
  const book = await openBook(store);
  const registry = openDirectory(book, earlier);
  releasers.add('the list of agents', () => registry.close());
  const broker = memoryBroker();
  const bus = places.kind === 'broker' ? places.bus : undefined;
  const records = (): ReturnType<WatchParts['records']> => enrolment?.accounts.brokerRecords() ?? [];
  const waiting = (agent: string): string | undefined => enrolment?.registrar.reason(agent);
  const letters = new Letters(book);
  const onRefused: OnRefused = (...told) => reader.refused(...told);
  const known = { records, enrolment: waiting, deadLetters: () => letters.size };
  const watch = new Watch({ ...(bus && { bus }), ...known, clock: systemClock, log });
  const vault = makeVault(state.key);
  const sink: ReportSink & Doubts = {
    report: (id, report, secrets) => engine.report(id, report, secrets),
    owned: () => engine.owned(),
    doubt: (...told) => engine.doubt(...told),
  };
  const term = (): number => engine.term;
  const side = createAgentSide({
    transport: bus?.transport ?? broker.transport,
    login: bus?.login ?? { user: 'engine', password: '', name: owner() },
    ...(bus && { queueKind: bus.queueKind }),
    clock: systemClock,
    keys,
    directory: registry,
    sink,
    vault: { seal: (ref, value) => vault.seal(ref, value).sealed },
    term,
    onOutput: ({ id, stream, text }) =>
      engine.tell(id.workflow, { kind: 'output', step: id.step, stream, text }),
    onAlarm: ({ agent, kind, message }) => log.warn(message, { agent, alarm: kind }),
    onRefused,
    onLink: state => watch.link(state),
    onPublished: (...told) => engine.observers.published(...told),
  });
  releasers.add('the link to the broker', () => side.close());
  const leaving = leavingOf(store, () => service);
  const enrolment =
    places.kind === 'broker'
      ? openEnrolment(side, { ...places, book, keys, vault, sink, log, leaving, onRefused })
      : undefined;
  releasers.add('the enrolment', async () => enrolment?.close());
  const reader = openLetters(side, { letters, keys, engine: () => engine, log });
  releasers.add('the reader of dead letters', () => reader.close());
  releasers.add('the watch over the broker', () => watch.close());
  const children = childWorkflows(() => engine);
  const heard: Heard = (...told) => engine.observers.called(...told);
  const clouds = new Clouds(parts.cloud, () => systemClock.now(), heard);
  const around = { clock: systemClock, term, sink, seal: vault.seal, children, web, clouds };
  const drivers = createDrivers({ ...side, ...around });
  releasers.add('the drivers', async () => {
    for (const driver of new Set(Object.values(drivers))) await driver.close();
  });
  const engine = new Engine({ store, clock: systemClock, vault, drivers, owner: owner(), log });
  releasers.add('the engine', () => engine.stop());
  releasers.add('the desk', () => side.desk.close());
  side.presence.listen(({ agent, state: now, reason }) =>
    engine.tellOfAgent({ kind: 'agent', agent, state: now, ...(reason === undefined ? {} : { reason }) }),
  );
  watch.begin(side);
  await side.connect();
  await engine.start();
  for (const one of earlier) await registry.register(one);
  await rm(oldList, { force: true });
  await side.open();
  await enrolment?.start();
  await reader.start();
  const agents =
    bus === undefined
      ? new EmbeddedAgents({ directory: agentsOf(directory), side, broker, keys, log })
      : noMemberAgents;
  releasers.add('the agents', () => agents.stop());
  await agents.retain(await membersOf(store));
  await agents.add(registry.list().map(agent => agent.id));
  const service = new EngineService(engine, watch, () => watch.view(), enrolment?.registrar, letters);
  const knows: Knows = agent => registry.get(agent) !== undefined;
  return {
    service,
    agents,
    knows,
    operating: operating(engine, service, trafficOf(side, watch, enrolment)),
    ended: engine.ended,
  };
}

/** As root, scripts may run as other users: they must be able to pass through to their own run. */
async function makeReachable(directory: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  if (existsSync(databaseOf(directory))) await chmod(databaseOf(directory), 0o600);
  await chmod(directory, 0o711);
}

/** Groups, each with those who take part in it from now on. */
const joiningIn = ({ members = {}, join = {} }: PlanRequest) =>
  [members, join].flatMap(groups => Object.entries(groups));

/** The service, and the agents that come with a workflow and go with it. */
class EmbeddedEngine implements EngineApi {
  readonly #parts: Parts;
  readonly #service: EngineService;
  readonly #agents: MemberAgents;
  readonly #knows: Knows;
  readonly #deletions = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: Parts, { service, agents, knows }: Assembled) {
    this.#parts = parts;
    this.#service = service;
    this.#agents = agents;
    this.#knows = knows;
  }

  /** Agents are known before the first command that names them is sent. */
  async create(request: CreateRequest): ReturnType<EngineApi['create']> {
    if (this.#parts.places.kind !== 'embedded') return this.#createOutside(request);
    const wanted = Object.values(request.members).flatMap(group => group.map(member => member.agent));
    await this.#agents.add(wanted);
    let refused = true;
    try {
      const answer = await this.#service.create(request);
      refused = answer.problems.some(problem => problem.severity === 'error');
      return answer;
    } finally {
      if (refused) await this.#sweep();
    }
  }

  /** A script on the engine's own machine is never what somebody in a cloud should be able to ask for. */
  async #createOutside(request: CreateRequest): ReturnType<EngineApi['create']> {
    const problems = Object.entries(request.members).flatMap(([entity, members]) =>
      this.#strangers(
        entity,
        members.map(member => member.agent),
      ),
    );
    return problems.length === 0 ? this.#service.create(request) : { problems };
  }

  #strangers(entity: string, agents: readonly string[]): readonly Problem[] {
    const unknown = agents.filter(agent => !this.#knows(agent));
    if (unknown.length === 0) return [];
    const reaches = this.#parts.places.kind === 'broker';
    const what = reaches
      ? `There is no agent ${unknown.slice(0, SHOWN).join(', ')}, a member of ${entity}.`
      : `This engine serves Heat and cannot reach agents in VMs: ${entity} can have no members.`;
    const hint = reaches
      ? 'Name agents that this engine knows: murano-workflow agents lists them.'
      : 'Use entities of type service here, set `agents` in the settings of the engine, or run the workflow by the command line.';
    const pointer = pointerTo('', entity);
    return [{ code: 'members_invalid', pointer, message: what, hint, severity: 'error' }];
  }

  async act(request: ActRequest): Promise<RequestResult> {
    if (request.kind === 'update') return this.#update(request);
    if (request.kind !== 'delete') return this.#service.act(request);
    const happenings = this.#service.follow(request.workflow, this.#closing.signal);
    const deletion = this.#afterDeletion(happenings);
    this.#deletions.add(deletion);
    void deletion.then(() => this.#deletions.delete(deletion));
    return this.#service.act(request);
  }

  /** Agents of those who join are known before the first command that names them; of who has left they go at the end. */
  async #update(request: ActRequest & { readonly kind: 'update' }): Promise<RequestResult> {
    const joining = joiningIn(request);
    if (this.#parts.places.kind !== 'embedded') {
      const [stranger] = this.#unknownIn(joining);
      const { message, hint = '' } = stranger ?? { message: '' };
      if (stranger) return { status: 'rejected', code: 'members_invalid', message, next: hint };
      return this.#service.act(request);
    }
    await this.#agents.add(joining.flatMap(([, group]) => group.map(({ agent }) => agent)));
    const result = await this.#service.act(request);
    if (result.status === 'rejected') await this.#sweep();
    return result;
  }

  #unknownIn(joining: ReturnType<typeof joiningIn>): readonly Problem[] {
    return joining.flatMap(([entity, group]) =>
      this.#strangers(
        entity,
        group.map(({ agent }) => agent),
      ),
    );
  }

  async plan(request: PlanRequest): Promise<PlanAnswer> {
    const problems = this.#parts.places.kind === 'embedded' ? [] : this.#unknownIn(joiningIn(request));
    return problems.length === 0 ? this.#service.plan(request) : { problems };
  }

  rehearse: EngineApi['rehearse'] = request => this.#service.rehearse(request);
  list: EngineApi['list'] = options => this.#service.list(options);
  ofStack: EngineApi['ofStack'] = name => this.#service.ofStack(name);
  workflow = (id: string): ReturnType<EngineApi['workflow']> => this.#service.workflow(id);
  graph: EngineApi['graph'] = id => this.#service.graph(id);
  outline: EngineApi['outline'] = id => this.#service.outline(id);
  timeline: EngineApi['timeline'] = id => this.#service.timeline(id);
  explain: EngineApi['explain'] = (id, step) => this.#service.explain(id, step);
  agents = (): ReturnType<EngineApi['agents']> => this.#service.agents();
  administer: EngineApi['administer'] = request => this.#service.administer(request);
  deadLetters: EngineApi['deadLetters'] = filter => this.#service.deadLetters(filter);
  discardDeadLetters: EngineApi['discardDeadLetters'] = asked => this.#service.discardDeadLetters(asked);
  events: EngineApi['events'] = (id, after, limit) => this.#service.events(id, after, limit);
  follow: EngineApi['follow'] = (id, signal) => this.#service.follow(id, signal);

  /** Ends with the workflow: then its agents have nobody left to work for. */
  async #afterDeletion(happenings: AsyncIterable<unknown>): Promise<void> {
    try {
      for await (const _ of happenings);
      if (!this.#closing.signal.aborted) await this.#sweep();
    } catch (thrown) {
      this.#parts.log.warn(`A deletion was not followed to its end: ${errorText(thrown)}`);
    }
  }

  async #sweep(): Promise<void> {
    await this.#agents.retain(await membersOf(this.#parts.state.store));
  }

  async close(): Promise<void> {
    const { directory, state, log, releasers, places, isShared } = this.#parts;
    this.#closing.abort();
    await Promise.all(this.#deletions);
    await this.#sweep().catch((thrown: unknown) => log.warn(`Agents were not swept: ${errorText(thrown)}`));
    const left = await state.store.list({ limit: 1 }).catch(() => [undefined]);
    await releasers.release();
    await log.close();
    // A service may take a request until its bus is closed, after this look; and agents in VMs and other engines trust its keys.
    if (left.length === 0 && places.kind === 'embedded' && !isShared)
      await removeState(directory, systemClock.now());
  }
}

/** Agents named by one problem. */
const SHOWN = 5;
