// `retry`, `on_interrupted`, `probe` and `undo`: what is done when an action doesn't simply succeed.
// Belongs here: reading them, and their defaults. Does not belong here: what follows once attempts are spent
// (on-failure.ts), carrying them out (machine/).
import { LIMITS } from '../base/limits.ts';
import { readAction } from './actions/index.ts';
import { DELETION } from './actions/stack.ts';
import type { ActionContext } from './actions/kind.ts';
import type { ActionDraft, RetryDraft, UndoDraft } from './draft.ts';
import { pointerTo } from './positions.ts';
import { type Fields, type Node, readMap } from './reader.ts';
import type { Report } from './report.ts';

/** What holds where the author says nothing; printed in docs/reference/definition.md. */
export const DEFAULTS = {
  timeout: 3_600_000,
  retry: { attempts: 1, delay: 10_000, backoff: 2, maxDelay: 600_000, jitter: 0 },
} as const;

const MOST_BACKOFF = 100;

export function readRetry(report: Report, node: Node | undefined, what: string): RetryDraft {
  const fields = node && readMap(report, node, 'retry', `retry of ${what}`);
  if (fields === undefined) return { retry: DEFAULTS.retry };
  const delay = fields.duration('delay') ?? DEFAULTS.retry.delay;
  const maxDelay = fields.duration('max_delay') ?? Math.max(DEFAULTS.retry.maxDelay, delay);
  if (maxDelay < delay)
    report.add('wrong_value', fields.at, `max_delay of retry of ${what} is below its delay.`);
  const when = fields.get('when');
  return {
    retry: {
      attempts: fields.integer('attempts', 1, LIMITS.attempts) ?? DEFAULTS.retry.attempts,
      delay,
      backoff: fields.number('backoff', 1, MOST_BACKOFF) ?? DEFAULTS.retry.backoff,
      maxDelay,
      jitter: fields.number('jitter', 0, 1) ?? DEFAULTS.retry.jitter,
    },
    ...(when === undefined ? {} : { when }),
  };
}

/** Default: `probe` where there is one, `rerun` where running again does no harm, else `fail`. */
export function readOnInterrupted(fields: Fields, idempotent: boolean): 'rerun' | 'probe' | 'pause' | 'fail' {
  const hasProbe = fields.has('probe');
  const said = fields.choice('on_interrupted', ['rerun', 'probe', 'pause', 'fail']);
  if (said === 'probe' && !hasProbe) {
    const message = `on_interrupted of ${fields.what} is 'probe', but it has no probe.`;
    fields.report.add('missing_key', fields.place('on_interrupted'), message, {
      hint: "Add 'probe', or write rerun, pause or fail.",
    });
  }
  return said ?? (hasProbe ? 'probe' : idempotent ? 'rerun' : 'fail');
}

/** A script's exit code answers whether the state holds, or what a service answers. */
export function readProbe(fields: Fields, context: ActionContext): ActionDraft | undefined {
  const node = fields.get('probe');
  if (node === undefined) return undefined;
  const what = `the probe of ${context.what}`;
  const reboots = isMap(node.value) && 'reboot' in node.value;
  const besides = reboots ? ['run_on', 'reboot'] : ['run_on'];
  const probe = readAction(
    node,
    { ...placed(node, context), what, phase: 'probe' },
    ['script', 'http', 'openstack'],
    besides,
  );
  if (reboots) mustNotReboot(fields, node, context);
  const script = isMap(node.value) ? node.value['script'] : undefined;
  if (probe !== undefined && isMap(script) && 'reboot' in script) {
    mustNotReboot(fields, { value: script, at: probe.at }, context);
  }
  return probe && withRunOn(probe, node);
}

function mustNotReboot({ report }: Fields, { at }: Node, { what }: ActionContext): void {
  report.add('wrong_value', pointerTo(at, 'reboot'), `The probe of ${what} only looks; it must not reboot.`, {
    hint: "Remove 'reboot'.",
    key: true,
  });
}

/** A probe and an undo may say in whose VM they run, whatever the state says. */
function placed(node: Node, context: ActionContext): ActionContext {
  return isMap(node.value) && 'run_on' in node.value ? { ...context, hasRunOn: true } : context;
}

function withRunOn(action: ActionDraft, { value, at }: Node): ActionDraft {
  if (!isMap(value) || value['run_on'] === undefined) return action;
  return { ...action, runOn: { value: value['run_on'], at: pointerTo(at, 'run_on') } };
}

const UNDO_KEYS = ['script', 'file', 'http', 'openstack', 'stack'] as const;
const UNDO_BESIDES = ['run_on', 'timeout', 'retry', 'on_failure'];

/** A stack goes when the workflow does, unless its state says otherwise; one that stays is nobody's any more. */
export function undoOfStack(at: string, timeout: number): UndoDraft {
  const action = { kind: 'stack', at, build: () => DELETION } as const;
  return { action, timeout, retry: { retry: DEFAULTS.retry }, onFailure: 'fail' };
}

export function readUndo(fields: Fields, context: ActionContext, timeout: number): UndoDraft | undefined {
  const node = fields.get('undo');
  if (node === undefined) return undefined;
  const what = `the undo of ${context.what}`;
  const place = { ...placed(node, context), what, phase: 'undo' } as const;
  const action = readAction(node, place, UNDO_KEYS, UNDO_BESIDES);
  if (!isMap(node.value)) return undefined;
  const own = Object.fromEntries(Object.entries(node.value).filter(([key]) => UNDO_BESIDES.includes(key)));
  const besides = readMap(fields.report, { value: own, at: node.at }, 'undo', what);
  if (besides === undefined || action === undefined) return undefined;
  const said = besides.choice('on_failure', ['fail', 'continue']);
  const onFailure = said ?? (action.kind === 'stack' ? 'fail' : undefined);
  return {
    action: withRunOn(action, node),
    timeout: besides.duration('timeout', 1000) ?? timeout,
    retry: readRetry(fields.report, besides.get('retry'), what),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

function isMap(value: unknown): value is { readonly [key: string]: Node['value'] } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
