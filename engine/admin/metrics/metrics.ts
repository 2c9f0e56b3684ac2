// What the engine does, as numbers for Prometheus.
// Belongs here: names, labels, and what counts for which. Does not belong here: what the engine tells (runtime/observers.ts),
// what the endpoint itself does (http.ts).
//
// T1  Labels are of closed lists: never an id, a name that somebody chose, or a project. So their number is bounded, and who reads
//     them learns of nobody.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../../base/errors.ts';
import { WORKFLOW_STATUSES, type WorkflowRecord } from '../../machine/types.ts';
import type { EngineApi } from '../../runtime/api.ts';
import type { Observer, StepChange } from '../../runtime/observers.ts';
import { ENROLMENT_VERDICTS, MESSAGE_VERDICTS, type Operating, WAITING } from '../../runtime/operator-api.ts';
import { STANDING } from '../../runtime/standing.ts';
import type { NewAudit, RequestResult } from '../../runtime/ports.ts';

const PREFIX = 'murano_workflow_';
/** Seconds: of what the engine does itself, and of what scripts do. */
const QUICK = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const LONG = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400];
const CALLED = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Official types of services; a definition may name any (T1). */
const SERVICES = new Set([
  'baremetal',
  'block-storage',
  'compute',
  'container-infrastructure-management',
  'dns',
  'identity',
  'image',
  'key-manager',
  'load-balancer',
  'network',
  'object-store',
  'orchestration',
  'placement',
  'shared-file-system',
  'workflow',
]);
const ENDS = new Set(['complete', 'failed', 'deleted', 'delete_failed']);
const AGENT_STATES = ['online', 'offline', 'never_seen', 'unknown'] as const;

export class Metrics implements Observer {
  readonly registry = new Registry();
  readonly #started = this.#counter('started_total', 'Workflows that began.');
  readonly #finished = this.#counter('finished_total', 'Workflows that came to an end.', 'result');
  readonly #transitions = this.#counter(
    'step_transitions_total',
    'Changes of the status of a step.',
    'kind',
    'to',
  );
  readonly #attempts = this.#counter('attempts_total', 'Commands sent, by why.', 'reason');
  readonly #interrupted = this.#counter('interrupted_total', 'Attempts whose end nobody knows.');
  readonly #requests = this.#counter('requests_total', 'Requests that were decided.', 'kind', 'result');
  readonly #duration = this.#histogram(
    'step_duration_seconds',
    'From sent to its end.',
    LONG,
    'kind',
    'result',
  );
  readonly #accepted = this.#histogram(
    'dispatch_to_accept_seconds',
    'From sent to taken by its driver.',
    QUICK,
  );
  readonly #overhead = this.#histogram(
    'step_overhead_seconds',
    'From what lets a step begin until its command is with its driver.',
    QUICK,
  );
  readonly #flush = this.#histogram('flush_seconds', 'One commit to the store.', QUICK);
  readonly #batch = this.#histogram(
    'flush_batch_size',
    'Workflows in one commit.',
    [1, 2, 5, 10, 25, 50, 100],
  );
  readonly #failures = this.#counter('flush_failures_total', 'Commits that came to nothing.', 'class');
  readonly #confirmed = this.#histogram(
    'publish_confirm_seconds',
    "From a message sent to the agents' broker until that confirmed it.",
    QUICK,
  );
  readonly #unpublished = this.#counter('publish_failures_total', 'Messages it did not take.', 'reason');
  readonly #calls = this.#counter('openstack_calls_total', 'Calls that were over.', 'service', 'outcome');
  readonly #calling = this.#histogram(
    'openstack_call_seconds',
    'From a call to a service of a cloud until its answer.',
    CALLED,
    'service',
  );
  /** Workflow and step → when its command was sent, and whether it was taken. As many as run. */
  readonly #out = new Map<string, { readonly at: number; taken: boolean }>();

  flushed(took: number, workflows: number, failure?: ErrorCode): void {
    this.#flush.observe(took / 1_000);
    if (failure === undefined) this.#batch.observe(workflows);
    else this.#failures.inc({ class: failure });
  }

  step(workflow: string, { step, from, record, at }: StepChange, kind: string): void {
    const key = `${workflow}/${step}`;
    const { status, progress, command } = record;
    if (status !== from) this.#transitions.inc({ kind, to: status });
    if (status === 'interrupted' && from !== status) this.#interrupted.inc();
    const isOut = status === 'running' || status === 'undoing';
    const out = this.#out.get(key);
    if (isOut && progress === 'sent' && command !== undefined) {
      this.#attempts.inc({ reason: command.reason });
      this.#out.set(key, { at, taken: false });
    } else if (isOut && out !== undefined && !out.taken && progress !== undefined) {
      out.taken = true;
      this.#accepted.observe((at - out.at) / 1_000);
    }
    if (isOut || out === undefined) return;
    this.#out.delete(key);
    this.#duration.observe({ kind, result: status }, (at - out.at) / 1_000);
  }

  began(): void {
    this.#started.inc();
  }

  workflow({ status }: Omit<WorkflowRecord, 'seq'>): void {
    if (ENDS.has(status)) this.#finished.inc({ result: status });
  }

  handed(took: number): void {
    this.#overhead.observe(took / 1_000);
  }

  request(kind: NewAudit['kind'], { status }: RequestResult): void {
    this.#requests.inc({ kind, result: status });
  }

  published(took: number, failure?: string): void {
    if (failure === undefined) this.#confirmed.observe(took / 1_000);
    else this.#unpublished.inc({ reason: failure });
  }

  called(service: string, outcome: string, took: number): void {
    const name = SERVICES.has(service) ? service : 'other';
    this.#calls.inc({ service: name, outcome });
    this.#calling.observe({ service: name }, took / 1_000);
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[], ...labelNames: string[]): Histogram {
    return new Histogram({ name: `${PREFIX}${name}`, help, labelNames, buckets, registers: [this.registry] });
  }
}

