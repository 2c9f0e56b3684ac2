// The drivers of this engine, by kind of action.
// Belongs here: which driver carries out which kind. Does not belong here: how (the drivers), wiring (main.ts).
import type { ResolvedAction } from '../machine/types.ts';
import type { ChildWorkflows, Clock, Driver, ReportSink } from '../runtime/ports.ts';
import { AgentDriver, type AgentDriverDeps } from './agent-driver.ts';
import { EngineDriver } from './engine-driver.ts';
import { GenerateDriver, type GenerateDriverDeps } from './generate-driver.ts';
import { HttpWork } from './http-work.ts';
import { OnlineDriver } from './online-driver.ts';
import type { CloudSource } from './cloud/rights.ts';
import { OpenstackWork } from './cloud/openstack-work.ts';
import { StackWork } from './cloud/stack-work.ts';
import { Teller } from './tell.ts';
import { readEgress } from './web/egress.ts';
import type { HttpWays } from './web/http-call.ts';
import { WorkflowDriver } from './workflow-driver.ts';

export type DriverDeps = Omit<AgentDriverDeps, 'teller'> & {
  readonly sink: ReportSink;
  readonly clock: Clock;
  /** Seals what is made for the store. */
  readonly seal: GenerateDriverDeps['seal'];
  readonly draw?: GenerateDriverDeps['draw'];
  readonly children: ChildWorkflows;
  /** Which services may be called; absent: none. */
  readonly web?: HttpWays;
  /** Where owners' clouds are reached. */
  readonly clouds: CloudSource;
};

/** One driver for what agents run, one for waiting for them, one for secrets, one for children, one for calls. `close` of each may be called more than once. */
export function createDrivers(deps: DriverDeps): Record<ResolvedAction['kind'], Driver> {
  const { sink, clock, directory, presence, seal, web = { egress: readEgress([]) } } = deps;
  const agents = new AgentDriver({ ...deps, teller: new Teller(sink, clock) });
  const online = new OnlineDriver({ directory, presence, teller: new Teller(sink, clock) });
  const generate = new GenerateDriver({
    teller: new Teller(sink, clock),
    seal: deps.seal,
    ...(deps.draw && { draw: deps.draw }),
  });
  const workflow = new WorkflowDriver({ ...deps, teller: new Teller(sink, clock) });
  const http = new EngineDriver(
    { sink, clock, teller: new Teller(sink, clock) },
    new HttpWork({ clock, seal, web }),
  );
  const stack = new EngineDriver(
    { sink, clock, teller: new Teller(sink, clock) },
    new StackWork({ clouds: deps.clouds, clock, seal }),
  );
  const openstack = new EngineDriver(
    { sink, clock, teller: new Teller(sink, clock) },
    new OpenstackWork({ clouds: deps.clouds, clock, seal }),
  );
  return { online, script: agents, file: agents, reboot: agents, generate, workflow, http, stack, openstack };
}
