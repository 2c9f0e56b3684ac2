// One workflow: its head, its tabs, the panel beside them; kept up to date.
// Belongs here: what is loaded when, and the frame. Does not belong here: the tabs and the panel (their own files).
import type { WorkflowRecord } from '../../../machine/types.ts';
import type { StepView } from '../../../runtime/api.ts';
import type { Timeline } from '../../../runtime/timeline.ts';
import type { Explanation, WorkflowExplanation } from '../../../machine/why/types.ts';
import type { Drawing } from '../client.ts';
import { type Address, type Tab, TABS, writeAddress } from '../model/address.ts';
import { type Act, inDoubt, type Standing } from '../model/acts.ts';
import { Board } from '../model/board.ts';
import { absoluteText, durationText } from '../model/time.ts';
import { moves } from '../model/words.ts';
import { openAct } from './act-dialog.ts';
import type { Around, View } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { Graph } from './graph.ts';
import { Lanes } from './lanes.ts';
import { Log } from './log.ts';
import { Members } from './members.ts';
import type { Open, TabView, WorkflowAddress } from './open.ts';
import { Operations } from './operations.ts';
import { ago, button, loading, trouble, workflowChip } from './pieces.ts';
import { Plan } from './plan.ts';
import { stepPanel, workflowPanel } from './panel.ts';
import { Steps } from './steps.ts';
import { TimelineView } from './timeline.ts';

const NAMES: { readonly [tab in Tab]: string } = {
  lanes: 'Lanes',
  steps: 'Steps',
  graph: 'Graph',
  timeline: 'Timeline',
  log: 'Log',
  plan: 'Plan',
  members: 'Members',
  operations: 'Operations',
};

/** Milliseconds between two looks at what is made anew each time, while something happens. */
const PAUSE = 700;
/** Entries of a log that is read for what a step was given; a longer one is read only when somebody looks at it. */
const SHORT = 5_000;

export class Workflow implements View {
  readonly #around: Around;
  readonly #log: Log;
  readonly #plan: Plan;
  readonly #tabs: { readonly [tab in Tab]: TabView };
  #address: WorkflowAddress;
  #board: Board | undefined;
  #error: unknown;
  #timeline: Timeline | undefined;
  #drawing: Drawing | undefined;
  #explained: { readonly of: string; readonly answer: Explanation | WorkflowExplanation } | undefined;
  #stopFollowing: () => void = () => undefined;
  #inViewNow: Tab | undefined;
  #isGone = false;
  #hasEnded = false;
  #due = new Map<string, number>();

