// What a step costs through a real RabbitMQ, against raw exchanges with the same client library.
// Belongs here: these figures. Does not belong here: the broker and the raw side (amqp-lab.ts, amqp-loop.ts).
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createOpener, createSealer, newSealingKey } from '../../agent-protocol/sealing.ts';
import { canRunBroker } from '../support/own-broker.ts';
import { AgentWorld } from './agents.ts';
import { type AmqpLab, openAmqpLab, RawFan, timedTransport } from './amqp-lab.ts';
import { RawLoop } from './amqp-loop.ts';
import { compare, meets, print, timeText } from './harness.ts';
import { Floor, sideBySide } from './protocol.ts';
import { chain, fan, type Shape } from './shapes.ts';
import { inDirectory } from './worlds.ts';

const CHAIN = 1_000;
const FAN = 1_000;
const RESTARTED = 200;

/** False when a target is missed; true, and said, where there is no RabbitMQ. */
export async function amqp(): Promise<boolean> {
  if (!canRunBroker('the benchmark of RabbitMQ')) return true;
  return inDirectory(async directory => {
    for (const part of ['overhead', 'chained', 'signed', 'fanned', 'restarted'])
      await mkdir(path.join(directory, part));
    const lab = await openAmqpLab(directory);
    try {
      const results = [
        await overhead(lab, directory),
        await chained(lab, directory),
        await signing(lab, directory),
        sealing(),
        await fanned(lab, directory),
        await restarted(lab, directory),
      ];
      return results.every(holds => holds);
    } finally {
      await lab.own.end();
    }
  });
}

const agentsOf = (shape: Shape): string[] =>
  Object.values(shape.members).flatMap(group => group.map(({ agent }) => agent));

const at = (sorted: readonly number[], share: number): number =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) / 1_000;

/** From an agent's end of a script to its next command: the engine's whole way, without the agent's own work. */
async function overhead(lab: AmqpLab, directory: string): Promise<boolean> {
  const shape = chain(CHAIN);
  const [ours, raw]: [number[], number[]] = [[], []];
  let ended: number | undefined;
  const transport = timedTransport(lab.transport, {
    ended: now => {
      ended = now;
    },
    commanded: now => {
      if (ended !== undefined) ours.push(now - ended);
      ended = undefined;
    },
  });
  const world = await AgentWorld.around(
    `${directory}/overhead`,
    await lab.wayFor(agentsOf(shape), transport),
  );
  const loop = await RawLoop.open(lab, directory);
  try {
    await world.staff(shape);
    for (let round = 0; round < 4; round += 1) {
      await world.run(`overhead-${round}`, shape);
      ended = undefined;
      const times = await loop.times(CHAIN);
      // The first is the warm-up of both.
      if (round === 0) ours.length = 0;
      else raw.push(...times);
    }
  } finally {
    await loop.close();
    await world.close();
  }
  return told(ours, raw);
}

function told(ours: number[], raw: number[]): boolean {
  const sort = (times: number[]): number[] => times.sort((one, other) => one - other);
  const [mine, floor] = [sort(ours), sort(raw)];
  const rows = [
    { name: 'p50', share: 0.5, target: '<= 2' },
    { name: 'p99', share: 0.99, target: '<= 3' },
  ].map(({ name, share, target }) => {
    const ratio = at(mine, share) / at(floor, share);
    const holds = meets(ratio, target);
    console.log(
      `${holds ? 'ok  ' : 'MISS'} sequential step, from its end at the agent to the next command there, against a raw round trip + one durable commit, ${name}`,
    );
    console.log(`     ratio    ${ratio.toFixed(2)}, target ${target}`);
    console.log(`     ours     ${timeText(at(mine, share))} of ${mine.length}`);
    console.log(`     baseline ${timeText(at(floor, share))} of ${floor.length}`);
    return holds;
  });
  return rows.every(holds => holds);
}

async function chained(lab: AmqpLab, directory: string): Promise<boolean> {
  const shape = chain(CHAIN);
  const world = await AgentWorld.around(`${directory}/chained`, await lab.wayFor(agentsOf(shape)));
  const floor = await Floor.open(`${directory}/chained`, 5, { transport: lab.transport, login: lab.engine });
  return sideBySide('chain-1000 through RabbitMQ', shape, 1, world, floor);
}

