// Why an agent is not there, each reason really brought about: what `murano-workflow agents` says, and what stands on the console
// of its VM, which alone sees the way to the broker.
// Belongs here: one test for each reason. Does not belong here: the order of reasons (overview.test.ts).
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import type { AgentView } from '../../engine/runtime/api.ts';
import { agentsBroker } from '../support/agents-broker.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { caOf, eventually } from './amqp-world.ts';
import { server } from './enrolment-world.ts';
import { end, ProgramLab } from './program-lab.ts';

const found = agentsBroker('why an agent is not there');

if (found !== undefined) {
  describe('murano-workflow agents, and the console of a VM, say of an agent', function () {
    this.timeout(60_000);
    let lab: ProgramLab;

    beforeEach(async () => {
      lab = await new ProgramLab(found, await temporaryDirectory()).open();
    });

    afterEach(() => lab.close());

    const says = async (reason: RegExp): Promise<void> => {
      let last: AgentView | undefined;
      await eventually(
        async () => reason.test((last = await lab.view()).reason ?? ''),
        () => `${reason}, not ${JSON.stringify(last)}`,
      );
    };
    /** Once what was wrong is mended and the machine booted again, it is there. */
    const mended = async (): Promise<void> => {
      await lab.powerOff();
      await lab.boot();
      await lab.online();
      expect(await lab.view()).to.not.have.property('reason');
    };
    const NEVER = /^it has never logged in at amqp:.*what its first look at name, port, TLS and login found/;

    it('A27: that never came, that it never logged in', async () => {
      await says(NEVER);
      expect(await lab.view()).to.include({ state: 'never_seen' });
    });

    it('A27: whose VM finds no address for the broker: DNS', async () => {
      await lab.boot({ broker: { urls: [`amqp://nowhere.invalid:5672/${lab.name}`] } });
      await lab.onConsole(
        /does not reach its broker: nowhere\.invalid has no address .*Look at the VM's DNS/,
      );
      await says(NEVER);
      await mended();
    });

    it('A27: whose VM reaches no port: TCP', async () => {
      const closed = createServer().listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const { port } = closed.address() as AddressInfo;
      closed.close();
      await once(closed, 'close');
      await lab.boot({ broker: { urls: [`amqp://127.0.0.1:${port}/${lab.name}`] } });
      await lab.onConsole(
        new RegExp(`does not reach its broker: 127\\.0\\.0\\.1 port ${port} cannot be reached`),
      );
      await says(NEVER);
      await mended();
    });

    it('A27: whose VM does not believe the certificate: TLS', async () => {
      const urls = [`amqps://${found.secure.host}:${found.secure.port}/${lab.name}`];
      const child = await lab.boot({ broker: { urls } });
      await lab.onConsole(/does not reach its broker: The certificate of \S+ is not believed .*broker\.ca/);
      await says(NEVER);
      await end(child);
      lab.given = { ...lab.given, broker: { urls, ca: caOf(found) } };
      await mended();
    });

    it('A27: whose login the broker refuses: login', async () => {
      await lab.boot({ enrol: { ...lab.given.enrol, password: 'a-wrong-password-0123' } });
      await lab.onConsole(
        /does not reach its broker: .* refuses the user 'enrol\.\S+': .*wrong name or password/,
      );
      await says(NEVER);
      await mended();
    });

    it('A27: that is refused its enrolment: why, and what to do', async () => {
      await lab.boot({ server: server(2) });
      await lab.onConsole(/is refused its enrolment \(other_server\)/);
      await says(
        /^the engine refuses its enrolment \(other_server\): It is not on the server that the agent's member names$/,
      );
      await mended();
    });

    it('that was there: when it was heard last, and that it has no connection', async () => {
      const child = await lab.boot();
      await lab.online();
      const { lastSeen } = await lab.view();
      expect(lastSeen).to.be.a('number');
      await end(child);
      await says(
        /^it has no connection to amqp:.*: its VM is off, or the network between is$|connection is gone/,
      );
      expect(await lab.view()).to.include({ state: 'offline', lastSeen });
    });
  });
}
