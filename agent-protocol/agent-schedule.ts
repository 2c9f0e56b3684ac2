// What an agent starts next: scripts in order of acceptance, and reboots with nothing beside them.
// Belongs here: whose turn it is (AM7, AM8 of agent-machine.ts). Does not belong here: what an event means. Pure.
import type { AgentState, Answer, Held } from './agent-records.ts';
import type { Work } from './agent-work.ts';
import { AGENT_LIMITS as LIMITS } from './limits.ts';

type Finished = Extract<Answer, { kind: 'finished' }>;

const finished = (result: Finished['result']): Finished => ({
  kind: 'finished',
  result,
  outputs: {},
  stdout: '',
  stderr: '',
});

/** The end of a `reboot` task: the machine is back. */
export const REBOOTED = finished({ kind: 'exit', code: 0 });

const MAY_NOT = finished({
  kind: 'error',
  reason:
    "This agent may not reboot its machine: one inside the engine's process never may. Run it as a service of its VM.",
});

/** A `reboot` task whose machine has another boot id now than when it was asked. */
export const isRebooted = (state: AgentState, held: Held): boolean =>
  held.status === 'rebooting' && held.command.task.kind === 'reboot' && held.bootId !== state.bootId;

const waitsForReboot = (state: AgentState, held: Held): boolean =>
  held.status === 'rebooting' && held.bootId === state.bootId;

/** Starts what may start, in order of acceptance; or reboots, once nothing runs any more. */
export function schedule(work: Work): void {
  const { state } = work;
  const active = [...state.held.values()].filter(held => held.status === 'started');
  if ([...state.held.values()].some(held => waitsForReboot(state, held))) {
    if (active.length === 0) askForReboot(work);
    return;
  }
  state.rebootAsked = false;
  if (!state.welcomed) return;
  let running = active.length;
  let exclusive = active.some(held => held.command.exclusive);
  for (const [key, held] of state.held) {
    if (running >= LIMITS.runningScripts) return;
    if (held.status !== 'queued' && held.status !== 'rebooting') continue;
    if (held.command.task.kind === 'reboot') {
      // What came later waits too: else others beside each other could keep it from its turn for ever.
      if (running > 0 || beginReboot(work, key)) return;
      continue;
    }
    if (held.command.exclusive && exclusive) continue;
    start(work, key, held);
    running += 1;
    exclusive ||= held.command.exclusive;
  }
}

/** Once in an agent's life: asked again, it would be asked of a machine that is going down. */
function askForReboot(work: Work): void {
  if (work.state.rebootAsked || work.state.bootId === '') return;
  work.state.rebootAsked = true;
  work.let({ kind: 'reboot' });
}

/** False: it may not, and has been answered so. */
function beginReboot(work: Work, key: string): boolean {
  const { bootId, mayReboot } = work.state;
  if (!mayReboot) {
    work.answer(key, MAY_NOT);
    return false;
  }
  work.write({ kind: 'reboot', key, bootId, spent: 0 });
  work.tell(key);
  askForReboot(work);
  return true;
}

function start(work: Work, key: string, held: Held): void {
  work.write({ kind: 'starting', key, run: held.run + 1, bootId: work.state.bootId });
  work.let({ kind: 'start', key, held: work.state.held.get(key) as Held });
}
