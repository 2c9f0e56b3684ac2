// A fake driver: takes commands, remembers them, and reports what the test tells it to. It runs nothing.
// Belongs here: the Driver port for tests of the runtime. Does not belong here: agents, scripts, messages.
import { effectKey, type EffectId } from '../../engine/base/ids.ts';
import type { Command, Outcome, RawOutput, Report } from '../../engine/machine/types.ts';
import type { Drivers } from '../../engine/runtime/dispatch.ts';
import type {
  ChildWorkflows,
  Driver,
  DriverContext,
  NewSecret,
  ParentView,
  ReportSink,
  ReportVerdict,
} from '../../engine/runtime/ports.ts';

export interface Started {
  readonly id: EffectId;
  readonly command: Command;
  readonly context: DriverContext;
}

export class FakeDriver implements Driver {
  /** Every call of `start`, repeats included. */
  readonly started: Started[] = [];
  readonly cancelled: { readonly id: EffectId; readonly why: string }[] = [];
  /** When set, answers every new command at once: its result is reported, `undefined` leaves it running. */
  answer: ((started: Started) => Outcome | undefined) | undefined;
  /** When set, `start` rejects with it. */
  failure: Error | undefined;
  sink: ReportSink | undefined;
  closed = 0;
  readonly #seen = new Set<string>();

  async start(id: EffectId, command: Command, context: DriverContext): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const started = { id, command, context };
    const repeated = this.#seen.has(effectKey(id));
    this.#seen.add(effectKey(id));
    this.started.push(started);
    const outcome = repeated ? undefined : this.answer?.(started);
    if (outcome !== undefined) void this.report(id, { kind: 'finished', outcome });
  }

  async cancel(id: EffectId, _agent: string | undefined, why: string): Promise<void> {
    this.cancelled.push({ id, why });
  }

  async close(): Promise<void> {
    this.closed++;
  }

  report(id: EffectId, report: Report, secrets?: readonly NewSecret[]): Promise<ReportVerdict> {
    if (this.sink === undefined) throw new Error('the fake driver has no sink');
    return this.sink.report(id, report, secrets);
  }

  /** Reports the end of the last command sent for a step. */
  finish(step: string, outcome: Outcome = succeeded()): Promise<ReportVerdict> {
    return this.report(this.last(step).id, { kind: 'finished', outcome });
  }

  last(step: string): Started {
    const found = this.started.findLast(each => each.id.step === step);
    if (found === undefined) throw new Error(`no command for ${step}; sent: ${this.steps().join(', ')}`);
    return found;
  }

  /** Steps in the order their commands were sent. */
  steps(): string[] {
    return this.started.map(each => each.id.step);
  }
}

export const succeeded = (outputs: { readonly [name: string]: RawOutput } = {}): Outcome => ({
  kind: 'succeeded',
  outputs,
});

export const failed = (exitCode = 1): Outcome => ({
  kind: 'failed',
  error: { kind: 'exit', message: `exit code ${exitCode}`, exitCode },
});

/** The same driver for every kind of action. */
export const allKinds = (driver: Driver): Drivers => ({
  online: driver,
  script: driver,
  file: driver,
  reboot: driver,
  generate: driver,
  workflow: driver,
});

const none = (): never => {
  throw new Error('No child is run here.');
};

/** Of a workflow that runs no children. */
export const NO_PARENT: ParentView = { stackName: 'stack', definition: none, member: () => undefined };
export const NO_CHILDREN: ChildWorkflows = {
  look: none,
  create: none,
  suspension: none,
  ask: none,
  watch: none,
};
