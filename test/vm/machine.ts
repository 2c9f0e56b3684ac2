// One virtual machine by qemu: a disk of its own over an image, a config drive as Nova writes it, and what its console says.
// Belongs here: starting, watching and ending it. Does not belong here: what is on the disk (image.ts).
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Image } from './image.ts';

const run = promisify(execFile);

export interface MachineOptions {
  readonly image: Image;
  /** Empty, of this machine's own. */
  readonly directory: string;
  /** UUID, as Nova gives it to the server. */
  readonly server: string;
  readonly userData: string;
}

/** As qemu's user-mode network calls the machine that runs it; services there may listen on loopback. */
export const HOST_SEEN_FROM_MACHINE = '10.0.2.2';

export class Machine {
  readonly ended: Promise<void>;
  readonly #console: string;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, consoleFile: string) {
    this.#process = child;
    this.#console = consoleFile;
    this.ended = once(child, 'exit').then(() => undefined);
  }

  static async start({ image, directory, server, userData }: MachineOptions): Promise<Machine> {
    await mkdir(directory, { recursive: true });
    const at = (name: string): string => path.join(directory, name);
    const over = ['-f', 'qcow2', '-F', 'raw', '-b', image.disk];
    await run('qemu-img', ['create', '-q', ...over, at('disk.qcow2')]);
    await configDrive(directory, server, userData);
    // Software emulation: nested virtualisation is not everywhere, and a machine that is slow is a better test.
    const args = [
      '-accel tcg -cpu max -smp 1 -m 1024 -display none -monitor none',
      `-kernel ${image.kernel} -initrd ${image.initrd}`,
      `-drive file=${at('disk.qcow2')},if=virtio,format=qcow2,cache=unsafe`,
      `-drive file=${at('config.iso')},if=virtio,format=raw,readonly=on`,
      '-netdev user,id=net -device virtio-net-pci,netdev=net,romfile=',
      `-serial file:${at('console')}`,
    ].flatMap(words => words.split(' '));
    const kernel = ['-append', 'root=/dev/vda rw console=ttyS0 net.ifnames=0 nowatchdog'];
    const child = spawn('qemu-system-x86_64', [...args, ...kernel], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return new Machine(child, at('console'));
  }

  /** What `openstack console log show` would show. */
  console(): Promise<string> {
    return readFile(this.#console, 'utf8').catch(() => '');
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}

async function configDrive(directory: string, server: string, userData: string): Promise<void> {
  const drive = path.join(directory, 'drive');
  const latest = path.join(drive, 'openstack', 'latest');
  await mkdir(latest, { recursive: true });
  const meta = { uuid: server, name: 'db-0', hostname: 'db-0' };
  await writeFile(path.join(latest, 'meta_data.json'), JSON.stringify(meta));
  await writeFile(path.join(latest, 'user_data'), userData);
  const image = path.join(directory, 'config.iso');
  await run('genisoimage', ['-quiet', '-o', image, '-V', 'config-2', '-r', '-J', drive]);
}
