// Behaviour of the program `murano-workflow-agent` as a process on a real RabbitMQ: enrols, works, dies, goes on.
import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { agentsBroker } from '../../support/agents-broker.ts';
import { ProgramLab } from './lab.ts';

const found = agentsBroker('the agent as a program on a real broker');

if (found !== undefined)
  describe('murano-workflow-agent on RabbitMQ', () => {
    let lab: ProgramLab;

    beforeEach(async () => {
      lab = await ProgramLab.open(found);
    });
    afterEach(() => lab.close());

    const heardHello = (after: number): Promise<true> =>
      lab.engine.until(
        () => lab.engine.heard.filter(({ kind }) => kind === 'hello').length > after || undefined,
      );

    it('enrols, says hello under a login of its own, runs a script, and ends with 0 on SIGTERM', async () => {
      const program = lab.start();
      await heardHello(0);
      const answer = await lab.engine.run('echo done; echo 7 > "${heat_outputs_path}.n"');
      expect(answer).to.deep.include({ kind: 'finished', result: { kind: 'exit', code: 0 } });
      const ended = await program.end('SIGTERM');
      expect(ended.code).to.equal(0);
      expect(ended.output).to.contain('enrolled').and.contain('Asked to stop by SIGTERM');
      expect(lab.log()).to.contain('enrolled');
      expect(statSync(path.join(lab.directory, 'agent.log')).mode & 0o777).to.equal(0o600);
    });

    it('says none of its secrets, neither in its log nor on standard error', async () => {
      const program = lab.start();
      await heardHello(0);
      const { output } = await program.end('SIGINT');
      const { token, enrol } = lab.clerk.config;
      for (const secret of [token, enrol.password]) expect(output + lab.log()).to.not.contain(secret);
    });

    for (const signal of ['SIGKILL', 'SIGTERM'] as const)
      it(`${signal} in the middle of a script: it runs on, and the next start adopts it; its end is told once`, async () => {
        const first = lab.start();
        await heardHello(0);
        const flag = path.join(lab.directory, 'go-on');
        const task = {
          kind: 'script',
          interpreter: 'bash',
          text: `echo $$ >> ${lab.directory}/starts; until [ -e ${flag} ]; do sleep 0.05; done; exit 3`,
          inputs: {},
          reboots: 0,
        } as const;
        const { id } = await lab.engine.give(lab.engine.command(task));
        await lab.engine.until(() => lab.engine.has('started', id));
        await first.end(signal);
        const hellos = lab.engine.heard.filter(({ kind }) => kind === 'hello').length;
        lab.start();
        await heardHello(hellos);
        await writeFile(flag, '');
        const answer = await lab.engine.answer(id);
        expect(answer).to.deep.include({ kind: 'finished', result: { kind: 'exit', code: 3 } });
        const starts = await lab.engine.run(`cat ${lab.directory}/starts | wc -l`);
        expect(starts)
          .to.have.property('stdout')
          .that.matches(/^1\s*$/);
      });

    it('tells the console of its machine each reason for which it is not at work, once, and that it is', async () => {
      lab.clerk.refuse = () => ({ reason: 'other_server' });
      const program = lab.start();
      await program.wrote(/refused[^]*refused/);
      lab.engine.trust(lab.clerk.heard[0]?.signingKey ?? '');
      lab.clerk.refuse = () => undefined;
      await heardHello(0);
      const { agent } = lab.clerk;
      expect(lab.console()).to.deep.equal([
        `agent ${agent} is refused its enrolment (other_server): Not now.`,
        `agent ${agent} is enrolled.`,
        '',
      ]);
    });

    it('tells the console why it cannot start', async () => {
      await writeFile(lab.configFile, '{"version": 1}');
      expect((await lab.start().ended).code).to.equal(2);
      expect(lab.console()[0]).to.contain('cannot start: The configuration').and.contain(lab.configFile);
    });

    it('a second one on the same state directory ends with 1 and names the first', async () => {
      const first = lab.start();
      await first.wrote(/runs in/);
      const { code, output } = await lab.start().ended;
      expect(code).to.equal(1);
      expect(output).to.contain(`process ${first.child.pid}`);
    });

    it('refuses what the policy of the machine forbids, and says so', async () => {
      const policy = path.join(path.dirname(lab.configFile), 'policy.json');
      await writeFile(policy, JSON.stringify({ version: 1, forbid: { interpreters: ['bash'] } }));
      lab.start(undefined, '--policy', policy);
      await heardHello(0);
      const answer = await lab.engine.run(`touch ${lab.directory}/ran`);
      expect(answer).to.include({ kind: 'refused', reason: 'policy' });
      expect(answer).to.have.property('message').that.contains('forbids scripts for bash');
      expect(existsSync(path.join(lab.directory, 'ran'))).to.equal(false);
    });

    it('--check says that the broker takes its login, and 3 with what is wrong when it does not', async () => {
      expect(await lab.start(undefined, '--check').ended).to.deep.include({ code: 0 });
      await lab.configure({ enrol: { user: lab.clerk.config.enrol.user, password: 'wrong-password-0123' } });
      const { code, output } = await lab.start(undefined, '--check').ended;
      expect(code).to.equal(3);
      expect(output).to.contain('wrong name or password').and.not.contain('wrong-password-0123');
    });

    it('over TLS it believes the authority of its configuration and no other', async () => {
      const { readFile } = await import('node:fs/promises');
      const ca = await readFile(found.caFile, 'utf8');
      const { host, port } = found.secure;
      const urls = [`amqps://${host}:${port}/${lab.vhost.name}`];
      await lab.configure({ broker: { urls, ca } });
      expect((await lab.start(undefined, '--check').ended).code).to.equal(0);
      await lab.configure({ broker: { urls } });
      const { code, output } = await lab.start(undefined, '--check').ended;
      expect(code).to.equal(3);
      expect(output).to.contain('is not believed').and.contain('broker.ca');
    });
  });
