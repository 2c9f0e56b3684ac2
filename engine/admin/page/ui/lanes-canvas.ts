// Lanes drawn on a canvas as large as the view: only what is in view, whatever there is.
// Belongs here: drawing. Does not belong here: where bars stand (model/lanes.ts), what a pointer or key does (lanes.ts).
import { type Bar, barsIn, type Lane, type LanePlan, lanesIn, PAD, ROW } from '../model/lanes.ts';
import { type Scale, ticks, timeOf, xOf } from '../model/scale.ts';
import { STEP_LOOKS, type Tone } from '../model/words.ts';
import { type Palette, palette } from './palette.ts';

export interface Picture {
  readonly plan: LanePlan;
  readonly scale: Scale;
  readonly now: number;
  /** Where the view stands in the whole, and how large it is. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Width of the names at the left and of what is to come at the right. */
  readonly names: number;
  readonly ahead: number;
  readonly chosen: string;
  readonly critical: ReadonlySet<string>;
}

export const AXIS = 26;
/** Of what is to come: one box and its gap. */
export const SLOT = 13;

export function draw(canvas: HTMLCanvasElement, picture: Picture): void {
  const { width, height } = picture;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.setProperty('width', `${width}px`);
    canvas.style.setProperty('height', `${height}px`);
  }
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  new Brush(context, picture, palette()).all();
}

const SIGNS = 'abcdefghijklmnopqrstuvwxyz_012345';

class Brush {
  readonly #context: CanvasRenderingContext2D;
  readonly #picture: Picture;
  readonly #palette: Palette;
  /** Width of an average sign. */
  readonly #sign: number;

  constructor(context: CanvasRenderingContext2D, picture: Picture, colours: Palette) {
    this.#context = context;
    this.#picture = picture;
    this.#palette = colours;
    context.font = `12px ${colours.font}`;
    context.textBaseline = 'middle';
    this.#sign = context.measureText(SIGNS).width / SIGNS.length;
  }

  all(): void {
    const { plan, top, height, width } = this.#picture;
    this.#context.fillStyle = this.#palette.back;
    this.#context.fillRect(0, 0, width, height);
    this.#grid();
    const lanes = lanesIn(plan, top, top + height - AXIS);
    for (const lane of lanes) this.#lane(lane);
    this.#now();
    for (const lane of lanes) this.#edges(lane);
    this.#axis();
  }

  #grid(): void {
    const { height } = this.#picture;
    this.#context.fillStyle = this.#palette.line;
    for (const { x } of this.#ticks()) this.#context.fillRect(Math.round(x), AXIS, 1, height);
  }

  #axis(): void {
    const { width, names } = this.#picture;
    const context = this.#context;
    context.fillStyle = this.#palette.back;
    context.fillRect(0, 0, width, AXIS);
    context.fillStyle = this.#palette.line;
    context.fillRect(0, AXIS - 1, width, 1);
    context.fillStyle = this.#palette.faint;
    for (const { x, label } of this.#ticks())
      if (x >= names - 1 && x + 6 + label.length * this.#sign < width - this.#picture.ahead)
        context.fillText(label, x + 3, AXIS / 2);
    context.fillText('Machine', 10, AXIS / 2);
    if (this.#picture.ahead > 0) context.fillText('To come', width - this.#picture.ahead + 6, AXIS / 2);
  }

  #ticks(): readonly { readonly x: number; readonly label: string }[] {
    const { scale, left, names, width, ahead } = this.#picture;
    const room = width - names - ahead;
    return ticks(scale, left, left + room).map(({ x, label }) => ({ x: x - left + names, label }));
  }

  #now(): void {
    const { now, plan, names, ahead, width, height, top } = this.#picture;
    const x = this.#x(now);
    if (x < names || x > width - ahead) return;
    this.#context.fillStyle = this.#palette.accent;
    this.#context.fillRect(Math.round(x), AXIS, 1, Math.min(height, plan.height - top + AXIS));
  }

