// The user `demo` of the services that tests run against: its credentials, and application credentials that come and go.
// Belongs here: what suites of real OpenStack share. Does not belong here: what they expect.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../engine/base/json.ts';
import { Clouds } from '../../engine/openstack/clouds.ts';
import type { Cloud, CloudAnswer } from '../../engine/openstack/types.ts';
import type { Services } from '../support/services.ts';

export const passwordOf = ({ openrc }: Services, user = 'demo'): JsonObject => ({
  auth_type: 'v3password',
  auth: {
    auth_url: openrc['OS_AUTH_URL'] ?? '',
    username: user,
    password: openrc['OS_PASSWORD'] ?? '',
    project_name: user,
  },
});

export interface ApplicationCredential {
  readonly id: string;
  readonly secret: string;
}

/** As the user who owns the stack: everything by our own client. */
export class Demo {
  readonly #services: Services;
  readonly #cloud: Cloud;
  readonly userId: string;

  private constructor(services: Services, cloud: Cloud, userId: string) {
    this.#services = services;
    this.#cloud = cloud;
    this.userId = userId;
  }

  static async login(services: Services): Promise<Demo> {
    const clouds = new Clouds({}, () => Date.now());
    const userId = await idOf(await clouds.of(passwordOf(services, 'admin')), 'demo');
    return new Demo(services, await clouds.of(passwordOf(services)), userId);
  }

  /** The body of an answer of 2xx; throws with anything else. */
  async call(service: string, method: string, path: string, body?: JsonObject): Promise<JsonObject> {
    const answer = await this.try(service, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return (answer.body ?? {}) as JsonObject;
  }

  try(service: string, method: string, path: string, body?: JsonObject): Promise<CloudAnswer> {
    return this.#cloud.call({ service, method, path, ...(body && { body }) });
  }

  /** `unrestricted`: Heat makes trusts with it, as stacks need them. */
  async makeCredential(): Promise<ApplicationCredential> {
    const path = `/users/${this.userId}/application_credentials`;
    const wanted = { name: `test-${randomUUID()}`, unrestricted: true };
    const made = await this.call('identity', 'POST', path, { application_credential: wanted });
    const { id, secret } = made['application_credential'] as unknown as ApplicationCredential;
    return { id, secret };
  }

  async dropCredential({ id }: ApplicationCredential): Promise<void> {
    await this.call('identity', 'DELETE', `/users/${this.userId}/application_credentials/${id}`);
  }

  entryOf({ id, secret }: ApplicationCredential): JsonObject {
    return {
      auth_type: 'v3applicationcredential',
      auth: {
        auth_url: this.#services.openrc['OS_AUTH_URL'] ?? '',
        application_credential_id: id,
        application_credential_secret: secret,
      },
    };
  }
}

/** Of a user, as an administrator sees it. */
export async function idOf(admin: Cloud, user: string): Promise<string> {
  const { body } = await admin.call({ service: 'identity', method: 'GET', path: `/users?name=${user}` });
  const { users } = body as unknown as { readonly users: readonly { readonly id: string }[] };
  return users[0]?.id ?? '';
}

/** The id of the image from which servers of tests are made. */
export async function imageOf(demo: Demo): Promise<string> {
  const { images } = await demo.call('image', 'GET', '/v2/images?name=empty');
  const [first] = images as unknown as readonly { readonly id: string }[];
  return first?.id ?? '';
}
