// Keystone and one service in this process, for what real ones cannot be brought to do at will.
// Belongs here: logins counted, tokens that end or are refused, answers as the test says. Does not belong here: clients.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../engine/base/json.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export class FakeCloud {
  readonly #server: Server;
  /** What came to the service, logins apart. */
  readonly seen: Seen[] = [];
  logins = 0;
  /** Logins get no answer. */
  isSilent = false;
  /** Seconds that a token lives. */
  lifetime = 3_600;
  /** The token of the n-th login. */
  tokenOf: (login: number) => string = login => `token-${login}`;
  /** Tokens that the service refuses. */
  readonly revoked = new Set<string>();
  /** The service's answer. */
  answer: (request: Seen, response: ServerResponse) => void = (_, response) => reply(response, 200, {});

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<FakeCloud> {
    const server = createServer();
    const cloud = new FakeCloud(server);
    server.on('request', (request, response) => void cloud.#serve(request, response));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return cloud;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get credential(): JsonObject {
    return {
      auth_type: 'v3applicationcredential',
      auth: {
        auth_url: this.url,
        application_credential_id: 'an-id',
        application_credential_secret: 'a-secret',
      },
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
    const { method = '', url = '', headers } = request;
    if (url === '/v3/auth/tokens') return this.#login(response);
    const seen = { method, url, headers, body };
    this.seen.push(seen);
    if (this.revoked.has(String(headers['x-auth-token'])))
      return reply(response, 401, { error: { code: 401, message: 'The request you have made is stale.' } });
    this.answer(seen, response);
  }

  #login(response: ServerResponse): void {
    this.logins += 1;
    if (this.isSilent) return;
    const issued = new Date();
    response.setHeader('x-subject-token', this.tokenOf(this.logins));
    const endpoints = [
      { interface: 'public', region: 'One', url: `${this.url}/compute/v2.1` },
      { interface: 'internal', region: 'One', url: `${this.url}/inside` },
      { interface: 'public', region: 'Two', url: `${this.url}/two` },
    ];
    reply(response, 201, {
      token: {
        issued_at: issued.toISOString(),
        expires_at: new Date(issued.getTime() + this.lifetime * 1_000).toISOString(),
        catalog: [
          { type: 'compute', name: 'nova', endpoints },
          { type: 'orchestration', name: 'heat', endpoints: [{ ...endpoints[0], url: `${this.url}/heat` }] },
        ],
      },
    });
  }
}

export function reply(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
