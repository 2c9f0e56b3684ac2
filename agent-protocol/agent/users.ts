// Users and groups of the machine, for `run_as` and `owner`.
// Belongs here: reading /etc/passwd and /etc/group, and who may become whom. Does not belong here: starting processes.
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { RunError } from './run-error.ts';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The user to run as, or undefined for the agent's own. Throws RunError when that is impossible. */
export function userFor(name: string | undefined): User | undefined {
  if (name === undefined) return undefined;
  if (process.platform === 'win32') throw new RunError(`run_as ${name}: only possible on POSIX systems.`);
  const user = findUser(name);
  if (user === undefined) throw new RunError(`run_as ${name}: there is no such user on this machine.`);
  const own = process.getuid?.();
  if (user.uid === own) return undefined;
  if (own !== 0) {
    throw new RunError(
      `run_as ${name}: the agent runs as ${userInfo().username}; only root can become another user.`,
    );
  }
  return user;
}

/** By name or number. */
export function findUser(name: string): User | undefined {
  for (const [found, , uid, gid, , home] of entries('/etc/passwd')) {
    if (found === name || uid === name)
      return { name: found ?? name, uid: Number(uid), gid: Number(gid), home: home ?? '/' };
  }
  return undefined;
}

/** `user`, `user:group` or `:group`, by names or numbers. Throws RunError for unknown ones. */
export function ownerIds(owner: string): { readonly uid: number; readonly gid: number } {
  const [userName = '', groupName] = owner.split(':');
  const user = userName === '' ? undefined : findUser(userName);
  if (userName !== '' && user === undefined)
    throw new RunError(`owner ${owner}: there is no user ${userName} here.`);
  if (groupName === undefined || groupName === '') return { uid: user?.uid ?? -1, gid: user?.gid ?? -1 };
  const group = entries('/etc/group').find(([name, , gid]) => name === groupName || gid === groupName);
  if (group === undefined) throw new RunError(`owner ${owner}: there is no group ${groupName} here.`);
  return { uid: user?.uid ?? -1, gid: Number(group[2]) };
}

function entries(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => line.split(':'));
  } catch {
    return [];
  }
}
