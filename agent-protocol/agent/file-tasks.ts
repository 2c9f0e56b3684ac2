// The `file` tasks that run: each until it is written, its time is over, or it is called back.
// Belongs here: their time and their ends. Does not belong here: writing (file-task.ts), downloading (download.ts).
import type { AgentEvent } from '../agent-machine.ts';
import type { Ending, Held } from '../agent-records.ts';
import type { Opener } from '../sealing.ts';
import { writeFileTask } from './file-task.ts';
import type { FileTask } from './file-task.ts';
import { reasonOf } from './run-error.ts';

export interface FileTasksContext {
  readonly opener: Opener;
  emit(event: AgentEvent): void;
}

/** Why a download is broken off; the first two are how the attempt ends. */
type Stop = 'timeout' | 'cancelled' | 'agent stops';

/** The longest that a timer can wait. */
const LONGEST = 2 ** 31 - 1;

export class FileTasks {
  readonly #context: FileTasksContext;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();

  constructor(context: FileTasksContext) {
    this.#context = context;
  }

  start(key: string, held: Held, task: FileTask): void {
    const stop = new AbortController();
    this.#context.emit({ kind: 'running', key, run: held.run });
    const timer = setTimeout(
      () => stop.abort('timeout' satisfies Stop),
      Math.min(held.command.timeout, LONGEST),
    );
    const done = writeFileTask(held.command, task, this.#context.opener, stop.signal)
      .then(
        () => this.#end(key, held, { kind: 'exit', code: 0 }),
        (error: unknown) => this.#failed(key, held, error),
      )
      .finally(() => {
        clearTimeout(timer);
        this.#running.delete(key);
      });
    this.#running.set(key, { stop, done });
  }

  /** What is being downloaded is broken off; what is being written is whole in a moment. */
  kill(key: string): void {
    this.#running.get(key)?.stop.abort('cancelled' satisfies Stop);
  }

  /** Resolves when nothing is written any more; what was broken off is begun anew by the next agent. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort('agent stops' satisfies Stop);
    await Promise.all(running.map(({ done }) => done));
  }

  #failed(key: string, held: Held, error: unknown): void {
    if (error === 'agent stops') return;
    if (error === 'timeout' || error === 'cancelled') return this.#end(key, held, { kind: error });
    this.#end(key, held, { kind: 'error', reason: reasonOf(error).slice(0, 4_000) });
  }

  #end(key: string, { run, spent }: Held, result: Ending['result']): void {
    const ending = { result, outputs: {}, stdout: '', stderr: '' };
    this.#context.emit({ kind: 'ended', key, run, spent, ending });
  }
}
