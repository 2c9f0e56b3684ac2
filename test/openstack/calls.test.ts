// The action openstack with a real Keystone and a real Nova (with its fake driver: no machine runs).
// Belongs here: workflows that call services. Does not belong here: single calls of the driver (test/drivers).
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Workplace } from '../support/cli-process.ts';
import { novaIn, services, type Services } from '../support/services.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { Demo, imageOf, passwordOf } from './demo.ts';
import { CloudEngine } from './engine.ts';

const suiteName = 'the action openstack with a real Nova';
const real = services(suiteName);
if (real && novaIn(real, suiteName)) suite(real);

/** Others may run this suite in the same cloud. */
const RUN = randomUUID().slice(0, 8);

/** A server by its name, made once, waited for, acted on and deleted. */
const server = (id: string, image: string, rest = ''): string => `
workflow_version: 2026-11-01
inputs:
  key: {type: string, hidden: true, default: 'very-secret-metadata'}
entities:
  vm:
    type: service
    states:
      requested:
        ${rest}
        action:
          openstack:
            service: compute
            method: POST
            path: /servers
            microversion: '2.37'
            body: {server: {name: test-${id}-${RUN}, imageRef: ${image}, flavorRef: '1', networks: none, metadata: {key: "<% inputs.key %>"}}}
            outputs: {id: "<% response.json.server.id %>", pass: "<% response.json.server.adminPass %>"}
        probe:
          openstack:
            service: compute
            path: '/servers?name=%5Etest-${id}-${RUN}%24'
            expect: "<% response.json.servers.size() == 1 %>"
            outputs: {id: "<% response.json.servers[0].id %>"}
        undo:
          openstack:
            service: compute
            method: DELETE
            path: "/servers/<% vm.outputs.?requested.?id.orValue('none') %>"
            expect: [204, 404]
            until: "<% response.status == 404 %>"
          timeout: 1m
        outputs: {id: {type: string}, pass: {type: string, hidden: true, optional: true}}
      active:
        requires: [requested]
        action:
          openstack:
            service: compute
            path: "/servers/<% vm.outputs.requested.id %>"
            expect: "<% response.json.server.status != 'ERROR' %>"
            until: "<% response.json.server.status == 'ACTIVE' %>"
        timeout: 1m
      locked:
        requires: [active]
        action:
          openstack:
            service: compute
            method: POST
            path: "/servers/<% vm.outputs.requested.id %>/action"
            microversion: '2.73'
            body: {lock: {locked_reason: by a workflow}}
      seen:
        requires: [locked]
        action:
          openstack:
            service: compute
            path: "/servers/<% vm.outputs.requested.id %>"
            microversion: '2.73'
            outputs: {why: "<% response.json.server.locked_reason %>"}
        outputs: {why: {type: string}}
goal: vm.seen
outputs:
  why: {value: "<% vm.outputs.seen.why %>"}
`;

const one = (fields: string): string => `
workflow_version: 2026-11-01
entities: {vm: {type: service, states: {done: {action: {openstack: {${fields}}}}}}}
goal: vm.done
`;

