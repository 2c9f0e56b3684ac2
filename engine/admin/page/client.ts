// The engine's HTTP API as the page uses it.
// Belongs here: addresses of the API, the token, errors as people read them, following with reconnection.
// Does not belong here: what is shown (ui/), the format of a stream (model/stream.ts).
import type { JsonObject } from '../../base/json.ts';
import type { Layout } from '../../drawing/layout.ts';
import type { StepStatus } from '../../machine/types.ts';
import type { Explanation, WorkflowExplanation } from '../../machine/why/types.ts';
import type { AgentsView, Happening, PlanAnswer, StepView, WorkflowView } from '../../runtime/api.ts';
import type { DeadLetterPage } from '../../runtime/dead-letters.ts';
import type {
  InputView,
  MemberView,
  OperationView,
  WorkflowPage,
  WorkflowSummary,
} from '../../runtime/operator-api.ts';
import type { LogEntry } from '../../runtime/ports.ts';
import type { Rehearsal } from '../../runtime/rehearsal.ts';
import type { Timeline } from '../../runtime/timeline.ts';
import type { Act } from './model/acts.ts';
import type { Decision } from './model/agents.ts';
import type { Operate } from './model/operations.ts';
import { EventReader, type ServerEvent } from './model/stream.ts';

/** A workflow as the list has it. */
export type Summary = WorkflowSummary;

/** What whoever asks has seen of a step. */
export interface Seen {
  readonly step?: { readonly status: StepStatus; readonly attempt: number };
}

/** Where nodes and edges of the state graph stand. */
export type Drawing = Layout;

export interface Following {
  readonly happened: (happening: Happening) => void;
  readonly gone: () => void;
}

export interface ListFollowing {
  readonly all: (workflows: readonly Summary[]) => void;
  readonly one: (workflow: Summary) => void;
  readonly gone: (id: string) => void;
  readonly failed: (error: unknown) => void;
}

/** What the engine said, and what to do. */
export class Refused extends Error {
  readonly status: number;
  readonly next: string | undefined;

  constructor(status: number, message: string, next: string | undefined) {
    super(message);
    this.status = status;
    this.next = next;
  }
}

const TOKEN = 'token';
const SOONEST = 500;
const LATEST = 15_000;
/** Workflows that a list shows; the filter of the engine finds others. */
const MOST = 5_000;
/** Dead letters that are shown; discarded, the next ones are. */
const LETTERS = 50;

export class Client {
  readonly #base: string;
  #token = sessionStorage.getItem(TOKEN) ?? '';
  #lost = new Map<object, string>();
  /** A token is wanted. */
  refused = false;
  onChange: () => void = () => undefined;

  /** `base`: ends in a slash. */
  constructor(base: string) {
    this.#base = base;
  }

  /** Why what happens is not heard at once; undefined: it is. */
  get lost(): string | undefined {
    return [...this.#lost.values()][0];
  }

  useToken(token: string): void {
    this.#token = token;
    sessionStorage.setItem(TOKEN, token);
    this.refused = false;
  }

  async workflow(id: string): Promise<WorkflowView> {
    const head = await this.#get<Omit<WorkflowView, 'steps'>>(at('workflows', id));
    const steps: StepView[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: { readonly steps: readonly StepView[]; readonly next?: number } = await this.#get(
        `${at('workflows', id, 'steps')}?after=${after}`,
      );
      steps.push(...page.steps);
      after = page.next;
    }
    return { ...head, steps };
  }

