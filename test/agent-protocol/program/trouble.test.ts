// Trouble of the program as a process on a real RabbitMQ: killed at each of its words, its journal torn or damaged.
// Belongs here: what happens to the process and its files. Does not belong here: to what it stands on (surroundings.test.ts).
// Names cite faults of the design.
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { frame } from '../../../agent-protocol/agent/journal.ts';
import type { CommandMessage, Task } from '../../../agent-protocol/messages.ts';
import { agentsBroker } from '../../support/agents-broker.ts';
import { bash, ProgramLab } from './lab.ts';

const found = agentsBroker("an agent's trouble on a real broker");

if (found !== undefined)
  describe('murano-workflow-agent in trouble', () => {
    let lab: ProgramLab;

    beforeEach(async () => {
      lab = await ProgramLab.open(found);
    });
    afterEach(() => lab.close());

    const at = (name: string): string => path.join(lab.directory, name);
    const counting = (text = ''): Task => bash(`echo run >> ${at('ran')}; ${text}`);
    const give = (task: Task, changes: Partial<CommandMessage> = {}): Promise<CommandMessage> =>
      lab.engine.give(lab.engine.command(task, changes));
    const runs = async (): Promise<number> =>
      (await readFile(at('ran'), 'utf8')).split('\n').filter(line => line === 'run').length;

    it('A1: a command that came while it was dead runs once, when it is back', async () => {
      await (await lab.begin()).end('SIGKILL');
      const { id } = await give(counting('exit 4'));
      await lab.begin();
      expect(await lab.engine.answer(id)).to.deep.include({ result: { kind: 'exit', code: 4 } });
      expect(await runs()).to.equal(1);
    });

    for (const moment of ['started', 'finished'] as const)
      it(`A2, A4: killed as soon as it has said '${moment}': the script runs once, and its end is told`, async () => {
        lab.engine.receipts = false;
        const first = await lab.begin();
        // It runs on for as long as the start is held back, and a little more.
        const { id } = await give(counting('sleep 0.2; exit 4'));
        await lab.engine.until(() => lab.engine.has(moment, id));
        await first.end('SIGKILL');
        const before = lab.engine.answers(id).length;
        lab.engine.receipts = true;
        await lab.begin();
        const answer = await lab.engine.until(() => lab.engine.answers(id)[before]);
        expect(answer).to.deep.include({ kind: 'finished', result: { kind: 'exit', code: 4 } });
        await lab.engine.until(() => (lab.engine.live.size === 0 ? true : undefined));
        expect(await runs()).to.equal(1);
      });

    it('A2: killed with a command accepted behind another: both run once, in their order', async () => {
      const first = await lab.begin();
      const front = await give(
        bash(`echo front >> ${at('ran')}; until [ -e ${at('go')} ]; do sleep 0.05; done`),
      );
      const behind = await give(bash(`echo behind >> ${at('ran')}`));
      await lab.engine.until(() => lab.engine.has('started', front.id));
      await lab.engine.until(() => lab.engine.has('accepted', behind.id));
      await first.end('SIGKILL');
      await lab.begin();
      writeFileSync(at('go'), '');
      for (const { id } of [front, behind])
        expect(await lab.engine.answer(id)).to.deep.include({ result: { kind: 'exit', code: 0 } });
      expect(readFileSync(at('ran'), 'utf8')).to.equal('front\nbehind\n');
    });

    it('A16: halted, as a VM that is paused, until the broker gives its connection up: it comes back, and the script ran once', async () => {
      const program = await lab.begin();
      const { id } = await give(counting(`until [ -e ${at('go')} ]; do sleep 0.05; done; exit 4`));
      await lab.engine.until(() => lab.engine.has('started', id));
      const { agent } = lab.clerk;
      const connection = await lab.connectionOf(`agent.${agent}`);
      program.child.kill('SIGSTOP');
      await lab.found.management.call('DELETE', `/connections/${encodeURIComponent(connection)}`);
      writeFileSync(at('go'), '');
      program.child.kill('SIGCONT');
      expect(await lab.engine.answer(id)).to.deep.include({ result: { kind: 'exit', code: 4 } });
      expect(await runs()).to.equal(1);
    });

    it('B12: a message is settled before its script starts, so no time of the broker runs out under a long one', async () => {
      await lab.begin();
      const { id } = await give(counting(`until [ -e ${at('go')} ]; do sleep 0.05; done; exit 4`));
      await lab.engine.until(() => lab.engine.has('started', id));
      const numbers = 'name messages_ready messages_unacknowledged';
      const queues = await lab.found.control(`list_queues -q --vhost ${lab.vhost.name} ${numbers}`);
      expect(queues).to.match(new RegExp(`^agent\\.${lab.clerk.agent}\\s+0\\s+0$`, 'm'));
      writeFileSync(at('go'), '');
      expect(await lab.engine.answer(id)).to.deep.include({ result: { kind: 'exit', code: 4 } });
    });

    it('A9: a torn last record of its journal is cut off, said, and costs nothing that was acknowledged', async () => {
      const first = await lab.begin();
      const before = lab.engine.hello.incarnation;
      const command = await give(counting());
      await lab.engine.answer(command.id);
      await first.end('SIGKILL');
      appendFileSync(at('journal'), frame([{ kind: 'forgotten', key: 'torn' }]).subarray(0, 20));
      lab.engine.receipts = false;
      const second = await lab.begin();
      await second.wrote(/cut 20 bytes of a torn record/);
      expect(lab.engine.hello.incarnation).to.equal(before);
      expect(await lab.engine.run('exit 6')).to.deep.include({ result: { kind: 'exit', code: 6 } });
      expect(await runs()).to.equal(1);
    });

    it('A10: with a damaged journal it runs nothing and says what to do; without it, it is a new incarnation', async () => {
      const first = await lab.begin();
      const before = lab.engine.hello.incarnation;
      await lab.engine.run('true');
      await first.end('SIGTERM');
      const bytes = readFileSync(at('journal'));
      bytes[20] = (bytes[20] as number) ^ 255;
      writeFileSync(at('journal'), bytes);
      const second = await lab.begin();
      const { id } = await give(counting());
      expect(await lab.engine.answer(id)).to.include({ kind: 'refused', reason: 'journal_damaged' });
      expect(existsSync(at('ran'))).to.equal(false);
      expect((await second.end('SIGTERM')).output).to.contain('then remove the file');
      expect(readFileSync(at('journal'))).to.deep.equal(bytes);
      rmSync(at('journal'));
      await lab.begin();
      expect(lab.engine.hello.incarnation).to.not.equal(before);
      expect(await lab.engine.run('true')).to.deep.include({ kind: 'finished' });
    });
  });
