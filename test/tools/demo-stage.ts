// What every show of `npm run demo:heat` stands on: the services, an engine, Heat's command line, and the end of all of it.
// Belongs here: starting, running commands as a person would type them, ending. Does not belong here: the services themselves
// (test/services), what is shown (demo-release.ts, demo-servers.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from '../support/project.ts';
import { readRc, type Services } from '../support/services.ts';

export interface Show {
  /** Scripts of test/services that bring up what it needs, in order. */
  readonly scripts: readonly string[];
  readonly brings: string;
  /** What it needs besides Heat's packages and this machine lacks, as a sentence. */
  missing(): string | undefined;
  /** More for the engine's settings; the services are up by then. */
  settings(stage: Stage): object;
  play(stage: Stage): Promise<void>;
}

export class Stage {
  /** Of the engine, and of what a show makes. */
  readonly directory = inProject('.murano-workflow', 'demo-heat');
  readonly #servicesDirectory: string;
  readonly #example: string;
  /** What is to be ended, last first. */
  readonly #endings: (() => Promise<void> | void)[] = [];
  #ended: Promise<void> | undefined;

  /** `example`: where commands are run. */
  constructor(example: string) {
    const given = process.env['MURANO_WORKFLOW_SERVICES'];
    this.#servicesDirectory = given ?? inProject('.murano-workflow', 'services');
    this.#example = example;
    if (given === undefined)
      this.#endings.push(() => rmSync(this.#servicesDirectory, { recursive: true, force: true }));
  }

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  get services(): Services {
    const file = path.join(this.#servicesDirectory, 'openrc');
    return { directory: this.#servicesDirectory, openrc: existsSync(file) ? readRc(file) : {} };
  }

  get environment(): NodeJS.ProcessEnv {
    const { PYTHONDONTWRITEBYTECODE: _, ...env } = process.env;
    const PATH = `/usr/sbin:/usr/bin:/sbin:/bin:${process.env['PATH'] ?? ''}`;
    const MURANO_WORKFLOW_SERVICES = this.#servicesDirectory;
    return { ...env, ...this.services.openrc, MURANO_WORKFLOW_SERVICES, PATH };
  }

  /** Done at the end, before what was started earlier is ended. */
  atEnd(ending: () => Promise<void> | void): void {
    this.#endings.push(ending);
  }

  /** Services that run already are left running. */
  async bringUp({ scripts, brings }: Show): Promise<void> {
    this.say(`Bringing up ${brings} on loopback …`);
    const script = (name: string): string => inProject('test', 'services', name);
    if (Object.keys(this.services.openrc).length === 0) this.atEnd(() => this.run(script('down.sh'), []));
    for (const name of scripts) await this.run(script(name), []);
  }

  async startEngine(more: object): Promise<void> {
    mkdirSync(this.directory, { recursive: true });
    const settings = path.join(this.directory, 'engine.yaml');
    const content = { state_dir: path.join(this.directory, 'state'), log_level: 'error', heat: {}, ...more };
    // JSON is YAML.
    writeFileSync(settings, JSON.stringify(content), { mode: 0o600 });
    this.atEnd(() => rmSync(this.directory, { recursive: true, force: true }));
    this.say('$ murano-workflow engine --config engine.yaml &');
    const child = this.#spawn(process.execPath, [
      inProject('dist/engine/main.js'),
      'engine',
      '--config',
      settings,
    ]);
    this.atEnd(() => stopped(child));
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes('serves')) resolve();
      });
      child.once('exit', code => reject(new Error(`the engine ended with ${code}`)));
    });
  }

  /** Shows the command as a person would type it, then runs it. `heard`: its output, as it comes. */
  async openstack(words: readonly string[], heard: (text: string) => void = () => undefined): Promise<void> {
    const typed = words.map(word => (/^[\w./=-]+$/.test(word) ? word : `'${word}'`)).join(' ');
    this.say(`\n$ openstack ${typed}`);
    await this.run('/usr/bin/openstack', words, heard);
  }

  /** Rejects unless it ends with 0. */
  async run(
    command: string,
    words: readonly string[],
    heard: (text: string) => void = () => undefined,
  ): Promise<void> {
    const child = this.#spawn(command, words);
    child.stdout?.on('data', (chunk: Buffer) => heard(chunk.toString()));
    if (this.#ended === undefined) this.atEnd(() => stopped(child));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${path.basename(command)} ended with ${code}`);
  }

  /** Once, whoever asks first: a signal in the middle makes the show fail, and that ends it too. */
  end(): Promise<void> {
    this.#ended ??= (async () => {
      for (const ending of this.#endings.splice(0).toReversed()) await ending();
    })();
    return this.#ended;
  }

  #spawn(command: string, words: readonly string[]): ChildProcess {
    const child = spawn(command, words, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: this.environment,
      cwd: this.#example,
    });
    child.stdout.on('data', (chunk: Buffer) => void process.stdout.write(chunk));
    return child;
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
