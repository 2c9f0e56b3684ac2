// Which boot of the machine this is: differs after every restart.
// Belongs here: reading it. Does not belong here: deciding on it (agent-machine.ts).
import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

/** The kernel's boot id on Linux; elsewhere the time of boot to the minute, which a wrong clock may shift. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    const minute = Math.round((Date.now() / 1000 - uptime()) / 60);
    return `${hostname()
      .replace(/[^\x21-\x7e]/g, '-')
      .slice(0, 64)}-${minute}`;
  }
}
