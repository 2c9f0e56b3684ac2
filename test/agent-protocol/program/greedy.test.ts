// Scripts that take all there is: memory, or processes. They are ended; the agent is not.
// Belongs here: A20. Does not belong here: output without end (agent.test.ts), a full disk (surroundings.test.ts).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { MARK } from '../../../agent-protocol/agent/processes.ts';
import { agentsBroker } from '../../support/agents-broker.ts';
import { isLinux, isRoot, needs } from '../../support/needs.ts';
import { bash, ProgramLab } from './lab.ts';

const SUITE = 'scripts that take all there is';
const found = needs(isRoot && isLinux, SUITE, 'to be root, on Linux') ? agentsBroker(SUITE) : undefined;

if (found !== undefined)
  describe('murano-workflow-agent and a script that', () => {
    let lab: ProgramLab;
    let group: string | undefined;

    beforeEach(async () => {
      lab = await ProgramLab.open(found);
    });
    afterEach(async () => {
      await lab.close();
      if (group !== undefined) rmdirSync(group);
      group = undefined;
    });

    const MEMORY = 300 * 2 ** 20;
    /** All that starts from now on in `pid` shares so much memory. Undefined: this machine lets nobody say that. */
    const limitMemory = (pid: number): string | undefined => {
      const [root, file] = existsSync('/sys/fs/cgroup/memory')
        ? ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
        : ['/sys/fs/cgroup', 'memory.max'];
      const place = path.join(root, `murano-workflow-test-${process.pid}`);
      try {
        mkdirSync(place);
        writeFileSync(path.join(place, file), String(MEMORY));
        writeFileSync(path.join(place, 'cgroup.procs'), String(pid));
        return place;
      } catch {
        return undefined;
      }
    };
    const scoreOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/oom_score`, 'utf8'));
    const echo = async (): Promise<unknown> => {
      const { id } = await lab.engine.give(lab.engine.command(bash('exit 7')));
      return lab.engine.answer(id);
    };

    it('A20: takes all memory is ended by the kernel, and the agent goes on', async () => {
      const program = await lab.begin();
      const agent = program.child.pid as number;
      group = limitMemory(agent);
      const file = path.join(lab.directory, 'pid');
      const idle = await lab.engine.give(lab.engine.command(bash(`echo $$ > ${file}; sleep 60`)));
      const script = await lab.engine.until(() =>
        existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined,
      );
      expect(scoreOf(script), 'the script goes first').to.be.greaterThan(scoreOf(agent));
      await lab.engine.cancel(idle.id);
      await lab.engine.answer(idle.id);
      if (group !== undefined) {
        const hog = `exec ${process.execPath} -e 'const b = []; for (;;) b.push(Buffer.alloc(1 << 24, 1))'`;
        const { id } = await lab.engine.give(lab.engine.command(bash(hog)));
        expect(await lab.engine.answer(id)).to.deep.include({
          result: { kind: 'signal', signal: 'SIGKILL' },
        });
      }
      expect(await echo()).to.deep.include({ result: { kind: 'exit', code: 7 } });
      expect(program.child.exitCode).to.equal(null);
      await program.end('SIGTERM');
    });

    /** Others may run as that user too: what the script started carries the agent's mark. */
    const ofScript = (): readonly string[] =>
      readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && environmentOf(pid).includes(lab.directory));
    const environmentOf = (pid: string): string => {
      try {
        const text = readFileSync(`/proc/${pid}/environ`, 'latin1');
        return text.split('\0').find(line => line.startsWith(`${MARK}=`)) ?? '';
      } catch {
        return '';
      }
    };

    it('A20: starts processes without end is ended whole at its timeout, and the agent goes on', async () => {
      const program = await lab.begin();
      // A limit of that user's own: the machine of this test is to live.
      const bomb = 'ulimit -u 200; bomb() { bomb | bomb & }; while :; do bomb 2>/dev/null; sleep 0.1; done';
      const task = { ...bash(bomb), runAs: 'nobody' } as ReturnType<typeof bash>;
      const { id } = await lab.engine.give(lab.engine.command(task, { timeout: 2_000 }));
      await lab.engine.until(() => (ofScript().length > 50 ? true : undefined));
      expect(await lab.engine.answer(id)).to.deep.include({ result: { kind: 'timeout' } });
      expect(await echo()).to.deep.include({ result: { kind: 'exit', code: 7 } });
      expect(ofScript()).to.deep.equal([]);
      await program.end('SIGTERM');
    });
  });
