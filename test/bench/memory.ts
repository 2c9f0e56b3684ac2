// Heap per workflow: the slope between two numbers of workflows, each with machines of its own.
// Belongs here: idle (complete) and live ones of twenty states. Does not belong here: time.
import { grid } from './shapes.ts';
import { EngineWorld, inDirectory } from './worlds.ts';
import { meets } from './harness.ts';

const [FEW, MANY] = [1_000, 4_000];

async function slope(live: boolean): Promise<number> {
  return inDirectory(async directory => {
    const world = await EngineWorld.open(directory);
    try {
      await world.engine.start();
      world.driver.answers = !live;
      const upTo = async (from: number, to: number): Promise<number> => {
        for (let number = from; number < to; number += 1)
          await world.create(`wf-${number}`, grid(1, 20, `vm-${number}`));
        await world.engine.idle();
        return settledHeap();
      };
      const few = await upTo(0, FEW);
      const many = await upTo(FEW, MANY);
      const expected = live ? MANY : 0;
      if (world.engine.inMemory !== expected)
        throw new Error(`${world.engine.inMemory} workflows are in memory, not ${expected}.`);
      return (many - few) / (MANY - FEW);
    } finally {
      await world.close();
    }
  });
}

/** Weak references and finalizers need turns between collections before everything unused is gone. */
async function settledHeap(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('Start node with --expose-gc to measure memory.');
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export async function memory(): Promise<boolean> {
  let holds = true;
  for (const [name, live, target] of [
    ['idle', false, 1],
    ['live', true, 8],
  ] as const) {
    const kibibytes = (await slope(live)) / 1024;
    const good = meets(kibibytes, `<= ${target}`);
    console.log(
      `${good ? 'ok  ' : 'MISS'} ${name} workflow of 20 states with its own machine: ${kibibytes.toFixed(2)} KiB of heap each, target <= ${target} KiB (from ${FEW} to ${MANY} workflows)`,
    );
    holds &&= good;
  }
  return holds;
}
