// People at the console, in a process of their own: each watches the list and a workflow, and looks around all the time.
// Belongs here: these clients, told by messages when to begin and to rest. Does not belong here: what they cost (console.ts).
import { setTimeout as delay } from 'node:timers/promises';

const CLIENTS = 20;
/** Milliseconds between two looks of one client. */
const LOOK_MS = 2_000;

interface Tally {
  requests: number;
  events: number;
}

let resting = new AbortController();
let tally: Tally = { requests: 0, events: 0 };

process.on('message', (message: { readonly begin?: string; readonly rest?: true }) => {
  if (message.begin !== undefined) void begin(message.begin);
  if (message.rest === true) {
    resting.abort();
    process.send?.({ tally });
  }
});

async function begin(url: string): Promise<void> {
  resting = new AbortController();
  tally = { requests: 0, events: 0 };
  const { signal } = resting;
  const opened = Array.from({ length: CLIENTS }, () => sit(url, signal, tally));
  await Promise.all(opened);
  process.send?.({ begun: true });
}

/** Resolves once the list is watched. */
function sit(url: string, signal: AbortSignal, counts: Tally): Promise<void> {
  return new Promise(resolve => {
    let watched = '';
    void stream(`${url}/v1/events`, signal, (event, data) => {
      counts.events += 1;
      if (event === 'begin') resolve();
      const { id, status } = data as { readonly id?: string; readonly status?: string };
      if (status !== 'running' || id === undefined || id === watched) return;
      watched = id;
      void stream(`${url}/v1/workflows/${id}/events?after=0`, signal, () => void (counts.events += 1));
    });
    void lookAround(url, signal, counts, () => watched);
  });
}

async function lookAround(
  url: string,
  signal: AbortSignal,
  counts: Tally,
  watched: () => string,
): Promise<void> {
  while (!signal.aborted) {
    const id = watched();
    const places = [
      '/v1/workflows',
      ...(id === '' ? [] : [`/v1/workflows/${id}`, `/v1/workflows/${id}/explanation`]),
    ];
    for (const place of places) {
      await fetch(`${url}${place}`, { signal })
        .then(response => response.arrayBuffer())
        .catch(() => undefined);
      counts.requests += 1;
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function stream(
  url: string,
  signal: AbortSignal,
  heard: (event: string, data: object) => void,
): Promise<void> {
  try {
    const response = await fetch(url, { signal, headers: { Accept: 'text/event-stream' } });
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, event, data] = /event: (\w+)\ndata: (.*)/.exec(block) ?? [];
        if (event !== undefined) heard(event, JSON.parse(data ?? '{}') as object);
      }
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}
