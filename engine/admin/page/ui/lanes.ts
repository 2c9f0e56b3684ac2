// Lanes: one per machine, time to the right; looked at with the pointer, the wheel and the keys.
// Belongs here: scrolling, zooming, pointing, choosing. Does not belong here: drawing (lanes-canvas.ts), the panel.
import { type Bar, barAt, laneAt, laneKey, type LanePlan, planLanes } from '../model/lanes.ts';
import { fitted, type Scale, timeOf, xOf, zoomed } from '../model/scale.ts';
import { absoluteText, durationText, spanText } from '../model/time.ts';
import { type Direction, walkFrom } from '../model/walk.ts';
import { moves, plural, STEP_LOOKS } from '../model/words.ts';
import { writeAddress } from '../model/address.ts';
import { lookLine } from '../model/acts.ts';
import type { Around } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { AXIS, draw, SLOT } from './lanes-canvas.ts';
import { button, cli, empty, field, link } from './pieces.ts';
import type { Open, TabView } from './open.ts';

const WIDE = 640;
const SOON = 10_000;

interface Hover {
  readonly x: number;
  readonly y: number;
  readonly bar: Bar;
}

export class Lanes implements TabView {
  readonly #around: Around;
  #scroller: HTMLElement | undefined;
  #canvas: HTMLCanvasElement | undefined;
  #open: Open | undefined;
  #plan: LanePlan | undefined;
  #made: readonly unknown[] = [];
  /** Undefined: the whole is in view. */
  #scale: Scale | undefined;
  #hover: Hover | undefined;
  #frame = 0;
  #revealed = '';
  #size = { width: 800, height: 400 };

  constructor(around: Around) {
    this.#around = around;
  }

