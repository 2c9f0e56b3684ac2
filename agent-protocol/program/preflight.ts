// Why the broker cannot be reached, found step by step: name, port, TLS, login. For whoever reads a console log.
// Belongs here: the steps and what to do about each. Does not belong here: connecting for work (amqp/transport.ts).
import { lookup } from 'node:dns/promises';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Broker, placeOf } from '../amqp/brokers.ts';
import { type Connection, type Login, type Transport, TransportError } from '../transport.ts';

export interface Finding {
  readonly broker: string;
  readonly failed?: 'dns' | 'tcp' | 'tls';
  /** What was seen, and what to do about it. */
  readonly sentence: string;
}

const TIMEOUT = 5_000;

/** One finding for each broker, in order. Never rejects. */
export function lookAtBrokers(brokers: readonly Broker[], ca?: string): Promise<readonly Finding[]> {
  return Promise.all(brokers.map(broker => lookAt(broker, ca)));
}

async function lookAt(broker: Broker, ca: string | undefined): Promise<Finding> {
  const place = placeOf(broker);
  const fail = (failed: NonNullable<Finding['failed']>, sentence: string): Finding => ({
    broker: place,
    failed,
    sentence,
  });
  const found = await lookup(broker.host).catch(errorOf);
  if (found instanceof Error)
    return fail(
      'dns',
      `${broker.host} has no address (${found.message}). Look at the VM's DNS, or name the broker by its address.`,
    );
  const reached = await reach(broker, found.address);
  if (reached !== undefined)
    return fail(
      'tcp',
      `${found.address} port ${broker.port} cannot be reached (${reached}). Look at routes, security groups and whether the broker runs.`,
    );
  const shaken = broker.tls ? await shake(broker, ca) : undefined;
  if (shaken !== undefined)
    return fail(
      'tls',
      `The certificate of ${broker.host} is not believed (${shaken}). Look at broker.ca of the configuration, at the name in the certificate, and at the VM's clock (${new Date().toISOString()}).`,
    );
  return { broker: place, sentence: `${place} can be reached.` };
}

/** The sentence for a login that was tried: undefined when it works. */
export async function tryLogin(transport: Transport, login: Login): Promise<string | undefined> {
  const connection = await transport.connect(login).catch(errorOf);
  if (!(connection instanceof Error)) return leave(connection);
  if (!(connection instanceof TransportError) || connection.reason !== 'refused') return connection.message;
  return `${connection.message}. The engine makes this user when the Murano::Agent is created, and again after the broker lost it.`;
}

async function leave(connection: Connection): Promise<undefined> {
  await connection.close().catch(() => undefined);
}

/** Undefined: a connection could be made. */
function reach({ port }: Broker, address: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connectTcp({ host: address, port, timeout: TIMEOUT });
    const end = (why?: string): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end(`no answer within ${TIMEOUT / 1_000} seconds`));
    socket.once('error', error => end(error.message));
  });
}

/** Undefined: the handshake ended well. */
function shake({ host, port }: Broker, ca: string | undefined): Promise<string | undefined> {
  return new Promise(resolve => {
    const named = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
    const socket = connectTls({
      host,
      port,
      timeout: TIMEOUT,
      ...named,
      ...(ca === undefined ? {} : { ca }),
    });
    const end = (why?: string): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('secureConnect', () => end());
    socket.once('timeout', () => end(`no answer within ${TIMEOUT / 1_000} seconds`));
    socket.once('error', error => end(error.message));
  });
}

const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
