// `npm run demo:heat`: a real Heat on this machine, and an example's stack created, changed and deleted in it.
// Belongs here: which show, whether it can be, and its end also when interrupted. Does not belong here: what it stands on
// (demo-stage.ts), the shows (demo-release.ts, demo-servers.ts).
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inProject } from '../support/project.ts';
import { release } from './demo-release.ts';
import { servers } from './demo-servers.ts';
import { type Show, Stage } from './demo-stage.ts';

const HELP = `npm run demo:heat                            a release that waits for a signal and a yes
npm run demo:heat -- --example postgresql    a PostgreSQL cluster on servers of Nova's fake driver; needs root`;

const SHOWS: { readonly [name: string]: { readonly show: Show; readonly folder: string } } = {
  release: { show: release, folder: 'heat-release' },
  postgresql: { show: servers, folder: 'postgresql-heat' },
};

/** Undefined: help is wanted, or there is no such example. */
function chosen(): (typeof SHOWS)[string] | undefined {
  try {
    const { values } = parseArgs({ options: { example: { type: 'string' }, help: { type: 'boolean' } } });
    if (values.help === true) return undefined;
    const found = Object.hasOwn(SHOWS, values.example ?? 'release')
      ? SHOWS[values.example ?? 'release']
      : undefined;
    if (found === undefined) process.exitCode = 2;
    return found;
  } catch {
    process.exitCode = 2;
    return undefined;
  }
}

/** The sentence for a machine that cannot; undefined when everything is there. */
function missingPackages(): string | undefined {
  const wanted = [
    '/usr/lib/rabbitmq/bin/rabbitmq-server',
    '/usr/sbin/mariadbd',
    '/usr/bin/heat-engine',
    '/usr/bin/openstack',
  ];
  const absent = wanted.filter(file => !existsSync(file));
  if (absent.length === 0) return undefined;
  return `This machine lacks ${absent.join(', ')}.\nOn Debian 12 this installs what is missing, as root, and starts nothing: sudo test/services/install.sh`;
}

function interrupted(stage: Stage): void {
  stage.say('\nStopping; everything that was started ends first …');
  process.exitCode = 130;
  void stage.end().then(() => process.exit());
}

async function perform(show: Show, folder: string): Promise<void> {
  const stage = new Stage(inProject('docs', 'examples', folder));
  process.once('SIGINT', () => interrupted(stage));
  process.once('SIGTERM', () => interrupted(stage));
  try {
    await stage.bringUp(show);
    await stage.startEngine(show.settings(stage));
    await show.play(stage);
  } catch (thrown) {
    if (process.exitCode === 130) return;
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 1;
  } finally {
    await stage.end();
  }
}

const found = chosen();
if (found === undefined) process.stdout.write(`${HELP}\n`);
else {
  const missing = missingPackages() ?? found.show.missing();
  if (missing === undefined) await perform(found.show, found.folder);
  else {
    process.stderr.write(`${missing}\n`);
    process.exitCode = 4;
  }
}
