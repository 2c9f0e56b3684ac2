// `events NAME`: what happened, entry by entry, and with --follow what happens from now on.
// Belongs here: paging and following. Does not belong here: the words of an entry (views/transition.ts).
import type { Happening, WorkflowView } from '../../runtime/api.ts';
import type { ExitCode } from '../exits.ts';
import { leftBehind } from '../finish.ts';
import type { Context, Session } from '../host.ts';
import type { EngineOptions } from '../sessions.ts';
import { noState, withReader } from '../sessions.ts';
import type { Reporter } from '../reporters.ts';
import { printLines } from '../terminal.ts';
import { plain } from '../views/style.ts';
import { Telling } from '../telling.ts';
import { watch } from '../watch.ts';

export interface EventsOptions extends EngineOptions {
  readonly follow: boolean;
  /** Number of the last entry not to be shown. */
  readonly after: number;
}

const PAGE = 500;

export async function events(context: Context, id: string, options: EventsOptions): Promise<ExitCode> {
  const code = await withReader(context, options, async session => {
    const view = await session.api.workflow(id);
    const reporter = new EventReporter(context, view, options.json);
    if (options.follow && session.kind === 'attached') return follow(context, session, id, reporter, options);
    await past(session, id, reporter, options.after);
    if (options.follow && !options.json)
      printLines(context.terminal, [plain('No engine runs here: nothing more will come.')]);
    return 0;
  });
  if (code === undefined) throw noState(context, options, id);
  return code;
}

async function past(session: Session, id: string, reporter: Reporter, after: number): Promise<void> {
  for (let told = after; ; ) {
    const entries = await session.api.events(id, told, PAGE);
    for (const entry of entries) reporter.happening({ kind: 'log', entry });
    told = entries.at(-1)?.seq ?? told;
    if (entries.length < PAGE) return;
  }
}

async function follow(
  context: Context,
  session: Session,
  id: string,
  reporter: Reporter,
  options: EventsOptions,
): Promise<ExitCode> {
  try {
    const { interrupted } = await watch(context, session, id, reporter, options.after);
    return interrupted ? 130 : 0;
  } catch (thrown) {
    await leftBehind(context, session, id, options, thrown);
    return 0;
  }
}

/** Every entry, the protocol's steps too: this is the record, not the story. */
class EventReporter implements Reporter {
  readonly #context: Context;
  readonly #view: WorkflowView;
  readonly #json: boolean;
  readonly #telling: Telling;

  constructor(context: Context, view: WorkflowView, json: boolean) {
    this.#context = context;
    this.#view = view;
    this.#json = json;
    this.#telling = new Telling({ style: context.terminal.style, what: 'record' });
  }

  view(): void {}

  happening(happening: Happening): void {
    const { terminal } = this.#context;
    if (this.#json) {
      terminal.out(`${JSON.stringify(happening)}\n`);
      return;
    }
    printLines(terminal, this.#telling.lines(happening, this.#view));
  }

  tick(): void {}

  end(): void {}
}
