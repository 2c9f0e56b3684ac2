// How long after a workflow's own end Heat says that its stack is complete. Needs test/services/up.sh.
// Belongs here: that one time, over many stacks. Does not belong here: what a stack costs (heat.ts).
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineProcess } from '../heat/engine-process.ts';
import { Heat } from '../heat/openstack.ts';
import { quantile, spread, timeText } from './harness.ts';
import { stack, withEngine, workflow } from './heat-stacks.ts';

const STACKS = 40;
/** Stacks at once. */
const AT_ONCE = 5;
/** Milliseconds between two that begin: their ends lie anywhere between two looks of Heat. */
const APART = 250;
const LOOK_MS = 50;
/** Seconds: the time between two looks of Heat at a young workflow, and one more. */
const TARGET = 2;

/** Seconds from the end to COMPLETE, for a workflow that takes three. */
async function lag(heat: Heat, engine: EngineProcess, name: string): Promise<number> {
  await heat.create(
    name,
    stack({ flow: workflow({ rested: { action: { wait: { for: '3s' } } } }, 'rested') }),
  );
  // Asking Heat for the stack all the time would keep it from what is measured.
  const ended = await engine.ended(await idOf(heat, name));
  while ((await heat.show(name)).stack_status.endsWith('IN_PROGRESS')) await delay(LOOK_MS);
  const seen = Date.now();
  await heat.remove(name);
  return (seen - ended) / 1_000;
}

/** Seconds for a stack in which nothing waits: how busy Heat and the machine are. */
async function whole(heat: Heat, name: string): Promise<number> {
  const began = performance.now();
  await heat.create(name, stack({ value: { type: 'OS::Heat::Value', properties: { value: 'x' } } }));
  while ((await heat.show(name)).stack_status.endsWith('IN_PROGRESS')) await delay(LOOK_MS);
  const seconds = (performance.now() - began) / 1_000;
  await heat.remove(name);
  return seconds;
}

async function idOf(heat: Heat, name: string): Promise<string> {
  for (;;) {
    const { physical_resource_id: id } = await heat.resource(name, 'flow');
    const isTaken = (await heat.events(name)).some(event => event.resource_name === 'flow');
    if (isTaken && id !== '') return id;
    await delay(10 * LOOK_MS);
  }
}

export const heatEnd = (): Promise<boolean> =>
  withEngine('the time to the end of a stack', async (found, engine) => {
    const heat = new Heat(found);
    const lags: number[] = [];
    const empty: number[] = [];
    for (let begun = 0; begun < STACKS; begun += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, async (_, index) => {
        await delay(index * APART);
        return lag(heat, engine, `bench-${process.pid}-${begun + index}`);
      });
      lags.push(...(await Promise.all(batch)));
      empty.push(await whole(heat, `bench-${process.pid}-empty${begun}`));
    }
    const p95 = quantile(lags, 0.95);
    const { median, max } = spread(lags);
    const holds = p95 <= TARGET;
    console.log(
      `${holds ? 'ok  ' : 'FAIL'} from a workflow's end to Heat's COMPLETE, ${STACKS} stacks: p95 ${timeText(p95)}, ` +
        `target <= ${TARGET} s; median ${timeText(median)}, at most ${timeText(max)}`,
    );
    console.log(`     a stack of one OS::Heat::Value meanwhile: ${timeText(spread(empty).median)}`);
    return holds;
  });
