// Happenings as lines, one after the other: what a file, a pipe or `events` gets, and --verbose above the picture.
// Belongs here: which happenings are worth lines, given those before. Does not belong here: words (views/transition.ts).
import type { Happening, WorkflowView } from '../runtime/api.ts';
import type { LogEntry } from '../runtime/ports.ts';
import type { Line, Style } from './views/style.ts';
import type { StepEntry } from './views/transition.ts';
import {
  agentNames,
  happeningLines,
  isNotable,
  newsLine,
  stepNames,
  transitionLine,
  workflowNews,
} from './views/transition.ts';

export interface TellingOptions {
  readonly style: Style;
  /** `story`: what changed a status; `record`: every entry; `all`: the story with what scripts print. */
  readonly what: 'story' | 'all' | 'record';
}

export class Telling {
  readonly #options: TellingOptions;
  #before: Parameters<typeof workflowNews>[0];

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  lines(happening: Happening, view: WorkflowView | undefined): Line[] {
    if (happening.kind === 'log') return this.#entryLines(happening.entry, view);
    const { what } = this.#options;
    if (happening.kind === 'output' && what === 'story') return [];
    // Every agent comes online at the start: that is no news.
    if (happening.kind === 'agent' && happening.state === 'online' && what === 'story') return [];
    return happeningLines(happening, stepNames(view));
  }

  #entryLines(entry: LogEntry, view: WorkflowView | undefined): Line[] {
    const start = view?.record.createdAt ?? entry.at;
    const { change } = entry;
    if (change.kind === 'workflow') {
      const news = workflowNews(this.#before, change.record, agentNames(view));
      this.#before = change.record;
      return news.map(text => newsLine(entry, start, change.record.id, text));
    }
    const step = entry as StepEntry;
    if (this.#options.what !== 'record' && !isNotable(step)) return [];
    return [transitionLine(step, start, stepNames(view), this.#options.style)];
  }
}
