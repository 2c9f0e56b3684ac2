// A door in front of the broker: a port of this machine that leads there, or not.
// Belongs here: opening, closing, cutting what goes through. Does not belong here: the broker, who goes through.
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Services } from '../support/services.ts';

export class Door {
  readonly #target: URL;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  port = 0;

  /** Shut; `open` gives it its port, which it keeps. */
  constructor({ openrc }: Services) {
    this.#target = new URL(openrc['MURANO_WORKFLOW_TRANSPORT_URL'] ?? '');
  }

  /** The services as seen through the door. */
  through(services: Services): Services {
    const url = new URL(this.#target);
    url.port = String(this.port);
    return { ...services, openrc: { ...services.openrc, MURANO_WORKFLOW_TRANSPORT_URL: url.href } };
  }

  async open(): Promise<void> {
    const server = createServer(socket => this.#lead(socket));
    this.#server = server;
    await new Promise<void>(resolve => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  /** Also cuts what went through. */
  async shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise(resolve => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #lead(socket: Socket): void {
    const onward = connect(Number(this.#target.port), this.#target.hostname);
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
