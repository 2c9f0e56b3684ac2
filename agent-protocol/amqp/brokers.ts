// Where the brokers are: a transport URL as oslo.messaging writes it, with one host or several.
// Belongs here: reading and showing such a URL. Does not belong here: connecting (connection.ts).
//
//   amqp://user:password@host:5672/vhost          one
//   rabbit://u:p@one:5672,u:p@two:5672/vhost      several, as in Heat's transport_url
//   amqps://…                                     over TLS

/** One node of the broker. */
export interface Broker {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
  readonly tls: boolean;
}

const SCHEMES: Readonly<Record<string, { readonly tls: boolean; readonly port: number }>> = {
  amqp: { tls: false, port: 5672 },
  rabbit: { tls: false, port: 5672 },
  amqps: { tls: true, port: 5671 },
  rabbits: { tls: true, port: 5671 },
};

const URL_SHAPE = /^([a-z]+):\/\/([^/?]+)(?:\/([^?]*))?(\?.*)?$/;
const HOST_SHAPE = /^(?:([^:@]*)(?::([^@]*))?@)?(\[[0-9a-fA-F:]+\]|[^:@[\]]+)(?::(\d{1,5}))?$/;

/**
 * Every broker that the URL names, in its order. Throws a RangeError with a sentence that shows no password.
 * No path, or `/`, is the vhost `/`, as RabbitMQ's own default; `/name` is `name`, with %-escapes.
 */
export function brokersOf(url: string): readonly Broker[] {
  const [, name = '', hosts = '', path = '', query] = URL_SHAPE.exec(url) ?? [];
  const scheme = SCHEMES[name];
  if (scheme === undefined) throw new RangeError(`A transport URL begins with ${schemes()}.`);
  if (query !== undefined) throw new RangeError('A transport URL has no options behind a ? here.');
  const vhost = path === '' ? '/' : unescape(path);
  const brokers = hosts.split(',').map(host => brokerOf(host.trim(), scheme, vhost));
  // oslo: a host without a login has that of the one before it.
  return brokers.map((broker, index) =>
    broker.user === '' ? { ...broker, ...loginBefore(brokers, index) } : broker,
  );
}

/** For people: hosts and vhost, no login. */
export function placeOf({ host, port, vhost, tls }: Broker): string {
  return `${tls ? 'amqps' : 'amqp'}://${host.includes(':') ? `[${host}]` : host}:${port}${vhost === '/' ? '' : `/${vhost}`}`;
}

function brokerOf(
  text: string,
  scheme: { readonly tls: boolean; readonly port: number },
  vhost: string,
): Broker {
  const match = HOST_SHAPE.exec(text);
  const port = Number(match?.[4] ?? scheme.port);
  if (match === null || port < 1 || port > 65_535) {
    throw new RangeError(
      'In a transport URL each host is USER:PASSWORD@HOST:PORT; escape @ : / and , in a password.',
    );
  }
  const [, user = '', password = '', host = ''] = match;
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port,
    user: unescape(user),
    password: unescape(password),
    vhost,
    tls: scheme.tls,
  };
}

function loginBefore(
  brokers: readonly Broker[],
  index: number,
): { readonly user: string; readonly password: string } {
  const before = brokers.slice(0, index).findLast(broker => broker.user !== '');
  return { user: before?.user ?? 'guest', password: before?.password ?? 'guest' };
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError('A % in a transport URL begins an escape such as %40.');
  }
}

const schemes = (): string =>
  Object.keys(SCHEMES)
    .map(scheme => `${scheme}://`)
    .join(', ');
