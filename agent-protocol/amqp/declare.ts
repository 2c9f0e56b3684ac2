// A topology said to RabbitMQ: exchanges, queues with their arguments, bindings, in this order.
// Belongs here: how our notions are written as AMQP arguments. Does not belong here: which queues there are.
import type { Channel, Options } from 'amqplib';
import type { Exchange, Queue, Topology } from '../transport.ts';

export async function declareOn(channel: Channel, topology: Topology): Promise<void> {
  // One channel answers in order: all are asked at once, the first refusal ends the channel and all of them.
  await Promise.all([
    ...topology.exchanges.map(exchange =>
      channel.assertExchange(exchange.name, exchange.type, exchangeOptions(exchange)),
    ),
    ...topology.queues.map(queue => channel.assertQueue(queue.name, queueOptions(queue))),
    ...topology.bindings.map(({ queue, exchange, routingKey }) =>
      channel.bindQueue(queue, exchange, routingKey),
    ),
  ]);
}

const exchangeOptions = ({ durable, autoDelete }: Exchange): Options.AssertExchange => ({
  durable: durable !== false,
  autoDelete: autoDelete === true,
});

/** Quorum queues count deliveries from 0: a limit of n − 1 is n deliveries. Classic ones have no such limit. */
function queueOptions(queue: Queue): Options.AssertQueue {
  const { deadLetterExchange, deliveryLimit, expires, maxLength, kind = 'quorum' } = queue;
  return {
    durable: queue.durable !== false,
    autoDelete: queue.autoDelete === true,
    ...(deadLetterExchange === undefined ? {} : { deadLetterExchange }),
    arguments: {
      ...(kind === 'quorum' && { 'x-queue-type': 'quorum' }),
      ...(kind === 'quorum' && deliveryLimit !== undefined && { 'x-delivery-limit': deliveryLimit - 1 }),
      ...(expires !== undefined && { 'x-expires': expires }),
      ...(maxLength !== undefined && { 'x-max-length': maxLength }),
    },
  };
}
