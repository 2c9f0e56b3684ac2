// The `http` action: a call of any service that the operator allows.
// Belongs here: from the command to a call that can be made. Does not belong here: what an answer means
// (calls/service-call.ts), the exchange itself (web/http-call.ts), filling in what is hidden (http-request.ts).
import type { Ended } from '../agents/outcome.ts';
import { failure } from '../agents/outcome.ts';
import type { Command, ResolvedAction } from '../machine/types.ts';
import { type CallDeps, callService, type Missed, type ServiceCall } from './calls/service-call.ts';
import type { EngineWork, Task } from './engine-driver.ts';
import { renderCall } from './http-request.ts';
import { CallFailure, callHttp, type HttpWays } from './web/http-call.ts';

export interface HttpWorkDeps extends CallDeps {
  readonly web: HttpWays;
}

export class HttpWork implements EngineWork {
  readonly #deps: HttpWorkDeps;

  constructor(deps: HttpWorkDeps) {
    this.#deps = deps;
  }

  isRepeatable({ action }: Command): boolean {
    return action.kind === 'http' && action.repeatable;
  }

  async carryOut(task: Task): Promise<Ended> {
    const { action } = task.command;
    if (action.kind !== 'http') throw new TypeError(`A ${action.kind} action is no call.`);
    return callService(task, await this.#callOf(action, task), this.#deps);
  }

  async #callOf(action: Extract<ResolvedAction, { kind: 'http' }>, { context }: Task): Promise<ServiceCall> {
    const { request, ...rest } = await renderCall(action, context);
    const { outputs: sources, expect, until } = action;
    return {
      ...rest,
      sources,
      ...(expect !== undefined && { expect }),
      ...(until !== undefined && { until }),
      send: signal => callHttp(request, this.#deps.web, signal),
      missed,
    };
  }
}

function missed(thrown: unknown): Missed | undefined {
  if (!(thrown instanceof CallFailure)) return undefined;
  const outcome = failure(thrown.kind, thrown.message);
  return thrown.kind === 'refused' ? { outcome } : { outcome, again: thrown.message };
}