  explain(id: string, step: string): Promise<Explanation | WorkflowExplanation> {
    return this.#get(
      step === '' ? at('workflows', id, 'explanation') : at('workflows', id, 'steps', step, 'explanation'),
    );
  }

  timeline(id: string): Promise<Timeline> {
    return this.#get(at('workflows', id, 'timeline'));
  }

  /** Of the whole workflow, as far as they can be told. */
  async outputs(id: string): Promise<JsonObject> {
    const { outputs } = await this.#get<{ readonly outputs: JsonObject }>(at('workflows', id, 'outputs'));
    return outputs;
  }

  async members(id: string): Promise<readonly MemberView[]> {
    const { members } = await this.#get<{ readonly members: readonly MemberView[] }>(
      at('workflows', id, 'members'),
    );
    return members;
  }

  async operations(id: string): Promise<readonly OperationView[]> {
    const { operations } = await this.#get<{ readonly operations: readonly OperationView[] }>(
      at('workflows', id, 'operations'),
    );
    return operations;
  }

  /** As they are declared. */
  async inputs(id: string): Promise<readonly InputView[]> {
    const { inputs } = await this.#get<{ readonly inputs: readonly InputView[] }>(
      at('workflows', id, 'inputs'),
    );
    return inputs;
  }

  drawing(id: string): Promise<Drawing> {
    return this.#get(at('workflows', id, 'drawing'));
  }

  async log(id: string, after: number): Promise<readonly LogEntry[]> {
    const { entries } = await this.#get<{ readonly entries: readonly LogEntry[] }>(
      `${at('workflows', id, 'events')}?after=${after}`,
    );
    return entries;
  }

  agents(): Promise<AgentsView> {
    return this.#get(at('agents'));
  }

  /** What is known of its enrolment. */
  agent(agent: string): Promise<JsonObject> {
    return this.#get(at('agents', agent));
  }

  /** `key`: of `approve` and `refuse`, that which was seen to wait. */
  async decide(agent: string, decision: Decision, key?: string): Promise<void> {
    if (decision === 'forget') await this.#ask('DELETE', at('agents', agent));
    else await this.#ask('POST', at('agents', agent, 'actions'), { kind: decision, ...(key && { key }) });
  }

  async rotateKeys(drop: boolean): Promise<void> {
    await this.#ask('POST', at('keys', 'rotation'), { drop });
  }

  /** The newest of them. */
  deadLetters(): Promise<DeadLetterPage> {
    return this.#get(`${at('dead-letters')}?limit=${LETTERS}`);
  }

  /** Those up to a number: what came since stays. */
  async discardUpTo(number: number): Promise<void> {
    await this.#ask('DELETE', `${at('dead-letters')}?up_to=${number}`);
  }

  async discard(number: number, times: number): Promise<void> {
    await this.#ask('DELETE', at('dead-letters', String(number)), undefined, { 'If-Match': `"${times}"` });
  }

  /** Resolves when it is applied; rejects with what was refused. `seen`: only as long as it is still so. */
  async act(id: string, act: Act | Operate, seen?: Seen): Promise<void> {
    await this.#ask('POST', at('workflows', id, 'actions'), { ...act, ...(seen && { expect: seen }) });
  }

  /** What would follow from it at once; nothing is done. */
  rehearse(id: string, act: Act | Operate): Promise<Rehearsal> {
    return this.#ask('POST', `${at('workflows', id, 'actions')}?dry_run=true`, act) as Promise<Rehearsal>;
  }

  plan(id: string, change: JsonObject): Promise<PlanAnswer> {
    return this.#ask('POST', at('workflows', id, 'plan'), change) as Promise<PlanAnswer>;
  }

  async update(id: string, change: JsonObject): Promise<void> {
    await this.#ask('POST', at('workflows', id, 'actions'), { kind: 'update', ...change });
  }

  /** From a log entry on, through lost connections; returns how to stop. */
  follow(id: string, after: number, { happened, gone }: Following): () => void {
    let last = after;
    return this.#hear(
      () => ({ path: at('workflows', id, 'events'), last: String(last) }),
      event => {
        if (event.id !== '') last = Math.max(last, Number(event.id));
        if (event.event === 'end') return whyOf(event) === 'gone' && (gone(), true);
        if (event.event !== 'begin') happened(JSON.parse(event.data) as Happening);
        return false;
      },
      error => error.status === 404 && (gone(), true),
    );
  }

  /** The list, then each that changes; through lost connections, after which the list is asked for only if too much was missed. */
  followList({ all, one, gone, failed }: ListFollowing): () => void {
    let last: string | undefined;
    let hasList = false;
    /** What came while the list was on its way: it may be newer than that. */
    let early: ServerEvent[] | undefined;
    const take = ({ event, data }: ServerEvent): void => {
      if (event === 'workflow') one(JSON.parse(data) as Summary);
      if (event === 'gone') gone((JSON.parse(data) as { readonly id: string }).id);
    };
    const readList = async (): Promise<void> => {
      early ??= [];
      try {
        all(await this.#list());
        hasList = true;
      } catch (error) {
        failed(error);
      }
      const came = early;
      early = undefined;
      came?.forEach(take);
    };
    return this.#hear(
      () => ({ path: at('events'), ...(last !== undefined && { last }) }),
      event => {
        if (event.id !== '') last = event.id;
        if (event.event === 'begin') {
          const { resumed } = JSON.parse(event.data) as { readonly resumed: boolean };
          if (!resumed || !hasList) void readList();
        } else if (early === undefined) take(event);
        else early.push(event);
        return false;
      },
      () => {
        // Nothing can be heard: the list can be seen all the same.
        if (!hasList && early === undefined) void readList();
        return false;
      },
    );
  }

  async #list(): Promise<readonly Summary[]> {
    const found: Summary[] = [];
    for (let after = ''; ; ) {
      const { workflows, next } = await this.#get<WorkflowPage>(`${at('workflows')}?limit=1000${after}`);
      found.push(...workflows);
      if (next === undefined || found.length >= MOST) return found;
      after = `&after=${next}`;
    }
  }

  /** Connects again and again, ever more rarely. `read`, `refused`: true ends it. */
  #hear(
    place: () => { readonly path: string; readonly last?: string },
    read: (event: ServerEvent) => boolean,
    refused: (error: Refused) => boolean,
    opened: () => void = () => undefined,
  ): () => void {
    const stop = new AbortController();
    const lose = (why: string | undefined): void => {
      if (why === undefined || stop.signal.aborted) this.#lost.delete(stop);
      else this.#lost.set(stop, why);
      this.onChange();
    };
    void (async () => {
      for (let pause = SOONEST; !stop.signal.aborted; pause = Math.min(LATEST, pause * 2)) {
        try {
          const { path, last } = place();
          const answer = await this.#fetch(
            'GET',
            path,
            undefined,
            { Accept: 'text/event-stream', ...(last !== undefined && { 'Last-Event-ID': last }) },
            stop.signal,
          );
          opened();
          lose(undefined);
          pause = SOONEST;
          if (await readAll(answer, read)) return stop.abort();
          lose('The engine closed the connection.');
        } catch (error) {
          if (error instanceof Refused && refused(error)) return;
          lose(error instanceof Error ? error.message : String(error));
        }
        await sleep(pause, stop.signal);
      }
    })();
    return () => {
      stop.abort();
      lose(undefined);
    };
  }

  #get<Answer>(path: string): Promise<Answer> {
    return this.#ask('GET', path) as Promise<Answer>;
  }

  async #ask(method: string, path: string, body?: object, headers = {}): Promise<unknown> {
    const answer = await this.#fetch(method, path, body, { Accept: 'application/json', ...headers });
    const text = await answer.text();
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  /** Refused for every answer but a good one. */
  async #fetch(
    method: string,
    path: string,
    body: object | undefined,
    headers: { readonly [name: string]: string },
    signal?: AbortSignal,
  ): Promise<Response> {
    const answer = await fetch(this.#base + path, {
      method,
      cache: 'no-store',
      headers: {
        ...headers,
        // No page of another site can send it.
        'X-Requested-With': 'murano-workflow',
        ...(this.#token !== '' && { Authorization: `Bearer ${this.#token}`, 'X-Auth-Token': this.#token }),
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Idempotency-Key': crypto.randomUUID(),
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new Refused(0, 'The engine cannot be reached.', 'Does it run? This page tries again by itself.');
    });
    if (answer.ok) return answer;
    if (answer.status === 401) this.refused = true;
    this.onChange();
    throw await refusal(answer);
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const said = (await answer.json().catch(() => ({}))) as {
    readonly detail?: string;
    readonly next?: string;
  };
  return new Refused(answer.status, said.detail ?? `The engine answered ${answer.status}.`, said.next);
}

async function readAll(answer: Response, read: (event: ServerEvent) => boolean): Promise<boolean> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  const events = new EventReader();
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) return false;
    for (const event of events.read(piece.value)) if (read(event)) return true;
  }
}

const whyOf = ({ data }: ServerEvent): string => (JSON.parse(data) as { readonly why: string }).why;

const at = (...parts: readonly string[]): string => parts.map(part => encodeURIComponent(part)).join('/');

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}
