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

/** Stands before the rows of each table. */
const MARK = '=== rows of ';

/** What the log files of the daemons whose names begin so say from now on. */
export function logsOf({ directory }: Services, ...daemons: readonly string[]): () => Sinks {
  const folder = path.join(directory, 'log');
  const names = readdirSync(folder).filter(name => daemons.some(daemon => name.startsWith(daemon)));
  const sizes = new Map(names.map(name => [name, statSync(path.join(folder, name)).size]));
  return () =>
    new Map(
      names.map(name => [
        `log ${name}`,
        readFileSync(path.join(folder, name), 'latin1').slice(sizes.get(name)),
      ]),
    );
}

/** Each table of a database. */
export async function tablesOf({ directory }: Services, database = 'heat'): Promise<Sinks> {
  const socket = ['--no-defaults', '-uroot', '-S', path.join(directory, 'mariadb.sock')];
  const { stdout } = await run('mariadb', [...socket, '-N', '-e', `show tables from ${database}`]);
  const tables = stdout.split('\n').filter(name => name !== '');
  // In one session: there are hundreds of tables.
  const all = tables.map(table => `select '${MARK}${table}'; select * from ${table};`).join('\n');
  const { stdout: rows } = await run('mariadb', [...socket, '-N', database, '-e', all], {
    maxBuffer: 256 * 1024 * 1024,
  });
  const parts = rows.split(MARK).slice(1);
  return new Map(
    parts.map(part => {
      const end = part.indexOf('\n');
      return [`table ${database}.${part.slice(0, end)}`, part.slice(end + 1)];
    }),
  );
}

/** What anybody who may see the stack can ask of Heat; of its resources, these. */
export async function answersOf(heat: Heat, name: string, resources: readonly string[]): Promise<Sinks> {
  const { id, stack_name } = await heat.show(name);
  const stack = `/stacks/${stack_name}/${id}`;
  const events = (await heat.call('GET', `${stack}/events`)) as {
    events: { readonly id: string; readonly resource_name: string }[];
  };
  const paths = {
    'stack show': stack,
    'stack list': '/stacks',
    'output list': `${stack}/outputs`,
    'resource list': `${stack}/resources`,
    'template show': `${stack}/template`,
    'environment show': `${stack}/environment`,
    'event list': `${stack}/events`,
  };
  const sinks: Sinks = new Map();
  for (const [what, place] of Object.entries(paths))
    sinks.set(what, JSON.stringify(await heat.call('GET', place)));
  for (const resource of resources) {
    const place = `${stack}/resources/${resource}`;
    sinks.set(`resource show ${resource}`, JSON.stringify(await heat.call('GET', place)));
    const shown = events.events
      .filter(event => event.resource_name === resource)
      .map(event => heat.call('GET', `${place}/events/${event.id}`));
    sinks.set(`event show ${resource}`, JSON.stringify(await Promise.all(shown)));
  }
  return sinks;
}

/** Routing keys of Nova's daemons. */
const NOVA = /^(compute|conductor|scheduler)\b/;

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

  /** Messages by who sends them to whom: Heat to the engine, the engine to Heat, Nova and Heat to themselves. */
  sinks(topic: string): Sinks {
    const askedBy = (asks: (key: string) => boolean): ReadonlySet<unknown> =>
      new Set(this.#messages.filter(({ routingKey }) => asks(routingKey)).map(({ body }) => idOf(body)));
    const isNovas = (key: string): boolean => NOVA.test(key);
    const asked = askedBy(key => key === topic);
    const askedByNova = askedBy(isNovas);
    const nameOf = ({ routingKey, body }: Message): string => {
      if (routingKey === topic) return 'requests to the engine';
      if (asked.has(idOf(body))) return 'answers of the engine';
      return isNovas(routingKey) || askedByNova.has(idOf(body))
        ? "Nova's own messages"
        : "Heat's own messages";
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
