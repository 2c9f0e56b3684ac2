// What a step costs while people sit at the console, against the same while nobody does; in turn, in one run.
// Belongs here: that comparison. Does not belong here: the people (console-clients.ts), what a step costs at all (protocol.ts).
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { nobodyAsked } from '../../engine/admin/auth/local.ts';
import { addGauges, Metrics } from '../../engine/admin/metrics/metrics.ts';
import { openAdmin } from '../../engine/admin/server.ts';
import { Streams } from '../../engine/admin/stream/streams.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { operating } from '../../engine/runtime/operator-views.ts';
import { spread, timeText } from './harness.ts';
import { chain } from './shapes.ts';
import { EngineWorld, inDirectory } from './worlds.ts';

const STEPS = 1_000;
const ROUNDS = 7;
/** Uncounted pairs before. */
const WARMUPS = 2;

interface Told {
  readonly begun?: true;
  readonly tally?: { readonly requests: number; readonly events: number };
}

export const console1000 = (): Promise<boolean> =>
  inDirectory(async directory => {
    const world = await EngineWorld.open(directory);
    await world.engine.start();
    const { engine, service } = world;
    const operated = operating(engine, service);
    const metrics = new Metrics();
    const ends = [operated.observe(metrics), addGauges(metrics.registry, service, operated)];
    const ready = async (): Promise<boolean> => true;
    const parts = { api: service, views: operated.views, streams: new Streams(), ready, log: silentLog };
    const place = { host: '127.0.0.1', port: 0 };
    const admin = await openAdmin(place, { ...parts, auth: nobodyAsked, metrics: metrics.registry });
    const people = fork(path.join(import.meta.dirname, 'console-clients.js'));
    try {
      return await inTurn(world, people, admin.url);
    } finally {
      people.kill();
      for (const end of ends) end();
      await admin.close();
      await world.close();
    }
  });

async function inTurn(world: EngineWorld, people: ChildProcess, url: string): Promise<boolean> {
  const shape = chain(STEPS);
  const pairs: { busy: number; quiet: number }[] = [];
  let [requests, events, seconds] = [0, 0, 0];
  for (let round = 0; round < WARMUPS + ROUNDS; round += 1) {
    const quietly = (): Promise<number> => timed(world, `quiet-${round}`, shape);
    // Who comes first changes from pair to pair: a machine that grows slower must not look like people.
    const before = round % 2 === 0 ? undefined : await quietly();
    await told(people, { begin: url });
    const busy = await timed(world, `busy-${round}`, shape);
    const { tally } = await told(people, { rest: true });
    const quiet = before ?? (await quietly());
    if (round < WARMUPS) continue;
    pairs.push({ busy, quiet });
    requests += tally?.requests ?? 0;
    events += tally?.events ?? 0;
    seconds += busy * STEPS;
  }
  print(pairs, requests / seconds, events / seconds);
  return true;
}

async function told(people: ChildProcess, message: object): Promise<Told> {
  const answer = once(people, 'message');
  people.send(message);
  const [said] = (await answer) as [Told];
  return said;
}

/** Seconds per step. */
async function timed(world: EngineWorld, id: string, shape: ReturnType<typeof chain>): Promise<number> {
  const began = performance.now();
  await world.run(id, shape);
  return (performance.now() - began) / 1_000 / STEPS;
}

function print(pairs: readonly { busy: number; quiet: number }[], requests: number, events: number): void {
  const text = (values: readonly number[], of: (value: number) => string): string => {
    const { min, median, max } = spread(values);
    return `${of(median)} (${of(min)} … ${of(max)})`;
  };
  const plain = (value: number): string => value.toFixed(2);
  console.log(
    `     a step of a chain of ${STEPS}, with a driver that answers at once; 20 people at the console`,
  );
  console.log(
    `     ratio    ${text(
      pairs.map(({ busy, quiet }) => busy / quiet),
      plain,
    )}, reported`,
  );
  console.log(
    `     busy     ${text(
      pairs.map(({ busy }) => busy),
      timeText,
    )}`,
  );
  console.log(
    `     quiet    ${text(
      pairs.map(({ quiet }) => quiet),
      timeText,
    )}`,
  );
  console.log(
    `     meanwhile ${Math.round(requests).toLocaleString('en')} requests and ${Math.round(events).toLocaleString('en')} events a second`,
  );
}
