// The engine's side towards Heat, put together: link, queues, server.
// Belongs here: opening and closing in order. Does not belong here: what is served (methods.ts).
import { brokersOf } from '../../agent-protocol/amqp/brokers.ts';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { EngineError, errorText } from '../base/errors.ts';
import { Link, type LinkState } from '../bus/link.ts';
import type { EngineApi } from '../runtime/api.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/ports.ts';
import { heatEndpoint } from './methods.ts';
import { RpcServer } from './rpc-server.ts';
import { rpcMapping, type RpcTarget, rpcTopology } from './topology.ts';

export interface HeatOptions extends RpcTarget {
  /** As Heat's own `transport_url`. */
  readonly transportUrl: string;
  /** PEM of the authorities that sign the brokers' certificates; only over TLS. */
  readonly ca?: string;
}

export interface HeatSide {
  /** Why the first try to connect came to nothing, without a password. */
  readonly away?: string;
  /** Resolves when the queues are read for the first time. */
  readonly serving: Promise<void>;
  /** Answers what runs, then leaves the broker. */
  close(): Promise<void>;
}

/** Resolves after the first try to connect; goes on trying when the broker is away. EngineError `usage` for a wrong URL. */
export async function openHeatSide(
  api: EngineApi,
  options: HeatOptions,
  around: { readonly clock: Clock; readonly log: Log; readonly random: () => number },
): Promise<HeatSide> {
  const { clock, log, random } = around;
  const { topology, queues } = rpcTopology(options);
  const tls = options.ca === undefined ? {} : { tls: { ca: options.ca } };
  const contact = firstContact(log);
  const link = new Link<Uint8Array>({
    transport: amqpTransport({
      brokers: readBrokers(options.transportUrl),
      mapping: rpcMapping,
      random,
      ...tls,
    }),
    // The URL says who: Heat and its services share a login by it.
    login: { user: '', password: '', name: `murano-workflow engine ${options.server}` },
    clock,
    random,
    topology: () => topology,
    onState: state => contact.hear(state),
  });
  const server = new RpcServer({ link, queues, endpoint: heatEndpoint(api, clock), clock, log });
  // What is to be read is known first: then a connection counts only once it is read from.
  await server.start();
  await link.start();
  const { serving, away } = contact;
  return {
    serving,
    ...(away !== undefined && { away }),
    async close() {
      await server.close();
      await link.close();
    },
  };
}

/** Listens to the link, logs, and keeps what came of the first try and when requests were taken first. */
function firstContact(log: Log) {
  let connected: () => void = () => undefined;
  const serving = new Promise<void>(resolve => {
    connected = resolve;
  });
  return {
    serving,
    away: undefined as string | undefined,
    hear(state: LinkState): void {
      tell(log, state);
      if (state.kind === 'connected') connected();
      else if (state.kind === 'down') this.away ??= `${state.reason}${adviceOn(state.reason)}`;
    },
  };
}

/** EngineError `usage` with a sentence that shows no password. */
export function readBrokers(url: string): ReturnType<typeof brokersOf> {
  try {
    return brokersOf(url);
  } catch (thrown) {
    throw new EngineError(
      'usage',
      `transport_url cannot be used. ${errorText(thrown)}`,
      'Take the one in heat.conf.',
    );
  }
}

/** The setting that differs from Heat's, for what RabbitMQ says of an exchange or queue declared otherwise. */
export function adviceOn(reason: string): string {
  const [, what = '', asked = '', there = ''] =
    /inequivalent arg '([\w-]+)' for .* received '?(\w+)'? but current is '?(\w+)'?/.exec(reason) ?? [];
  const setting = SETTINGS[what];
  if (setting === undefined) return '';
  return `. It exists with ${what} ${there}, not ${asked}: set heat.${setting} as Heat's own is.`;
}

const SETTINGS: Readonly<Record<string, string>> = {
  durable: 'amqp_durable_queues',
  auto_delete: 'amqp_auto_delete',
  'x-queue-type': 'rabbit_quorum_queue',
};

function tell(log: Log, state: LinkState): void {
  switch (state.kind) {
    case 'connected':
      return log.info('Connected to the control bus.');
    case 'blocked':
      return log.warn(`The broker of the control bus blocks publishers: ${state.reason}`);
    case 'down':
      return log.warn(`The control bus is away, tried again soon: ${state.reason}${adviceOn(state.reason)}`);
    default:
      return state satisfies never;
  }
}
