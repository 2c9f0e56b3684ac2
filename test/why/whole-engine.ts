// A whole engine, its agents in its own process, on which workflows are made that stand still for a reason.
// Belongs here: starting, making, answering, clearing away. Does not belong here: faults.
import type { JsonObject } from '../../engine/base/json.ts';
import { startEngine, type Started } from '../../engine/embedded.ts';
import type { ActRequest, EngineApi } from '../../engine/runtime/api.ts';
import type { Asked } from './fault.ts';

type Deed<Act = ActRequest> = Act extends ActRequest ? Omit<Act, 'requestId' | 'workflow' | 'by'> : never;

export interface Wish {
  /** Members of the group `g`; those of two workflows with the same `agents` share their VMs. */
  readonly members?: number;
  readonly agents?: string;
  readonly inputs?: JsonObject;
  readonly credential?: JsonObject;
}

let made = 0;

export const QUIET = { logLevel: 'error', logToStderr: false, egress: { allow: ['127.0.0.1'] } } as const;

export class WholeEngine {
  readonly directory: string;
  #started: Started | undefined;
  readonly #open: (directory: string) => Promise<Started>;

  /** `open`: another way to start it. */
  constructor(directory: string, open?: (directory: string) => Promise<Started>) {
    this.directory = directory;
    this.#open = open ?? (at => startEngine(at, QUIET, { kind: 'embedded' }));
  }

  async start(): Promise<this> {
    this.#started = await this.#open(this.directory);
    return this;
  }

  get api(): EngineApi {
    if (this.#started === undefined) throw new Error('the engine does not run');
    return this.#started.api;
  }

  /** Id of a workflow of this definition. */
  async create(
    definition: JsonObject,
    { members = 1, agents, inputs = {}, credential }: Wish = {},
  ): Promise<string> {
    const id = `why-${(made += 1)}`;
    const entities = definition['entities'] as JsonObject;
    const group = Array.from({ length: members }, (_, index) => {
      const name = `${agents ?? id}-${index}`;
      return { agent: name, name };
    });
    const { problems } = await this.api.create({
      requestId: `create-${id}`,
      id,
      stackName: 's',
      document: { source: JSON.stringify(definition), fileName: `${id}.yaml`, files: {} },
      inputs,
      members: 'g' in entities ? { g: group } : {},
      by: 'tester',
      ...(credential && { credential }),
    });
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    return id;
  }

  async act(workflow: string, deed: Deed): Promise<void> {
    const requestId = `act-${(made += 1)}`;
    const result = await this.api.act({ requestId, workflow, by: 'tester', ...deed } as ActRequest);
    if (result.status !== 'applied') throw new Error(JSON.stringify(result));
  }

  /** Resolves once a step is in this status. */
  async until(workflow: string, step: string, status: string): Promise<void> {
    const following = new AbortController();
    const happenings = this.api.follow(workflow, following.signal)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { steps } = await this.api.workflow(workflow);
        if (steps.some(({ id, record }) => id === step && record?.status === status)) return;
        await happenings.next();
      }
    } finally {
      following.abort();
    }
  }

  asked(workflow: string, step?: string): Asked {
    return { api: this.api, directory: this.directory, workflow, ...(step !== undefined && { step }) };
  }

  /** Everything that runs is ended: its agents are of nobody any more. */
  async close(): Promise<void> {
    for (const { id } of await this.api.list()) await this.act(id, { kind: 'delete', abandon: true });
    await this.stop();
  }

  async stop(): Promise<void> {
    await this.#started?.close();
    this.#started = undefined;
  }
}
