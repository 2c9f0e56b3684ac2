// Behaviour of finding out which server this is: metadata service, config drive, and nothing that an image could copy.
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { metadataPlaces, readServerId } from '../../../agent-protocol/agent/server-id.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { SERVER } from './clerk.ts';

const document = (uuid: unknown): string => JSON.stringify({ uuid, name: 'vm', meta: {} });

describe('which server this is', () => {
  const servers: Server[] = [];
  const serve = async (listener: RequestListener, host = '127.0.0.1'): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    return host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`;
  };
  const places = (urls: readonly string[], drives: readonly string[] = []) => ({
    urls,
    drives,
    timeout: 2_000,
  });

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('the metadata service tells it, under the path that OpenStack gives it', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve((request, answer) => {
      asked.push(request.url);
      answer.end(document(SERVER.toUpperCase()));
    });
    expect(await readServerId(places([url]))).to.equal(SERVER);
    expect(asked).to.deep.equal(['/openstack/latest/meta_data.json']);
  });

  it('over IPv6 too, with the interface in the address', async () => {
    const url = await serve((_, answer) => answer.end(document(SERVER)), '::1');
    expect(await readServerId(places([url.replace('[::1]', '[::1%25lo]')]))).to.equal(SERVER);
    for (const one of metadataPlaces().urls.slice(1))
      expect(one).to.match(/^http:\/\/\[fe80::a9fe:a9fe%25\S+\]$/);
  });

  it('else the config drive does', async () => {
    const nobody = await serve((_, answer) => answer.writeHead(404).end());
    const drive = await temporaryDirectory();
    await mkdir(path.join(drive, 'openstack', 'latest'), { recursive: true });
    await writeFile(path.join(drive, 'openstack', 'latest', 'meta_data.json'), document(SERVER));
    expect(await readServerId(places([nobody], ['/nowhere', drive]))).to.equal(SERVER);
  });

  it('what is no UUID, no JSON, too large or silent tells nothing', async () => {
    for (const text of ['{', 'null', '[]', document(7), document('vm-1'), ' '.repeat(2 * 1024 * 1024)]) {
      const url = await serve((_, answer) => answer.end(text));
      expect(await readServerId(places([url]))).to.equal(undefined);
    }
    const silent = await serve(() => undefined);
    expect(await readServerId({ urls: [silent], drives: [], timeout: 50 })).to.equal(undefined);
    expect(await readServerId({ ...places([]), device: '/dev/disk/by-label/none-of-that' })).to.equal(
      undefined,
    );
  });
});
