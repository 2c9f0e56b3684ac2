// How every benchmark measures: rounds of ours and of its baseline in turn, medians, and the ratio of each pair.
// Belongs here: timing, medians, printing. Does not belong here: what is measured (one file each beside this one).
//
// These machines are noisy: only ratios within one run mean anything, so ours and the baseline alternate A B A B …
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export interface Comparison {
  readonly name: string;
  /** What one unit of work is: `transition`, `step`, `workflow`. */
  readonly unit: string;
  /** Target for the ratio, as the project promises it: `<= 2` or `>= 0.3`; absent: it is reported. */
  readonly target?: string;
  /** `rate`: ours ÷ baseline in units per second; `time`: ours ÷ baseline in time per unit. */
  readonly compare: 'rate' | 'time';
  /** Carries out some work and says how much; the harness takes the time. */
  readonly ours: () => Promise<number>;
  readonly baseline: () => Promise<number>;
  readonly rounds?: number;
  /** Uncounted rounds before: a server is measured as it runs, not as it starts. The first is printed as `cold`. */
  readonly warmups?: number;
}

export interface Result {
  readonly name: string;
  readonly ratio: Spread;
  /** Ratio of the very first round, before anything is compiled or cached. */
  readonly cold: number;
  readonly ours: Spread;
  readonly baseline: Spread;
  readonly target?: string;
  readonly holds: boolean;
}

interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const at = (share: number): number => quantile(values, share);
  return { min: at(0), median: at(0.5), max: at(1) };
}

/** `share` in [0, 1]: 0.95 is the value that one in twenty exceeds. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)] as number;
}

/** Seconds per unit of one run. */
async function timed(work: () => Promise<number>): Promise<number> {
  const began = process.hrtime.bigint();
  const units = await work();
  return Number(process.hrtime.bigint() - began) / 1e9 / units;
}

export function meets(value: number, target: string): boolean {
  const limit = Number(target.replace(/[<>= ]/g, ''));
  return target.startsWith('<') ? value <= limit : value >= limit;
}

export async function compare(comparison: Comparison): Promise<Result> {
  const { name, target, rounds = 5, warmups = 1 } = comparison;
  const all: { ours: number; baseline: number }[] = [];
  // Collected once, not before each round: a forced collection also drops compiled code and caches, and no server has it.
  globalThis.gc?.();
  for (let round = 0; round < warmups + rounds; round += 1) {
    const ours = await timed(comparison.ours);
    all.push({ ours, baseline: await timed(comparison.baseline) });
  }
  const pairs = all.slice(warmups);
  const per = (seconds: number): number => (comparison.compare === 'rate' ? 1 / seconds : seconds);
  const [first] = all;
  const ratio = spread(pairs.map(pair => per(pair.ours) / per(pair.baseline)));
  return {
    name,
    ...(target !== undefined && { target }),
    ratio,
    cold: first === undefined ? Number.NaN : per(first.ours) / per(first.baseline),
    ours: spread(pairs.map(pair => per(pair.ours))),
    baseline: spread(pairs.map(pair => per(pair.baseline))),
    holds: target === undefined || meets(ratio.median, target),
  };
}

/** What a figure is worth nothing without. */
export function machineLine(): string {
  const [cpu] = cpus();
  const commit = ((): string => {
    try {
      return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
    } catch {
      return 'no commit';
    }
  })();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${memory}, Node ${process.version}, ${commit}`;
}

/** Seconds as people read them. */
export function timeText(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return seconds >= 1e-3 ? `${(seconds * 1e3).toFixed(2)} ms` : `${(seconds * 1e6).toFixed(1)} µs`;
}

const figure = (value: number, unit: Comparison['compare']): string =>
  unit === 'rate' ? `${Math.round(value).toLocaleString('en')}/s` : timeText(value);

export function print(comparison: Comparison, result: Result): void {
  const range = ({ min, median, max }: Spread): string =>
    `${figure(median, comparison.compare)} (${figure(min, comparison.compare)} … ${figure(max, comparison.compare)})`;
  const { ratio } = result;
  const judgement = result.target === undefined ? '    ' : result.holds ? 'ok  ' : 'MISS';
  console.log(`${judgement} ${result.name}, per ${comparison.unit}`);
  console.log(
    `     ratio    ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} … ${ratio.max.toFixed(2)}), ${result.target === undefined ? 'reported' : `target ${result.target}`}; cold ${result.cold.toFixed(2)}`,
  );
  console.log(`     ours     ${range(result.ours)}`);
  console.log(`     baseline ${range(result.baseline)}`);
}
