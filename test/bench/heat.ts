// What a workflow costs in a real Heat, against Heat's own resources in its place. Needs test/services/up.sh.
// Belongs here: stacks of both kinds, in turn. Does not belong here: what a stack must do (test/heat).
//
// Heat starts the leaves of a stack one each second (convergence, `converge_stack`), and so does both: every stack here has
// one root. Times are seen from outside, by asking every 50 ms.
import { setTimeout as delay } from 'node:timers/promises';
import { Heat } from '../heat/openstack.ts';
import type { Services } from '../support/services.ts';
import { spread, timeText } from './harness.ts';
import { stack, withEngine, workflow, type HeatResource as Resource } from './heat-stacks.ts';

const ROUNDS = 5;
const MANY = 50;
const LOOK_MS = 50;

const oneState = workflow({ there: {} }, 'there');
const value: Resource = { type: 'OS::Heat::Value', properties: { value: 'x' } };
const after = (resource: Resource, name: string): Resource => ({ ...resource, depends_on: name });

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

  #name(): string {
    this.#made += 1;
    return `bench-${process.pid}-${this.#made}`;
  }
}

export const heat = (): Promise<boolean> =>
  withEngine('the figures of Heat', async found => {
    await measure(found);
    return true;
  });

async function measure(found: Services): Promise<void> {
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
  const before = await calls(found);
  await stacks.create(stack({ flow: workflow({ rested: { action: { wait: { for: '10s' } } } }, 'rested') }));
  console.log(
    `     calls of Heat to the engine for a workflow that takes 10 s, create and delete: ${(await calls(found)) - before}`,
  );
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
