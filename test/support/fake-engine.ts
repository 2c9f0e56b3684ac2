// A fake of the engine's interface and of the command's surroundings: plays back what a test writes into it.
// What it leaves out: any decision. Real engines are run by test/cli/*.test.ts as child processes.
// Belongs here: the fake and what it records. Does not belong here: views as data (workflow-views.ts).
import { randomUUID } from 'node:crypto';
import { EngineError } from '../../engine/base/errors.ts';
import { runCli } from '../../engine/cli/cli.ts';
import type { ExitCode } from '../../engine/cli/exits.ts';
import type { Context, EngineHost, Session } from '../../engine/cli/host.ts';
import type { Language } from '../../engine/cli/language.ts';
import type { Terminal } from '../../engine/cli/terminal.ts';
import type { WorkflowRecord } from '../../engine/machine/types.ts';
import type { AgentRequest } from '../../engine/runtime/agents-api.ts';
import type { DeadLetterPage, Discard } from '../../engine/runtime/dead-letters.ts';
import type { JsonValue } from '../../engine/base/json.ts';
import type {
  ActRequest,
  CreateRequest,
  EngineApi,
  Happening,
  WorkflowView,
  PlanAnswer,
  PlanRequest,
} from '../../engine/runtime/api.ts';
import type { WorkflowSummary } from '../../engine/runtime/operator-api.ts';
import type { LogEntry, RequestResult } from '../../engine/runtime/ports.ts';
import { START } from './workflow-views.ts';

export class FakeEngine implements EngineApi {
  readonly workflows = new Map<string, WorkflowView>();
  readonly log: LogEntry[] = [];
  readonly created: CreateRequest[] = [];
  readonly acted: ActRequest[] = [];
  explanation: Awaited<ReturnType<EngineApi['explain']>> | undefined;
  agentsView: Awaited<ReturnType<EngineApi['agents']>> = { agents: [], bus: { state: 'none' } };
  answer: RequestResult = { status: 'applied' };
  /** Called with each request, to change what is there. */
  onRequest: (id: string) => void = () => undefined;
  #listeners: ((happening: Happening) => void)[] = [];

  async create(request: CreateRequest): ReturnType<EngineApi['create']> {
    this.created.push(request);
    this.onRequest(request.id);
    return { problems: [] };
  }

  async act(request: ActRequest): Promise<RequestResult> {
    this.acted.push(request);
    if (this.answer.status === 'applied') this.onRequest(request.workflow);
    return this.answer;
  }

  rehearsal: Awaited<ReturnType<EngineApi['rehearse']>> = {
    result: { status: 'applied' },
    from: 'complete',
    to: 'undoing',
    steps: [],
    starts: [],
    stops: [],
  };

  async rehearse(request: ActRequest): ReturnType<EngineApi['rehearse']> {
    this.acted.push(request);
    return this.rehearsal;
  }

  readonly planned: PlanRequest[] = [];
  planAnswer: PlanAnswer = { problems: [] };

  async plan(request: PlanRequest): Promise<PlanAnswer> {
    this.planned.push(request);
    return this.planAnswer;
  }

  async list(): Promise<readonly WorkflowRecord[]> {
    return [...this.workflows.values()].map(view => view.record);
  }

  readonly stacks: WorkflowSummary[] = [];

  async ofStack(name: string): Promise<readonly WorkflowSummary[]> {
    return this.stacks.filter(({ stackName }) => stackName === name);
  }

  async workflow(id: string): Promise<WorkflowView> {
    const view = this.workflows.get(id);
    if (view !== undefined) return view;
    throw new EngineError('not_found', `there is no workflow ${id}`, 'See: murano-workflow status');
  }

  async explain(_id: string, step?: string): ReturnType<EngineApi['explain']> {
    if (this.explanation !== undefined) return this.explanation;
    throw new EngineError('not_found', `The workflow has no step '${step}'.`, 'See: murano-workflow status');
  }

  readonly administered: AgentRequest[] = [];
  administration: Record<string, JsonValue> = {};

  async administer(request: AgentRequest): ReturnType<EngineApi['administer']> {
    this.administered.push(request);
    return this.administration;
  }