  constructor(around: Around, address: WorkflowAddress) {
    this.#around = around;
    this.#address = address;
    this.#log = new Log(around, address.id);
    this.#plan = new Plan(around, address.id);
    this.#tabs = {
      lanes: new Lanes(around),
      steps: new Steps(around),
      graph: new Graph(),
      timeline: new TimelineView(around),
      log: this.#log,
      plan: this.#plan,
      members: new Members(around, address.id),
      operations: new Operations(around, address.id),
    };
    void this.#load();
  }

  get title(): string {
    const { step, id } = this.#address;
    return step === '' ? id : `${step} · ${id}`;
  }

  stop(): void {
    this.#hasEnded = true;
    this.#stopFollowing();
    for (const due of this.#due.values()) window.clearTimeout(due);
    for (const tab of Object.values(this.#tabs)) tab.stop?.();
  }

  moved(address: Address): void {
    if (address.page !== 'workflow') return;
    this.#address = address;
    this.#soon('explain', 0, () => this.#explain());
    this.#soon('tab', 0, () => this.#renewTab());
    if (address.tab === 'timeline') this.#soon('timeline', 0, () => this.#readTimeline());
  }

  key(event: KeyboardEvent): boolean {
    const { tab, step } = this.#address;
    const open = this.#open();
    if (open && this.#tabs[tab].key?.(event, open)) return true;
    const number = Number(event.key);
    if (number >= 1 && number <= TABS.length) this.#go({ tab: TABS[number - 1] ?? 'lanes' });
    else if (event.key === 'Escape' && step !== '') this.#go({ step: '' });
    else return false;
    return true;
  }

  nodes(): readonly Child[] {
    const { id } = this.#address;
    if (this.#error !== undefined) return [trouble(this.#error, () => void this.#load())];
    const open = this.#open();
    if (open === undefined) return [loading(`workflow ${id}`)];
    const tab = this.#tabs[this.#address.tab];
    return [
      this.#head(open),
      this.#nav(),
      h('div', { class: 'split', key: 'split' }, [
        h(
          'section',
          {
            class: `tab tab-${this.#address.tab}`,
            'aria-label': NAMES[this.#address.tab],
            key: this.#address.tab,
          },
          tab.nodes(open),
        ),
        this.#address.step === '' ? workflowPanel(open) : stepPanel(open, this.#address.step),
      ]),
    ];
  }

  #open(): Open | undefined {
    const board = this.#board;
    if (board === undefined) return undefined;
    const { step } = this.#address;
    return {
      around: this.#around,
      address: this.#address,
      board,
      timeline: this.#timeline,
      drawing: this.#drawing,
      explained: this.#explained?.of === step ? this.#explained.answer : undefined,
      inputsOf: one => this.#log.inputsOf(one),
      go: (change, replace) => this.#go(change, replace),
      letLeave: member => {
        this.#plan.letLeave(member);
        this.#go({ tab: 'plan' });
      },
      act: act => openAct(this.#around, board.view, this.#standing(), act),
    };
  }

  #standing(): Standing | undefined {
    return this.#drawing && { edges: this.#drawing.edges.map(({ edge }) => edge) };
  }

  #head({ board, act }: Open): Node_ {
    const { record, description } = board.view;
    const { now } = this.#around;
    const since = moves(record.status) ? Math.max(now, record.at) : record.at;
    return h(
      'div',
      { class: 'bar workflow-head', key: 'head' },
      h('h1', { title: description }, record.id),
      this.#isGone ? h('span', { class: 'chip tone-quiet' }, 'gone') : workflowChip(record.status),
      h('span', { class: 'facts' }, [
        h(
          'span',
          { title: `Created ${absoluteText(record.createdAt)}` },
          `${durationText(since - record.createdAt)} in all`,
        ),
        ' · changed ',
        ago(now, record.at),
        record.generation > 1 && ` · generation ${record.generation}`,
        record.deadline !== undefined &&
          moves(record.status) &&
          h(
            'span',
            { title: absoluteText(record.deadline) },
            ` · ${durationText(record.deadline - now)} left`,
          ),
      ]),
      h('span', { class: 'grow' }),
      ...(this.#isGone ? [] : workflowButtons(board, act)),
      record.suspended !== undefined &&
        h('p', { class: 'reason' }, [
          `Suspended by ${record.suspended.by} `,
          ago(now, record.suspended.at),
          ': nothing begins until it is resumed.',
        ]),
      record.reason !== '' && h('p', { class: 'reason', title: record.reason }, record.reason),
    );
  }

  #nav(): Node_ {
    return h(
      'nav',
      { class: 'tabs', 'aria-label': 'Views of the workflow', key: 'nav' },
      TABS.map((tab, place) =>
        h(
          'a',
          {
            key: tab,
            href: writeAddress({ ...this.#address, tab, text: '', show: '' }),
            'aria-current': tab === this.#address.tab ? 'page' : undefined,
            'aria-keyshortcuts': String(place + 1),
            ref: (element: HTMLElement) => this.#inView(element, tab),
          },
          NAMES[tab],
        ),
      ),
    );
  }

  /** Where they do not fit beside each other, the one that is shown is seen. */
  #inView(element: HTMLElement, tab: Tab): void {
    if (tab !== this.#address.tab || this.#inViewNow === tab) return;
    this.#inViewNow = tab;
    element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #go(change: Partial<WorkflowAddress>, replace = false): void {
    this.#around.go({ ...this.#address, ...change }, replace);
  }

  async #load(): Promise<void> {
    const { client } = this.#around;
    const { id } = this.#address;
    this.#error = undefined;
    try {
      const view = await client.workflow(id);
      if (this.#hasEnded) return;
      this.#board = this.#board?.renew(view) ?? new Board(view);
      this.#follow();
      void this.#explain();
      void this.#renewTab();
      void this.#readTimeline();
      void this.#readDrawing();
    } catch (error) {
      this.#error = error;
    }
    this.#around.changed();
  }

  #follow(): void {
    const { id } = this.#address;
    this.#stopFollowing();
    this.#stopFollowing = this.#around.client.follow(id, this.#board?.view.record.seq ?? 0, {
      happened: happening => {
        this.#board?.apply(happening);
        if (happening.kind === 'log') this.#log.heard(happening.entry);
        if (happening.kind !== 'output') this.#soon('explain', this.#explainPause(), () => this.#explain());
        if (happening.kind !== 'output') this.#soon('tab', this.#timelinePause(), () => this.#renewTab());
        if (happening.kind === 'log') this.#soon('timeline', this.#timelinePause(), () => this.#readWhole());
        if (this.#board?.stale) this.#soon('view', PAUSE, () => this.#renew());
        this.#around.changed();
      },
      gone: () => {
        this.#isGone = true;
        this.#around.notice(`Workflow ${id} is gone.`);
      },
    });
  }

  /** Who looks at a small one is not to be shown what was true a moment ago. */
  #explainPause(): number {
    return (this.#board?.size ?? 0) > 1_000 ? 2 * PAUSE : PAUSE / 5;
  }

  /** A large one is drawn from its records meanwhile. */
  #timelinePause(): number {
    return (this.#board?.size ?? 0) > 1_000 ? 4 * PAUSE : PAUSE;
  }

  async #renew(): Promise<void> {
    const view = await this.#around.client.workflow(this.#address.id);
    this.#board = this.#board?.renew(view);
    void this.#readDrawing();
    this.#around.changed();
  }

  /** Of the tab that is looked at: another is read when it is opened. */
  async #renewTab(): Promise<void> {
    await this.#tabs[this.#address.tab].refresh?.();
  }

  async #explain(): Promise<void> {
    const { id, step } = this.#address;
    if (step !== '' && (this.#board?.view.record.seq ?? 0) <= SHORT) this.#log.wanted();
    const answer = await this.#around.client.explain(id, step).catch(() => undefined);
    this.#explained = answer && { of: step, answer };
    this.#around.changed();
  }

  /** What follows from many steps at once, and that no entry of the log tells. */
  async #readWhole(): Promise<void> {
    const outputs = await this.#around.client.outputs(this.#address.id).catch(() => undefined);
    if (outputs !== undefined) this.#board?.gave(outputs);
    await this.#readTimeline();
  }

  async #readTimeline(): Promise<void> {
    this.#timeline =
      (await this.#around.client.timeline(this.#address.id).catch(() => undefined)) ?? this.#timeline;
    this.#around.changed();
  }

  async #readDrawing(): Promise<void> {
    this.#drawing = await this.#around.client.drawing(this.#address.id).catch(() => undefined);
    this.#around.changed();
  }

  /** Once, after a while, however often it is asked for. */
  #soon(what: string, ms: number, work: () => Promise<void>): void {
    if (this.#hasEnded || this.#due.has(what)) return;
    const run = (): void => {
      this.#due.delete(what);
      work().catch(() => undefined);
    };
    this.#due.set(what, window.setTimeout(run, ms));
  }
}

