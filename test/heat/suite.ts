// What every suite against a real Heat has: an engine process on a directory of its own, a login, and stacks that go again.
// Belongs here: opening them before the suite's first test, closing them after its last. Does not belong here: stacks
// themselves (templates.ts), what tests expect.
import { agentsBrokerOf } from '../support/agents-broker.ts';
import type { Services } from '../support/services.ts';
import { temporaryDirectoryFor } from '../support/lasting-directory.ts';
import { EngineProcess } from './engine-process.ts';
import { Heat } from './openstack.ts';

export interface HeatSuite {
  readonly directory: string;
  /** Runs when a test begins; a test that stopped it need not start it again. */
  readonly engine: EngineProcess;
  readonly heat: Heat;
  /** The stack is deleted after the present test. */
  readonly create: (name: string, template: object, options?: object) => Promise<void>;
}

interface SuiteOptions {
  readonly lasting?: readonly string[];
  readonly agentsVhost?: string;
  /** More lines of the engine's settings, asked for at each of its starts. */
  readonly settings?: () => string;
}

/**
 * To be called once within a `describe`. `lasting`: stacks that several tests share, deleted after the last;
 * `agentsVhost`: the engine reaches the services' broker of agents, and has this vhost there to itself until the end.
 */
export function heatSuite(
  services: Services,
  name: string,
  { lasting = [], agentsVhost, settings }: SuiteOptions = {},
): HeatSuite {
  const directory = temporaryDirectoryFor(name);
  const engine = new EngineProcess(services, directory.path, agentsVhost, settings);
  const heat = new Heat(services);
  const made: string[] = [];
  const running = async (): Promise<void> => {
    if (!engine.running) await engine.start();
  };
  const remove = async (stacks: readonly string[]): Promise<void> => {
    await running();
    for (const stack of stacks) await heat.remove(stack);
  };
  beforeEach(running);
  afterEach(() => remove(made.splice(0)));
  after(async () => {
    await remove(lasting);
    await engine.stop();
    if (agentsVhost !== undefined)
      await agentsBrokerOf(services).management.call('DELETE', `/vhosts/${agentsVhost}`);
    directory.remove();
  });
  return {
    directory: directory.path,
    engine,
    heat,
    async create(stack, template, options = {}) {
      made.push(stack);
      await heat.create(stack, template, options);
    },
  };
}
