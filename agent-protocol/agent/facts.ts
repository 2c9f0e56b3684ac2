// What the agent tells of its machine in every hello.
// Belongs here: gathering facts. Does not belong here: requirements on them (engine).
import { statfsSync } from 'node:fs';
import { arch, hostname, platform, release } from 'node:os';
import type { Facts } from '../messages.ts';
import { searchPath } from './environment.ts';
import { installedInterpreters } from './interpreters.ts';

export const AGENT_VERSION = '0.1.0';

export function gatherFacts(directory: string): Facts {
  return {
    os: osName(),
    release: release().slice(0, 256),
    arch: arch(),
    hostname: hostname().slice(0, 256),
    freeDisk: freeBytes(directory),
    interpreters: installedInterpreters(searchPath()),
    agentVersion: AGENT_VERSION,
  };
}

/** Bytes that the agent may still write there; 0 when it cannot be told. */
export function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return Math.min(bavail * bsize, Number.MAX_SAFE_INTEGER);
  } catch {
    return 0;
  }
}

function osName(): Facts['os'] {
  const name = platform();
  if (name === 'win32') return 'windows';
  return name === 'linux' || name === 'darwin' ? name : 'other';
}
