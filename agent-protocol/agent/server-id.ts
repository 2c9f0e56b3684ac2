// The UUID of the server that the agent runs on, as OpenStack tells it: metadata service first, then the config drive.
// Belongs here: where it stands. Does not belong here: whether it is believed (the engine compares it with what Heat says).
//
// Neither the host name nor a file on the disk counts: both are copied with an image.
import { execFile } from 'node:child_process';
import { get } from 'node:http';
import { mkdtemp, readFile, rmdir } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { serverId as isServerId } from '../enrolment/config.ts';

/** Where to look; replaced in tests. */
export interface MetadataPlaces {
  /** URLs of metadata services, tried in turn. */
  readonly urls: readonly string[];
  /** Directories where a config drive may be mounted. */
  readonly drives: readonly string[];
  /** A device to mount for a moment when none of them has it; absent: none. */
  readonly device?: string;
  /** Milliseconds for one request. */
  readonly timeout: number;
}

const DOCUMENT = 'openstack/latest/meta_data.json';
const MOST_BYTES = 1024 * 1024;

/** Of this machine, as OpenStack's guests find them. */
export function metadataPlaces(): MetadataPlaces {
  const windows = process.platform === 'win32';
  const letters = 'DEFGHIJKLMNOPQRSTUVWXYZ'.split('').map(letter => `${letter}:\\`);
  return {
    urls: ['http://169.254.169.254', ...interfaceNames().map(name => `http://[fe80::a9fe:a9fe%25${name}]`)],
    drives: windows ? letters : ['/mnt/config', '/config-2', '/media/configdrive'],
    ...(windows ? {} : { device: '/dev/disk/by-label/config-2' }),
    timeout: 3_000,
  };
}

/** Undefined when nobody tells it now: ask again, the network may not be up yet. Never rejects. */
export async function readServerId(places: MetadataPlaces = metadataPlaces()): Promise<string | undefined> {
  for (const url of places.urls) {
    const found = await fromService(url, places.timeout);
    if (found !== undefined) return found;
  }
  for (const drive of places.drives) {
    const found = await fromDrive(drive);
    if (found !== undefined) return found;
  }
  return places.device === undefined ? undefined : fromDevice(places.device);
}

/** The link-local address of the metadata service over IPv6 needs the interface in it. */
const interfaceNames = (): string[] =>
  Object.entries(networkInterfaces())
    .filter(([, addresses]) => addresses?.some(one => !one.internal && one.family === 'IPv6'))
    .map(([name]) => name);

async function fromService(url: string, timeout: number): Promise<string | undefined> {
  try {
    const answer = await fetchText(`${url}/${DOCUMENT}`, timeout);
    return idIn(answer);
  } catch {
    return undefined;
  }
}

/** By the plain client, as `fetch` refuses addresses with a zone. */
function fetchText(url: string, timeout: number): Promise<string> {
  const { hostname, port, pathname } = partsOf(url);
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeout);
    const request = get({ hostname, port, path: pathname, signal, agent: false }, answer => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
        if (text.length > MOST_BYTES) answer.destroy(new Error('too large'));
      });
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(text) : reject(new Error('no such thing')),
      );
      answer.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** By hand, as URL refuses zones. */
function partsOf(url: string): { hostname: string; port: number; pathname: string } {
  const [, host = '', port = '80', pathname = '/'] =
    /^http:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?(\/.*)$/.exec(url) ?? [];
  return { hostname: host.replace(/^\[|\]$/g, '').replace('%25', '%'), port: Number(port), pathname };
}

async function fromDrive(directory: string): Promise<string | undefined> {
  try {
    return idIn(await readFile(path.join(directory, ...DOCUMENT.split('/')), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Mounts it read-only for a moment; only root can, and only where there is such a device. */
async function fromDevice(device: string): Promise<string | undefined> {
  let point: string | undefined;
  try {
    point = await mkdtemp(path.join(tmpdir(), 'murano-workflow-config-'));
    await run('mount', ['-o', 'ro,nosuid,nodev,noexec', device, point]);
    const found = await fromDrive(point);
    await run('umount', [point]);
    return found;
  } catch {
    return undefined;
  } finally {
    // Never recursive: if it is mounted still, what is in it is not ours.
    if (point !== undefined) await rmdir(point).catch(() => undefined);
  }
}

function run(command: string, parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, [...parameters], { timeout: 10_000 }, error =>
      error === null ? resolve() : reject(error),
    );
  });
}

function idIn(text: string): string | undefined {
  const document: unknown = JSON.parse(text);
  if (typeof document !== 'object' || document === null || !('uuid' in document)) return undefined;
  const id = typeof document.uuid === 'string' ? document.uuid.toLowerCase() : undefined;
  return isServerId(id) === undefined ? id : undefined;
}
