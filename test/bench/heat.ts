// What a workflow costs in a real Heat, against Heat's own resources in its place. Needs test/services/up.sh.
// Belongs here: stacks of both kinds, in turn. Does not belong here: what a stack must do (test/heat).
//
// Heat starts the leaves of a stack one each second (convergence, `converge_stack`), and so does both: every stack here has
// one root. Times are seen from outside, by asking every 50 ms.
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryDirectoryFor } from '../heat/directory.ts';
import { EngineProcess } from '../heat/engine-process.ts';
import { Heat } from '../heat/openstack.ts';
import { services, type Services } from '../support/services.ts';
import { quantile, spread, timeText } from './harness.ts';

const ROUNDS = 5;
const MANY = 50;
const LOOK_MS = 50;

type Resource = { readonly type: string; readonly properties?: object; readonly depends_on?: string };

const workflow = (states: object, goal: string): Resource => ({
  type: 'Murano::Workflow',
  properties: {
    definition: {
      workflow_version: '2026-11-01',
      entities: { service: { type: 'service', states } },
      goal: `service.${goal}`,
    },
  },
});
const oneState = workflow({ there: {} }, 'there');
const value: Resource = { type: 'OS::Heat::Value', properties: { value: 'x' } };
const after = (resource: Resource, name: string): Resource => ({ ...resource, depends_on: name });
const stack = (resources: object): object => ({ heat_template_version: '2021-04-16', resources });

/** A root, and that many behind it, all at once. */
const fan = (resource: Resource): object =>
  stack({
    root: value,
    ...Object.fromEntries(Array.from({ length: MANY }, (_, index) => [`r${index}`, after(resource, 'root')])),
  });

/** One after the other, as resources. */
const resourceChain = (): object =>
  stack(
    Object.fromEntries(
      Array.from({ length: MANY }, (_, index) => {
        const resource: Resource = { type: 'OS::Heat::TestResource', properties: { value: 'x' } };
        return [`r${index}`, index === 0 ? resource : after(resource, `r${index - 1}`)];
      }),
    ),
  );

/** One after the other, as states of one workflow. */
const stateChain = (): object =>
  stack({
    chain: workflow(
      Object.fromEntries(
        Array.from({ length: MANY }, (_, index) => [
          `s${index}`,
          index === 0 ? {} : { requires: [`s${index - 1}`] },
        ]),
      ),
      `s${MANY - 1}`,
    ),
  });

class Stacks {
  readonly #heat: Heat;
  #made = 0;

  constructor(heat: Heat) {
    this.#heat = heat;
  }

  /** Seconds from the request to COMPLETE; the stack is deleted after. */
  async create(template: object): Promise<number> {
    const name = this.#name();
    const began = performance.now();
    await this.#heat.create(name, template);
    const status = await this.#end(name);
    const seconds = (performance.now() - began) / 1_000;
    if (status !== 'CREATE_COMPLETE') throw new Error(`${name}: ${status}`);
    await this.#heat.remove(name);
    return seconds;
  }

  async #end(name: string): Promise<string> {
    for (;;) {
      const { stack_status: status } = await this.#heat.show(name);
      if (!status.endsWith('IN_PROGRESS')) return status;
      await delay(LOOK_MS);
    }
  }

  async compare(what: string, ours: object, baseline: object, rounds = ROUNDS): Promise<void> {
    const pairs: { readonly ours: number; readonly baseline: number }[] = [];
    for (let round = 0; round < rounds; round += 1)
      pairs.push({ ours: await this.create(ours), baseline: await this.create(baseline) });
    const ratio = spread(pairs.map(pair => pair.ours / pair.baseline));
    console.log(`     ${what}`);
    console.log(
      `     ratio ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} … ${ratio.max.toFixed(2)}); ` +
        `ours ${timeText(spread(pairs.map(pair => pair.ours)).median)}, baseline ${timeText(spread(pairs.map(pair => pair.baseline)).median)}`,
    );
  }

  /** How many seconds after the workflow's own end Heat says COMPLETE, for a workflow that takes three seconds. */
  async lag(engine: EngineProcess): Promise<number> {
    const name = this.#name();
    await this.#heat.create(
      name,
      stack({ flow: workflow({ rested: { action: { wait: { for: '3s' } } } }, 'rested') }),
    );
    await this.#end(name);
    const seen = Date.now();
    const { physical_resource_id: id } = await this.#heat.resource(name, 'flow');
    const ended = await engine.lastChange(id);
    await this.#heat.remove(name);
    return (seen - ended) / 1_000;
  }

  #name(): string {
    this.#made += 1;
    return `bench-${process.pid}-${this.#made}`;
  }
}

const LAGS = 40;
/** Stacks at once: with more, asking them all takes Heat so long that the asking is what is measured. */
const AT_ONCE = 5;
/** Seconds: the time between two looks of Heat at a young workflow, and one more. */
const LAG_TARGET = 2;

/** Each begins a quarter of a second after the one before: their ends lie anywhere between two looks of Heat. */
async function lags(stacks: Stacks, engine: EngineProcess): Promise<boolean> {
  const found: number[] = [];
  for (let begun = 0; begun < LAGS; begun += AT_ONCE) {
    const pauses = Array.from({ length: AT_ONCE }, (_, index) => index * 250);
    const lag = (pause: number): Promise<number> => delay(pause).then(() => stacks.lag(engine));
    found.push(...(await Promise.all(pauses.map(lag))));
  }
  const p95 = quantile(found, 0.95);
  const { median, max } = spread(found);
  const holds = p95 <= LAG_TARGET;
  console.log(
    `${holds ? 'ok  ' : 'FAIL'} from a workflow's end to Heat's COMPLETE, of ${LAGS}: p95 ${timeText(p95)}, ` +
      `target <= ${LAG_TARGET} s; median ${timeText(median)}, at most ${timeText(max)}`,
  );
  return holds;
}

export async function heat(): Promise<boolean> {
  const found = services('the figures of Heat');
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

async function measure(found: Services, engine: EngineProcess): Promise<boolean> {
  const stacks = new Stacks(new Heat(found));
  await stacks.create(stack({ one: oneState }));
  await stacks.compare(
    'a stack of one workflow of one state, against one OS::Heat::Value',
    stack({ one: oneState }),
    stack({ one: value }),
  );
  await stacks.compare(
    `${MANY} steps in a row as one workflow, against ${MANY} OS::Heat::TestResource`,
    stateChain(),
    resourceChain(),
    3,
  );
  await stacks.compare(
    `${MANY} workflows at once, against ${MANY} OS::Heat::Value`,
    fan(oneState),
    fan(value),
    2,
  );
  const holds = await lags(stacks, engine);
  const before = await calls(found);
  await stacks.create(stack({ flow: workflow({ rested: { action: { wait: { for: '10s' } } } }, 'rested') }));
  console.log(
    `     calls of Heat to the engine for a workflow that takes 10 s, create and delete: ${(await calls(found)) - before}`,
  );
  return holds;
}

/** Milliseconds after which the broker's own counts are up to date. */
const COUNTED_MS = 6_000;

/** Requests that the broker has handed to engines so far. */
async function calls({ openrc }: Services): Promise<number> {
  await delay(COUNTED_MS);
  const answer = await fetch(`${openrc['RABBIT_HTTP_URL']}/queues/%2F/murano_workflow`, {
    headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
  });
  const { message_stats: stats } = (await answer.json()) as { message_stats?: { ack?: number } };
  return stats?.ack ?? 0;
}
