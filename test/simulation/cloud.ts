// A cloud of a simulated world: servers that are made, become ACTIVE and go, behind an API that answers, refuses, hangs,
// or does what it was asked and never says so.
// Belongs here: that service, its faults, and what it has to object to. Does not belong here: when faults happen (faults.ts).
//
// | a real cloud                     | here                                                              |
// |----------------------------------|-------------------------------------------------------------------|
// | Keystone, catalogue, endpoints   | left out (test/openstack has them): a credential opens it         |
// | the network                      | a call is an I/O of the engine, which may die before or after it  |
// | time until a server is ACTIVE    | 30 s of virtual time                                              |
import type { CloudSource } from '../../engine/drivers/cloud/rights.ts';
import { type JsonObject, type JsonValue, isObject } from '../../engine/base/json.ts';
import { type CloudAnswer, type CloudCall, CloudFault } from '../../engine/openstack/types.ts';
import { Broken } from './checks.ts';
import type { Faults } from './faults.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

interface Server {
  readonly id: string;
  readonly name: string;
  readonly since: number;
}

/** `lost` and `hangs_done`: it was carried out, and nobody hears of it. */
const FATES = ['refuses', 'unreachable', 'lost', 'hangs', 'hangs_done', 'forbids', 'slow'] as const;

const BUILDS_MS = 30_000;
const PATIENCE_MS = 60_000;

export class SimulatedCloud {
  readonly #servers: Server[] = [];
  readonly #marks = new Set<string>();
  /** What was asked for by POST: `name attempt`. */
  readonly #posted = new Set<string>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #breaks: (thrown: unknown) => void;
  #made = 0;

  constructor(scheduler: Scheduler, random: Random, faults: Faults, breaks: (thrown: unknown) => void) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#faults = faults;
    this.#breaks = breaks;
  }

  /** What is there: names of servers, and of marks. */
  get effects(): readonly string[] {
    return [...this.#servers.map(({ name }) => `server ${name}`), ...this.#marks].sort();
  }

  /** As one engine reaches it: its calls die with it. */
  source(life: Life): CloudSource {
    return {
      of: async () => ({
        call: (call, signal) => life.io('cloud', () => this.#answerTo(call, signal)),
      }),
    };
  }

  async #answerTo(call: CloudCall, signal: AbortSignal | undefined): Promise<CloudAnswer> {
    const isIll = this.#faults.happens('service_faults', 0.3);
    const fate = isIll ? this.#random.pick(FATES) : 'answers';
    switch (fate) {
      case 'refuses':
        return answer(503);
      case 'unreachable':
        throw new CloudFault('unreachable', 'Nobody listens.');
      case 'forbids':
        throw new CloudFault('unauthorised', 'It was refused.');
      case 'lost':
        this.#perform(call);
        throw new CloudFault('unsure', 'The connection broke.');
      case 'hangs':
      case 'hangs_done':
        if (fate === 'hangs_done') this.#perform(call);
        await this.#wait(PATIENCE_MS, signal);
        throw new CloudFault('unsure', 'It did not answer in time.');
      case 'slow': {
        const done = this.#perform(call);
        await this.#wait(this.#random.between(100, PATIENCE_MS), signal);
        return done;
      }
      case 'answers':
        return this.#perform(call);
      default:
        return fate satisfies never;
    }
  }

  #wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal?.reason);
      if (signal?.aborted) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      this.#scheduler.after(milliseconds, milliseconds, resolve);
    });
  }

  #perform({ method, path, body }: CloudCall): CloudAnswer {
    const [, place = '', name = ''] = /^\/(servers|marks)\/?(?:\?name=)?(.*)$/.exec(path) ?? [];
    if (place === 'marks') {
      this.#marks.add(`mark ${name}`);
      return answer(200, {});
    }
    switch (method) {
      case 'POST':
        return this.#make(isObject(body) ? body : {});
      case 'DELETE':
        return this.#remove(name);
      default:
        return path.includes('?') ? this.#list(name) : this.#show(name);
    }
  }

  /** A POST makes one each time, so nobody may ask for the same twice by himself. */
  #make(body: JsonObject): CloudAnswer {
    const { name, attempt } = body as { readonly name: string; readonly attempt: number };
    const asked = `${name} ${attempt}`;
    if (this.#posted.has(asked)) this.#breaks(new Broken('OW1', `a POST was made again by itself: ${asked}`));
    this.#posted.add(asked);
    if (this.#servers.some(server => server.name === name))
      this.#breaks(
        new Broken('row 36', `a second server ${name} was made, though a probe would have found it`),
      );
    this.#made += 1;
    const server = { id: `s-${this.#made}`, name, since: this.#scheduler.time };
    this.#servers.push(server);
    return answer(202, { server: { id: server.id, name } });
  }

  #remove(id: string): CloudAnswer {
    const place = this.#servers.findIndex(server => server.id === id);
    if (place < 0) return answer(404);
    this.#servers.splice(place, 1);
    return answer(204);
  }

  #list(name: string): CloudAnswer {
    const found = this.#servers.filter(server => server.name === name);
    return answer(200, { servers: found.map(({ id }) => ({ id })) });
  }

  #show(id: string): CloudAnswer {
    const found = this.#servers.find(server => server.id === id);
    if (found === undefined) return answer(404);
    const isMade = this.#scheduler.time - found.since >= BUILDS_MS;
    return answer(200, { server: { name: found.name, status: isMade ? 'ACTIVE' : 'BUILD' } });
  }
}

function answer(status: number, body?: JsonValue): CloudAnswer {
  const text = body === undefined ? '' : JSON.stringify(body);
  return { status, headers: {}, endpoint: 'http://cloud', text, ...(body !== undefined && { body }) };
}
