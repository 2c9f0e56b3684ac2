// One virtual machine by qemu: a disk of its own over an image, a config drive as Nova writes it, and what its console says.
// Belongs here: starting and watching it, cutting its power, ending it. Does not belong here: what is on the disk (image.ts).
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
  readonly #image: Image;
  readonly #directory: string;
  /** One file for each time it was switched on: qemu begins each from nothing. */
  readonly #consoles: string[] = [];
  #process: ChildProcess | undefined;

  private constructor({ image, directory }: MachineOptions) {
    this.#image = image;
    this.#directory = directory;
  }

  /** Switched on. */
  static async start(options: MachineOptions): Promise<Machine> {
    const { image, directory, server, userData } = options;
    await mkdir(directory, { recursive: true });
    const over = ['-f', 'qcow2', '-F', 'raw', '-b', image.disk];
    await run('qemu-img', ['create', '-q', ...over, path.join(directory, 'disk.qcow2')]);
    await configDrive(directory, server, userData);
    const machine = new Machine(options);
    machine.#switchOn();
    return machine;
  }

  /** What `openstack console log show` would show, of all its boots. */
  async console(): Promise<string> {
    const texts = this.#consoles.map(file => readFile(file, 'utf8').catch(() => ''));
    return (await Promise.all(texts)).join('');
  }

  get isOn(): boolean {
    const process = this.#process;
    return process !== undefined && process.exitCode === null && process.signalCode === null;
  }

  /** Off without a word to anything in it, and on again with the same disk. */
  async cutPower(): Promise<void> {
    await this.end();
    this.#switchOn();
  }

  async end(): Promise<void> {
    if (this.#process === undefined || !this.isOn) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  #switchOn(): void {
    const at = (name: string): string => path.join(this.#directory, name);
    const consoleFile = at(`console-${this.#consoles.length + 1}`);
    this.#consoles.push(consoleFile);
    // Software emulation: nested virtualisation is not everywhere, and a machine that is slow is a better test. What the machine
    // synced is on the disk when its power is cut.
    const args = [
      '-accel tcg -cpu max -smp 1 -m 1024 -display none -monitor none',
      `-kernel ${this.#image.kernel} -initrd ${this.#image.initrd}`,
      `-drive file=${at('disk.qcow2')},if=virtio,format=qcow2,cache=writeback`,
      `-drive file=${at('config.iso')},if=virtio,format=raw,readonly=on`,
      '-netdev user,id=net -device virtio-net-pci,netdev=net,romfile=',
      `-serial file:${consoleFile}`,
    ].flatMap(words => words.split(' '));
    const kernel = ['-append', 'root=/dev/vda rw console=ttyS0 net.ifnames=0 nowatchdog'];
    this.#process = spawn('qemu-system-x86_64', [...args, ...kernel], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
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
