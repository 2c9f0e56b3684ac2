// The time axis: where a moment stands, which moments get a tick, zooming.
// Belongs here: arithmetic of times and pixels. Does not belong here: drawing (ui/), what stands on it (lanes.ts).
import { durationText } from './time.ts';

/** `origin`: ms since the epoch at pixel 0. */
export interface Scale {
  readonly origin: number;
  readonly perMs: number;
}

export interface Tick {
  readonly x: number;
  /** Time since the origin. */
  readonly label: string;
}

/** What a browser can scroll over. */
const WIDEST = 8_000_000;
const LEAST_SPAN = 1_000;
const STEPS = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
];

export const xOf = ({ origin, perMs }: Scale, at: number): number => (at - origin) * perMs;
export const timeOf = ({ origin, perMs }: Scale, x: number): number => origin + x / perMs;

/** The whole of it in so many pixels. */
export function fitted(from: number, to: number, width: number): Scale {
  return { origin: from, perMs: Math.max(1, width) / Math.max(LEAST_SPAN, to - from) };
}

/** Nearer for a factor above 1; never more than a browser can scroll over, never farther than the whole. */
export function zoomed(scale: Scale, factor: number, span: number, width: number): Scale {
  const least = Math.max(1, width) / Math.max(LEAST_SPAN, span);
  const most = Math.max(least, Math.min(2, WIDEST / Math.max(LEAST_SPAN, span)));
  return { ...scale, perMs: Math.min(most, Math.max(least, scale.perMs * factor)) };
}

/** Between two pixels, so far apart that labels do not touch. */
export function ticks({ perMs }: Scale, fromX: number, toX: number, gap = 90): readonly Tick[] {
  const wanted = gap / perMs;
  const days = 86_400_000;
  const step = STEPS.find(one => one >= wanted) ?? Math.ceil(wanted / days) * days;
  const found: Tick[] = [];
  for (let at = Math.ceil(fromX / perMs / step) * step; at * perMs <= toX; at += step)
    found.push({ x: at * perMs, label: step < 1_000 ? `${(at / 1000).toFixed(1)}s` : durationText(at) });
  return found;
}
