// What the benchmarks in a real Heat share: an engine for their time, and the stacks they are made of.
// Belongs here: opening and closing, shapes of stacks. Does not belong here: any measurement (heat.ts, heat-end.ts).
import { temporaryDirectoryFor } from '../support/lasting-directory.ts';
import { EngineProcess } from '../heat/engine-process.ts';
import { type Services, services } from '../support/services.ts';

export interface HeatResource {
  readonly type: string;
  readonly properties?: object;
  readonly depends_on?: string;
}

export const stack = (resources: object): object => ({ heat_template_version: '2021-04-16', resources });

export const workflow = (states: object, goal: string): HeatResource => ({
  type: 'Murano::Workflow',
  properties: {
    definition: {
      workflow_version: '2026-11-01',
      entities: { service: { type: 'service', states } },
      goal: `service.${goal}`,
    },
  },
});

/** True, and said, where the services are not up. */
export async function withEngine(
  what: string,
  measure: (services: Services, engine: EngineProcess) => Promise<boolean>,
): Promise<boolean> {
  const found = services(what);
  if (found === undefined) return true;
  const directory = temporaryDirectoryFor('bench-heat');
  const engine = new EngineProcess(found, directory.path);
  await engine.start();
  try {
    return await measure(found, engine);
  } finally {
    await engine.stop();
    directory.remove();
  }
}