  readonly discarded: Discard[] = [];
  letters: DeadLetterPage = { letters: [], kept: 0 };

  async deadLetters(): Promise<DeadLetterPage> {
    return this.letters;
  }

  async discardDeadLetters(request: Discard): ReturnType<EngineApi['discardDeadLetters']> {
    this.discarded.push(request);
    return { discarded: 1 };
  }

  async agents(): ReturnType<EngineApi['agents']> {
    return this.agentsView;
  }

  async graph(): Promise<string> {
    return 'flowchart TD\n';
  }

  async outline(): ReturnType<EngineApi['outline']> {
    return { description: '', entities: [], nodes: [], edges: [] };
  }

  async timeline(): ReturnType<EngineApi['timeline']> {
    return { seq: 0, from: START, steps: [], criticalPath: [] };
  }

  async events(_id: string, after: number, limit: number): Promise<readonly LogEntry[]> {
    return this.log.filter(entry => entry.seq > after).slice(0, limit);
  }

  /** What a test lets happen, now. */
  happen(happening: Happening): void {
    if (happening.kind === 'log') this.log.push(happening.entry);
    for (const listener of this.#listeners) listener(happening);
  }

  async *follow(_id: string, signal: AbortSignal): AsyncIterable<Happening> {
    const queue: Happening[] = [];
    let wake = (): void => undefined;
    this.#listeners.push(happening => {
      queue.push(happening);
      wake();
    });
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      yield* queue.splice(0);
      await new Promise<void>(resolve => {
        wake = resolve;
        if (signal.aborted || queue.length > 0) resolve();
      });
    }
    yield* queue.splice(0);
  }
}

export interface Called {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  /** Absent: `host` leads to a real one. */
  readonly engine?: FakeEngine;
  readonly host?: EngineHost;
  readonly env?: Context['env'];
  readonly kind?: Session['kind'];
  readonly language?: Partial<Language>;
  readonly directory?: string;
  readonly terminal?: Partial<Terminal>;
  /** Gets what a Ctrl-C would call. */
  readonly interrupt?: (press: () => void) => void;
}

/** Calls the command in this process, on a fake engine or by a real host. */
export async function callCli(surroundings: Surroundings, ...words: readonly string[]): Promise<Called> {
  const told = { out: '', err: '' };
  const terminal: Terminal = {
    size: () => ({ width: 80, height: 24 }),
    style: { colour: false, unicode: true },
    live: false,
    interactive: false,
    out: text => void (told.out += text),
    err: text => void (told.err += text),
    ...surroundings.terminal,
  };
  const code = await runCli(words, '1.2.3', () => contextOf(surroundings, terminal));
  return { code, ...told };
}

function contextOf(surroundings: Surroundings, terminal: Terminal): Context {
  const began = Date.now();
  return {
    host: surroundings.host ?? fakeHost(surroundings),
    language: {
      parse: () => ({ problems: [] }),
      checkStart: () => [],
      checkMembers: () => [],
      mermaid: () => '',
      outline: () => ({ description: '', entities: [], nodes: [], edges: [] }),
      schema: () => ({}),
      ...surroundings.language,
    },
    terminal,
    now: () => (surroundings.host ? Date.now() : START + 5_000 + (Date.now() - began)),
    newRequestId: () => (surroundings.host ? randomUUID() : 'request-1'),
    by: 'tester',
    directory: surroundings.directory ?? '/nowhere',
    env: surroundings.env ?? {},
    onInterrupt: listener => {
      surroundings.interrupt?.(listener);
      return () => undefined;
    },
  };
}

function fakeHost({ engine = new FakeEngine(), kind = 'embedded' }: Surroundings): EngineHost {
  const session = (own: Session['kind']): Session => ({
    api: engine,
    kind: own,
    close: async () => undefined,
  });
  return {
    attach: async () => (kind === 'attached' ? session('attached') : undefined),
    start: async () => session('embedded'),
    serve: async () => ({
      ...session('embedded'),
      serving: Promise.resolve(),
      ended: new Promise(() => undefined),
    }),
    check: async () => undefined,
    read: async () => session('reading'),
    reach: async () => session('attached'),
    exists: async () => engine.workflows.size > 0,
  };
}
