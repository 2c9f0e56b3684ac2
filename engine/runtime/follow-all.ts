// Following all workflows: what changes, and what changed since somebody was cut off.
// Belongs here: what waits for one who follows, and where it goes on. Does not belong here: which changed last (changes.ts), who may
// see which (admin/).
//
// F1  An `at` stands for a number up to which everything has been told: the number before the oldest change that still waits.
import { EngineError } from '../base/errors.ts';
import type { Engine } from './engine.ts';
import type { Changed, Changing, WorkflowSummary } from './operator-api.ts';

type Summary = (id: string) => Promise<WorkflowSummary>;

/**
 * Watches from this call on. A workflow that changes again before it is read is read once: what waits is bounded by the
 * workflows that there are.
 */
export function followAll(engine: Engine, summary: Summary, signal: AbortSignal, last?: string): Changing {
  const missed = last === undefined ? undefined : missedSince(engine, last);
  const { changes, term } = engine;
  const at = (number: number): string => `${term}-${number}`;
  /** Workflow → number of the oldest change of it that is not told. */
  const waiting = new Map(missed ?? []);
  let wake = (): void => {};
  const forget = engine.watchers.watchAll(id => {
    if (!waiting.has(id)) waiting.set(id, changes.head);
    wake();
  });
  const stop = (): void => {
    forget();
    wake();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();

  async function* read(): AsyncGenerator<Changed> {
    try {
      while (!signal.aborted) {
        for (const id of waiting.keys()) {
          waiting.delete(id);
          const [oldest] = waiting.values();
          const told = oldest === undefined ? changes.head : oldest - 1;
          yield { ...(await look(engine, summary, id)), at: at(told) };
          if (signal.aborted) return;
        }
        await new Promise<void>(resolve => {
          wake = resolve;
          if (waiting.size > 0 || signal.aborted) resolve();
        });
      }
    } finally {
      signal.removeEventListener('abort', stop);
      forget();
    }
  }
  const begin = missed === undefined ? at(changes.head) : (last as string);
  return { resumed: missed !== undefined, at: begin, changes: read() };
}

/** Undefined: another engine said that, or too much has changed since. */
function missedSince(engine: Engine, last: string): ReturnType<Engine['changes']['since']> {
  const [term, number] = last.split('-').map(Number);
  return term === engine.term && number !== undefined ? engine.changes.since(number) : undefined;
}

type Look =
  | { readonly kind: 'workflow'; readonly workflow: WorkflowSummary }
  | { readonly kind: 'gone'; readonly id: string; readonly project?: string };

async function look(engine: Engine, summary: Summary, id: string): Promise<Look> {
  try {
    return { kind: 'workflow', workflow: await summary(id) };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'not_found') throw thrown;
    const project = engine.changes.projectOf(id);
    return { kind: 'gone', id, ...(project !== undefined && { project }) };
  }
}
