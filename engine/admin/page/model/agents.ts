// What a person may decide of an agent, what follows from it, and the line that asks for the same.
// Belongs here: those. Does not belong here: which of them the engine grants (engine/agents/enrolment/), the dialog (ui/agent-dialog.ts).
import type { JsonObject } from '../../../base/json.ts';
import { isObject } from '../../../base/json.ts';
import { lookLine } from './acts.ts';

export type Decision = 'approve' | 'refuse' | 'revoke' | 'forget';

export interface Choice {
  readonly decision: Decision;
  readonly button: string;
  readonly grave: boolean;
  readonly follows: string;
  /** Whose it is, of what waits: another key is not decided about. */
  readonly key?: string;
  readonly line: string;
}

/** `shown`: what the engine tells of the agent. None where it has no enrolment to decide about. */
export function choicesFor(agent: string, shown: JsonObject): readonly Choice[] {
  const { state } = shown;
  switch (typeof state === 'string' ? state : '') {
    case 'waits_for_approval':
      return [approve(agent, shown), refuse(agent, shown), revoke(agent), forget(agent)];
    case 'revoked':
      return [approve(agent, shown), forget(agent)];
    case 'enrolled':
      return [revoke(agent), forget(agent)];
    case 'created':
      return [forget(agent)];
    default:
      return [];
  }
}

function approve(agent: string, { pending }: JsonObject): Choice {
  const server = isObject(pending) ? pending['server'] : undefined;
  const follows = isObject(pending)
    ? `Server ${typeof server === 'string' ? server : 'unknown'} enrols in its place with the key that it showed. The former key counts no more.`
    : 'It may enrol again, and what waits for it goes out once it is back.';
  return {
    decision: 'approve',
    button: 'Approve',
    grave: false,
    follows,
    ...keyed('approve', agent, pending),
  };
}

/** The key that asks, and the line that names it. */
function keyed(word: 'approve' | 'refuse', agent: string, pending: JsonObject[string] | undefined) {
  const key = isObject(pending) ? pending['key'] : undefined;
  return typeof key === 'string'
    ? { key, line: lookLine('agents', word, agent, '--key', key) }
    : { line: lookLine('agents', word, agent) };
}

const refuse = (agent: string, { pending }: JsonObject): Choice => ({
  decision: 'refuse',
  button: 'Refuse',
  grave: true,
  follows: 'Who asks is turned away, and its key never enrols again. Whoever is enrolled now stays.',
  ...keyed('refuse', agent, pending),
});

const revoke = (agent: string): Choice => ({
  decision: 'revoke',
  button: 'Revoke',
  grave: true,
  follows:
    'It is cut off from the broker at once, until somebody approves it. Its steps wait, or run out of time.',
  line: lookLine('agents', 'revoke', agent),
});

const forget = (agent: string): Choice => ({
  decision: 'forget',
  button: 'Forget',
  grave: true,
  follows:
    'Its login ends, and nobody enrols in its place. Its stack does that when it is deleted. This cannot be taken back.',
  line: lookLine('agents', 'forget', agent),
});

/** `murano-workflow keys rotate --drop`. */
export const rotationLine = (drop: boolean): string =>
  lookLine('keys', 'rotate', ...(drop ? ['--drop'] : []));