/** What signing and verifying both messages add to the least that a step needs; and to a bare round trip, which is told. */
async function signing(lab: AmqpLab, directory: string): Promise<boolean> {
  const floor = await Floor.open(`${directory}/signed`, 5, { transport: lab.transport, login: lab.engine });
  const loop = await RawLoop.open(lab, `${directory}/signed`);
  const step = {
    name: 'a step through RabbitMQ (commit, 2 journal writes, 2 messages), both messages signed and verified, against the same unsigned',
    unit: 'step',
    target: '<= 1.25',
    compare: 'time',
    rounds: 9,
    ours: () => floor.steps(1_000, 1),
    baseline: () => floor.steps(1_000, 1, true),
  } as const;
  const bare = {
    name: 'a bare round trip through RabbitMQ, the same',
    unit: 'round trip',
    compare: 'time',
    ours: () => loop.messages(1_000, true),
    baseline: () => loop.messages(1_000, false),
  } as const;
  try {
    const result = await compare(step);
    print(step, result);
    print(bare, await compare(bare));
    return result.holds;
  } finally {
    await floor.close();
    await loop.close();
  }
}

function sealing(): boolean {
  const key = newSealingKey();
  const [sealer, opener] = [createSealer(key.publicKey), createOpener(key.privateKey)];
  const id = { workflow: 'w', generation: 1, step: 's', dispatch: 1 };
  const context = { agent: 'a', incarnation: 'i', id, purpose: 'inputs' } as const;
  const secret = Buffer.alloc(1_024, 'x');
  const count = 5_000;
  const began = performance.now();
  for (let done = 0; done < count; done += 1) opener.open(context, sealer.seal(context, secret));
  console.log('     a hidden value of 1 KiB sealed to an agent and opened there');
  console.log(`     ${timeText((performance.now() - began) / 1_000 / count)}`);
  return true;
}

async function fanned(lab: AmqpLab, directory: string): Promise<boolean> {
  const shape = fan(FAN);
  const way = await lab.wayFor(agentsOf(shape));
  const memory = async (): Promise<{ readonly broker: number; readonly heap: number }> => {
    globalThis.gc?.();
    const [node] = (await lab.own.found.management.list('/nodes?columns=mem_used')) as { mem_used: number }[];
    return { broker: node?.mem_used ?? Number.NaN, heap: process.memoryUsage().heapUsed };
  };
  const world = await AgentWorld.around(`${directory}/fanned`, way);
  const before = await memory();
  await world.staff(shape);
  // The broker tells its memory every five seconds.
  await new Promise(resolve => setTimeout(resolve, 6_000));
  const after = await memory();
  const each = (bytes: number): string => `${(bytes / FAN / 1024).toFixed(1)} KiB`;
  console.log('     memory of one connected agent, of 1,000: in the broker; here, engine and agent together');
  console.log(`     ${each(after.broker - before.broker)}; ${each(after.heap - before.heap)}`);
  const raw = await RawFan.open(lab, FAN);
  let runs = 0;
  const comparison = {
    name: 'fan-out to 1,000 agents with users of their own, journals and commits included, against raw publish and replies',
    unit: 'step',
    target: '<= 2',
    compare: 'time',
    rounds: 3,
    warmups: 2,
    ours: async () => {
      await world.run(`fanned-${(runs += 1)}`, shape);
      return shape.steps;
    },
    baseline: () => raw.round(),
  } as const;
  try {
    const result = await compare(comparison);
    print(comparison, result);
    return result.holds;
  } finally {
    await raw.close();
    await world.close();
  }
}

/** The broker is killed once the fan-out is under way, and started again. */
async function restarted(lab: AmqpLab, directory: string): Promise<boolean> {
  const shape = fan(RESTARTED);
  const world = await AgentWorld.around(`${directory}/restarted`, await lab.wayFor(agentsOf(shape)));
  try {
    await world.staff(shape);
    const running = world.run('restarted', shape);
    await new Promise(resolve => setTimeout(resolve, 50));
    await lab.own.kill();
    await lab.own.start();
    const back = performance.now();
    await running;
    console.log(
      `     fan-out to ${RESTARTED} agents, the broker killed in the middle and started again: all done`,
    );
    console.log(`     ${timeText((performance.now() - back) / 1_000)} after it was back`);
  } finally {
    await world.close();
  }
  return true;
}
