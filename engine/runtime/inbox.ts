// The door for requests: one row each in the store's inbox, absorbed once however often it is sent.
// Belongs here: idempotency and the bound per workflow. Does not belong here: what a request may say (service.ts).
//
// N1  While a request is under way in this process, everybody who sends the same id waits for the same answer; after
//     that the store's kept result answers. Between the two there is no moment in which it could be absorbed again.
import { EngineError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Loop } from './loop.ts';
import type { DefinitionDocument, InboxRow, NewSecret, RequestResult, Store } from './ports.ts';

export class Inbox {
  readonly #store: Store;
  readonly #loop: Loop;
  readonly #underWay = new Map<string, Promise<RequestResult>>();
  /** Requests under way by workflow. */
  readonly #counts = new Map<string, number>();

  constructor(store: Store, loop: Loop) {
    this.#store = store;
    this.#loop = loop;
  }

  /** Stores the row and resolves when it is applied or rejected. EngineError `limit_exceeded` when too many wait. */
  submit(
    row: InboxRow,
    definition?: DefinitionDocument,
    secrets: readonly NewSecret[] = [],
  ): Promise<RequestResult> {
    const known = this.#underWay.get(row.requestId);
    if (known !== undefined) return known;
    if ((this.#counts.get(row.workflow) ?? 0) >= LIMITS.inboxPerWorkflow)
      return Promise.reject(tooMany(row.workflow));
    return this.#track(row, this.#carry(row, definition, secrets));
  }

  /** Takes up again what an earlier engine accepted and did not absorb; resolves when that is done. */
  async resume(row: InboxRow): Promise<void> {
    try {
      await (this.#underWay.get(row.requestId) ?? this.#track(row, this.#carry(row, undefined, [])));
    } catch {
      // it stays in the inbox for the next start; whoever sends it again is told why
    }
  }

  #track(row: InboxRow, carried: Promise<RequestResult>): Promise<RequestResult> {
    this.#count(row.workflow, 1);
    const answer = carried.finally(() => {
      this.#underWay.delete(row.requestId);
      this.#count(row.workflow, -1);
    });
    this.#underWay.set(row.requestId, answer);
    return answer;
  }

  #count(workflow: string, by: number): void {
    const count = (this.#counts.get(workflow) ?? 0) + by;
    if (count === 0) this.#counts.delete(workflow);
    else this.#counts.set(workflow, count);
  }

  async #carry(
    row: InboxRow,
    definition: DefinitionDocument | undefined,
    secrets: readonly NewSecret[],
  ): Promise<RequestResult> {
    const known = await this.#store.submit(row, definition, secrets);
    if (known !== 'accepted') return known;
    return new Promise((settle, fail) => {
      this.#loop.add({ kind: 'request', workflow: row.workflow, row, settle, fail });
    });
  }
}

function tooMany(workflow: string): EngineError {
  return new EngineError(
    'limit_exceeded',
    `${LIMITS.inboxPerWorkflow} requests wait for workflow '${workflow}' already.`,
    'Wait until some of them are applied.',
  );
}
