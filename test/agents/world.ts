// A small world for the engine's side: broker, desk, drivers, a sink that remembers, and time that stands still.
// Belongs here: fixtures of test/agents and test/drivers. Does not belong here: agents played by a test (puppet.ts),
// real agents (end-to-end.test.ts).
import { memoryDirectory } from '../../engine/agents/directory.ts';
import { newEngineKeys } from '../../engine/agents/keys.ts';
import type { Alarm, LiveOutput } from '../../engine/agents/ports.ts';
import { createAgentSide, type AgentSideOptions } from '../../engine/agents/side.ts';
import type { EffectId } from '../../engine/base/ids.ts';
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';
import { memoryBroker, type MemoryBrokerOptions } from '../../engine/bus/memory.ts';
import { createDrivers } from '../../engine/drivers/index.ts';
import { NO_CHILDREN, NO_PARENT } from '../support/drivers.ts';
import type { Command, Outcome, Report } from '../../engine/machine/types.ts';
import type {
  Clock,
  DriverContext,
  NewSecret,
  Doubts,
  ReportSink,
  ReportVerdict,
} from '../../engine/runtime/ports.ts';
import { NO_CLOUDS } from '../support/clouds.ts';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Resolves once the condition holds; looks at it each turn of the event loop, and not for ever. */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const started = process.hrtime.bigint();
  while (!condition()) {
    if (process.hrtime.bigint() - started > 10_000_000_000n) throw new Error(`waited in vain for ${what}`);
    await turn();
  }
}

/** Lets everything that is under way in the broker and in promises come to rest. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 60; count += 1) await turn();
}

/** Time that moves only when the test says so. */
export class ManualClock implements Clock {
  time = 1_000_000;
  readonly #due = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  at(time: number, callback: () => void): () => void {
    const entry = { at: time, callback };
    this.#due.add(entry);
    return () => void this.#due.delete(entry);
  }

  get timers(): number {
    return this.#due.size;
  }

  async advance(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    for (const entry of this.#due) {
      if (entry.at <= this.time && this.#due.delete(entry)) entry.callback();
    }
    await settle();
  }
}

/** Tells for when the last timer was set. */
export class WatchedClock extends ManualClock {
  last = 0;

  override at(time: number, callback: () => void): () => void {
    this.last = time;
    return super.at(time, callback);
  }
}

interface Reported {
  readonly id: EffectId;
  readonly report: Report;
  readonly secrets: readonly NewSecret[];
}

/** A sink that remembers; `gate` holds commits back, `fail` makes them fail. */
export class RecordingSink implements ReportSink, Doubts {
  readonly reports: Reported[] = [];
  /** Agent, why and journal of each. */
  readonly doubts: (readonly string[])[] = [];
  verdict: ReportVerdict = 'recorded';
  gate: Promise<void> = Promise.resolve();
  fail = false;
  failDoubts = false;

  async report(id: EffectId, report: Report, secrets: readonly NewSecret[] = []): Promise<ReportVerdict> {
    if (this.fail) throw new Error('the store is away');
    this.reports.push({ id, report, secrets });
    await this.gate;
    return this.verdict;
  }

  async owned(): Promise<void> {
    if (this.fail) throw new Error('the store is away');
  }

  async doubt(...told: Parameters<Doubts['doubt']>): Promise<void> {
    if (this.fail || this.failDoubts) throw new Error('the store is away');
    this.doubts.push(told);
  }

  kinds(): string[] {
    return this.reports.map(({ report }) =>
      report.kind === 'finished' ? `finished ${report.outcome.kind}` : report.kind,
    );
  }

  /** The outcome of the last end reported. */
  get outcome(): Outcome | undefined {
    const ends = this.reports.flatMap(({ report }) => (report.kind === 'finished' ? [report.outcome] : []));
    return ends.at(-1);
  }

  /** The error of the last end; fails when that was none. */
  get error(): Extract<Outcome, { kind: 'failed' }>['error'] {
    const { outcome } = this;
    if (outcome?.kind !== 'failed') throw new Error(`expected a failure, got ${outcome?.kind ?? 'nothing'}`);
    return outcome.error;
  }
}

export const idOf = (dispatch = 1, step = 'app[0].ready'): EffectId => ({
  workflow: 'w1',
  generation: 1,
  step,
  dispatch,
});

export function scriptCommand(
  agent: string,
  inputs: JsonObject = {},
  change: Partial<Command> = {},
): Command {
  const action = { kind: 'script', interpreter: 'bash', digest: 'd1', inputs, reboots: 0 } as const;
  return { action, agent, timeout: 60_000, reason: 'first', outputs: [], ...change };
}

export const contextOf = (secrets: Record<string, JsonValue> = {}, text = 'echo hello'): DriverContext => ({
  term: 7,
  content: () => text,
  secret: async ref => {
    const value = secrets[ref];
    if (value === undefined) throw new Error('no such secret');
    return value;
  },
  holds: async ref => secrets[ref] !== undefined,
  parent: NO_PARENT,
});

export interface WorldOptions {
  readonly broker?: MemoryBrokerOptions;
  readonly side?: Partial<AgentSideOptions>;
}

/** The engine's side of a fresh world, connected and open. */
export async function makeWorld(options: WorldOptions = {}) {
  const broker = memoryBroker(options.broker);
  const clock = new ManualClock();
  const sink = new RecordingSink();
  const alarms: Alarm[] = [];
  const outputs: LiveOutput[] = [];
  const keys = newEngineKeys();
  const directory = memoryDirectory();
  const sideOptions: AgentSideOptions = {
    transport: broker.transport,
    login: { user: 'engine', password: '', name: 'engine' },
    clock,
    random: () => 0,
    keys,
    directory,
    sink,
    vault: { seal: (ref, value) => Buffer.from(`sealed:${ref}:${JSON.stringify(value)}`) },
    term: () => 7,
    onAlarm: alarm => alarms.push(alarm),
    onOutput: output => outputs.push(output),
    ...options.side,
  };
  const side = createAgentSide(sideOptions);
  const { post, presence, ledger } = side;
  const drivers = createDrivers({
    post,
    presence,
    ledger,
    directory,
    clock,
    sink,
    term: () => 7,
    clouds: NO_CLOUDS,
    seal: (ref, value) => ({ ref, sealed: sideOptions.vault.seal(ref, value) }),
    children: NO_CHILDREN,
  });
  await side.connect();
  await side.open();
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(drivers).map(driver => driver.close()));
    await side.close();
  };
  return { broker, clock, sink, alarms, outputs, keys, directory, side, sideOptions, drivers, close };
}

export type World = Awaited<ReturnType<typeof makeWorld>>;