/** It failed, or is held after a failure: a person may have it tried again. */
const isOpen = ({ wanted, record: { status, asks } }: StepView): boolean =>
  wanted && (status === 'failed' || status === 'interrupted' || (status === 'paused' && asks === undefined));

const mayCheck = ({ status, suspended, operation }: WorkflowRecord): boolean =>
  (status === 'complete' || status === 'failed' || status === 'held') &&
  suspended === undefined &&
  operation === undefined;

function workflowButtons(board: Board, act: (act: Act) => void): readonly Node_[] {
  const { status } = board.view.record;
  const one = (text: string, what: Act, kind = ''): Node_ =>
    button(text, () => act(what), { key: text, class: kind });
  const isSuspended = board.view.record.suspended !== undefined;
  const hasFailed = board.view.steps.some(isOpen);
  return [
    ...(status === 'failed' || isSuspended ? [one('Resume …', { kind: 'resume' }, 'main')] : []),
    ...(hasFailed && moves(status) ? [one('Retry what failed …', { kind: 'retry' })] : []),
    ...(moves(status) && !isSuspended ? [one('Suspend …', { kind: 'suspend' })] : []),
    ...(status === 'running' || status === 'held' ? [one('Cancel …', { kind: 'cancel' })] : []),
    ...(mayCheck(board.view.record) ? [one('Check …', { kind: 'check' })] : []),
    ...(inDoubt(board.view).length > 0 ? [one('Converge …', { kind: 'converge' }, 'main')] : []),
    one('Delete …', { kind: 'delete', abandon: false }),
  ];
}
