// Effects on their way out: each goes to the driver of its kind, after the commit that decided it (rule P1).
// Belongs here: choosing the driver, trying again when the driver itself fails. Does not belong here: deciding, or
// what a driver does.
//
// D1  Only loop.ts and recovery.ts call `letOut`, and only for what is committed.
// D2  A driver that fails to take a command gets it again later, as long as it is still the step's current one.
import { errorText } from '../base/errors.ts';
import { effectKey } from '../base/ids.ts';
import type { ActionKind } from '../definition/types.ts';
import type { Effect, ResolvedAction } from '../machine/types.ts';
import type { Word } from '../machine/why/types.ts';
import type { Log } from './log.ts';
import type { Clock, Driver, DriverContext } from './ports.ts';
import type { LiveWorkflow } from './live.ts';

export type Drivers = { readonly [Kind in ResolvedAction['kind']]?: Driver };

/** Milliseconds before the first and at most before any further try. */
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;

export class Dispatcher {
  readonly #drivers: Drivers;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #context: (live: LiveWorkflow) => DriverContext;
  readonly #isCurrent: (effect: Effect) => boolean;
  readonly #under = new Set<Promise<void>>();
  readonly #waiting = new Set<() => void>();
  #stopped = false;

  constructor(options: {
    readonly drivers: Drivers;
    readonly clock: Clock;
    readonly log: Log;
    readonly context: (live: LiveWorkflow) => DriverContext;
    readonly isCurrent: (effect: Effect) => boolean;
  }) {
    this.#drivers = options.drivers;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#context = options.context;
    this.#isCurrent = options.isCurrent;
  }

  /** Hands a committed effect to its driver; returns at once. */
  letOut(effect: Effect, live: LiveWorkflow, tries = 0): void {
    if (this.#stopped) return;
    const driver = this.#drivers[kindOf(effect, live)];
    if (driver === undefined) {
      this.#log.warn(
        `No driver here carries out ${effectKey(effect.id)}; it waits for an engine that has one.`,
      );
      return;
    }
    const handing = this.#hand(effect, live, driver).then(
      () => void this.#under.delete(handing),
      (thrown: unknown) => {
        this.#under.delete(handing);
        this.#log.warn(`A driver did not take ${effectKey(effect.id)}: ${errorText(thrown)}`);
        this.#again(effect, live, tries);
      },
    );
    this.#under.add(handing);
  }

  async #hand(effect: Effect, live: LiveWorkflow, driver: Driver): Promise<void> {
    if (effect.kind === 'cancel') return driver.cancel(effect.id, effect.agent, effect.why);
    const { id, command, begun } = effect;
    return driver.start(id, command, { ...this.#context(live), ...(begun && { begun }) });
  }

  #again(effect: Effect, live: LiveWorkflow, tries: number): void {
    if (this.#stopped) return;
    const delay = Math.min(FIRST_DELAY * 2 ** tries, LONGEST_DELAY);
    const cancel = this.#clock.at(this.#clock.now() + delay, () => {
      this.#waiting.delete(cancel);
      if (this.#isCurrent(effect)) this.letOut(effect, live, tries + 1);
    });
    this.#waiting.add(cancel);
  }

  /** What the driver of its kind knows of a command that is out. */
  word({ id, command }: Effect & { readonly kind: 'start' }): Word | undefined {
    return this.#drivers[command.action.kind]?.word?.(id);
  }

  /** Resolves when every effect let out so far was taken or refused by its driver. */
  async idle(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
  }

  get busy(): boolean {
    return this.#under.size > 0;
  }

  /** Nothing goes out any more. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
  }
}

/** A cancel goes to the driver of the command that is out; when that is gone from the record, to the state's own. */
function kindOf(effect: Effect, live: LiveWorkflow): ResolvedAction['kind'] {
  if (effect.kind === 'start') return effect.command.action.kind;
  const number = live.graph.stepByOutside.get(effect.id.step) ?? -1;
  const out = live.state.records[number]?.command?.action.kind;
  return out ?? carriedOutAs(live.graph.steps[number]?.state.action?.kind);
}

/** What a kind of action becomes as a command. Those that never are one go to agents, who know nothing of it and say so. */
function carriedOutAs(kind: ActionKind | undefined): ResolvedAction['kind'] {
  if (kind === 'set') return 'generate';
  if (kind === undefined || kind === 'wait' || kind === 'signal' || kind === 'approval') return 'script';
  return kind;
}