  #lane(lane: Lane): void {
    const { scale, left, names, ahead, width, now } = this.#picture;
    const y = this.#y(lane.top);
    this.#context.fillStyle = this.#palette.line;
    this.#context.fillRect(0, y + lane.height - 1, width, 1);
    const [from, to] = [timeOf(scale, left), timeOf(scale, left + width - names - ahead)];
    const drawn: number[] = [];
    for (const bar of barsIn(lane, from, to)) this.#bar(bar, lane, drawn, now);
  }

  /** What would fall on a pixel that is drawn already is left out. */
  #bar(bar: Bar, lane: Lane, drawn: number[], now: number): void {
    const { chosen, critical } = this.#picture;
    const from = this.#x(bar.from);
    const to = Math.max(this.#x(bar.to ?? Math.max(now, bar.from)), from + 3);
    const isChosen = bar.step.id === chosen;
    if (!isChosen && to < (drawn[bar.row] ?? -Infinity) + 0.5) return;
    drawn[bar.row] = Math.max(drawn[bar.row] ?? -Infinity, to);
    const y = this.#y(lane.top) + PAD + bar.row * ROW + 1;
    if (bar.kind === 'join') this.#diamond(from, y, toneOf(bar));
    else this.#box(bar, from, to, y);
    if (critical.has(bar.step.id)) {
      this.#context.fillStyle = this.#palette.accent;
      this.#context.fillRect(from, y + ROW - 3, to - from, 2);
    }
    if (isChosen) this.#frame(from - 2, y - 2, to - from + 4, ROW + 1);
  }

  #box(bar: Bar, from: number, to: number, y: number): void {
    const context = this.#context;
    const { ink, fill, hatch } = this.#palette.tones[toneOf(bar)];
    const width = to - from;
    context.fillStyle = bar.kind === 'probe' ? this.#palette.back : bar.good ? fill : hatch;
    context.fillRect(from, y, width, ROW - 3);
    context.strokeStyle = ink;
    context.lineWidth = 1;
    if (bar.kind === 'probe') context.setLineDash([3, 2]);
    context.strokeRect(from + 0.5, y + 0.5, Math.max(1, width - 1), ROW - 4);
    context.setLineDash([]);
    if (width < 14) return;
    const start = Math.max(from, this.#picture.names);
    const text = fitting(`${markOf(bar)} ${bar.step.state}`, to - start - 6, this.#sign);
    if (text === '') return;
    context.fillStyle = ink;
    context.fillText(text, start + 4, y + (ROW - 3) / 2 + 0.5);
  }

  #diamond(x: number, y: number, tone: Tone): void {
    const context = this.#context;
    const middle = y + (ROW - 3) / 2;
    context.fillStyle = this.#palette.tones[tone].ink;
    context.beginPath();
    context.moveTo(x, middle - 5);
    context.lineTo(x + 5, middle);
    context.lineTo(x, middle + 5);
    context.lineTo(x - 5, middle);
    context.fill();
  }

  #frame(x: number, y: number, width: number, height: number): void {
    this.#context.strokeStyle = this.#palette.accent;
    this.#context.lineWidth = 2;
    this.#context.strokeRect(x, y, width, height);
  }

  /** Names and what is to come, over what would reach under them. */
  #edges(lane: Lane): void {
    const { names, ahead, width, chosen } = this.#picture;
    const context = this.#context;
    const y = this.#y(lane.top);
    const middle = y + PAD + ROW / 2 - 1;
    context.fillStyle = this.#palette.back;
    context.fillRect(0, y, names, lane.height - 1);
    context.fillRect(width - ahead, y, ahead, lane.height - 1);
    const counted = `${lane.done}/${lane.steps.length}`;
    context.fillStyle = this.#palette.text;
    context.fillText(fitting(lane.name, names - 24 - counted.length * 7, this.#sign), 10, middle);
    context.fillStyle = this.#palette.faint;
    context.textAlign = 'right';
    context.fillText(counted, names - 8, middle);
    context.textAlign = 'left';
    if (ahead === 0) return;
    const most = Math.floor((ahead - 30) / SLOT);
    for (const [place, step] of lane.ahead.slice(0, most).entries()) {
      const x = width - ahead + 6 + place * SLOT;
      context.strokeStyle = this.#palette.tones.quiet.ink;
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, middle - 4.5, 9, 9);
      if (step.record.status === 'ready') context.fillRect(x + 0.5, middle - 4.5, 4.5, 9);
      if (step.id === chosen) this.#frame(x - 1, middle - 6, 12, 12);
    }
    if (lane.ahead.length > most)
      context.fillText(`+${lane.ahead.length - most}`, width - ahead + 6 + most * SLOT, middle);
  }

  #x(at: number): number {
    const { scale, left, names } = this.#picture;
    return xOf(scale, at) - left + names;
  }

  #y(top: number): number {
    return top - this.#picture.top + AXIS;
  }
}

export function toneOf({ kind, good, to }: Bar): Tone {
  if (kind === 'asks') return 'warn';
  if (kind === 'undo') return good ? 'undo' : 'bad';
  if (to === undefined) return 'busy';
  if (!good) return 'bad';
  return kind === 'probe' ? 'quiet' : 'good';
}

function markOf(bar: Bar): string {
  if (bar.kind === 'asks') return STEP_LOOKS.paused.mark;
  if (bar.kind === 'undo') return STEP_LOOKS.undoing.mark;
  if (bar.kind === 'probe') return '?';
  if (bar.to === undefined) return STEP_LOOKS.running.mark;
  return bar.good ? STEP_LOOKS.reached.mark : STEP_LOOKS.failed.mark;
}

/** As much of it as fits; by an average sign, for thousands are drawn. */
function fitting(text: string, width: number, sign: number): string {
  const most = Math.floor(width / sign);
  if (most <= 0) return '';
  return text.length <= most ? text : most < 3 ? text.slice(0, 1) : `${text.slice(0, most - 1)}…`;
}