  nodes(open: Open): readonly Child[] {
    this.#open = open;
    const plan = this.#planned(open);
    if (plan.lanes.length === 0) return [this.#bar(open), empty('No machine fits.')];
    const { width, height } = this.#whole();
    this.#drawSoon();
    return [
      this.#bar(open),
      h(
        'div',
        {
          class: 'lanes',
          key: 'lanes',
          role: 'group',
          tabindex: '0',
          'aria-label': `Lanes of ${plural(plan.lanes.length, 'machine')}. Arrow keys go from step to step; the view Steps is the same as a table.`,
          ref: element => this.#attach(element),
          on: {
            scroll: () => this.#drawSoon(),
            pointermove: (event: PointerEvent) => this.#point(event),
            pointerleave: () => this.#leave(),
            click: (event: MouseEvent) => this.#click(event),
            wheel: (event: WheelEvent) => this.#wheel(event),
          },
        },
        h(
          'div',
          { class: 'lanes-space', css: { width: `${width}px`, height: `${height}px` } },
          h('canvas', {
            'aria-hidden': 'true',
            ref: element => void (this.#canvas = element as HTMLCanvasElement),
          }),
        ),
      ),
      this.#hover && this.#tip(this.#hover),
      h('p', { class: 'unseen', 'aria-live': 'polite', key: 'told' }, this.#told(open)),
    ];
  }

  key(event: KeyboardEvent, open: Open): boolean {
    const direction = DIRECTIONS[event.key];
    if (direction !== undefined) return this.#walk(direction, open);
    switch (event.key) {
      case '+':
      case '=':
        return this.#zoom(1.6);
      case '-':
        return this.#zoom(1 / 1.6);
      case '0':
        return this.#fit();
      case 'n':
        return this.#toNow();
      default:
        return false;
    }
  }

  #bar(open: Open): Node_ {
    const { address } = open;
    return h('div', { class: 'bar', key: 'bar' }, [
      field('Filter machines', address.text, typed => open.go({ text: typed }, true)),
      h('div', { class: 'picks', role: 'group', 'aria-label': 'Zoom' }, [
        button('−', () => this.#zoom(1 / 1.6), {
          class: 'pick',
          'aria-label': 'Farther',
          'aria-keyshortcuts': '-',
        }),
        button('+', () => this.#zoom(1.6), {
          class: 'pick',
          'aria-label': 'Nearer',
          'aria-keyshortcuts': '+',
        }),
        button('Whole', () => this.#fit(), { class: 'pick', 'aria-keyshortcuts': '0' }),
        button('Now', () => this.#toNow(), { class: 'pick', 'aria-keyshortcuts': 'n' }),
      ]),
      legend(),
      h('span', { class: 'grow' }),
      link(writeAddress({ ...address, tab: 'steps' }), 'As a table'),
      cli(lookLine('status', address.id)),
    ]);
  }

  /** Laid out anew only when something changed. */
  #planned(open: Open): LanePlan {
    const view = open.board.view;
    const { text } = open.address;
    const made = [view.record.seq, open.timeline, text, open.board];
    if (this.#plan && made.every((one, place) => one === this.#made[place])) return this.#plan;
    this.#made = made;
    const wanted = text.toLowerCase();
    const steps =
      wanted === ''
        ? view.steps
        : view.steps.filter(step =>
            `${laneKey(step)} ${step.member?.name ?? ''}`.toLowerCase().includes(wanted),
          );
    this.#plan = planLanes({ ...view, steps }, open.timeline);
    return this.#plan;
  }

  #attach(element: HTMLElement): void {
    if (this.#scroller === element) return;
    this.#scroller = element;
    new ResizeObserver(() => this.#resized()).observe(element);
    this.#resized();
  }

  #resized(): void {
    const { clientWidth: width = 0, clientHeight: height = 0 } = this.#scroller ?? {};
    if (width === 0 || (width === this.#size.width && height === this.#size.height)) return;
    this.#size = { width, height };
    this.#around.changed();
  }

  get #names(): number {
    return this.#size.width < WIDE ? 104 : 190;
  }

  get #ahead(): number {
    return this.#size.width < WIDE ? 0 : 104;
  }

  /** The end of what is shown: while it goes on, farther than now, so that the whole changes its scale only now and then. */
  #end(): number {
    const record = this.#open?.board.view.record;
    const { from, to } = this.#plan ?? { from: 0, to: 0 };
    if (record === undefined || !moves(record.status)) return Math.max(to, from + 1_000);
    let end = SOON;
    while (end < this.#around.now - from) end *= 1.5;
    return from + end;
  }

  #shownScale(): Scale {
    const room = this.#size.width - this.#names - this.#ahead - 12;
    return this.#scale ?? fitted(this.#plan?.from ?? 0, this.#end(), room);
  }

  #whole(): { readonly width: number; readonly height: number } {
    const across =
      this.#scale === undefined ? 0 : xOf(this.#shownScale(), this.#end()) + this.#names + this.#ahead + 40;
    return {
      width: Math.max(this.#size.width, across),
      height: Math.max(this.#size.height, (this.#plan?.height ?? 0) + AXIS),
    };
  }

  #drawSoon(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const [canvas, scroller, plan, open] = [this.#canvas, this.#scroller, this.#plan, this.#open];
    if (!canvas?.isConnected || !scroller || !plan || !open) return;
    const { step } = open.address;
    if (step !== this.#revealed) {
      this.#revealed = step;
      this.#reveal(step);
    }
    draw(canvas, {
      plan,
      scale: this.#shownScale(),
      now: moves(open.board.view.record.status) ? Math.max(this.#around.now, plan.to) : plan.to,
      left: scroller.scrollLeft,
      top: scroller.scrollTop,
      ...this.#size,
      names: this.#names,
      ahead: this.#ahead,
      chosen: step,
      critical: new Set(open.timeline?.criticalPath.map(link => link.step)),
    });
  }

  #reveal(step: string): void {
    const scroller = this.#scroller;
    const lane = this.#plan?.lanes.find(({ steps }) => steps.some(({ id }) => id === step));
    if (!scroller || !lane) return;
    if (lane.top < scroller.scrollTop) scroller.scrollTop = lane.top;
    else if (lane.top + lane.height > scroller.scrollTop + this.#size.height - AXIS)
      scroller.scrollTop = lane.top + lane.height - this.#size.height + AXIS;
    const bar = lane.bars.find(one => one.step.id === step);
    if (!bar || this.#scale === undefined) return;
    const x = xOf(this.#scale, bar.from);
    const room = this.#size.width - this.#names - this.#ahead;
    if (x < scroller.scrollLeft || x > scroller.scrollLeft + room - 40)
      scroller.scrollLeft = Math.max(0, x - room / 3);
  }

  /** Around the pixel, or the middle. */
  #zoom(factor: number, at?: number): boolean {
    const scroller = this.#scroller;
    if (!scroller) return false;
    const room = this.#size.width - this.#names - this.#ahead;
    const x = at ?? room / 2;
    const before = this.#shownScale();
    const moment = timeOf(before, scroller.scrollLeft + x);
    this.#scale = zoomed(before, factor, this.#end() - (this.#plan?.from ?? 0), room - 12);
    this.#around.changed();
    requestAnimationFrame(() => {
      if (this.#scale) scroller.scrollLeft = Math.max(0, xOf(this.#scale, moment) - x);
      this.#drawSoon();
    });
    return true;
  }

  #fit(): boolean {
    this.#scale = undefined;
    if (this.#scroller) this.#scroller.scrollLeft = 0;
    this.#around.changed();
    return true;
  }

  #toNow(): boolean {
    const room = this.#size.width - this.#names - this.#ahead;
    if (this.#scroller)
      this.#scroller.scrollLeft = Math.max(0, xOf(this.#shownScale(), this.#around.now) - room * 0.8);
    this.#drawSoon();
    return true;
  }

  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#zoom(event.deltaY < 0 ? 1.25 : 0.8, Math.max(0, event.offsetX - this.#names));
  }

  /** What is under the pointer: a bar, or a box of what is to come. */
  #under(event: MouseEvent): { readonly bar?: Bar; readonly step?: string } {
    const scroller = this.#scroller;
    const plan = this.#plan;
    if (!scroller || !plan) return {};
    const box = scroller.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const lane = y < AXIS ? undefined : laneAt(plan, y - AXIS + scroller.scrollTop);
    if (!lane || x < this.#names) return {};
    const right = x - (this.#size.width - this.#ahead);
    if (right >= 0) {
      const step = lane.ahead[Math.floor((right - 6) / SLOT)];
      return step === undefined ? {} : { step: step.id };
    }
    const scale = this.#shownScale();
    const bar = barAt(
      lane,
      y - AXIS + scroller.scrollTop,
      timeOf(scale, x - this.#names + scroller.scrollLeft),
      5 / scale.perMs,
    );
    return bar === undefined ? {} : { bar, step: bar.step.id };
  }

  #point(event: PointerEvent): void {
    const { bar, step } = this.#under(event);
    this.#scroller?.classList.toggle('over', step !== undefined);
    if (bar === undefined && this.#hover === undefined) return;
    this.#hover = bar && { x: event.clientX, y: event.clientY, bar };
    this.#around.changed();
  }

  #leave(): void {
    this.#hover = undefined;
    this.#around.changed();
  }

  #click(event: MouseEvent): void {
    const { step } = this.#under(event);
    if (step !== undefined) this.#open?.go({ step });
  }

  #tip({ bar, x, y }: Hover): Node_ {
    const { from, to, step } = bar;
    const end = to ?? this.#around.now;
    const right = x > window.innerWidth - 320;
    return h(
      'div',
      {
        class: 'tip',
        key: 'tip',
        css: {
          left: right ? 'auto' : `${x + 14}px`,
          right: right ? `${window.innerWidth - x + 14}px` : 'auto',
          top: `${Math.min(y + 16, window.innerHeight - 96)}px`,
        },
      },
      h('strong', {}, step.id),
      h(
        'div',
        {},
        `${STEP_LOOKS[step.record.status].word}${step.record.attempt > 1 ? `, attempt ${step.record.attempt}` : ''}`,
      ),
      h(
        'div',
        { class: 'faint' },
        `${absoluteText(from)} · ${spanText(end - from)}${to === undefined ? ' so far' : ''}`,
      ),
      step.record.error && !bar.good && h('div', {}, step.record.error.message),
    );
  }

  /** For those who do not see the canvas. */
  #told(open: Open): string {
    const step = open.board.step(open.address.step);
    if (step === undefined) return '';
    const { status, attempt } = step.record;
    return `${step.id} is ${STEP_LOOKS[status].word}, attempt ${attempt}, for ${durationText(this.#around.now - step.record.since)}.`;
  }

  /** Keys that scroll what has the focus are left to it. */
  #walk(direction: Direction, open: Open): boolean {
    const focused = document.activeElement;
    if (!this.#plan || (focused !== this.#scroller && focused !== document.body)) return false;
    const next = walkFrom(this.#plan, open.address.step, direction);
    if (next !== undefined) open.go({ step: next }, open.address.step !== '');
    return true;
  }
}

const DIRECTIONS: { readonly [key: string]: Direction } = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

const legend = (): Node_ =>
  h('span', { class: 'legend', 'aria-hidden': 'true' }, [
    h('span', { class: 'tone-good' }, '✓ reached'),
    h('span', { class: 'tone-busy' }, '▸ running'),
    h('span', { class: 'tone-warn' }, '‖ held'),
    h('span', { class: 'tone-bad hatch' }, '✕ failed'),
    h('span', { class: 'tone-undo' }, '↶ undo'),
    h('span', { class: 'critical' }, 'critical path'),
  ]);
