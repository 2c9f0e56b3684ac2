// What the owner of a machine forbids its agent: users, paths of files, interpreters, reboots.
// Belongs here: the policy's shape, and whether a task offends it. Does not belong here: reading the file (the program), the
// refusal (agent-machine.ts).
//
// It bounds what the engine can ask for, not what a script can do: a script that runs may do what its user may.
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { judge, type RefusedMessage } from '../judging.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { Task } from '../messages.ts';
import { integer, listOf, object, oneOf, optional, text } from '../shapes.ts';
import { findUser } from './users.ts';

export interface Policy {
  readonly version: 1;
  readonly forbid: {
    /** By name or number: no script runs as one of them, the agent's own user included. */
    readonly users?: readonly string[];
    /** Absolute: no file is put there or below. */
    readonly paths?: readonly string[];
    readonly interpreters?: readonly string[];
    /** The machine is not restarted. */
    readonly reboots?: boolean;
  };
}

const shape = object<Policy>({
  version: integer(1, 1),
  forbid: object<Policy['forbid']>({
    users: optional(listOf(text(LIMITS.userLength), 1_000)),
    paths: optional(
      listOf(
        value =>
          text(LIMITS.pathLength)(value) ??
          (path.isAbsolute(value as string) ? undefined : ': is no absolute path'),
        1_000,
      ),
    ),
    interpreters: optional(listOf(oneOf('bash', 'sh', 'powershell', 'python', 'cmd'), 5)),
    reboots: optional(value => (typeof value === 'boolean' ? undefined : ': must be true or false')),
  }),
});

/** Judges the file's bytes. Never throws. */
export function decodePolicy(bytes: Uint8Array): { readonly policy: Policy } | RefusedMessage {
  const verdict = judge(bytes, shape);
  if ('refused' in verdict) return { refused: verdict.refused.replace(/^message/, 'the policy') };
  return { policy: verdict.value as Policy };
}

/** Why the task may not be done, as a sentence; undefined when it may. */
export function offence({ forbid }: Policy, task: Task): string | undefined {
  const because = (what: string): string => `The policy of this machine forbids ${what}.`;
  switch (task.kind) {
    case 'reboot':
      return forbid.reboots ? because('reboots') : undefined;
    case 'script':
      if (forbid.interpreters?.includes(task.interpreter)) return because(`scripts for ${task.interpreter}`);
      if (forbid.reboots && task.reboots > 0) return because('reboots');
      return forbidsUser(forbid, task.runAs)
        ? because(`scripts run as ${task.runAs ?? ownName()}`)
        : undefined;
    case 'file':
      return forbidsPath(forbid, task.path) ? because(`files at ${task.path}`) : undefined;
    default: {
      const unknown: never = task;
      throw new TypeError(`Unknown task ${JSON.stringify(unknown)}`);
    }
  }
}

const ownName = (): string => userInfo().username;

/** A user has two names, and a policy that names one means both. */
function forbidsUser({ users = [] }: Policy['forbid'], runAs: string | undefined): boolean {
  const wanted = runAs ?? ownName();
  const found = findUser(wanted);
  const names = found === undefined ? [wanted] : [found.name, String(found.uid)];
  return users.some(user => names.includes(user) || names.includes(findUser(user)?.name ?? user));
}

function forbidsPath({ paths = [] }: Policy['forbid'], wanted: string): boolean {
  const places = [path.resolve(wanted), resolved(path.resolve(wanted))];
  return paths.some(forbidden =>
    [path.resolve(forbidden), resolved(path.resolve(forbidden))].some(root =>
      places.some(
        place => place === root || place.startsWith(root.endsWith(path.sep) ? root : root + path.sep),
      ),
    ),
  );
}

/** Through symbolic links, as far as it exists. */
function resolved(place: string): string {
  try {
    return realpathSync(place);
  } catch {
    const parent = path.dirname(place);
    return parent === place ? place : path.join(resolved(parent), path.basename(place));
  }
}
