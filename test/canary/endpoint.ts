// Everything that the operator's endpoint of a whole engine says of a workflow, as text by its route.
// Belongs here: asking all routes, streams and refusals among them. Does not belong here: what may stand there (canary.test.ts).
import { allRoutes } from '../../engine/admin/routes/index.ts';
import { embeddedHost } from '../../engine/host.ts';

const QUIET = { logLevel: 'debug', logToStderr: false, trial: '127.0.0.1:0' } as const;

/** `asked`: bodies by path, to be sent as well. */
export async function endpointSays(
  directory: string,
  workflow: string,
  steps: readonly string[],
  asked: readonly (readonly [path: string, body: object])[],
): Promise<Map<string, string>> {
  const session = await embeddedHost().start(directory, QUIET);
  const { url, token } = session.trial as NonNullable<typeof session.trial>;
  const said = new Map<string, string>();
  const say = async (name: string, path: string, more: RequestInit = {}): Promise<void> => {
    const headers = { Authorization: `Bearer ${token}`, ...(more.headers as { [name: string]: string }) };
    const response = await fetch(`${url}${path}`, { ...more, headers });
    said.set(name, `${JSON.stringify([...response.headers])} ${await response.text()}`);
  };
  try {
    for (const { method, path } of allRoutes(() => ({}))) {
      if (method !== 'get' || path === '/v1/events') continue;
      for (const step of path.includes('{step}') ? steps : [''])
        await say(
          `${path} ${step}`,
          path.replace('{id}', workflow).replace('{step}', encodeURIComponent(step)),
        );
    }
    for (const [path, body] of asked)
      await say(`${path} ${JSON.stringify(Object.keys(body))}`, path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    said.set('the stream', await streamed(`${url}/v1/workflows/${workflow}/events?after=0`, token));
    return said;
  } finally {
    await session.close();
  }
}

/** What was written to the log so far, as the stream gives it. */
async function streamed(url: string, token: string): Promise<string> {
  const leaving = new AbortController();
  const headers = { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' };
  const log = await fetch(url, { headers: { Authorization: headers.Authorization } });
  const { entries } = (await log.json()) as { readonly entries: readonly { readonly seq: number }[] };
  const last = `id: ${entries.at(-1)?.seq}\n`;
  const response = await fetch(url, { headers, signal: leaving.signal });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    if (text.includes(last) && text.endsWith('\n\n')) break;
  }
  leaving.abort();
  return text;
}
