// `amqp://`: RabbitMQ as a transport. Tries the brokers of the URL in turn, beginning anywhere.
// Belongs here: connecting, and why it failed. Does not belong here: what a connection does (connection.ts).
import { connect, type ChannelModel, type SocketOptions } from 'amqplib';
import { type Connection, type Login, type Transport, TransportError } from '../transport.ts';
import { type Broker, placeOf } from './brokers.ts';
import { AmqpConnection, type Mapping, textOf } from './connection.ts';
import { end } from './ending.ts';

export interface AmqpOptions<Content> {
  /** At least one. */
  readonly brokers: readonly Broker[];
  readonly mapping: Mapping<Content>;
  /** In [0, 1): which broker is tried first, so that many clients spread over them. */
  readonly random: () => number;
  /** Certificates to believe, and our own if the broker wants one; only over TLS. */
  readonly tls?: Pick<SocketOptions, 'ca' | 'cert' | 'key' | 'servername'>;
  /** Seconds; a peer that is silent for twice as long is gone. Default 15. */
  readonly heartbeat?: number;
}

/** Milliseconds for the connection and its handshake with one broker. */
const CONNECT_TIMEOUT = 10_000;
const HEARTBEAT = 15;

/** A login with an empty user name logs in as the URL says. */
export function amqpTransport<Content>(options: AmqpOptions<Content>): Transport<Content> {
  return { connect: login => connectAny(options, login) };
}

async function connectAny<Content>(
  options: AmqpOptions<Content>,
  login: Login,
): Promise<Connection<Content>> {
  const { brokers, random } = options;
  const first = Math.floor(random() * brokers.length);
  const failures: string[] = [];
  let refusal: TransportError | undefined;
  for (const broker of [...brokers.slice(first), ...brokers.slice(0, first)]) {
    try {
      return await open(options, broker, login);
    } catch (thrown) {
      // A node whose vhost is down, or that is outside its cluster, refuses what the others take.
      if (thrown instanceof TransportError && thrown.reason === 'refused') refusal ??= thrown;
      else failures.push(`${placeOf(broker)}: ${textOf(thrown)}`);
    }
  }
  if (refusal !== undefined) throw refusal;
  throw new TransportError('unreachable', `the broker cannot be reached: ${failures.join('; ')}`);
}

async function open<Content>(
  { mapping, tls, heartbeat = HEARTBEAT }: AmqpOptions<Content>,
  broker: Broker,
  login: Login,
): Promise<Connection<Content>> {
  const own = login.user !== '';
  const url = {
    protocol: broker.tls ? 'amqps' : 'amqp',
    hostname: broker.host,
    port: broker.port,
    username: own ? login.user : broker.user,
    password: own ? login.password : broker.password,
    vhost: encodeURIComponent(broker.vhost),
    heartbeat,
  };
  const model = await connect(url, {
    // Without it Nagle's algorithm and delayed acks cost 40 ms a message.
    noDelay: true,
    timeout: CONNECT_TIMEOUT,
    clientProperties: { connection_name: login.name },
    ...(broker.tls ? tls : {}),
  }).catch((thrown: unknown) => {
    throw connectError(thrown, broker, url.username);
  });
  return withChannel(model, mapping);
}

async function withChannel<Content>(
  model: ChannelModel,
  mapping: Mapping<Content>,
): Promise<Connection<Content>> {
  // Until the connection object listens, an error event would end the process.
  model.on('error', () => undefined);
  try {
    return new AmqpConnection(model, await model.createConfirmChannel(), mapping);
  } catch (thrown) {
    await end(model);
    throw thrown;
  }
}

/** The library passes on what the broker says to a wrong login, and of a vhost that is refused only that it is. */
const REFUSALS = [
  { said: /ACCESS[_-]REFUSED|\b403\b/, means: 'ACCESS_REFUSED, wrong name or password' },
  {
    said: /Expected ConnectionOpenOk; got <ConnectionClose|NOT_ALLOWED/,
    means: "NOT_ALLOWED, no right to vhost 'VHOST', no such vhost, or too many connections of this user",
  },
];

function connectError(thrown: unknown, broker: Broker, user: string): TransportError {
  const text = textOf(thrown);
  const why = REFUSALS.find(({ said }) => said.test(text))?.means;
  if (why === undefined) return new TransportError('unreachable', text);
  return new TransportError(
    'refused',
    `${placeOf(broker)} refuses the user '${user}': ${why.replace('VHOST', broker.vhost)}`,
  );
}
