// Killing and restarting single daemons of the services, as operators' bad days do.
// Belongs here: signals to the pids that up.sh wrote, and up.sh again. Does not belong here: first start and end (.ci/run).
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inProject } from '../support/project.ts';
import type { Services } from '../support/services.ts';

const run = promisify(execFile);

/** Ends one daemon without a word; `heat-engine` and its children. */
export async function kill({ directory }: Services, name: string): Promise<void> {
  const pid = Number(readFileSync(path.join(directory, 'pids', name), 'utf8'));
  process.kill(-pid, 'SIGKILL');
  while (isThere(pid)) await delay(20);
}

/** Starts what is not running, and waits until Heat answers. */
export async function start({ directory }: Services): Promise<void> {
  await run(inProject('test/services/up.sh'), [], {
    env: { ...process.env, MURANO_WORKFLOW_SERVICES: directory },
  });
}

/** `rabbitmqctl` of the services' broker. */
export async function rabbitmqctl({ openrc }: Services, ...words: string[]): Promise<void> {
  const command = '. "$0" && exec /usr/lib/rabbitmq/bin/rabbitmqctl "$@"';
  await run('/bin/bash', ['-c', command, openrc['RABBIT_ENV'] ?? '', ...words]);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
