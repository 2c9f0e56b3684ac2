// The store in memory, by the suite that binds all stores.
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { exercise } from './conformance.ts';

exercise('memory', async () => {
  const disk = new MemoryDisk();
  return async () => new MemoryStore(disk);
});
