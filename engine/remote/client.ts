// EngineApi over the operator's HTTP endpoint of an engine elsewhere.
// Belongs here: requests of the interface as requests of docs/reference/api.md, and answers back. Does not belong here: bytes and
// errors of the way (exchange.ts), streams (stream.ts), tokens (host.ts), the local socket (control/).
import { EngineError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Problem } from '../definition/problems.ts';
import type { WorkflowRecord } from '../machine/types.ts';
import type {
  ActRequest,
  AgentsView,
  CreateRequest,
  EngineApi,
  Happening,
  ListOptions,
  PlanAnswer,
  PlanRequest,
  StepView,
  WorkflowView,
} from '../runtime/api.ts';
import type { AgentRequest } from '../runtime/agents-api.ts';
import type { DeadLetterFilter, DeadLetterPage, Discard } from '../runtime/dead-letters.ts';
import type { WorkflowSummary } from '../runtime/operator-api.ts';
import type { LogEntry, RequestResult } from '../runtime/ports.ts';
import type { Rehearsal } from '../runtime/rehearsal.ts';
import {
  type Endpoint,
  errorOf,
  Exchange,
  objectIn,
  type Question,
  type Refusal,
  refusalIn,
} from './exchange.ts';
import { Following } from './stream.ts';

export interface RemoteEngine extends EngineApi {
  close(): Promise<void>;
}

/** Connects to nothing yet. */
export const remoteEngine = (endpoint: Endpoint): RemoteEngine => new Remote(endpoint);

/** Records that are asked for at a time. */
const AT_ONCE = 8;

class Remote implements RemoteEngine {
  readonly #exchange: Exchange;
  /** Streams that are being opened, by workflow: what is read of it is read after they have begun, so that nothing falls between. */
  readonly #opening = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();

  constructor(endpoint: Endpoint) {
    this.#exchange = new Exchange(endpoint);
  }

  async create(request: CreateRequest): ReturnType<EngineApi['create']> {
    const { requestId, by: _, actor: __, ...body } = request;
    const headers = { 'idempotency-key': requestId };
    const answer = await this.#try({ method: 'POST', path: '/v1/workflows', headers, body });
    if (!('refused' in answer)) return { problems: answer.json['problems'] as unknown as readonly Problem[] };
    const { details } = answer.refused;
    if (Array.isArray(details)) return { problems: details as readonly Problem[] };
    throw this.#error(answer.refused);
  }

  async act(request: ActRequest): Promise<RequestResult> {
    const { requestId, workflow, by: _, actor: __, ...body } = request;
    const path = `${pathOf(workflow)}/actions`;
    const answer = await this.#try({ method: 'POST', path, headers: { 'idempotency-key': requestId }, body });
    if (!('refused' in answer)) return { status: 'applied' };
    return rejectionOf(answer.refused) ?? Promise.reject(this.#error(answer.refused));
  }

  async rehearse(request: ActRequest): Promise<Rehearsal> {
    const { requestId: _, workflow, by: __, actor: ___, ...body } = request;
    return this.#json({ method: 'POST', path: `${pathOf(workflow)}/actions?dry_run=true`, body });
  }

  async plan({ workflow, ...body }: PlanRequest): Promise<PlanAnswer> {
    const path = `${pathOf(workflow)}/plan`;
    return this.#json<PlanAnswer>({ method: 'POST', path, body });
  }

  async list({ children = false }: ListOptions = {}): Promise<readonly WorkflowRecord[]> {
    const ids: string[] = [];
    for (let after: number | undefined; ; ) {
      const query = `limit=${LIMITS.adminPage}&children=${children}${after === undefined ? '' : `&after=${after}`}`;
      const page = await this.#look<{ workflows: { id: string }[]; next?: number }>(`/v1/workflows?${query}`);
      ids.push(...page.workflows.map(({ id }) => id));
      after = page.next;
      if (after === undefined) return this.#records(ids.sort());
    }
  }

  async ofStack(name: string): Promise<readonly WorkflowSummary[]> {
    const found: WorkflowSummary[] = [];
    for (let after = ''; ; ) {
      const query = `stack=${encodeURIComponent(name)}&limit=${LIMITS.adminPage}${after}`;
      const page = await this.#look<{ workflows: WorkflowSummary[]; next?: number }>(
        `/v1/workflows?${query}`,
      );
      found.push(...page.workflows);
      if (page.next === undefined) return found;
      after = `&after=${page.next}`;
    }
  }

