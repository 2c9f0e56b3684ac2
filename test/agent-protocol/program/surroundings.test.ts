// What the program `murano-workflow-agent` stands on fails it: the disk, the clock, the broker.
// Belongs here: trouble from outside the process. Does not belong here: what happens to the process itself (trouble.test.ts).
// Names cite faults of the design.
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { engineTopology } from '../../../engine/agents/topology.ts';
import { agentsBroker } from '../../support/agents-broker.ts';
import { needs } from '../../support/needs.ts';
import { canRunBroker, type OwnBroker, startOwnBroker } from '../../support/own-broker.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { bash, COMPILED, ProgramLab } from './lab.ts';

const shell = (text: string, directory: string) =>
  promisify(execFile)('bash', ['-ec', text], { cwd: directory });
const exit = (code: number) => ({ kind: 'finished', result: { kind: 'exit', code } });
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

const found = agentsBroker("an agent's surroundings on a real broker");

if (found !== undefined)
  describe('murano-workflow-agent whose surroundings fail', () => {
    let lab: ProgramLab;

    beforeEach(async () => {
      lab = await ProgramLab.open(found);
    });
    afterEach(() => lab.close());

    if (needs(canMount, 'the agent as a program on a full disk', 'root on Linux, to mount a small tmpfs'))
      describe('on a small disk', () => {
        beforeEach(() => {
          mkdirSync(lab.directory);
          execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', lab.directory]);
        });
        afterEach(() => {
          execFileSync('umount', ['-l', lab.directory]);
        });
        const fill = (): string => path.join(lab.directory, 'fill');

        it('A11: a script fills it: its outcome is told, what is new is refused, and with space it goes on', async () => {
          const program = await lab.begin();
          const full = await lab.engine.run(`cat /dev/zero > ${fill()}; exit 5`);
          expect(full).to.deep.include(exit(5));
          expect(await lab.engine.run('true')).to.include({ kind: 'refused', reason: 'no_space' });
          rmSync(fill());
          expect(await lab.engine.run('exit 6')).to.deep.include(exit(6));
          expect((await program.end('SIGTERM')).code).to.equal(0);
        });

        it('A11: started on a full one it ends with 1 and says why; with space it starts', async () => {
          await shell(`cat /dev/zero > ${fill()} || true`, lab.directory);
          const { code, output } = await lab.start().ended;
          expect(code).to.equal(1);
          expect(output).to.match(/ENOSPC|no space/);
          rmSync(fill());
          await lab.begin();
          expect(await lab.engine.run('exit 6')).to.deep.include(exit(6));
        });
      });

    for (const [name, years] of [
      ['behind', -20],
      ['ahead', 20],
    ] as const)
      it(`A17: with its clock 20 years ${name} it enrols, runs scripts and is stopped as ever`, async () => {
        const shift = path.join(path.dirname(lab.configFile), 'clock.cjs');
        await writeFile(shift, clockShifted(years));
        const [node = '', ...rest] = COMPILED;
        const program = await lab.begin([node, '--require', shift, ...rest]);
        expect(await lab.engine.run('exit 6')).to.deep.include(exit(6));
        const late = lab.engine.command(bash('sleep 60'), { timeout: 300 });
        const { id } = await lab.engine.give(late);
        expect(await lab.engine.answer(id)).to.deep.include({ result: { kind: 'timeout' } });
        expect((await program.end('SIGTERM')).code).to.equal(0);
        expect(lab.log()).to.contain(`"timestamp":"${new Date().getUTCFullYear() + years}-`);
      });

    it("A17: where the certificate is of another time, the VM's clock is shown beside it", async () => {
      const directory = await temporaryDirectory();
      await shell(EXPIRED, directory);
      const [cert, key] = [path.join(directory, 'cert.pem'), path.join(directory, 'key.pem')];
      const server = createServer({ cert: await readFile(cert), key: await readFile(key) }).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      try {
        const { port } = server.address() as AddressInfo;
        const broker = { urls: [`amqps://localhost:${port}/x`], ca: await readFile(cert, 'utf8') };
        await lab.configure({ broker });
        const { code, output } = await lab.start(COMPILED, '--check').ended;
        expect(code).to.equal(3);
        expect(output)
          .to.contain('certificate has expired')
          .and.match(/the VM's clock \(\d{4}-/);
      } finally {
        server.close();
        await once(server, 'close');
      }
    });
  });

/** A script for `node --require`: the process believes that it is another year. */
const clockShifted = (years: number): string => `
const real = Date;
const shift = ${years} * 365.25 * 86_400_000;
globalThis.Date = class extends real {
  constructor(...given) {
    if (given.length > 0) super(...given);
    else super(real.now() + shift);
  }
  static now() {
    return real.now() + shift;
  }
};
`;

const EXPIRED = `
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout key.pem -out request.pem 2>log
openssl x509 -req -in request.pem -signkey key.pem -days -1 -extfile <(echo subjectAltName=DNS:localhost) -out cert.pem 2>>log
`;

if (canRunBroker('the agent as a program whose broker is killed'))
  describe('murano-workflow-agent whose broker is killed', () => {
    let own: OwnBroker;
    let lab: ProgramLab;

    beforeEach(async () => {
      own = await startOwnBroker(path.join(await temporaryDirectory(), 'broker'));
      lab = await ProgramLab.open(own.found);
    });
    afterEach(async () => {
      await lab.close();
      await own.end();
    });

    it('B1: the script runs on meanwhile, once; its end is told when the broker is back, under the same login', async () => {
      const program = await lab.begin();
      const flag = path.join(lab.directory, 'broker-is-gone');
      const ran = path.join(lab.directory, 'ran');
      const text = `echo run >> ${ran}; until [ -e ${flag} ]; do sleep 0.05; done; echo over >> ${ran}; exit 4`;
      const { id } = await lab.engine.give(lab.engine.command(bash(text)));
      await lab.engine.until(() => lab.engine.has('started', id));
      await own.kill();
      await writeFile(flag, '');
      await program.wrote(/The broker is not reached: 127\.0\.0\.1 port \d+ cannot be reached/);
      await own.start();
      await lab.engine.start(engineTopology([lab.clerk.agent]));
      expect(await lab.engine.answer(id)).to.deep.include(exit(4));
      expect(await readFile(ran, 'utf8')).to.equal('run\nover\n');
      expect(lab.clerk.heard).to.have.lengthOf(1);
    });
  }).timeout(90_000);
