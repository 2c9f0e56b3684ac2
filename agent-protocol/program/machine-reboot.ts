// Restarts this machine, when the engine wants it or a script asked for it.
// Belongs here: the system's own command. Does not belong here: when (agent-machine.ts).
import { spawn } from 'node:child_process';

/** Tried in turn until one starts; all of them let services stop in order. */
const COMMANDS: readonly (readonly string[])[] =
  process.platform === 'win32'
    ? [['shutdown.exe', '/r', '/t', '0', '/d', 'p:4:1']]
    : [['systemctl', 'reboot'], ['shutdown', '-r', 'now'], ['reboot']];

/** Undefined where the agent may not: an ordinary user's agent, whose scripts then fail with that sentence. */
export function rebootOf(log: (text: string) => void): (() => void) | undefined {
  if (process.platform !== 'win32' && process.getuid?.() !== 0) return undefined;
  return () => tryNext(COMMANDS, log);
}

function tryNext([command, ...rest]: readonly (readonly string[])[], log: (text: string) => void): void {
  const [program, ...args] = command ?? [];
  if (program === undefined) return log('The machine cannot be restarted: no command for it works.');
  const child = spawn(program, args, { stdio: 'ignore', windowsHide: true });
  let over = false;
  const next = (why: string): void => {
    if (over) return;
    over = true;
    log(`${program} did not restart the machine: ${why}.`);
    tryNext(rest, log);
  };
  child.once('error', error => next(error.message));
  child.once('exit', code => {
    if (code === 0) over = true;
    else next(`it ended with ${code ?? 'a signal'}`);
  });
}
