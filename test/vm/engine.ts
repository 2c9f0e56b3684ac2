// The engine's side of one real agent: enrolment, bus and drivers over a RabbitMQ of the test's own, a store in memory.
// Belongs here: putting it together and taking it down. Does not belong here: what is asked of it (main.ts).
import { placeOf } from '../../agent-protocol/amqp/brokers.ts';
import { openBook } from '../../engine/agents/book.ts';
import { openDirectory } from '../../engine/agents/directory.ts';
import { createEnrolment } from '../../engine/agents/enrolment/side.ts';
import { newEngineKeys } from '../../engine/agents/keys.ts';
import { createAgentSide } from '../../engine/agents/side.ts';
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import { createDrivers } from '../../engine/drivers/index.ts';
import { systemClock } from '../../engine/runtime/clock.ts';
import type { AgentRequest } from '../../engine/runtime/agents-api.ts';
import { vault as makeVault } from '../../engine/runtime/secrets.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { RecordingSink } from '../agents/world.ts';
import type { AgentsBroker } from '../support/agents-broker.ts';
import { NO_CHILDREN } from '../support/drivers.ts';
import { NO_CLOUDS } from '../support/clouds.ts';

/** `host`: as the agent's machine calls this one. Connected and open. */
export async function openEngine(found: AgentsBroker, host: string) {
  const broker = { ...found.broker, vhost: 'agents', user: 'engine', password: 'secret' };
  const bus = rabbitmqBus({
    brokers: [broker],
    management: { url: found.managementUrl, user: 'guest', password: 'guest' },
    queueKind: 'classic',
    name: 'engine',
    random: Math.random,
  });
  await bus.prepare();
  const store = new MemoryStore(new MemoryDisk());
  await store.acquire('engine');
  const book = await openBook(store);
  const sealing = makeVault(Buffer.alloc(32, 7));
  const vault = {
    seal: (ref: string, value: Parameters<typeof sealing.seal>[1]) => sealing.seal(ref, value).sealed,
    open: sealing.open,
  };
  const sink = new RecordingSink();
  const common = { clock: systemClock, sink, vault, keys: newEngineKeys(), queueKind: bus.queueKind };
  const term = (): number => 1;
  const side = createAgentSide({
    ...common,
    transport: bus.transport,
    login: bus.login,
    directory: openDirectory(book),
    term,
  });
  const enrolment = createEnrolment(side, {
    ...common,
    book,
    users: bus.users,
    leaving: { leave: async () => true },
    broker: { urls: [placeOf({ ...broker, host })] },
  });
  const seal = (ref: string, value: Parameters<typeof sealing.seal>[1]) => ({
    ref,
    sealed: vault.seal(ref, value),
  });
  const drivers = createDrivers({
    ...side,
    clock: systemClock,
    sink,
    term,
    seal,
    clouds: NO_CLOUDS,
    children: NO_CHILDREN,
  });
  await side.connect();
  await side.open();
  await enrolment.start();
  return {
    sink,
    side,
    drivers,
    administer: (request: AgentRequest) => enrolment.registrar.administer(request),
    async close() {
      await Promise.all(Object.values(drivers).map(driver => driver.close()));
      enrolment.close();
      await side.close();
      await book.close();
    },
  };
}
