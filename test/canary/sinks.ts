// Every place in which Heat and the bus between it and the engine keep, show or send something, as text by its name.
// Belongs here: reading Heat's answers, logs, database and messages. Does not belong here: what may stand there (heat.test.ts).
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Channel, connect } from 'amqplib';
import type { Heat } from '../heat/openstack.ts';
import type { Services } from '../support/services.ts';
import { rabbitmqctl } from '../heat/daemons.ts';

const run = promisify(execFile);

/** Name of a sink → what it holds. */
export type Sinks = Map<string, string>;

/** What Heat's own log files say from now on. */
export function logsOf({ directory }: Services): () => Sinks {
  const folder = path.join(directory, 'log');
  const names = readdirSync(folder).filter(name => name.startsWith('heat'));
  const sizes = new Map(names.map(name => [name, statSync(path.join(folder, name)).size]));
  return () =>
    new Map(
      names.map(name => [
        `log ${name}`,
        readFileSync(path.join(folder, name), 'latin1').slice(sizes.get(name)),
      ]),
    );
}

/** Each table of Heat's database. */
export async function tablesOf({ directory }: Services): Promise<Sinks> {
  const socket = ['--no-defaults', '-uroot', '-S', path.join(directory, 'mariadb.sock')];
  const { stdout } = await run('mariadb', [...socket, '-N', '-e', 'show tables from heat']);
  const tables = stdout.split('\n').filter(name => name !== '');
  const sinks: Sinks = new Map();
  for (const table of tables) {
    const { stdout: rows } = await run('mariadb', [...socket, '-N', 'heat', '-e', `select * from ${table}`], {
      maxBuffer: 64 * 1024 * 1024,
    });
    sinks.set(`table ${table}`, rows);
  }
  return sinks;
}

/** What anybody who may see the stack can ask of Heat. */
export async function answersOf(heat: Heat, name: string): Promise<Sinks> {
  const { id } = await heat.show(name);
  const stack = `/stacks/${name}/${id}`;
  const events = (await heat.call('GET', `${stack}/events`)) as {
    events: { readonly id: string; readonly resource_name: string }[];
  };
  const paths = {
    'stack show': stack,
    'stack list': '/stacks',
    'output list': `${stack}/outputs`,
    'resource list': `${stack}/resources`,
    'resource show': `${stack}/resources/flow`,
    'template show': `${stack}/template`,
    'environment show': `${stack}/environment`,
    'event list': `${stack}/events`,
  };
  const sinks: Sinks = new Map();
  for (const [what, place] of Object.entries(paths))
    sinks.set(what, JSON.stringify(await heat.call('GET', place)));
  const shown = events.events
    .filter(event => event.resource_name === 'flow')
    .map(event => heat.call('GET', `${stack}/resources/flow/events/${event.id}`));
  sinks.set('event show', JSON.stringify(await Promise.all(shown)));
  return sinks;
}

interface Message {
  readonly routingKey: string;
  readonly body: string;
}

/** Everything that is published at the broker, until `stop`. */
export class Firehose {
  readonly #services: Services;
  readonly #messages: Message[] = [];
  #close: () => Promise<void> = async () => undefined;

  constructor(services: Services) {
    this.#services = services;
  }

  async start(): Promise<void> {
    await rabbitmqctl(this.#services, 'trace_on');
    const model = await connect(this.#services.openrc['MURANO_WORKFLOW_TRANSPORT_URL'] ?? '');
    const channel = await model.createChannel();
    await this.#listen(channel);
    this.#close = async () => {
      await rabbitmqctl(this.#services, 'trace_off');
      await model.close();
    };
  }

  async #listen(channel: Channel): Promise<void> {
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'amq.rabbitmq.trace', 'publish.#');
    await channel.consume(
      queue,
      delivery => {
        if (delivery === null) return;
        const [routingKey = ''] = (delivery.properties.headers?.['routing_keys'] ?? []) as string[];
        this.#messages.push({ routingKey, body: delivery.content.toString('utf8') });
      },
      { noAck: true },
    );
  }

  stop = (): Promise<void> => this.#close();

  /** Messages by who sends them to whom: Heat to the engine, the engine to Heat, Heat to itself. */
  sinks(topic: string): Sinks {
    const asked = new Set(
      this.#messages.filter(({ routingKey }) => routingKey === topic).map(({ body }) => idOf(body)),
    );
    const nameOf = ({ routingKey, body }: Message): string => {
      if (routingKey === topic) return 'requests to the engine';
      return asked.has(idOf(body)) ? 'answers of the engine' : "Heat's own messages";
    };
    const sinks: Sinks = new Map();
    for (const message of this.#messages)
      sinks.set(nameOf(message), `${sinks.get(nameOf(message)) ?? ''}\n${message.body}`);
    return sinks;
  }
}

/** `_msg_id` of a request and of its answer; of a cast there is none. */
function idOf(body: string): unknown {
  const outer = JSON.parse(body) as { readonly 'oslo.message': string };
  const inner = JSON.parse(outer['oslo.message']) as { readonly _msg_id?: string };
  return inner._msg_id ?? body;
}
