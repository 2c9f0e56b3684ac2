// `npm run demo`: three real PostgreSQL servers, deployed by the example's workflow, checked, and taken away again.
// Belongs here: the order of the show. Does not belong here: its place, ports and checks (demo-cluster.ts).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { EngineError } from '../../engine/base/errors.ts';
import { commandProcess } from '../../engine/cli/process.ts';
import { embeddedHost } from '../../engine/host.ts';
import { inProject } from '../support/project.ts';
import { type DemoBus, openDemoBus } from './demo-bus.ts';
import { DemoCluster, MEMBERS, WORKFLOW } from './demo-cluster.ts';

const HELP = `npm run demo              deploy, check, then ask (without a terminal: delete)
npm run demo -- --keep    leave it running
npm run demo -- --delete  delete what an earlier demo left
npm run demo -- --bus rabbitmq   agents as processes of their own, over a RabbitMQ from Debian
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Options {
  readonly keep: boolean;
  readonly delete: boolean;
  readonly rabbitmq: boolean;
}

function options(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        keep: { type: 'boolean' },
        delete: { type: 'boolean' },
        help: { type: 'boolean' },
        bus: { type: 'string' },
      },
    });
    if (values.help === true) return undefined;
    const chosen = { keep: values.keep === true, delete: values.delete === true };
    // What is kept lives on without this process, and here the engine lives in it.
    const wrong = (values.bus ?? 'rabbitmq') !== 'rabbitmq' || (values.bus !== undefined && chosen.keep);
    if (!wrong) return { ...chosen, rabbitmq: values.bus !== undefined };
    process.exitCode = 2;
    return undefined;
  } catch {
    process.exitCode = 2;
    return undefined;
  }
}

async function main(): Promise<number> {
  const chosen = options();
  if (chosen === undefined) {
    say(HELP);
    return Number(process.exitCode ?? 0);
  }
  const cluster = await DemoCluster.open();
  if (typeof cluster === 'string') {
    process.stderr.write(`${cluster}\n`);
    return 4;
  }
  const interrupted = chosen.rabbitmq ? deafToCtrlC() : () => false;
  const bus = chosen.rabbitmq ? await openBus(cluster) : undefined;
  if (bus === null) return 4;
  if (interrupted()) return pause(bus);
  const run = commandProcess(embeddedHost());
  const command = (...words: string[]): Promise<number> =>
    run([...words, '--state-dir', cluster.stateDirectory]);
  if (chosen.delete) return remove(cluster, command, bus);
  introduce(cluster, bus);
  const code = await command(
    'run',
    cluster.definition,
    '--name',
    WORKFLOW,
    '--inputs',
    cluster.inputsFile,
    '--members',
    'db=3',
  );
  if (code === 130) return pause(bus);
  // Killed while it was deleting, it has gone on with that, to its end.
  const isThere = bus === undefined ? existsSync(cluster.stateDirectory) : await bus.has(WORKFLOW);
  if (!isThere) return remove(cluster, command, bus);
  if (code !== 0) {
    await bus?.pause();
    return code;
  }
  say(`\n${await cluster.checkReplication()}`);
  if (chosen.keep || !(await mayDelete())) {
    // Without the engine, which lives in this process, there would be nothing to play with.
    if (bus !== undefined) return pause(bus);
    sayKept(cluster);
    return 0;
  }
  return remove(cluster, command, bus);
}

/** From now on Ctrl-C cuts nothing in half; returns whether there was one. */
function deafToCtrlC(): () => boolean {
  let heard = false;
  process.removeAllListeners('SIGINT');
  process.on('SIGINT', () => {
    heard = true;
  });
  return () => heard;
}

/** What is done so far stays; 130, as after Ctrl-C. */
async function pause(bus?: DemoBus): Promise<number> {
  await bus?.pause();
  const [again, remove] =
    bus === undefined ? ['', ' -- --delete'] : [' -- --bus rabbitmq', ' -- --bus rabbitmq --delete'];
  say(`
The PostgreSQL servers run on${bus === undefined ? '' : '; engine, agents and RabbitMQ have ended'}.
  Start the demo again, and it goes on where it was:
    npm run demo${again}
  Delete everything:
    npm run demo${remove}`);
  return 130;
}

/** Null, and said why, where there can be none. */
async function openBus(cluster: DemoCluster): Promise<DemoBus | null> {
  say('Starting a RabbitMQ of the demo alone, an engine, and three agents that enrol there …');
  const opened = await openDemoBus(cluster.directory, cluster.stateDirectory, WORKFLOW, MEMBERS);
  if (typeof opened !== 'string') return opened;
  process.stderr.write(`${opened}\n`);
  await cluster.removeAndLook();
  return null;
}

type RunWithState = (...words: string[]) => Promise<number>;

function introduce(cluster: DemoCluster, bus?: DemoBus): void {
  const user = cluster.serverUser;
  const where =
    bus === undefined
      ? 'three agents in this process;'
      : `three agents, each a process\nwith a user of its own on a RabbitMQ at ${bus.place};`;
  say(`murano-workflow takes three "machines" to one goal: a PostgreSQL primary and
two standbys that follow it. The machines are ${where}
what they run is real: initdb, base backups, postgres.

Each line below is a machine, each mark one of its states. A line says what
runs, or which states of the others it waits for. The line "db" is what the
group does once, on its primary. Kill this at any point and start it again:
it goes on.

Everything is in ${cluster.directory}.${user === undefined ? '' : `\nThe servers run as ${user}, for PostgreSQL refuses root.`}
`);
}

/** Without a terminal there is nobody to ask: a demo leaves nothing behind. */
async function mayDelete(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return true;
  const question = createInterface({ input: process.stdin, output: process.stdout });
  const interrupted = new Promise<false>(resolve => question.once('SIGINT', () => resolve(false)));
  const closed = new Promise<false>(resolve => question.once('close', () => resolve(false)));
  const asked = question.question(
    '\nEnter: delete everything.  Ctrl-C: keep it, and get the commands to play with. ',
  );
  const answer = await Promise.race([asked.then(() => true as const), interrupted, closed]);
  question.close();
  return answer;
}

function sayKept(cluster: DemoCluster): void {
  const own = (...words: string[]): string =>
    [
      'node',
      path.relative(process.cwd(), inProject('dist', 'engine', 'main.js')),
      ...words,
      '--state-dir',
      cluster.stateDirectory,
    ].join(' ');
  say(`
The servers run on. What you can do:
  See every state:
    ${own('status', WORKFLOW)}
  See what happened:
    ${own('events', WORKFLOW)}
  Connect:
    psql ${JSON.stringify(cluster.connection)}
  Delete everything:
    npm run demo -- --delete`);
}

async function remove(cluster: DemoCluster, command: RunWithState, bus?: DemoBus): Promise<number> {
  say('\nDeleting: each state that was reached is undone, in reverse.\n');
  const code = existsSync(cluster.stateDirectory) ? await command('delete', WORKFLOW) : 0;
  if (code === 130) return pause(bus);
  if (code !== 0 && code !== 5) {
    await bus?.pause();
    return code;
  }
  deafToCtrlC();
  await bus?.end();
  const left = await cluster.removeAndLook();
  if (left.length === 0) {
    say('Nothing is left: no process, no directory.');
    return 0;
  }
  process.stderr.write(`Something is left:\n${left.map(line => `  ${line}\n`).join('')}`);
  return 1;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  if (!(thrown instanceof EngineError)) throw thrown;
  process.stderr.write(`${thrown.message} ${thrown.next}\n`);
  process.exitCode = 4;
}
