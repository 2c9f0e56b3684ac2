// One process that can be killed between any two of its I/O operations.
// Belongs here: counting I/Os, dying at one of them, what a dead process can still do (nothing).
// Does not belong here: which I/Os there are (store-model.ts, agent-host.ts), when to kill (faults.ts).
//
// Each I/O has three places to die: before it is done, after it is done but before its answer is seen, and later.
import type { Clock } from '../../engine/runtime/ports.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** Asked at each I/O: undefined lets it be. */
export type KillPlan = (io: number, name: string) => 'before' | 'after' | undefined;

const never = <T>(): Promise<T> => new Promise<T>(() => {});

export class Life {
  readonly name: string;
  ios = 0;
  #alive = true;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #kill: KillPlan;
  readonly #atDeath: ((why: string) => void)[] = [];

  constructor(name: string, scheduler: Scheduler, random: Random, kill: KillPlan = () => undefined) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#kill = kill;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** kill -9: from now on nothing of this process happens any more. */
  die(why: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const done of this.#atDeath.splice(0)) done(why);
  }

  onDeath(listener: (why: string) => void): void {
    if (this.#alive) this.#atDeath.push(listener);
    else listener('already dead');
  }

  /** Carries out one I/O with a delay before and after it, and perhaps dies at it. */
  async io<T>(name: string, perform: () => T | Promise<T>): Promise<T> {
    if (!this.#alive) return never();
    const fate = this.#kill(this.ios++, name);
    if (fate === 'before') return this.#dieAt(name, fate);
    await this.#pause();
    if (!this.#alive) return never();
    const result = await Promise.resolve()
      .then(perform)
      .then(value => ({ value }))
      .catch((error: unknown) => ({ error }));
    if (fate === 'after') return this.#dieAt(name, fate);
    await this.#pause();
    if (!this.#alive) return never();
    if ('error' in result) throw result.error;
    return result.value;
  }

  /** As `io`, for what returns at once: no delay, but counted and deadly all the same. */
  now<T>(name: string, perform: () => T): T | undefined {
    if (!this.#alive) return undefined;
    const fate = this.#kill(this.ios++, name);
    if (fate === 'before') {
      this.die(`killed before ${name}`);
      return undefined;
    }
    const result = perform();
    if (fate === 'after') this.die(`killed after ${name}`);
    return result;
  }

  /** The world's clock as this process sees it: its timers die with it. */
  clock(skew: () => number = () => 0): Clock {
    const clock = this.#scheduler.clock(skew);
    return {
      now: () => clock.now(),
      at: (time, callback) => clock.at(time, () => this.#alive && callback()),
    };
  }

  #pause(): Promise<void> {
    return new Promise(resolve => this.#scheduler.after(0, this.#random.chance(0.05) ? 40 : 2, resolve));
  }

  #dieAt<T>(name: string, where: string): Promise<T> {
    this.die(`killed ${where} ${name}`);
    return never();
  }
}
