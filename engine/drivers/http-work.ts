// The `http` action: calls a service, once or until it is as it should be, and takes outputs from what it answers.
// Belongs here: what an answer means. Does not belong here: the life of a command (engine-driver.ts), the call itself
// (web/http-call.ts), making it from a command (http-request.ts).
//
// HW1 Nothing that was hidden and sent is said again: errors and the ends of answers are masked, and an output that
//     holds it is refused unless it is declared hidden.
// HW2 Where it waits (`until`), no answer and one that says "not now" are looked at again; any other that is not as
//     expected ends the attempt at once, or a mistake would show only when the time is over.
import type { Ended } from '../agents/outcome.ts';
import { failure } from '../agents/outcome.ts';
import { EngineError, errorText } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { responseView } from '../definition/expressions/index.ts';
import type { ResponseView } from '../definition/expressions/types.ts';
import { isPassing } from '../machine/outcomes.ts';
import type { Command } from '../machine/types.ts';
import type { Clock } from '../runtime/ports.ts';
import type { EngineWork, Task } from './engine-driver.ts';
import { readOutputs, type Seal } from './http-outputs.ts';
import { type RenderedCall, renderCall } from './http-request.ts';
import { poll } from './polling.ts';
import { ResponseTests } from './response-tests.ts';
import { CallFailure, callHttp, type HttpAnswer, type HttpWays } from './web/http-call.ts';

export interface HttpWorkDeps {
  readonly web: HttpWays;
  readonly clock: Clock;
  /** Seals hidden outputs for the store. */
  readonly seal: Seal;
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
    const call = await renderCall(action, task.context);
    const tests = new ResponseTests(action);
    if (action.until === undefined) return (await this.#once(task, call, tests, task.signal)).ended;
    return poll(this.#deps.clock, task.signal, async () => {
      const { ended, again } = await this.#look(task, call, tests);
      if (again !== undefined) task.note(again);
      return again === undefined ? ended : undefined;
    });
  }

  /** One of many looks, each with a time of its own. */
  async #look(task: Task, call: RenderedCall, tests: ResponseTests): Promise<Found> {
    const { clock } = this.#deps;
    const stop = new AbortController();
    const late = new CallFailure(
      'unreachable',
      `${call.shown} gave no answer in ${LIMITS.httpLookMs / 1000} s.`,
    );
    const forget = clock.at(clock.now() + LIMITS.httpLookMs, () => stop.abort(late));
    try {
      return await this.#once(task, call, tests, AbortSignal.any([task.signal, stop.signal]));
    } finally {
      forget();
    }
  }

  async #once(task: Task, call: RenderedCall, tests: ResponseTests, signal: AbortSignal): Promise<Found> {
    let answer: HttpAnswer;
    try {
      answer = await callHttp(call.request, this.#deps.web, signal);
    } catch (thrown) {
      if (task.signal.aborted || !(thrown instanceof CallFailure)) throw thrown;
      const message = call.mask(thrown.message);
      const ended = plain(failure(thrown.kind, message));
      return thrown.kind === 'refused' ? { ended } : { ended, again: message };
    }
    return this.#judge(task, call, tests, answer);
  }

  async #judge(task: Task, call: RenderedCall, tests: ResponseTests, answer: HttpAnswer): Promise<Found> {
    const { status, headers, body } = answer;
    const response = responseView(status, headers, body);
    const said = `${call.shown} answered ${status}`;
    const unfit = tests.unexpected(response);
    if (unfit !== undefined) {
      const ended = plain(unexpected(call, answer, `${said}, ${call.mask(unfit)}`));
      return isPassing(status) ? { ended, again: `${said}.` } : { ended };
    }
    const early = tests.notYet(response);
    const ended =
      early === undefined ? await this.#outputs(task, call, response) : plain(failure('http', said));
    return early === undefined ? { ended } : { ended, again: `${said}, and ${call.mask(early)}` };
  }

  async #outputs({ id, command }: Task, call: RenderedCall, response: ResponseView): Promise<Ended> {
    try {
      const { outputs, secrets } = await readOutputs(id, command, response, call, this.#deps.seal);
      return { outcome: { kind: 'succeeded', outputs }, secrets };
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      return plain(failure('outputs', call.mask(errorText(thrown))));
    }
  }
}

/** `again`: why one has to look again, where one does; a sentence. */
interface Found {
  readonly ended: Ended;
  readonly again?: string;
}

const plain = (outcome: Ended['outcome']): Ended => ({ outcome, secrets: [] });

/** The end of what it said goes with it, which often tells why. */
function unexpected(call: RenderedCall, { status, body }: HttpAnswer, message: string): Ended['outcome'] {
  const { error } = failure('http', message, call.mask(body.trim()).slice(-LIMITS.tailBytes));
  return { kind: 'failed', error: { ...error, status } };
}
