// One workflow as a stream: its log from an entry on, without a gap or a repetition, then live with output and agents.
// Belongs here: joining what is stored and what happens. Does not belong here: the wire (event-stream.ts).
import { EngineError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { EngineApi, Happening } from '../../runtime/api.ts';
import type { EventStream } from './event-stream.ts';

/**
 * `after`: number of the last log entry that the client has; undefined: from now on. Watching begins before reading: what
 * happens meanwhile waits, and what was read already is left out.
 */
export async function streamWorkflow(
  api: EngineApi,
  id: string,
  after: number | undefined,
  stream: EventStream,
): Promise<void> {
  const happenings = api.follow(id, stream.signal);
  try {
    const last = after === undefined ? await begin(api, id, stream) : await catchUp(api, id, after, stream);
    await live(happenings, last, stream);
    if (!stream.signal.aborted) stream.end('gone');
  } catch (thrown) {
    // Its backlog is full: it comes again with the last id that it has, and reads the log from there.
    if (!(thrown instanceof EngineError) || thrown.code !== 'limit_exceeded') throw thrown;
    stream.end('behind');
  }
}

async function begin(api: EngineApi, id: string, stream: EventStream): Promise<number> {
  const { record } = await api.workflow(id);
  await stream.send('begin', { seq: record.seq }, String(record.seq));
  return record.seq;
}

async function catchUp(api: EngineApi, id: string, after: number, stream: EventStream): Promise<number> {
  for (let last = after; ; ) {
    const entries = await api.events(id, last, LIMITS.adminPage);
    for (const entry of entries) await stream.send('log', { kind: 'log', entry }, String(entry.seq));
    last = entries.at(-1)?.seq ?? last;
    if (entries.length < LIMITS.adminPage || stream.signal.aborted) return last;
  }
}

async function live(happenings: AsyncIterable<Happening>, after: number, stream: EventStream): Promise<void> {
  for await (const happening of happenings) {
    if (happening.kind !== 'log') await stream.send(happening.kind, happening);
    else if (happening.entry.seq > after) await stream.send('log', happening, String(happening.entry.seq));
  }
}
