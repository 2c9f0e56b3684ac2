// The examples of the pages of actions, run with embedded agents: each ends as its page says.
// Belongs here: running them. Does not belong here: the shape of the pages (test/definition/action-pages.test.ts).
import { expect } from 'chai';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Session } from '../../engine/cli/host.ts';
import { embeddedHost } from '../../engine/host.ts';
import type { ActRequest, CreateRequest, WorkflowView } from '../../engine/runtime/api.ts';
import { definitionOf, parse } from '../definition/support/parsing.ts';
import { actionPages, type ActionPage } from '../support/action-pages.ts';
import { Demo, imageOf, passwordOf } from '../openstack/demo.ts';
import { isLinux, needs } from '../support/needs.ts';
import { novaIn, services, type Services } from '../support/services.ts';
import { temporaryDirectory } from '../support/temporary.ts';

type Deed<Act = ActRequest> = Act extends ActRequest ? Omit<Act, 'requestId' | 'workflow' | 'by'> : never;

/** What the page says that a person does. */
const DEEDS: { readonly [kind: string]: Deed } = {
  signal: { kind: 'signal', name: 'licence', data: { seats: 40 } },
  approval: { kind: 'approve', step: 'database.agreed' },
};

const TOKEN = 'tell-nobody';

/** The service that the example of `http` calls; it knows nobody without the token. */
function balancers(): Server {
  return createServer(({ method, headers }, response) => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return response.writeHead(401).end();
    const one = { id: 'b-1', status: 'ACTIVE', listen: [{ address: '203.0.113.7' }] };
    if (method === 'DELETE') return response.writeHead(204).end();
    return response.writeHead(method === 'PUT' ? 201 : 200).end(JSON.stringify(one));
  });
}

const found = services('the examples of stack and openstack');
const nova = found && novaIn(found, 'the example of openstack');
/** Pages whose examples need a cloud. */
const CLOUD: { readonly [kind: string]: boolean } = { stack: !!found, openstack: !!nova };

describe('The examples of actions', function () {
  this.timeout(60_000);
  let session: Session;
  let directory: string;
  let api: string;
  let server: Server;
  let asked = 0;
  const from = (id: string) => ({ requestId: `${id}-${(asked += 1)}`, by: 'tester' });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    server = balancers().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    api = `http://${host}`;
    const options = { logLevel: 'error', logToStderr: false, egress: { allow: [host] } } as const;
    session = await embeddedHost().start(path.join(directory, 'state'), options);
  });
  afterEach(async () => {
    await session.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  const inputsOf: {
    readonly [kind: string]: () => CreateRequest['inputs'] | Promise<CreateRequest['inputs']>;
  } = {
    file: () => ({ directory }),
    http: () => ({ api, token: TOKEN }),
    openstack: async () => ({ image: await imageOf(await Demo.login(found as Services)) }),
  };

  function membersOf(page: ActionPage): CreateRequest['members'] {
    const entities = [...definitionOf(parse(page.example, page.files)).entities.values()];
    const sizes = { service: 0, vm: 1, vm_group: 2 };
    return Object.fromEntries(
      entities
        .filter(({ type }) => type !== 'service')
        .map(({ name, type }) => {
          const of = (index: number) => ({
            agent: `${page.kind}-${name}-${index}`,
            name: `${name}-${index}`,
          });
          return [name, Array.from({ length: sizes[type] }, (_, index) => of(index))];
        }),
    );
  }

  /** Runs it until nothing moves any more, with what a person has to say. */
  async function endOf(page: ActionPage): Promise<WorkflowView> {
    const { kind: id } = page;
    const { api } = session;
    const deed = DEEDS[id];
    const document = { source: page.example, fileName: `${id}.md`, files: page.files };
    const inputs = (await inputsOf[id]?.()) ?? {};
    const { problems } = await api.create({
      ...from(id),
      id,
      stackName: 'example',
      document,
      inputs,
      members: membersOf(page),
      ...(CLOUD[page.kind] && found && { credential: passwordOf(found) }),
    });
    expect(problems).to.deep.equal([]);
    const following = new AbortController();
    const happenings = api.follow(id, following.signal)[Symbol.asyncIterator]();
    if (deed !== undefined) await api.act({ ...from(id), workflow: id, ...deed } as ActRequest);
    try {
      for (let view = await api.workflow(id); ; view = await api.workflow(id)) {
        if (!['running', 'held'].includes(view.record.status)) return view;
        await happenings.next();
      }
    } finally {
      following.abort();
    }
  }

  /** What it has made elsewhere goes with it. */
  async function deleted(id: string): Promise<void> {
    const following = new AbortController();
    const happenings = session.api.follow(id, following.signal);
    await session.api.act({ ...from(id), kind: 'delete', workflow: id, abandon: false });
    for await (const _ of happenings);
  }

  for (const page of actionPages) {
    if (CLOUD[page.kind] === false) continue;
    it(`${page.kind}: ends as its page says`, async () => {
      if (!needs(isLinux, `the example of ${page.kind}`, 'Linux')) return;
      const { record, outputs } = await endOf(page);
      if (page.kind === 'reboot') {
        expect(record.status).to.equal('failed');
        expect(record.reason).to.contain('rebooted').and.contain('may not reboot its machine');
        return;
      }
      expect(record.reason).to.equal('');
      expect(outputs).to.deep.equal(page.outputs);
      if (CLOUD[page.kind]) await deleted(page.kind);
    });
  }
});
