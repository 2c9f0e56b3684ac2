// Names of what a step makes outside: always the same for one step, never those of another.
// Belongs here: deriving them. Does not belong here: who makes something under them (drivers).
//
// N1 Whoever looks for what a step may have made finds it by its name: so a crash after the making makes no second one.
import { createHash } from 'node:crypto';
import type { StepId } from '../base/ids.ts';
import type { WorkflowRecord } from './types.ts';

const LONGEST = 200;

/**
 * Begins with a letter, then letters, digits, `-` and `_`. Two workflows of one id, in two engines or one after the
 * other, were made at different times; only the readable part may be cut.
 */
export function nameFor({ id, createdAt }: Pick<WorkflowRecord, 'id' | 'createdAt'>, step: StepId): string {
  const sum = createHash('sha256').update(`${id}\0${createdAt}\0${step}`).digest('hex').slice(0, 12);
  const readable = `${id}-${step}`.replaceAll(/[^A-Za-z0-9_]+/g, '-').slice(0, LONGEST);
  return `w-${readable.replace(/-$/, '')}-${sum}`;
}
