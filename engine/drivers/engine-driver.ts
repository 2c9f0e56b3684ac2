// Commands that the engine carries out itself, such as calls of services: started once, ended once, in their time.
// Belongs here: the life of one that is under way. Does not belong here: what it does (an EngineWork of each kind),
// commands for agents (agent-driver.ts).
//
// ED1 Nothing is done before its `started` is committed: so after a crash the record tells whether it may have begun.
// ED2 What an engine that is gone may have begun is done again only where that does no harm; else it is interrupted.
// ED3 It ends in the attempt's own time, also when that began under another engine.
// ED4 What is called back is left at once; when the engine closes nothing is reported, and the next one finds it begun.
import type { Ended } from '../agents/outcome.ts';
import { failure } from '../agents/outcome.ts';
import { EngineError, errorText } from '../base/errors.ts';
import { effectKey, type EffectId } from '../base/ids.ts';
import type { Command, Outcome } from '../machine/types.ts';
import type { Word } from '../machine/why/types.ts';
import type { Clock, Driver, DriverContext, ReportSink } from '../runtime/ports.ts';
import { RenderFailure } from './reveal.ts';
import type { Teller } from './tell.ts';

/** One command under way. */
export interface Task {
  readonly id: EffectId;
  readonly command: Command;
  readonly context: DriverContext;
  /** Aborted when it is called back, when its time is over, and when the engine closes; its reason is to be thrown on. */
  readonly signal: AbortSignal;
  /** What was seen last, as a sentence; said when the time is over. */
  note(seen: string): void;
}

/** What a kind of command does. */
export interface EngineWork {
  /** True when doing it a second time leaves the world as once does, or somebody else sees to that. */
  isRepeatable(command: Command): boolean;
  /** Rejects with the signal's reason, or RenderFailure for what cannot even be begun; anything else is a fault of its own. */
  carryOut(task: Task): Promise<Ended>;
}

export interface EngineDriverDeps {
  readonly sink: Pick<ReportSink, 'report'>;
  readonly clock: Clock;
  readonly teller: Teller;
}

/** Milliseconds until `started` is reported again after the store did not take it. */
const AGAIN = 1_000;

/** Why a signal was aborted. */
class Stopped extends Error {
  readonly outcome: Outcome | undefined;

  /** Without an outcome nothing is reported. */
  constructor(outcome?: Outcome) {
    super('The command was stopped.');
    this.outcome = outcome;
  }
}

interface Running {
  readonly id: EffectId;
  readonly stop: AbortController;
  /** What was seen last. */
  seen: string;
}

export class EngineDriver implements Driver {
  readonly #deps: EngineDriverDeps;
  readonly #work: EngineWork;
  readonly #running = new Map<string, Running>();
  #closed = false;

  constructor(deps: EngineDriverDeps, work: EngineWork) {
    this.#deps = deps;
    this.#work = work;
  }

  async start(id: EffectId, command: Command, context: DriverContext): Promise<void> {
    const key = effectKey(id);
    if (this.#closed || this.#running.has(key)) return;
    const running: Running = { id, stop: new AbortController(), seen: '' };
    this.#running.set(key, running);
    void this.#run(running, command, context).finally(() => this.#running.delete(key));
  }

  async cancel(id: EffectId, _agent: string | undefined, why: string): Promise<void> {
    const running = this.#running.get(effectKey(id));
    if (running) running.stop.abort(new Stopped(failure('cancelled', `It was called back: ${why}.`)));
    else this.#deps.teller.end(id, { kind: 'refused', message: 'Nothing is under way under this id.' });
  }

  word(id: EffectId): Word | undefined {
    const seen = this.#running.get(effectKey(id))?.seen ?? '';
    return seen === '' ? undefined : { kind: 'seen', says: seen.replace(/\.$/, '') };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { stop } of this.#running.values()) stop.abort(new Stopped());
    this.#deps.teller.close();
  }

  async #run(running: Running, command: Command, context: DriverContext): Promise<void> {
    const { id, stop } = running;
    let ended: Ended | undefined;
    try {
      ended = await this.#carryOut(running, command, context);
    } catch (thrown) {
      const outcome = stop.signal.aborted ? stoppedBy(stop.signal) : brokenBy(thrown);
      if (outcome) ended = { outcome, secrets: [] };
    }
    if (ended) this.#deps.teller.end(id, ended.outcome, ended.secrets);
  }

  async #carryOut(running: Running, command: Command, context: DriverContext): Promise<Ended | undefined> {
    const { id, stop } = running;
    const { begun } = context;
    if (begun && !this.#work.isRepeatable(command)) return { outcome: UNKNOWN, secrets: [] };
    if (!(await this.#announce(running, begun !== undefined))) return undefined;
    const { clock } = this.#deps;
    const endsAt = begun?.endsAt ?? clock.now() + command.timeout;
    const stopTimer = clock.at(endsAt, () => stop.abort(new Stopped(late(command, running.seen))));
    try {
      stop.signal.throwIfAborted();
      const note = (seen: string): void => void (running.seen = seen);
      return await this.#work.carryOut({ id, command, context, signal: stop.signal, note });
    } finally {
      stopTimer();
    }
  }

  /** Resolves once it is committed as started; false: it is no longer wanted. Rejects when it is stopped before. */
  async #announce({ id, stop }: Running, done: boolean): Promise<boolean> {
    while (!done) {
      try {
        const verdict = await this.#deps.sink.report(id, { kind: 'started' });
        return verdict === 'recorded';
      } catch {
        await this.#pause(stop.signal);
      }
    }
    return true;
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = clock.at(clock.now() + AGAIN, resolve);
      signal.addEventListener('abort', () => (stop(), reject(signal.reason)), { once: true });
    });
  }
}

const UNKNOWN: Outcome = {
  kind: 'interrupted',
  evidence: 'The engine ended while this was under way, and nobody knows how far it came.',
};

function late({ timeout }: Command, seen: string): Outcome {
  return failure(
    'timeout',
    `It did not end within ${Math.round(timeout / 1000)} s.${seen === '' ? '' : ` ${seen}`}`,
  );
}

const stoppedBy = ({ reason }: AbortSignal): Outcome | undefined =>
  reason instanceof Stopped ? reason.outcome : undefined;

function brokenBy(thrown: unknown): Outcome {
  if (thrown instanceof RenderFailure || thrown instanceof EngineError)
    return failure('refused', errorText(thrown));
  return failure('refused', `It cannot be carried out: ${errorText(thrown)}`);
}