/** What is looked at when somebody reads: levels, not counts. Returns how to end what measures all the time. */
export function addGauges(registry: Registry, api: EngineApi, operating: Operating): () => void {
  const { views, held, owned } = operating;
  const counts = together(() => views.counts());
  const seen = together(() => api.agents());
  const gauge = (name: string, help: string, labels: string[], collect: (gauge: Gauge) => unknown): void => {
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      labelNames: labels,
      registers: [registry],
      async collect(): Promise<void> {
        await collect(this);
      },
    });
  };
  gauge('live', 'Workflows by status, those that are over among them.', ['status'], async one => {
    const { status } = await counts();
    for (const name of WORKFLOW_STATUSES) one.set({ status: name }, status[name] ?? 0);
  });
  gauge('waiting', 'Workflows by what they wait for as a whole.', ['for'], async one => {
    const { waiting } = await counts();
    for (const name of WAITING) one.set({ for: name }, waiting[name] ?? 0);
  });
  gauge('awaiting_operator', 'Workflows that only a person can move.', [], async one => {
    const { approval = 0, signal = 0, operator = 0 } = (await counts()).waiting;
    one.set(approval + signal + operator);
  });
  gauge('in_memory', 'Workflows that are held in memory.', [], one => one.set(held().inMemory));
  gauge('quarantined', 'Workflows that are set aside.', [], one => one.set(held().setAside));
  gauge('engine_owned', '1 as long as this engine owns its store.', [], async one =>
    one.set(
      await owned().then(
        () => 1,
        () => 0,
      ),
    ),
  );
  gauge('agents', 'Agents by state.', ['state'], async one => {
    const { agents } = await seen();
    for (const state of AGENT_STATES)
      one.set({ state }, agents.filter(agent => agent.state === state).length);
  });
  gauge('broker_connected', "1 as long as the link to the agents' broker stands.", [], async one =>
    one.set((await seen()).bus.state === 'connected' ? 1 : 0),
  );
  gauge('publish_blocked', '1 as long as the broker blocks publishers.', [], async one =>
    one.set((await seen()).bus.state === 'blocked' ? 1 : 0),
  );
  gauge('dead_letters', 'Messages that were refused and are kept.', [], async one =>
    one.set((await seen()).deadLetters ?? 0),
  );
  gauge('oldest_waiting_seconds', 'Of the step that has stood longest, by what for.', ['reason'], one => {
    const since = operating.oldest();
    for (const reason of STANDING) {
      const from = since.get(reason);
      one.set({ reason }, from === undefined ? 0 : Math.max(0, operating.now() - from) / 1_000);
    }
  });
  gauge('publish_unconfirmed', 'Messages to agents that the broker has not confirmed.', [], one =>
    one.set(operating.traffic().unconfirmed),
  );
  gauge('result_backlog', 'Messages of agents that wait on the broker for the engine.', [], one =>
    one.set(operating.traffic().backlog ?? 0),
  );
  gauge(
    'agent_silence_seconds',
    'Since the online agent that was silent longest was heard.',
    [],
    async one => {
      const { agents } = await seen();
      const heard = agents.flatMap(({ state, lastSeen }) => (state === 'online' ? (lastSeen ?? []) : []));
      one.set(heard.length === 0 ? 0 : Math.max(0, operating.now() - Math.min(...heard)) / 1_000);
    },
  );
  tally(
    registry,
    'agent_messages_total',
    'Messages of agents, as they were judged.',
    MESSAGE_VERDICTS,
    () => operating.traffic().messages,
  );
  tally(
    registry,
    'enrolments_total',
    'Enrolments of agents, as they were judged.',
    ENROLMENT_VERDICTS,
    () => operating.traffic().enrolments,
  );
  gauge('heap_bytes', "Of the engine's process.", [], one => one.set(process.memoryUsage().heapUsed));
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  gauge('event_loop_lag_seconds', 'Longest since it was last read.', [], one => {
    one.set(delay.count === 0 ? 0 : delay.max / 1e9);
    delay.reset();
  });
  return () => void delay.disable();
}

/** What is counted elsewhere, told as a counter. */
function tally<Verdict extends string>(
  registry: Registry,
  name: string,
  help: string,
  verdicts: readonly Verdict[],
  read: () => { readonly [verdict in Verdict]: number },
): void {
  new Counter({
    name: `${PREFIX}${name}`,
    help,
    labelNames: ['verdict'],
    registers: [registry],
    collect(): void {
      const counts = read();
      this.reset();
      for (const verdict of verdicts) this.inc({ verdict }, counts[verdict]);
    },
  });
}

/** Whoever asks while somebody is being answered gets that answer: all gauges are read at once. */
function together<Value>(look: () => Promise<Value>): () => Promise<Value> {
  let underWay: Promise<Value> | undefined;
  return () => (underWay ??= look().finally(() => (underWay = undefined)));
}
