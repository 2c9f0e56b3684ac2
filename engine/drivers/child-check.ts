// How a look at a child ends: what its own check found, as a probe would say it.
// Belongs here: the child as it stands → the end of the look. Does not belong here: asking for the check (workflow-driver.ts).
import type { Outcome } from '../machine/types.ts';
import type { ChildLook } from '../runtime/ports.ts';

/** Sentences that one message has at most. */
const TOLD = 3;

/** As a probe would end that knew what the child knows; undefined while the child is looked at. */
export function checkOutcome(child: string, found: ChildLook | undefined): Outcome | undefined {
  if (found === undefined) return denied(`Its child ${child} was deleted`);
  const { status, reason, check } = found;
  if (status === 'checking') return undefined;
  if (status === 'failed') return denied(`Its child ${child} failed: ${reason}`);
  if (status !== 'complete' || check === undefined) return untold(`Its child ${child} is ${status}`);
  const { drifted, unknown, stopped } = check;
  if (drifted.length > 0) return denied(`In its child ${child} ${told(drifted)}`);
  if (stopped !== undefined) return untold(`The check of its child ${child} was given up: ${stopped}`);
  if (unknown.length > 0) return untold(`In its child ${child} ${told(unknown)}`);
  return { kind: 'succeeded', outputs: {} };
}

function told(sentences: readonly string[]): string {
  const more = sentences.length > TOLD ? `; and ${sentences.length - TOLD} more` : '';
  return `${sentences.slice(0, TOLD).join('; ')}${more}`.slice(0, MOST);
}

/** Characters of what is told of a child. */
const MOST = 1_000;

/** As exit code 1 of a probe. */
const denied = (message: string): Outcome => ({
  kind: 'failed',
  error: { kind: 'child', message, exitCode: 1 },
});

export const untold = (message: string): Outcome => ({ kind: 'failed', error: { kind: 'child', message } });
