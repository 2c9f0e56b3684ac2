// An engine on the command line's way, whose workflows call the real cloud as the user `demo`.
// Belongs here: starting, asking, waiting for what a workflow becomes, dying. Does not belong here: what tests expect.
import path from 'node:path';
import type { JsonObject } from '../../engine/base/json.ts';
import type { Session } from '../../engine/cli/host.ts';
import { embeddedHost } from '../../engine/host.ts';
import type { ActRequest, WorkflowView } from '../../engine/runtime/api.ts';
import type { Problem } from '../../engine/definition/problems.ts';

type Deed<Act = ActRequest> = Act extends ActRequest ? Omit<Act, 'requestId' | 'workflow' | 'by'> : never;

let asked = 0;

export class CloudEngine {
  readonly #directory: string;
  #session: Session | undefined;

  constructor(directory: string) {
    this.#directory = path.join(directory, 'state');
  }

  async start(): Promise<void> {
    this.#session = await embeddedHost().start(this.#directory, { logLevel: 'error', logToStderr: false });
  }

  async stop(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
  }

  get api(): Session['api'] {
    if (this.#session === undefined) throw new Error('the engine does not run');
    return this.#session.api;
  }

  async create(
    id: string,
    source: string,
    credential: JsonObject | undefined,
    rest: { readonly inputs?: JsonObject; readonly files?: { readonly [name: string]: string } } = {},
  ): Promise<readonly Problem[]> {
    const { problems } = await this.api.create({
      requestId: `create-${(asked += 1)}-${id}`.slice(0, 64),
      id,
      stackName: 'example',
      document: { source, fileName: `${id}.yaml`, files: rest.files ?? {} },
      inputs: rest.inputs ?? {},
      members: {},
      by: 'tester',
      ...(credential && { credential }),
    });
    return problems;
  }

  act(workflow: string, deed: Deed) {
    const requestId = `act-${(asked += 1)}-${workflow}`.slice(0, 64);
    return this.api.act({ requestId, workflow, by: 'tester', ...deed } as ActRequest);
  }

  /** Waits until the view is as asked for; happenings wake it, nothing is polled. */
  async until(id: string, holds: (view: WorkflowView) => boolean): Promise<WorkflowView> {
    const following = new AbortController();
    const happenings = this.api.follow(id, following.signal)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const view = await this.api.workflow(id);
        if (holds(view)) return view;
        await happenings.next();
      }
    } finally {
      following.abort();
    }
  }

  /** Until nothing moves any more. */
  settled(id: string): Promise<WorkflowView> {
    return this.until(
      id,
      ({ record }) => !['running', 'cancelling', 'undoing', 'deleting'].includes(record.status),
    );
  }

  /** Deletes it, and waits until it is gone or could not be. */
  async deleted(id: string, credential?: JsonObject): Promise<string> {
    const following = new AbortController();
    const happenings = this.api.follow(id, following.signal)[Symbol.asyncIterator]();
    await this.act(id, { kind: 'delete', abandon: false, ...(credential && { credential }) });
    try {
      for (;;) {
        const view = await this.api.workflow(id).catch(() => undefined);
        if (view === undefined) return 'deleted';
        if (view.record.status === 'delete_failed') return view.record.reason;
        if ((await happenings.next()).done) return 'deleted';
      }
    } finally {
      following.abort();
    }
  }
}