function suite(found: Services): void {
  describe('The action openstack in a real cloud', function () {
    this.timeout(90_000);
    let engine: CloudEngine;
    let demo: Demo;
    let image: string;
    let directory: string;
    const right = passwordOf(found);

    before(async () => {
      demo = await Demo.login(found);
      image = await imageOf(demo);
    });
    beforeEach(async () => {
      directory = await temporaryDirectory();
      engine = new CloudEngine(directory);
      await engine.start();
    });
    afterEach(async () => {
      await engine.stop();
      for (const id of (await Promise.all(['made', 'found', 'killed'].map(serversOf))).flat())
        await demo.try('compute', 'DELETE', `/servers/${id}`);
    });

    const serversOf = async (id: string): Promise<readonly string[]> => {
      const { servers } = await demo.call('compute', 'GET', `/servers?name=%5Etest-${id}-${RUN}%24`);
      return (servers as unknown as readonly { readonly id: string }[]).map(each => each.id);
    };

    it('makes a server, waits until it is ACTIVE, acts on it by a microversion, and deletes it with the workflow', async () => {
      expect(await engine.create('made', server('made', image), right)).to.deep.equal([]);
      const { record, outputs } = await engine.settled('made');
      expect([record.status, record.reason]).to.deep.equal(['complete', '']);
      expect(outputs).to.deep.equal({ why: 'by a workflow' });
      const [id = ''] = await serversOf('made');
      await demo.call('compute', 'POST', `/servers/${id}/action`, { unlock: null as never });
      expect(await engine.deleted('made')).to.equal('deleted');
      expect(await serversOf('made')).to.deep.equal([]);
    });

    it('finds by its probe what was made before, and makes no second one', async () => {
      const text = server('found', image)
        .replaceAll('[active]', '[requested]')
        .replace('goal: vm.seen', 'goal: vm.active')
        .replace(/outputs:\n {2}why.*\n$/, '');
      expect(await engine.create('first', text, right)).to.deep.equal([]);
      expect((await engine.settled('first')).record.reason).to.equal('');
      const made = await serversOf('found');
      expect(await engine.create('second', text, right)).to.deep.equal([]);
      expect((await engine.settled('second')).record.reason).to.equal('');
      expect(await serversOf('found')).to.deep.equal(made);
      expect(await engine.deleted('second'), 'what it only found stays').to.equal('deleted');
      expect(await serversOf('found')).to.deep.equal(made);
      expect(await engine.deleted('first')).to.equal('deleted');
      expect(await serversOf('found')).to.deep.equal([]);
    });

    it("fails with Nova's own sentence, naming the call, the endpoint and the status", async () => {
      const text = one(
        `service: compute, method: POST, path: /servers, body: {server: {name: x, flavorRef: '1'}}`,
      );
      expect(await engine.create('wrong', text, right)).to.deep.equal([]);
      const { record } = await engine.settled('wrong');
      expect(record.status).to.equal('failed');
      expect(record.reason).to.match(
        /vm\.done failed: POST \/servers of compute at http:\S+\/v2\.1 answered 400, where 200 to 299 are expected: Missing imageRef attribute/,
      );
    });

    it('says what the catalogue has where a service is not there', async () => {
      expect(await engine.create('typo', one('service: compite, path: /servers'), right)).to.deep.equal([]);
      expect((await engine.settled('typo')).record.reason).to.match(
        /no service 'compite'\. It has .*compute/,
      );
    });

    it('is held when the owner may not, or may not any more, and goes on with another credential', async () => {
      const text = one('service: compute, method: GET, path: /os-hypervisors');
      expect(await engine.create('lost', text, right)).to.deep.equal([]);
      const held = await engine.until('lost', ({ record }) => record.reason.includes('authorisation'));
      expect(held.record.status).to.equal('held');
      expect(held.record.reason).to.match(
        /GET \/os-hypervisors of compute was refused: Policy doesn't allow/,
      );
      await engine.act('lost', { kind: 'resume', credential: passwordOf(found, 'admin') });
      expect((await engine.settled('lost')).record.status).to.equal('complete');
    });

    it('makes one server although the engine is killed while Nova makes it', async () => {
      const clouds = JSON.stringify({ clouds: { demo: { ...right, identity_api_version: 3 } } });
      const place = await Workplace.make({
        'clouds.yaml': clouds,
        'killed.workflow.yaml': server('killed', image),
      });
      const first = place.start('run', 'killed.workflow.yaml', '--cloud', 'demo');
      while ((await serversOf('killed')).length === 0) await new Promise(resolve => setTimeout(resolve, 20));
      first.child.kill('SIGKILL');
      await first.ended;
      const second = await place.run('resume', 'killed');
      expect(second.code, second.out + second.err).to.equal(0);
      const [id = '', ...others] = await serversOf('killed');
      expect(others).to.deep.equal([]);
      await demo.call('compute', 'POST', `/servers/${id}/action`, { unlock: null as never });
      const end = await place.run('delete', 'killed');
      expect(end.code, end.out + end.err).to.equal(0);
      expect(await serversOf('killed')).to.deep.equal([]);
    });
  });
}
