// Ctrl-C and its relatives: once means stop in order, twice means now.
// Belongs here: counting them, and the terminal's cursor. Does not belong here: what stopping in order is (watch.ts).
import { writeSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SHOW_CURSOR = '\u001b[?25h';
const CODE = 130;

export interface Interrupts {
  /** Calls back on the first; returns how to take it back. */
  on(listener: () => void): () => void;
  /** As if somebody had pressed Ctrl-C. */
  press(): void;
}

/** Listens for the life of the process. With nobody to stop in order, the first is as good as the second. */
export function processInterrupts(isTerminal: boolean): Interrupts {
  const listeners = new Set<() => void>();
  let pressed = false;
  const press = (): void => {
    if (pressed || listeners.size === 0) leave(isTerminal);
    pressed = true;
    for (const listener of listeners) listener();
  };
  for (const signal of SIGNALS) process.on(signal, press);
  return {
    press,
    on: listener => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function leave(isTerminal: boolean): never {
  if (isTerminal) writeSync(1, `${SHOW_CURSOR}\n`);
  process.exit(CODE);
}
