// Three ways to tell what happens while a workflow moves: a picture in place, a line each, a JSON line each.
// Belongs here: when something is shown. Does not belong here: how it looks (views/), where it comes from (watch.ts).
import type { Happening, WorkflowView } from '../runtime/api.ts';
import { Screen } from './screen.ts';
import { Telling } from './telling.ts';
import type { Terminal } from './terminal.ts';
import { printLines } from './terminal.ts';
import { agentNames } from './views/lanes.ts';
import { progressLines } from './views/progress.ts';
import type { Line } from './views/style.ts';

export interface Reporter {
  /** The workflow as it is now. */
  view(view: WorkflowView): void;
  happening(happening: Happening): void;
  /** Called ten times a second while the workflow moves. */
  tick(): void;
  /** Nothing more will come. */
  end(): void;
}

export interface ReporterOptions {
  readonly verbose: boolean;
  readonly now: () => number;
}

export function makeReporter(terminal: Terminal, json: boolean, options: ReporterOptions): Reporter {
  if (json) return new JsonReporter(terminal);
  return terminal.live ? new LiveReporter(terminal, options) : new LineReporter(terminal, options);
}

/** Which agents are away, from what was told of them. */
function noteAgent(offline: Map<string, string>, happening: Happening): void {
  if (happening.kind !== 'agent') return;
  if (happening.state === 'online') offline.delete(happening.agent);
  else offline.set(happening.agent, happening.reason ?? '');
}

class LiveReporter implements Reporter {
  readonly #terminal: Terminal;
  readonly #options: ReporterOptions;
  readonly #screen: Screen;
  readonly #telling: Telling;
  readonly #offline = new Map<string, string>();
  #view: WorkflowView | undefined;
  #above: Line[] = [];
  #frame = 0;

  constructor(terminal: Terminal, options: ReporterOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#screen = new Screen(terminal);
    this.#telling = new Telling({ style: terminal.style, what: 'all' });
  }

  view(view: WorkflowView): void {
    this.#view = view;
  }

  happening(happening: Happening): void {
    noteAgent(this.#offline, happening);
    if (this.#options.verbose) this.#above.push(...this.#telling.lines(happening, this.#view));
  }

  tick(): void {
    if (this.#view === undefined) return;
    const { width, height } = this.#terminal.size();
    const layout = {
      width: width - 1,
      height: height - 1,
      style: this.#terminal.style,
      frame: this.#frame++,
    };
    const moment = {
      now: this.#options.now(),
      offline: this.#offline,
      workflow: this.#view.record.id,
      nameOf: agentNames(this.#view),
    };
    this.#screen.draw(progressLines(this.#view, moment, layout), this.#above.splice(0));
  }

  end(): void {
    this.tick();
    this.#screen.release();
  }
}

class LineReporter implements Reporter {
  readonly #terminal: Terminal;
  readonly #telling: Telling;
  #view: WorkflowView | undefined;
  /** What came before the first view: without names and a start it cannot be told yet. */
  #early: Happening[] = [];

  constructor(terminal: Terminal, { verbose }: ReporterOptions) {
    this.#terminal = terminal;
    this.#telling = new Telling({ style: terminal.style, what: verbose ? 'all' : 'story' });
  }

  view(view: WorkflowView): void {
    this.#view = view;
    for (const happening of this.#early.splice(0)) this.happening(happening);
  }

  happening(happening: Happening): void {
    if (this.#view === undefined) this.#early.push(happening);
    else printLines(this.#terminal, this.#telling.lines(happening, this.#view));
  }

  tick(): void {}

  end(): void {}
}

class JsonReporter implements Reporter {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  view(): void {}

  happening(happening: Happening): void {
    this.#terminal.out(`${JSON.stringify(happening)}\n`);
  }

  tick(): void {}

  end(): void {}
}
