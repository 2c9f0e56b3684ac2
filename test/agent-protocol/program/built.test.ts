// Behaviour of the agent as one file and as single executables: the very files that go into images.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { AGENT_VERSION } from '../../../agent-protocol/agent/facts.ts';
import { agentsBroker } from '../../support/agents-broker.ts';
import { needs } from '../../support/needs.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { buildExecutable, bundleAgent, formatOf } from '../../tools/agent-build.ts';
import { ProgramLab } from './lab.ts';

/** Making one takes as long as copying Node, Windows' as long as fetching it. */
const BUILDING = 240_000;
const found = agentsBroker('the agent as one file and as an executable');

/** A script of which the program is killed in the middle: its supervisor is the same file again. */
async function worksThroughAKill(command: readonly string[]): Promise<void> {
  if (found === undefined) return;
  const lab = await ProgramLab.open(found);
  try {
    const hellos = (): number => lab.engine.heard.filter(({ kind }) => kind === 'hello').length;
    const first = lab.start(command);
    await lab.engine.until(() => hellos() > 0 || undefined);
    const flag = path.join(lab.directory, 'go-on');
    const text = `until [ -e ${flag} ]; do sleep 0.05; done; exit 4`;
    const task = { kind: 'script', interpreter: 'bash', text, inputs: {}, reboots: 0 } as const;
    const { id } = await lab.engine.give(lab.engine.command(task));
    await lab.engine.until(() => lab.engine.has('started', id));
    await first.end('SIGKILL');
    const before = hellos();
    lab.start(command);
    await lab.engine.until(() => hellos() > before || undefined);
    await writeFile(flag, '');
    expect(await lab.engine.answer(id)).to.deep.include({ result: { kind: 'exit', code: 4 } });
  } finally {
    await lab.close();
  }
}

if (found !== undefined)
  describe('the agent in one file', () => {
    it('runs with any Node, enrols, and adopts its script after a SIGKILL', async () => {
      const file = path.join(await temporaryDirectory(), 'murano-workflow-agent.cjs');
      await bundleAgent(file);
      expect(execFileSync(process.execPath, [file, '--version'], { encoding: 'utf8' }).trim()).to.equal(
        AGENT_VERSION,
      );
      await worksThroughAKill([process.execPath, file]);
    });

    if (
      needs(process.platform === 'linux' && process.arch === 'x64', 'the executable for Linux', 'Linux x64')
    )
      it('is an executable for Linux that needs no Node, and does the same', async function () {
        this.timeout(BUILDING);
        const file = path.join(await temporaryDirectory(), 'murano-workflow-agent');
        await buildExecutable(file, { platform: 'linux-x64' });
        expect(execFileSync(file, ['--version'], { encoding: 'utf8', env: {} }).trim()).to.equal(
          AGENT_VERSION,
        );
        await worksThroughAKill([file]);
      });

    it('is an executable for Windows by its bytes; whether it runs there is not known here', async function () {
      this.timeout(BUILDING);
      const directory = await temporaryDirectory();
      const file = path.join(directory, 'murano-workflow-agent.exe');
      await buildExecutable(file, { platform: 'win-x64' });
      const bytes = await readFile(file);
      expect(formatOf(bytes)).to.equal('win-x64');
      // The fuse says to Node that there is a program in it; the program's own words are in the file.
      expect(bytes.includes('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1')).to.equal(true);
      expect(bytes.includes('runs on one VM what the workflow engine sends to it')).to.equal(true);
    });

    it('is not made of a Node for another platform', async () => {
      const file = path.join(await temporaryDirectory(), 'agent.exe');
      const wrong = await buildExecutable(file, { platform: 'win-x64', node: process.execPath }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(wrong).to.be.an('error').with.property('message').that.contains('no Node for win-x64');
    });
  });
