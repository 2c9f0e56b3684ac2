// `npm run demo:heat`: a real Heat on this machine, and a stack of two workflows created, answered, updated and deleted in it.
// Belongs here: the order of the show. Does not belong here: the services (test/services), the example (docs/examples).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from '../support/project.ts';

const EXAMPLE = inProject('docs', 'examples', 'heat-release');
const STACK = 'release';
const own = process.env['MURANO_WORKFLOW_SERVICES'] === undefined;
const services = process.env['MURANO_WORKFLOW_SERVICES'] ?? inProject('.murano-workflow', 'services');
const engineDirectory = inProject('.murano-workflow', 'demo-heat');

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const script = (name: string): string => inProject('test', 'services', name);

/** What is to be ended, last first. */
const endings: (() => Promise<void> | void)[] = [];

async function main(): Promise<void> {
  const missing = missingPackages();
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    process.exitCode = 4;
    return;
  }
  say('Bringing up RabbitMQ, MariaDB, Keystone and Heat on loopback (a quarter of a minute) …');
  if (!existsSync(path.join(services, 'openrc'))) endings.push(() => run(script('down.sh'), []));
  run(script('up.sh'), []);
  await startEngine();
  await show();
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

function environment(): NodeJS.ProcessEnv {
  const file = path.join(services, 'openrc');
  const openrc = existsSync(file)
    ? [...readFileSync(file, 'utf8').matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value])
    : [];
  const { PYTHONDONTWRITEBYTECODE: _, ...env } = process.env;
  return {
    ...env,
    ...(Object.fromEntries(openrc) as NodeJS.ProcessEnv),
    MURANO_WORKFLOW_SERVICES: services,
    PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${process.env['PATH'] ?? ''}`,
  };
}

function run(command: string, words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'inherit', 'inherit'], env: environment(), cwd: EXAMPLE });
}

/** Shows the command as a person would type it, then runs it. */
function openstack(...words: readonly string[]): void {
  say(`\n$ openstack ${words.map(word => (/^[\w./=-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);
  run('/usr/bin/openstack', words);
}

async function startEngine(): Promise<void> {
  mkdirSync(engineDirectory, { recursive: true });
  const settings = path.join(engineDirectory, 'engine.yaml');
  writeFileSync(settings, `state_dir: ${path.join(engineDirectory, 'state')}\nlog_level: warn\nheat: {}\n`);
  say('$ murano-workflow engine --config engine.yaml &');
  const words = [inProject('dist/engine/main.js'), 'engine', '--config', settings];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env: environment() });
  endings.push(async () => {
    await stopped(child);
    rmSync(engineDirectory, { recursive: true, force: true });
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      if (chunk.includes('serves')) resolve();
    });
    child.once('exit', code => reject(new Error(`the engine ended with ${code}`)));
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function show(): Promise<void> {
  say('\nA stack of two workflows. Heat orders them; the first waits for a signal, then for a yes:');
  await createAnswering();
  openstack('stack', 'output', 'show', STACK, 'text', '-c', 'output_value', '-f', 'value');
  say('\nAn update takes it up where it is; nothing that was reached is repeated:');
  openstack('stack', 'update', '-t', 'release.yaml', '--parameter', 'hold_in_heat=60', '--wait', STACK);
  openstack('stack', 'delete', '--yes', '--wait', STACK);
}

/** What to answer when an event says what is waited for. */
const ANSWERS: readonly (readonly [RegExp, string])[] = [
  [/waits for the signal 'tests'/, '{"signal": "tests", "data": {"passed": 42}}'],
  [/waits for an approval/, '{"approve": "service.agreed"}'],
];

async function createAnswering(): Promise<void> {
  const words = ['stack', 'create', '-t', 'release.yaml', '--wait', STACK];
  say(`\n$ openstack ${words.join(' ')}`);
  const child = spawn('/usr/bin/openstack', words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment(),
    cwd: EXAMPLE,
  });
  endings.push(() => stopped(child));
  const answers = [...ANSWERS];
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    const [next] = answers;
    if (next === undefined || !next[0].test(chunk.toString())) return;
    answers.shift();
    openstack('stack', 'resource', 'signal', STACK, 'rollout', '--data', next[1]);
  });
  const code = await new Promise(resolve => child.once('exit', resolve));
  if (code !== 0) throw new Error('the stack was not created');
}

let ended: Promise<void> | undefined;

/** Once, whoever asks first: a signal in the middle makes the show fail, and that ends it too. */
function end(): Promise<void> {
  ended ??= (async () => {
    for (const ending of endings.splice(0).toReversed()) await ending();
    if (own) rmSync(services, { recursive: true, force: true });
  })();
  return ended;
}

function interrupted(): void {
  say('\nStopping; everything that was started ends first …');
  process.exitCode = 130;
  void end().then(() => process.exit());
}

process.once('SIGINT', interrupted);
process.once('SIGTERM', interrupted);
try {
  await main();
} catch (thrown) {
  if (process.exitCode !== 130) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 1;
  }
} finally {
  await end();
}
