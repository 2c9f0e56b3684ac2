// Keystone and Heat as a user of the cloud sees them: a few calls of their REST APIs.
// Belongs here: tokens, stacks, waiting for what a stack becomes. Does not belong here: what tests expect.
import { setTimeout as delay } from 'node:timers/promises';
import type { Services } from '../support/services.ts';

export interface Stack {
  readonly id: string;
  readonly stack_name: string;
  readonly stack_status: string;
  readonly stack_status_reason: string;
  readonly outputs?: readonly { readonly output_key: string; readonly output_value: unknown }[];
}

export interface StackEvent {
  readonly resource_name: string;
  readonly resource_status: string;
  readonly resource_status_reason: string;
}

export interface Resource {
  readonly physical_resource_id: string;
  readonly resource_status: string;
  readonly resource_status_reason: string;
  readonly attributes: { readonly [name: string]: unknown };
}

/** An answer that is no success, with Heat's own words. */
export class HeatError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HeatError';
    this.status = status;
  }
}

const LOOK_MS = 200;

interface Login {
  readonly token: string;
  readonly url: string;
}

export class Heat {
  readonly #openrc: Services['openrc'];
  #login: Promise<Login> | undefined;

  /** As the user in `openrc`, who is logged in at the first call. */
  constructor({ openrc }: Services) {
    this.#openrc = openrc;
  }

  async call(method: string, path: string, body?: object): Promise<unknown> {
    const { token, url } = await (this.#login ??= login(this.#openrc));
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { 'x-auth-token': token, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new HeatError(answer.status, messageOf(text));
    // An accepted update is answered with a page of HTML.
    return text.startsWith('{') ? JSON.parse(text) : undefined;
  }

  async create(name: string, template: object, options: object = {}): Promise<string> {
    const made = await this.call('POST', '/stacks', {
      stack_name: name,
      template,
      timeout_mins: 30,
      ...options,
    });
    return (made as { stack: { id: string } }).stack.id;
  }

  async update(name: string, template: object, options: object = {}): Promise<void> {
    await this.call('PUT', await this.#path(name), { template, timeout_mins: 30, ...options });
  }

  async show(name: string): Promise<Stack> {
    return ((await this.call('GET', `/stacks/${name}`)) as { stack: Stack }).stack;
  }

  /** `openstack stack check`, `suspend` or `resume`. */
  async act(name: string, action: 'check' | 'suspend' | 'resume'): Promise<void> {
    await this.call('POST', `${await this.#path(name)}/actions`, { [action]: null });
  }

  async delete(name: string): Promise<void> {
    await this.call('DELETE', await this.#path(name));
  }

  async resource(name: string, resource: string): Promise<Resource> {
    const found = await this.call('GET', `${await this.#path(name)}/resources/${resource}`);
    return (found as { resource: Resource }).resource;
  }

  async signal(name: string, resource: string, data: object): Promise<void> {
    await this.call('POST', `${await this.#path(name)}/resources/${resource}/signal`, data);
  }

  async events(name: string): Promise<readonly StackEvent[]> {
    const order = 'sort_keys=created_at&sort_dir=asc';
    const found = await this.call('GET', `${await this.#path(name)}/events?limit=1000&${order}`);
    return (found as { events: StackEvent[] }).events;
  }

  /** Undefined once the stack is gone. */
  async find(name: string): Promise<Stack | undefined> {
    try {
      const stack = await this.show(name);
      // For a moment a deleted stack is still shown, and cannot be deleted again.
      return stack.stack_status === 'DELETE_COMPLETE' ? undefined : stack;
    } catch (thrown) {
      if (thrown instanceof HeatError && thrown.status === 404) return undefined;
      throw thrown;
    }
  }

  /** Waits until nothing of the stack is in progress; undefined: it is gone. */
  async settled(name: string): Promise<Stack | undefined> {
    for (;;) {
      const stack = await this.find(name);
      if (stack === undefined) return undefined;
      if (!stack.stack_status.endsWith('IN_PROGRESS')) return stack;
      await delay(LOOK_MS);
    }
  }

  /** Waits until an event of the resource matches. */
  async told(name: string, resource: string, words: RegExp): Promise<StackEvent> {
    for (;;) {
      const events = await this.events(name);
      const found = events.find(
        event => event.resource_name === resource && words.test(event.resource_status_reason ?? ''),
      );
      if (found !== undefined) return found;
      await delay(LOOK_MS);
    }
  }

  /** Deletes it whatever it is at, and waits until it is gone. */
  async remove(name: string): Promise<void> {
    for (;;) {
      const stack = await this.find(name);
      if (stack === undefined) return;
      await this.delete(name).catch(ignoreGone);
      const left = await this.settled(name);
      if (left !== undefined) await delay(LOOK_MS);
    }
  }

  async #path(name: string): Promise<string> {
    const { id, stack_name } = await this.show(name);
    return `/stacks/${stack_name}/${id}`;
  }
}

/** As the user in `openrc`; where that service is. */
export async function login(openrc: Services['openrc'], kind = 'orchestration'): Promise<Login> {
  const domain = { name: 'Default' };
  const user = { name: openrc['OS_USERNAME'], password: openrc['OS_PASSWORD'], domain };
  const scope = { project: { name: openrc['OS_PROJECT_NAME'], domain } };
  const answer = await fetch(`${openrc['OS_AUTH_URL']}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
  });
  if (!answer.ok) throw new HeatError(answer.status, await answer.text());
  const { token } = (await answer.json()) as { token: { catalog: Service[] } };
  const endpoints = token.catalog.find(service => service.type === kind)?.endpoints ?? [];
  const url = endpoints.find(endpoint => endpoint.interface === 'public')?.url;
  return { token: answer.headers.get('x-subject-token') ?? '', url: url ?? '' };
}

interface Service {
  readonly type: string;
  readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { error: { message: string } }).error.message;
  } catch {
    return text;
  }
}

function ignoreGone(thrown: unknown): void {
  if (!(thrown instanceof HeatError) || thrown.status !== 404) throw thrown;
}
