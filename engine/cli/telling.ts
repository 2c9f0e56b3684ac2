// Happenings as lines, one after the other: what a file, a pipe or `events` gets, and --verbose above the picture.
// Belongs here: which happenings are worth lines, given those before. Does not belong here: words (views/transition.ts).
import type { Happening, WorkflowView } from '../runtime/api.ts';
import type { LogEntry } from '../runtime/ports.ts';
import { agentNames } from './views/lanes.ts';
import type { Line, Style } from './views/style.ts';
import type { NameStep, StepEntry } from './views/transition.ts';
import {
  generationLine,
  happeningLines,
  isNotable,
  newsLine,
  operationLine,
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
  #names: { readonly view: WorkflowView | undefined; readonly name: NameStep } | undefined;
  readonly #said = new Map<string, string>();
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
    return happeningLines(happening, this.#namesIn(view));
  }

  #entryLines(entry: LogEntry, view: WorkflowView | undefined): Line[] {
    const start = view?.record.createdAt ?? entry.at;
    const { change } = entry;
    if (change.kind === 'workflow') {
      const news = workflowNews(this.#before, change.record, agentNames(view));
      this.#before = change.record;
      return news.map(text => newsLine(entry, start, change.record.id, text));
    }
    if (change.kind === 'generation') return [generationLine(entry, start, change)];
    if (change.kind === 'operation') return [operationLine(entry, start, change)];
    const step = entry as StepEntry;
    if (this.#options.what !== 'record' && (!isNotable(step) || this.#isRepeated(step))) return [];
    return [transitionLine(step, start, this.#namesIn(view), this.#options.style)];
  }

  /** Made once for each view: a large workflow tells many things between two. */
  #namesIn(view: WorkflowView | undefined): NameStep {
    if (this.#names?.view !== view || this.#names === undefined)
      this.#names = { view, name: stepNames(view) };
    return this.#names.name;
  }

  /** A command that is made and one that is sent are one story. */
  #isRepeated({ change }: StepEntry): boolean {
    const { status, phase, attempt } = change.record;
    const said = status === 'undoing' ? status : `${status} ${phase} ${attempt}`;
    const repeated = this.#said.get(change.step) === said;
    this.#said.set(change.step, said);
    return repeated;
  }
}
