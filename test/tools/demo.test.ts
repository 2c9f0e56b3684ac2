import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { canRunBroker } from '../support/own-broker.ts';
import { inProject } from '../support/project.ts';
import { temporaryDirectory } from '../support/temporary.ts';

interface Demo {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  said(text: string): Promise<void>;
}

/** Without a terminal, as CI has it; its place is below `directory`. */
function demo(directory: string, ...words: readonly string[]): Demo {
  const child = spawn(process.execPath, [inProject('dist', 'test', 'tools', 'demo.js'), ...words], {
    cwd: inProject(),
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
    // As a shell starts it: Ctrl-C goes to the whole group.
    detached: true,
  });
  const told = { out: '', err: '' };
  let wake = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told.out += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (told.err += text));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => {
      resolve({ code, ...told });
      wake();
    });
  });
  const said = async (text: string): Promise<void> => {
    while (!told.out.includes(text) && child.exitCode === null) {
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  };
  return { child, ended, said };
}

/** Command lines of processes that name this directory. */
async function commandsWith(directory: string, program: RegExp): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split('\n').filter(line => line.includes(directory) && program.test(line));
}

describe('the demo', () => {
  it('goes on after kill -9, checks the replication, and leaves nothing behind', async function () {
    this.timeout(120_000);
    const directory = await temporaryDirectory();
    // The server's user must be able to pass.
    await chmod(directory, 0o711);
    const first = demo(directory);
    await first.said('copied (db-1)');
    first.child.kill('SIGKILL');
    const cut = await first.ended;
    if (cut.err.includes('There is no PostgreSQL for')) {
      expect(cut.code, 'on a platform without PostgreSQL from npm it says what is missing').to.equal(4);
      return;
    }
    const second = await demo(directory).ended;
    expect(second.code, `${cut.out}\n${cut.err}\n---\n${second.out}\n${second.err}`).to.equal(0);
    expect(second.out).to.include('is there already: going on with it');
    expect(second.out).to.include('a row written now on db-0 was read on db-1 and db-2');
    expect(second.out).to.include('Nothing is left: no process, no directory.');
    expect((await readdir(directory)).filter(name => name.startsWith('murano-workflow-demo'))).to.deep.equal(
      [],
    );
  });

  it('does the same over a RabbitMQ of its own, with agents as processes that enrol', async function () {
    if (!canRunBroker('the demo over RabbitMQ')) return;
    this.timeout(300_000);
    const directory = await temporaryDirectory();
    await chmod(directory, 0o711);
    const first = demo(directory, '--bus', 'rabbitmq');
    await first.said('copied (db-1)');
    first.child.kill('SIGKILL');
    await first.ended;
    const second = demo(directory, '--bus', 'rabbitmq');
    await second.said('Starting a RabbitMQ');
    process.kill(-(second.child.pid as number), 'SIGINT');
    const interrupted = await second.ended;
    expect(interrupted.code, interrupted.err).to.equal(130);
    expect(interrupted.out).to.include('npm run demo -- --bus rabbitmq --delete');
    // Engine, agents and RabbitMQ; the servers that the workflow started are to stay.
    expect(await commandsWith(directory, /main\.js|beam/)).to.deep.equal([]);
    const { code, out, err } = await demo(directory, '--bus', 'rabbitmq').ended;
    expect(code, `${out}\n${err}`).to.equal(0);
    expect(out).to.include('a row written now on db-0 was read on db-1 and db-2');
    expect(out).to.include('Nothing is left: no process, no directory.');
    expect((await readdir(directory)).filter(name => name.startsWith('murano-workflow-demo'))).to.deep.equal(
      [],
    );
  });

  it('answers to a wrong option with what there is', async () => {
    const { code, out } = await demo(await temporaryDirectory(), '--wrong').ended;
    expect(code).to.equal(2);
    expect(out).to.include('--keep').and.include('--delete');
  });
});
