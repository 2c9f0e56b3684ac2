// The local socket of a running engine: EngineApi for the CLI of the same user on the same machine.
// Belongs here: listening, connections, answers. Does not belong here: what is answered (runtime/service.ts), frames (protocol.ts).
//
// Who may connect is decided by the file: the socket has mode 0600 and stands in a directory of mode 0700.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { EngineError, errorText } from '../base/errors.ts';
import type { EngineApi } from '../runtime/api.ts';
import { type Frame, onFrames, send, toWire } from './protocol.ts';
import { answer, judge } from './requests.ts';

/** Bytes that may wait for a client that does not read; beyond it the client is cut off. */
const BACKLOG_BYTES = 32 * 1024 * 1024;

export interface ControlServer {
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens at the path (a socket file, or a named pipe on Windows). Call only while holding the directory's lock: a
 * socket file left by a killed engine is removed. EngineError `transport_closed` when it cannot listen.
 */
export async function serveControl(path: string, api: EngineApi): Promise<ControlServer> {
  const open = new Set<Socket>();
  const server = createServer(socket => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, api);
  });
  if (process.platform !== 'win32') rmSync(path, { force: true });
  await listening(server, path);
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  return { close: () => close(server, open) };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(cannotListen(path, error)));
    server.listen(path, () => {
      server.on('error', () => {});
      resolve();
    });
  });
}

function close(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    for (const socket of open) socket.destroy();
  });
}

function serve(socket: Socket, api: EngineApi): void {
  const follows = new Map<number, AbortController>();
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const follow of follows.values()) follow.abort();
  });
  const refuse = (why: string): void => {
    const error = new EngineError(
      'usage',
      `The connection is closed: ${why}.`,
      'Use a client of the same version.',
    );
    socket.end(`${JSON.stringify({ id: 0, error: toWire(error) })}\n`);
  };
  onFrames(socket, frame => void handle(socket, api, follows, frame), refuse);
}

async function handle(
  socket: Socket,
  api: EngineApi,
  follows: Map<number, AbortController>,
  { id, method, params }: Frame,
): Promise<void> {
  if (method === 'stop') return follows.get(id)?.abort();
  try {
    const call = judge(method, params ?? []);
    const result = call.method === 'follow' ? await stream(call.params[0], id) : await answer(api, call);
    send(socket, { id, result: result ?? null });
  } catch (thrown) {
    send(socket, { id, error: toWire(thrown) });
  }

  async function stream(workflow: string, follow: number): Promise<void> {
    const abort = new AbortController();
    follows.set(follow, abort);
    try {
      for await (const item of api.follow(workflow, abort.signal)) {
        send(socket, { id: follow, item });
        if (socket.writableLength > BACKLOG_BYTES) socket.destroy();
      }
    } finally {
      follows.delete(follow);
    }
  }
}

function cannotListen(path: string, error: Error): EngineError {
  return new EngineError(
    'transport_closed',
    `The engine cannot listen at ${path}: ${errorText(error)}`,
    'Check that the directory exists and may be written to.',
    { cause: error },
  );
}
