// Times as people read them: how long, how long ago, and when exactly.
// Belongs here: functions of milliseconds. Does not belong here: the clock, the time axis (scale.ts).
import { durationText } from '../../../definition/durations.ts';

export { durationText };

const DAY = 24 * 3_600_000;

/** `now`, `7s ago`, `2m05s ago`, `3 days ago`. */
export function agoText(now: number, at: number): string {
  const ms = now - at;
  if (ms < 1_000) return 'now';
  if (ms < 2 * DAY) return `${durationText(ms)} ago`;
  return `${Math.floor(ms / DAY)} days ago`;
}

/** `2026-11-23 08:40:12`, in the reader's own time zone. */
export function absoluteText(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** As `durationText`, with what a short one needs: `0.4s`. */
export function spanText(ms: number): string {
  return ms >= 0 && ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : durationText(ms);
}
