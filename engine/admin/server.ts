// The operator's endpoint listening.
// Belongs here: the server, its bounds, its end. Does not belong here: what it answers (app.ts), where it may listen (listen.ts).
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { EngineError, errorText } from '../base/errors.ts';
import { adminApp, type AppParts } from './app.ts';
import { judgePlace, type Place } from './listen.ts';

export interface Listening {
  /** Such as `http://127.0.0.1:9080`. */
  readonly url: string;
  /** Ends streams and connections. */
  close(): Promise<void>;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** `tls`: a certificate, or that a proxy before it has one. EngineError `usage`, or `transport_refused` where it cannot listen. */
export async function openAdmin(
  place: Place,
  parts: AppParts,
  tls?: Certificate | 'proxy',
): Promise<Listening> {
  judgePlace(place, parts.auth.scheme, tls !== undefined);
  const app = adminApp(parts);
  const own = tls === 'proxy' ? undefined : tls;
  const server =
    own === undefined ? createServer(app) : createTlsServer({ ...own, minVersion: 'TLSv1.2' }, app);
  server.maxConnections = CONNECTIONS;
  await listening(server, place);
  const { port } = server.address() as AddressInfo;
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  return {
    url: `${own === undefined ? 'http' : 'https'}://${host}:${port}`,
    close: () => {
      parts.streams.close();
      return closed(server);
    },
  };
}

const CONNECTIONS = 2_000;

function listening(server: Server, { host, port }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(cannotListen(`${host}:${port}`, error)));
    server.listen(port, host, () => {
      server.on('error', () => {});
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // What is answered at present has a moment to go out.
    setTimeout(() => server.closeAllConnections(), GRACE).unref();
  });
}

const GRACE = 1_000;

const cannotListen = (place: string, error: Error): EngineError =>
  new EngineError(
    'transport_refused',
    `The operator's endpoint cannot listen at ${place}: ${errorText(error)}`,
    'Choose another address with admin.listen, or end what listens there.',
    { cause: error },
  );
