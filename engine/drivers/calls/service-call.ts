// A call of a service, made once or until its answer is as it should be: what an answer means, and that there is none.
// Belongs here: what calls of any kind have in common. Does not belong here: the life of a command (engine-driver.ts),
// whom it calls and how (http-work.ts, cloud/openstack-work.ts).
//
// SC1 Nothing that was hidden and sent is said again: errors and the ends of answers are masked, and an output that
//     holds it is refused unless it is declared hidden.
// SC2 Where it waits (`until`), no answer and one that says "not now" are looked at again; any other that is not as
//     expected ends the attempt at once, or a mistake would show only when the time is over.
import type { Ended } from '../../agents/outcome.ts';
import { failure } from '../../agents/outcome.ts';
import { EngineError, errorText } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import { responseView } from '../../definition/expressions/index.ts';
import type { ResponseView } from '../../definition/expressions/types.ts';
import { isPassing } from '../../machine/outcomes.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Task } from '../engine-driver.ts';
import { poll } from '../polling.ts';
import { readOutputs, type Seal } from './answer-outputs.ts';
import { AnswerTests, type Tests } from './answer-tests.ts';
import type { Sent } from './sent.ts';

/** What came, and from whom. */
export interface Heard {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As UTF-8. */
  readonly body: string;
  /** The call as sentences name it, where the answer tells more than `shown`. */
  readonly shown?: string;
  /** The service's own words about what is wrong. */
  readonly why?: string;
  /** The service has no more to give to this project. */
  readonly isOverQuota?: boolean;
}

/** That no answer came. */
export interface Missed {
  readonly outcome: Ended['outcome'];
  /** A sentence, where another look may be answered. */
  readonly again?: string;
}

export interface ServiceCall extends Sent, Tests {
  /** For sentences: the call by its method and as much of its address as may be seen. */
  readonly shown: string;
  /** Outputs that are computed from the answer. */
  readonly sources: JsonObject;
  send(signal: AbortSignal): Promise<Heard>;
  /** What it means that `send` rejected, not yet masked; undefined: it is a fault of our own. */
  missed(thrown: unknown): Missed | undefined;
}

export interface CallDeps {
  readonly clock: Clock;
  /** Seals hidden outputs for the store. */
  readonly seal: Seal;
}

/** Why a look was broken off. */
export class LookTooLong extends Error {}

/** Rejects with the signal's reason, or with a fault of our own. */
export async function callService(task: Task, call: ServiceCall, deps: CallDeps): Promise<Ended> {
  const tests = new AnswerTests(call);
  const calling = new Calling(task, call, tests, deps);
  if (call.until === undefined) return (await calling.once(task.signal)).ended;
  return poll(deps.clock, task.signal, async () => {
    const { ended, again } = await calling.look();
    if (again !== undefined) task.note(again);
    return again === undefined ? ended : undefined;
  });
}

/** `again`: why one has to look again, where one does; a sentence. */
interface Found {
  readonly ended: Ended;
  readonly again?: string;
}

class Calling {
  readonly #task: Task;
  readonly #call: ServiceCall;
  readonly #tests: AnswerTests;
  readonly #deps: CallDeps;

  constructor(task: Task, call: ServiceCall, tests: AnswerTests, deps: CallDeps) {
    this.#task = task;
    this.#call = call;
    this.#tests = tests;
    this.#deps = deps;
  }

  /** One of many looks, each with a time of its own. */
  async look(): Promise<Found> {
    const { clock } = this.#deps;
    const stop = new AbortController();
    const late = new LookTooLong(`${this.#call.shown} gave no answer in ${LIMITS.httpLookMs / 1000} s.`);
    const forget = clock.at(clock.now() + LIMITS.httpLookMs, () => stop.abort(late));
    try {
      return await this.once(AbortSignal.any([this.#task.signal, stop.signal]));
    } finally {
      forget();
    }
  }

  async once(signal: AbortSignal): Promise<Found> {
    try {
      return await this.#judge(await this.#call.send(signal));
    } catch (thrown) {
      const missed = this.#task.signal.aborted ? undefined : this.#missed(thrown);
      if (missed === undefined) throw thrown;
      const { outcome, again } = missed;
      return { ended: plain(outcome), ...(again !== undefined && { again: this.#call.mask(again) }) };
    }
  }

  #missed(thrown: unknown): Missed | undefined {
    if (thrown instanceof LookTooLong)
      return { outcome: failure('unreachable', this.#call.mask(thrown.message)), again: thrown.message };
    const missed = this.#call.missed(thrown);
    return missed && { ...missed, outcome: masked(missed.outcome, this.#call) };
  }

  async #judge(heard: Heard): Promise<Found> {
    const { mask, shown } = this.#call;
    const { status, headers, body } = heard;
    const response = responseView(status, headers, body);
    const said = `${heard.shown ?? shown} answered ${status}`;
    const unfit = this.#tests.unexpected(response);
    if (unfit !== undefined) {
      const ended = plain(this.#unexpected(heard, `${said}, ${mask(unfit)}`));
      return isPassing(status) ? { ended, again: `${said}.` } : { ended };
    }
    const early = this.#tests.notYet(response);
    const ended = early === undefined ? await this.#outputs(response) : plain(failure('http', said));
    return early === undefined ? { ended } : { ended, again: `${said}, and ${mask(early)}` };
  }

  /** The end of what it said goes with it, which often tells why. */
  #unexpected({ status, body, why, isOverQuota = false }: Heard, message: string): Ended['outcome'] {
    const { mask } = this.#call;
    const text = why === undefined ? message : `${message.replace(/\.$/, '')}: ${mask(why)}`;
    const kind = isOverQuota ? 'quota' : 'http';
    const { error } = failure(kind, text, mask(body.trim()).slice(-LIMITS.tailBytes));
    return { kind: 'failed', error: { ...error, status } };
  }

  async #outputs(response: ResponseView): Promise<Ended> {
    const { id, command } = this.#task;
    try {
      const { outputs, secrets } = await readOutputs(id, command, response, this.#call, this.#deps.seal);
      return { outcome: { kind: 'succeeded', outputs }, secrets };
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      return plain(failure('outputs', this.#call.mask(errorText(thrown))));
    }
  }
}

export const plain = (outcome: Ended['outcome']): Ended => ({ outcome, secrets: [] });

function masked(outcome: Ended['outcome'], { mask }: Sent): Ended['outcome'] {
  switch (outcome.kind) {
    case 'failed':
      return { ...outcome, error: { ...outcome.error, message: mask(outcome.error.message) } };
    case 'interrupted':
      return { ...outcome, evidence: mask(outcome.evidence) };
    case 'refused':
      return { ...outcome, message: mask(outcome.message) };
    case 'succeeded':
      return outcome;
    default:
      return outcome satisfies never;
  }
}