  /** Those that went meanwhile are left out. */
  async #records(ids: readonly string[]): Promise<readonly WorkflowRecord[]> {
    const found: WorkflowRecord[] = [];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const some = ids
        .slice(from, from + AT_ONCE)
        .map(id => this.#look<WorkflowView>(pathOf(id)).catch(gone));
      for (const view of await Promise.all(some)) if (view) found.push(view.record);
    }
    return found;
  }

  async workflow(id: string): Promise<WorkflowView> {
    await this.#opening.get(id);
    const steps: StepView[] = [];
    const { summary: _, steps: __, ...view } = await this.#look<WorkflowView & JsonObject>(pathOf(id));
    for (let after = 0; ; ) {
      const path = `${pathOf(id)}/steps?limit=${LIMITS.adminPage}&after=${after}`;
      const page = await this.#look<{ steps: StepView[]; next?: number }>(path);
      steps.push(...page.steps);
      if (page.next === undefined) return { ...view, steps } as unknown as WorkflowView;
      after = page.next;
    }
  }

  explain(id: string, step?: string): ReturnType<EngineApi['explain']> {
    const of = step === undefined ? '' : `/steps/${encodeURIComponent(step)}`;
    return this.#look(`${pathOf(id)}${of}/explanation`);
  }

  async graph(id: string): Promise<string> {
    const answer = await this.#heard({ method: 'GET', path: `${pathOf(id)}/graph.mmd`, patience: PATIENCE });
    if ('refused' in answer) throw this.#error(answer.refused);
    return answer.text;
  }

  outline(id: string): ReturnType<EngineApi['outline']> {
    return this.#look(`${pathOf(id)}/graph`);
  }

  timeline(id: string): ReturnType<EngineApi['timeline']> {
    return this.#look(`${pathOf(id)}/timeline`);
  }

  agents(): Promise<AgentsView> {
    return this.#look('/v1/agents');
  }

  async administer(request: AgentRequest): Promise<JsonObject> {
    switch (request.kind) {
      case 'approve':
      case 'refuse':
      case 'revoke': {
        const { agent, by: _by, ...body } = request;
        return this.#json({ method: 'POST', path: `${agentPath(agent)}/actions`, body });
      }
      case 'rotate_keys':
        return this.#json({ method: 'POST', path: '/v1/keys/rotation', body: { drop: request.drop } });
      case 'show_agent':
        return this.#look(agentPath(request.agent));
      case 'delete_agent':
        return this.#json({ method: 'DELETE', path: agentPath(request.agent) });
      case 'create_agent':
      case 'user_data':
      case 'put_member':
      case 'show_member':
      case 'delete_member':
        throw new EngineError(
          'not_allowed',
          'Agents and members are not made over HTTP.',
          'Heat makes them: docs/reference/heat-agents.md.',
        );
      default:
        return request satisfies never;
    }
  }

  async deadLetters({ agent, before, limit }: DeadLetterFilter): Promise<DeadLetterPage> {
    const query = new URLSearchParams({ limit: String(Math.min(limit, LIMITS.adminPage)) });
    if (agent !== undefined) query.set('agent', agent);
    if (before !== undefined) query.set('after', String(before));
    return this.#look(`${LETTERS}?${query.toString()}`);
  }

  async discardDeadLetters(discard: Discard): Promise<{ readonly discarded: number }> {
    const key = { 'idempotency-key': discard.requestId };
    if ('number' in discard) {
      const { number, times } = discard;
      const headers = { ...key, ...(times !== undefined && { 'if-match': `"${times}"` }) };
      return this.#json({ method: 'DELETE', path: `${LETTERS}/${number}`, headers });
    }
    const query = new URLSearchParams({ up_to: String(discard.upTo) });
    if (discard.agent !== undefined) query.set('agent', discard.agent);
    return this.#json({ method: 'DELETE', path: `${LETTERS}?${query.toString()}`, headers: key });
  }

  async events(id: string, after: number, limit: number): Promise<readonly LogEntry[]> {
    await this.#opening.get(id);
    const size = Math.min(limit, LIMITS.adminPage);
    const path = `${pathOf(id)}/events?after=${after}&limit=${size}`;
    const { entries } = await this.#look<{ entries: readonly LogEntry[] }>(path);
    const more = limit - entries.length;
    if (entries.length < size || more === 0) return entries;
    return [...entries, ...(await this.events(id, entries.at(-1)?.seq ?? after, more))];
  }

  follow(id: string, signal: AbortSignal): AsyncIterable<Happening> {
    const until = AbortSignal.any([signal, this.#closed.signal]);
    const following = new Following(this.#exchange, `${pathOf(id)}/events`, until);
    const opened = following.opened.finally(() => {
      if (this.#opening.get(id) === opened) this.#opening.delete(id);
    });
    this.#opening.set(id, opened);
    return following.happenings();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#exchange.close();
  }

  /** For what a living engine answers at once. */
  #look<Answer>(path: string): Promise<Answer> {
    return this.#json<Answer>({ method: 'GET', path, patience: PATIENCE });
  }

  async #json<Answer>(question: Question): Promise<Answer> {
    const answer = await this.#try(question);
    if ('refused' in answer) throw this.#error(answer.refused);
    return answer.json as Answer;
  }

  async #try(question: Question): Promise<{ readonly json: JsonObject } | { readonly refused: Refusal }> {
    const answer = await this.#heard(question);
    if ('refused' in answer) return answer;
    const json = objectIn(answer.text);
    if (json !== undefined) return { json: json as JsonObject };
    const refusal = refusalIn({ status: 0, headers: {}, text: '' });
    return { refused: refusal as Refusal };
  }

  async #heard(question: Question): Promise<{ readonly text: string } | { readonly refused: Refusal }> {
    const heard = await this.#exchange.ask(question);
    const refused = refusalIn(heard);
    return refused === undefined ? { text: heard.text } : { refused };
  }

  #error(refusal: Refusal): EngineError {
    return errorOf(refusal, this.#exchange.place);
  }
}

/** Milliseconds of silence after which an engine that is only asked to look something up counts as stopped. */
const PATIENCE = 60_000;

const LETTERS = '/v1/dead-letters';

const agentPath = (agent: string): string => `/v1/agents/${encodeURIComponent(agent)}`;

const pathOf = (id: string): string => `/v1/workflows/${encodeURIComponent(id)}`;

function gone(thrown: unknown): undefined {
  if (thrown instanceof EngineError && thrown.code === 'not_found') return undefined;
  throw thrown;
}

/** What the engine decided; undefined for what is wrong with the way to it, or with who asks. */
function rejectionOf({ status, code, detail, next, details }: Refusal): RequestResult | undefined {
  if (![409, 412, 422].includes(status)) return undefined;
  const more = Array.isArray(details) ? { problems: details } : details === undefined ? {} : { now: details };
  return { status: 'rejected', code, message: detail, next, ...more } as RequestResult;
}
