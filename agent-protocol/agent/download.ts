// Downloads for the `file` task: into a file that is open already, counted and summed while the bytes pass.
// Belongs here: HTTP, redirects, bounds. Does not belong here: the file's name, mode and rename (file-task.ts).
//
// A sum is always given, so it does not matter who sends the bytes; what has another sum is never put anywhere.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { get as getPlain } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { AGENT_LIMITS } from '../limits.ts';
import type { Download } from '../messages.ts';
import { RunError } from './run-error.ts';

interface Limits {
  readonly redirects: number;
  readonly downloadBytes: number;
}

/**
 * Writes what the URL gives into the file. Rejects with RunError when that is not what was asked for, with the signal's
 * reason when it is aborted, or with an I/O error.
 */
export async function download(
  { url, sha256 }: Download,
  file: FileHandle,
  signal: AbortSignal,
  limits: Limits = AGENT_LIMITS,
): Promise<void> {
  const answer = await follow(url, signal, limits);
  const hash = createHash('sha256');
  let bytes = 0;
  let writes = false;
  try {
    checkLength(url, Number(answer.headers['content-length'] ?? 0), limits);
    for await (const piece of answer as AsyncIterable<Buffer>) {
      bytes += piece.length;
      checkLength(url, bytes, limits);
      hash.update(piece);
      writes = true;
      await file.appendFile(piece);
      writes = false;
    }
  } catch (error) {
    throw writes ? error : thrownBy(error, url, signal);
  } finally {
    answer.destroy();
  }
  const sum = hash.digest('hex');
  if (sum !== sha256) {
    throw new RunError(
      `What ${shown(url)} gave (${bytes} bytes) has the SHA-256 sum ${sum}, not ${sha256}. Nothing was changed.`,
    );
  }
}

/** The answer that holds the file, redirects followed. */
async function follow(first: string, signal: AbortSignal, limits: Limits): Promise<IncomingMessage> {
  let url = first;
  for (let redirects = 0; redirects <= limits.redirects; redirects += 1) {
    const answer = await ask(url, signal);
    const { statusCode = 0, statusMessage = '', headers } = answer;
    if (statusCode === 200) return answer;
    answer.destroy();
    const { location } = headers;
    if (statusCode < 300 || statusCode > 399 || location === undefined)
      throw new RunError(`${shown(url)} answered ${statusCode} ${statusMessage.slice(0, 100)}.`);
    url = next(url, location);
  }
  throw new RunError(`${shown(first)} is redirected more than ${limits.redirects} times.`);
}

function next(url: string, location: string): string {
  const target = URL.parse(location, url);
  if (target !== null && ['http:', 'https:'].includes(target.protocol)) return target.href;
  throw new RunError(`${shown(url)} redirects to what is no http or https address.`);
}

function ask(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const get = new URL(url).protocol === 'https:' ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    // Packed on the way, it would have another sum.
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'murano-workflow-agent' };
    get(url, { signal, headers, agent: false }, resolve).once('error', error =>
      reject(thrownBy(error, url, signal)),
    );
  });
}

function checkLength(url: string, bytes: number, { downloadBytes }: Limits): void {
  if (bytes <= downloadBytes) return;
  throw new RunError(`${shown(url)} has more than the ${downloadBytes} bytes that a download may have.`);
}

function thrownBy(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof RunError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new RunError(`${shown(url)} cannot be read: ${message || code}.`);
}

/** Without its query, which may hold what is not for everybody's eyes. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.slice(0, 500);
}
