// The message transport that engine and agents share: AMQP 0-9-1's notions, no AMQP library.
// Belongs here: the interface that `memory://` (engine/bus/memory.ts) and `amqp://` implement, and what it promises.
// Does not belong here: what messages mean (messages.ts), which queues exist (topology of either side).

/** Opaque bytes with a few properties; the body is what is signed. */
export interface WireMessage {
  readonly body: Uint8Array;
  /** De-duplicates deliveries for people reading a broker; correctness never depends on it. */
  readonly messageId: string;
  readonly headers: { readonly key: string; readonly signature: Uint8Array };
}

/** `Message` is what travels: ours is signed bytes; who speaks another protocol over the same broker brings another. */
export interface Delivery<Message = WireMessage> {
  readonly message: Message;
  readonly routingKey: string;
  /** True when the broker may have delivered it before. */
  readonly redelivered: boolean;
  /** How it became a dead letter, the last time; absent: it is none. */
  readonly died?: Death;
  /** Each delivery is settled once; settling after the channel closed has no effect: it will be redelivered. */
  ack(): void;
  /** `requeue: false` sends it to the dead-letter exchange. */
  nack(options: { readonly requeue: boolean }): void;
}

export interface Death {
  /** Where it was given up. */
  readonly queue: string;
  /** `rejected`, `expired`, `maxlen`, `delivery_limit`, as RabbitMQ says it. */
  readonly why: string;
  /** Ms since the epoch, by the broker's clock, or by whoever sent it: a sender can write such headers, too. */
  readonly at?: number;
}

/**
 * A connection with one channel in confirm mode. After `closed` nothing on it works: reconnect, declare again,
 * consume again, publish again what was not confirmed (delivery is at least once).
 */
export interface Connection<Message = WireMessage> {
  /**
   * Resolves when the broker confirmed it. Rejects with TransportError `returned` (mandatory and unroutable),
   * `nacked`, `closed`, or `refused` (no permission: also closes the channel).
   * While the broker blocks publishers it neither resolves nor rejects.
   */
  publish(exchange: string, routingKey: string, message: Message): Promise<void>;
  /** At most `prefetch` unsettled deliveries at a time. The consumer ends with the connection or by `cancel`. */
  consume(
    queue: string,
    prefetch: number,
    deliver: (delivery: Delivery<Message>) => void,
  ): Promise<{ cancel(): Promise<void> }>;
  declare(topology: Topology): Promise<void>;
  /** Resolves when the connection is gone, with why. Never rejects. */
  readonly closed: Promise<string>;
  /** Called with the reason when the broker blocks publishers, with undefined when it lets them go on. */
  onBlocked(listener: (reason: string | undefined) => void): void;
  /** Ms since the epoch: the end of the broker's certificate, as it says itself. Absent without TLS. */
  readonly certificateEnds?: number;
  close(): Promise<void>;
}

export interface Transport<Message = WireMessage> {
  /** Rejects with TransportError `unreachable` or `refused` (wrong login). */
  connect(login: Login): Promise<Connection<Message>>;
}

export interface Login {
  readonly user: string;
  readonly password: string;
  /** Shown in the broker's list of connections. */
  readonly name: string;
}

/** Queues, exchanges and bindings as data: declared again after any loss (rule P6). */
export interface Topology {
  readonly exchanges: readonly Exchange[];
  readonly queues: readonly Queue[];
  readonly bindings: readonly {
    readonly exchange: string;
    readonly queue: string;
    readonly routingKey: string;
  }[];
}

/** Durable unless it says otherwise. */
export interface Exchange {
  readonly name: string;
  readonly type: 'topic' | 'fanout';
  readonly durable?: boolean;
  /** Gone with its last binding. */
  readonly autoDelete?: boolean;
}

/** Durable and replicated unless it says otherwise; the in-process broker knows no other kind. */
export interface Queue {
  readonly name: string;
  readonly deadLetterExchange?: string;
  /** Deliveries of one message before it is dead-lettered. */
  readonly deliveryLimit?: number;
  /** `classic`: on one node; absent: `quorum`, replicated. */
  readonly kind?: 'classic' | 'quorum';
  readonly durable?: boolean;
  /** Gone with its last consumer. */
  readonly autoDelete?: boolean;
  /** Milliseconds without a consumer after which it is gone. */
  readonly expires?: number;
  /** Messages it keeps; of more, the oldest are dropped. The in-process broker keeps all. */
  readonly maxLength?: number;
}

export class TransportError extends Error {
  readonly reason: 'returned' | 'nacked' | 'closed' | 'refused' | 'unreachable';

  constructor(reason: TransportError['reason'], message: string) {
    super(message);
    this.name = 'TransportError';
    this.reason = reason;
  }
}

/** Exchange that agents publish to, under the key `<agent id>.<kind>`. */
export const FROM_AGENTS = 'from-agents';
/** The engine's queue of everything enrolled agents say. */
export const RESULTS_QUEUE = 'engine.results';
/** The engine's queue of enrolments: apart, as whoever reads a VM's user data can write to it. */
export const ENROLMENTS_QUEUE = 'engine.enrolments';
export const DEAD_LETTERS = 'dead-letters';
export const commandQueue = (agent: string): string => `agent.${agent}`;
/** Answers to an agent's enrolment. */
export const enrolmentQueue = (agent: string): string => `enrol.${agent}`;
export const agentKey = (agent: string, kind: AgentKey): string => `${agent}.${kind}`;
export type AgentKey = 'hello' | 'result' | 'output' | 'enrol';
