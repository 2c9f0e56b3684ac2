// Those outside a simulated world: who creates the workflow, answers when a person is waited for, and deletes it.
// Belongs here: requests, asked again under the same id until they are answered. Does not belong here: faults.
import type { ActRequest } from '../../engine/runtime/api.ts';
import type { StepRecord, WorkflowRecord } from '../../engine/machine/types.ts';
import { Broken } from './checks.ts';
import type { EngineHost } from './engine-host.ts';
import type { Random } from './random.ts';
import type { Later, Scenario } from './scenarios.ts';
import type { Scheduler } from './scheduler.ts';

export interface ClientWorld {
  readonly scheduler: Scheduler;
  readonly scenario: Scenario;
  /** The engine that serves now, if any. */
  active(): EngineHost | undefined;
  /** The workflow as it is committed. */
  record(): Promise<WorkflowRecord | undefined>;
  /** A VM was, or may yet be, another than the one in which something was reached. */
  isInDoubt(): Promise<boolean>;
  /** What its steps ask, and those of its children, as committed. */
  asking(): Promise<readonly Asking[]>;
}

export interface Asking {
  readonly workflow: string;
  readonly step: string;
  readonly asks: StepRecord['asks'];
}

type Act = ActRequest extends infer R
  ? R extends unknown
    ? Omit<R, 'requestId' | 'workflow' | 'by'>
    : never
  : never;

const PATIENCE = 20_000;

const RIGHT = {
  auth_type: 'v3applicationcredential',
  auth: { application_credential_id: 'id', application_credential_secret: 'secret' },
};

export class Client {
  readonly workflow = 'w1';
  readonly #world: ClientWorld;
  #requests = 0;
  /** Operator's answers so far. */
  answers = 0;

  constructor(world: ClientWorld) {
    this.#world = world;
  }

  /**
   * Creates, answers until the workflow is over, asks for what comes later, and deletes it when asked to; resolves with its
   * last status. `moments`: what comes later comes at any moment of these, as far as it may.
   */
  async live(remove: boolean, moments?: Random): Promise<string> {
    await this.#create();
    if (!moments) await this.#untilOver();
    for (const later of this.#world.scenario.later ?? []) await this.#goOn(later, moments);
    let status = await this.#untilOver();
    while (await this.#world.isInDoubt()) {
      await this.#world.scheduler.sleep(5_000);
      await this.act({ kind: 'converge' });
      status = await this.#untilOver();
    }
    return remove ? this.#remove() : status;
  }

  /** Another definition may come while anything runs; an operation begins when that is over. */
  async #goOn(later: Later, moments: Random | undefined): Promise<void> {
    if ('operate' in later) {
      await this.#untilOver();
      return this.act({ kind: 'operate', operation: later.operate, id: later.operate, inputs: {} });
    }
    if (moments) await this.#world.scheduler.sleep(moments.between(0, 30_000));
    const { name } = this.#world.scenario;
    const document = { source: later.update, fileName: `${name}.yaml`, files: {} };
    await this.act({ kind: 'update', document });
  }

  /** Somebody else suspends the workflow a few times, at any moment, and resumes it some time later. */
  async pause(random: Random): Promise<void> {
    const { scheduler } = this.#world;
    for (let times = random.between(1, 3); times > 0; times -= 1) {
      await scheduler.sleep(random.between(500, 60_000));
      if ((await this.#world.record()) === undefined) continue;
      await this.act({ kind: 'suspend' });
      await scheduler.sleep(random.between(0, 120_000));
      await this.act({ kind: 'resume' });
    }
  }

  async #create(): Promise<void> {
    const { scenario } = this.#world;
    const members = Object.fromEntries(
      Object.entries(scenario.members).map(([entity, count]) => [
        entity,
        Array.from({ length: count }, (_, index) => ({
          agent: `${entity}-${index}`,
          name: `${entity}${index}`,
        })),
      ]),
    );
    const document = { source: scenario.definition, fileName: `${scenario.name}.yaml`, files: {} };
    const request = {
      requestId: 'create',
      id: this.workflow,
      stackName: 'stack',
      document,
      inputs: {},
      members,
      by: 'heat',
      ...(scenario.calls && { credential: RIGHT }),
    };
    const { problems } = await this.#insist(host => host.service.create(request));
    if (problems.length > 0) throw new Broken('scenario', JSON.stringify(problems));
  }

  async act(act: Act, workflow = this.workflow): Promise<void> {
    this.#requests += 1;
    const request = {
      ...act,
      requestId: `request-${this.#requests}`,
      workflow,
      by: 'operator',
    } as ActRequest;
    await this.#insist(host => host.service.act(request));
  }

  /** Asks whoever serves, again and again, under the same request id: answered at least once is applied once. */
  async #insist<T>(ask: (host: EngineHost) => Promise<T>): Promise<T> {
    for (;;) {
      const host = this.#world.active();
      const answer =
        host && (await Promise.race([this.#attempt(ask, host), this.#world.scheduler.sleep(PATIENCE)]));
      if (answer) return answer.value;
      await this.#world.scheduler.sleep(1_000);
    }
  }

  async #attempt<T>(
    ask: (host: EngineHost) => Promise<T>,
    host: EngineHost,
  ): Promise<{ value: T } | undefined> {
    try {
      return { value: await ask(host) };
    } catch (thrown) {
      const code = (thrown as { code?: string }).code ?? '';
      const passing = /^(store_|commit_unknown|fenced|transport_closed)/.test(code);
      if (!passing) throw thrown;
      return undefined;
    }
  }

  async #untilOver(): Promise<string> {
    for (;;) {
      await this.#world.scheduler.sleep(1_000);
      const status = (await this.#world.record())?.status;
      if (status === 'complete' || status === 'failed') return status;
      if (status === 'held') await this.#answer();
    }
  }

  /** A person looks at the VM, and says: run it again. Who is asked says yes; who waits for a signal gets it. */
  async #answer(): Promise<void> {
    const asking = (await this.#world.asking()).find(({ asks }) => asks !== undefined);
    if (asking?.asks?.kind === 'approval')
      return this.act({ kind: 'approve', step: asking.step }, asking.workflow);
    if (asking?.asks?.kind === 'signal')
      return this.act({ kind: 'signal', name: asking.asks.name, data: { n: 1 } });
    this.answers += 1;
    await this.act({ kind: 'retry' });
  }

  /** A deletion that failed is asked for again, as an operator would once the VM is well. */
  async #remove(): Promise<string> {
    for (;;) {
      await this.act({ kind: 'delete', abandon: false });
      if ((await this.#untilGone()) === 'deleted') return 'deleted';
      await this.#world.scheduler.sleep(10_000);
    }
  }

  async #untilGone(): Promise<string> {
    for (;;) {
      await this.#world.scheduler.sleep(1_000);
      const record = await this.#world.record();
      if (record === undefined) return 'deleted';
      if (record.status === 'delete_failed') return record.status;
    }
  }
}
