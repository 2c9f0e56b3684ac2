// A server that is rebuilt under its agent: a real agent's process on a machine of its own loses its disk, enrols anew, and what
// was reached there is marked, and run again (row 32, A12, A13).
// Belongs here: all of it put together. Does not belong here: the rules of enrolment (enrolment.test.ts), what a mark means
// (test/scenarios), journals that go back (reception.test.ts).
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import { startEngine, type Started } from '../../engine/embedded.ts';
import type { StepRecord } from '../../engine/machine/types.ts';
import { agentsBroker } from '../support/agents-broker.ts';
import { canHaveMachines, Machine } from '../support/machines.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { eventually } from './amqp-world.ts';
import { server } from './enrolment-world.ts';

const found = agentsBroker('a server that is rebuilt');

/** `ran`: where each script says why it ran. */
const definition = (ran: string): string => `
workflow_version: 2026-11-01
entities:
  db:
    type: vm
    states:
      online: {action: {online: {}}}
      prepared: {requires: [online], action: {script: {bash: 'echo "prepared $WORKFLOW_REASON" >>${ran}'}}}
      settled: {requires: [prepared], action: {wait: {for: 1s}}}
      started:
        requires: [settled]
        action: {script: {bash: 'echo "started $WORKFLOW_REASON" >>${ran}'}}
        probe: {script: {bash: 'echo probed >>${ran}; exit 0'}}
goal: db.started
`;

if (found !== undefined && canHaveMachines()) {
  describe('a server that is rebuilt under its agent', () => {
    const name = `rebuilt-${process.pid}`;
    const agent = `${name}-vm`;
    const broker = { ...found.broker, vhost: name, user: `engine-${name}`, password: 'secret' };
    const management = { url: found.managementUrl, user: 'guest', password: 'guest' };
    let engine: Started;
    let directory: string;
    let machine: Machine | undefined;

    const open = async (): Promise<void> => {
      const bus = rabbitmqBus({ brokers: [broker], management, queueKind: 'classic', name, random: () => 0 });
      const reach = { urls: [`amqp://${broker.host}:${broker.port}/${name}`] };
      const options = { logLevel: 'info', logToStderr: false } as const;
      engine = await startEngine(directory, options, { kind: 'broker', bus, reach });
    };
    const administer = (request: object) =>
      engine.api.administer({ ...request, by: 'test' } as Parameters<typeof engine.api.administer>[0]);
    const boot = async (): Promise<void> => {
      const given = await administer({ kind: 'user_data', agent });
      machine = await Machine.start(path.join(directory, 'vm'), server(1), given['user_data'] as string);
    };
    const enrolled = (): Promise<unknown> => administer({ kind: 'show_agent', agent });
    const status = async () => (await engine.api.workflow('w')).record;
    const ended = (wanted: string) =>
      eventually(
        async () => (await status()).status === wanted,
        () => `the workflow to be ${wanted}`,
      );
    const record = async (state: string): Promise<StepRecord | undefined> =>
      (await engine.api.workflow('w')).steps.find(({ id }) => id === `db.${state}`)?.record;
    const ran = (): readonly string[] => {
      const file = path.join(directory, 'ran');
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    };

    before(async () => {
      directory = await temporaryDirectory();
    });
    afterEach(async () => {
      await machine?.powerOff();
      await engine.close();
      await found.management.call('DELETE', `/vhosts/${name}`);
      await found.management.call('DELETE', `/users/${broker.user}`);
    });

    it('A12, A13: marks what was reached there, and nothing else; converge runs it again, its probe first', async () => {
      await open();
      await administer({
        kind: 'create_agent',
        agent,
        name: 'vm',
        format: 'cloud-init',
        reenrolment: 'approval',
      });
      await boot();
      const document = { source: definition(path.join(directory, 'ran')), fileName: 'w.yaml', files: {} };
      const members = { db: [{ agent, name: 'db' }] };
      const asked = { requestId: 'r1', id: 'w', stackName: 'w', document, inputs: {}, members, by: 'test' };
      expect((await engine.api.create(asked)).problems).to.eql([]);
      await ended('complete');
      expect(ran()).to.eql(['prepared first', 'probed']);

      await machine?.powerOff();
      await rm(path.join(directory, 'vm'), { recursive: true });
      await boot();
      await eventually(
        async () => 'pending' in ((await enrolled()) as object),
        () => 'the new server to ask',
      );
      expect((await record('prepared'))?.unverified, 'before it is let in').to.equal(undefined);
      await administer({ kind: 'approve', agent });
      // It would ask again in a minute; started again it asks at once.
      await machine?.powerOff();
      await boot();
      await eventually(
        async () => (await record('prepared'))?.unverified !== undefined,
        () => 'the mark',
      );
      expect((await record('started'))?.unverified?.why).to.equal('vm_replaced');
      expect((await record('settled'))?.unverified, 'it ran nowhere').to.equal(undefined);
      expect(await status()).to.deep.include({ status: 'complete' });
      expect((await status()).reason).to.contain('its VM was replaced');

      await engine.close();
      await open();
      const request = { requestId: 'r2', workflow: 'w', by: 'test', kind: 'converge' } as const;
      expect(await engine.api.act(request)).to.eql({ status: 'applied' });
      await ended('complete');
      expect(ran()).to.eql(['prepared first', 'probed', 'prepared verify', 'probed']);
      expect((await record('prepared'))?.unverified).to.equal(undefined);
    }).timeout(90_000);
  });
}
