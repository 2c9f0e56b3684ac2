// The drivers of this engine, by kind of action.
// Belongs here: which driver carries out which kind. Does not belong here: how (the drivers), wiring (main.ts).
import type { Clock, Driver, ReportSink } from '../runtime/ports.ts';
import { AgentDriver, type AgentDriverDeps } from './agent-driver.ts';
import { OnlineDriver } from './online-driver.ts';
import { Teller } from './tell.ts';

export type DriverDeps = Omit<AgentDriverDeps, 'teller'> & {
  readonly sink: ReportSink;
  readonly clock: Clock;
};

/** One driver for what agents run, one for waiting for them. `close` of each may be called more than once. */
export function createDrivers(deps: DriverDeps): Record<'online' | 'script' | 'file' | 'reboot', Driver> {
  const { sink, clock, directory, presence } = deps;
  const agents = new AgentDriver({ ...deps, teller: new Teller(sink, clock) });
  const online = new OnlineDriver({ directory, presence, teller: new Teller(sink, clock) });
  return { online, script: agents, file: agents, reboot: agents };
}
