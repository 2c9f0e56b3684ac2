// A disk for a virtual machine: Debian by debootstrap, systemd, cloud-init, and the agent as docs/how-to/images.md puts it in.
// Belongs here: making it, once for each directory. Does not belong here: running it (machine.ts).
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inProject } from '../support/project.ts';
import { buildExecutable } from '../tools/agent-build.ts';

const run = promisify(execFile);

export interface Image {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/** What is on the command line here, and the package of Debian that has it. */
const TOOLS = {
  debootstrap: 'debootstrap',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  genisoimage: 'genisoimage',
  mke2fs: 'e2fsprogs',
} as const;

// debootstrap resolves no alternatives, hence python3-cffi-backend.
const PACKAGES =
  'systemd,systemd-sysv,udev,dbus,cloud-init,python3-cffi-backend,linux-image-cloud-amd64,iproute2,ifupdown,isc-dhcp-client,netbase';
const UNIT = 'murano-workflow-agent.service';

/** Undefined: everything is there. Else what to do first, as a sentence. */
export async function missingForImages(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'It runs on Linux x64 only.';
  if (process.getuid?.() !== 0) return 'debootstrap needs root: run it as root.';
  const found = await Promise.all(
    Object.entries(TOOLS).map(async ([tool, name]) =>
      run('sh', ['-c', `command -v ${tool}`], { env: SEARCHED }).then(
        () => '',
        () => name,
      ),
    ),
  );
  const missing = found.filter(name => name !== '');
  return missing.length === 0 ? undefined : `Install what is missing: apt-get install ${missing.join(' ')}`;
}

const SEARCHED = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

/** `directory`: kept, so that the next run needs no mirror; the agent in it is always the present one. */
export async function makeImage(directory: string, say: (text: string) => void): Promise<Image> {
  await mkdir(directory, { recursive: true });
  const root = path.join(directory, 'root');
  const made = await readdir(root).then(
    () => true,
    () => false,
  );
  if (!made) await bootstrap(root, say);
  await putAgent(root);
  const disk = path.join(directory, 'disk.img');
  await rm(disk, { force: true });
  await run('mke2fs', ['-q', '-t', 'ext4', '-d', root, disk, '2500M'], { env: SEARCHED });
  const [kernel, initrd] = [await bootFile(root, 'vmlinuz-'), await bootFile(root, 'initrd.img-')];
  return { disk, kernel, initrd };
}

/** Under another name until it is whole. */
async function bootstrap(root: string, say: (text: string) => void): Promise<void> {
  const { uri, suite } = await mirror();
  say(`debootstrap of ${suite} from ${uri}`);
  const half = `${root}.new`;
  await rm(half, { recursive: true, force: true });
  const args = ['--variant=minbase', `--include=${PACKAGES}`, suite, half, uri];
  await run('debootstrap', args, { env: SEARCHED, maxBuffer: 64 * 1024 * 1024 });
  await rename(half, root);
}

/** Where this machine's own packages come from. */
async function mirror(): Promise<{ readonly uri: string; readonly suite: string }> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const rows = stdout.split('\n').map(line => line.split(' '));
  const own = rows.find(
    ([uri = '', suite = '', component]) =>
      /debian\/?$/.test(uri) && /^[a-z]+$/.test(suite) && component === 'main',
  );
  if (own?.[0] === undefined || own[1] === undefined)
    throw new Error('apt knows no mirror of Debian: run this on Debian.');
  return { uri: own[0], suite: own[1] };
}

async function putAgent(root: string): Promise<void> {
  await buildExecutable(path.join(root, 'usr', 'local', 'bin', 'murano-workflow-agent'), {
    platform: 'linux-x64',
  });
  const unit = inProject('agent-protocol', 'program', UNIT);
  await copyFile(unit, path.join(root, 'etc', 'systemd', 'system', UNIT));
  const etc = (...names: string[]): string => path.join(root, 'etc', ...names);
  await writeFile(etc('fstab'), '/dev/vda / ext4 defaults 0 1\n');
  await writeFile(etc('hostname'), 'image\n');
  // As an image for OpenStack has it, less what would wait for a metadata service that is not there.
  await writeFile(etc('cloud', 'cloud.cfg.d', '90_datasource.cfg'), 'datasource_list: [ ConfigDrive ]\n');
}

async function bootFile(root: string, prefix: string): Promise<string> {
  const found = (await readdir(path.join(root, 'boot'))).find(name => name.startsWith(prefix));
  if (found === undefined) throw new Error(`${root}/boot has no ${prefix}.`);
  return path.join(root, 'boot', found);
}
