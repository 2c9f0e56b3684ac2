// The users suite on the broker in the process.
// Belongs here: its lab. Does not belong here: the suite (users.ts).
import { memoryBroker } from '../../engine/bus/memory.ts';
import { memoryBrokerUsers } from '../../engine/broker/memory-users.ts';
import { exerciseUsers } from './users.ts';

exerciseUsers('memory://', async () => {
  const engine = { user: 'engine', password: 'e' };
  const broker = memoryBroker({ users: { engine: { password: 'e' } } });
  return {
    transport: broker.transport,
    engine,
    users: memoryBrokerUsers(broker),
    prefix: '',
    async wipe() {
      broker.wipe('the disk was lost');
      for (const name of broker.userNames()) if (name !== 'engine') broker.removeUser(name);
    },
    dispose: async () => undefined,
  };
});
