// The in-process broker's own time: each frame in the next turn of the event loop.
// Belongs here: the one place of engine/bus/ that sets timers. Does not belong here: the engine's clock.
import type { Scheduler } from './memory-connection.ts';

/** One `setImmediate` per frame; a delayed message does not keep the process alive. */
export const immediateScheduler: Scheduler = {
  soon: task => void setImmediate(task),
  after: (milliseconds, task) => void setTimeout(task, milliseconds).unref(),
};
