// The engine as operators run it: `murano-workflow engine` in a process of its own, on a directory of its own.
// Belongs here: starting, killing, stopping it. Does not belong here: Heat (openstack.ts).
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { connectControl, type ControlClient } from '../../engine/control/client.ts';
import { isOver } from '../../engine/heat/progress.ts';
import type { LogEntry } from '../../engine/runtime/ports.ts';
import { readHolder } from '../../engine/store/sqlite/lock.ts';
import { inProject } from '../support/project.ts';
import type { Services } from '../support/services.ts';

const MOST_ENTRIES = 10_000;

export class EngineProcess {
  readonly #services: Services;
  readonly #directory: string;
  readonly #agentsVhost: string | undefined;
  readonly #more: () => string;
  #child: ChildProcess | undefined;
  /** What it has printed. */
  output = '';

  /**
   * `directory` stays when the engine ends: the next start goes on with what is in it. `agentsVhost`: on the services' broker of
   * agents, which the engine reaches only where that is given. `more`: lines of its settings.
   */
  constructor(services: Services, directory: string, agentsVhost?: string, more = (): string => '') {
    this.#more = more;
    this.#agentsVhost = agentsVhost;
    this.#services = services;
    this.#directory = directory;
  }

  get #state(): string {
    return path.join(this.#directory, 'state');
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when it serves Heat. */
  async start(): Promise<void> {
    this.launch();
    await this.said('serves murano_workflow');
  }

  /** Starts it, and waits for nothing. */
  launch(): void {
    const settings = path.join(this.#directory, 'engine.yaml');
    const heat = 'heat: {host: test}';
    const parts = [`state_dir: ${this.#state}\n${heat}\n`, this.#cloud, this.#agents(), this.#more()];
    writeFileSync(settings, parts.join(''));
    const child = spawn(
      process.execPath,
      [inProject('dist/engine/main.js'), 'engine', '--config', settings],
      {
        env: {
          PATH: process.env['PATH'],
          MURANO_WORKFLOW_TRANSPORT_URL: this.#services.openrc['MURANO_WORKFLOW_TRANSPORT_URL'],
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    const hear = (chunk: Buffer): void => void (this.output += chunk.toString());
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
  }

  /** Resolves when it has printed that; an error when it ends before. */
  async said(words: string): Promise<void> {
    const child = this.#child;
    if (child === undefined) throw new Error('the engine does not run');
    await new Promise<void>((resolve, reject) => {
      const look = (): void => void (this.output.includes(words) && resolve());
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
      child.once('exit', code => reject(new Error(`the engine ended with ${code}: ${this.output}`)));
      look();
    });
  }

  get #cloud(): string {
    return `openstack: {auth_url: "${this.#services.openrc['OS_AUTH_URL']}"}\n`;
  }

  /** The broker of agents, where the suite has one. */
  #agents(): string {
    const { AGENTS_TRANSPORT_URL = '', AGENTS_MANAGEMENT_URL: management } = this.#services.openrc;
    if (this.#agentsVhost === undefined) return '';
    const transport = new URL(encodeURIComponent(this.#agentsVhost), AGENTS_TRANSPORT_URL).href;
    return `agents: {transport_url: "${transport}", management_url: "${management}"}\n`;
  }

  /** It hears and does nothing until `proceed`, as a machine that hangs. */
  pause = (): void => void this.#child?.kill('SIGSTOP');
  proceed = (): void => void this.#child?.kill('SIGCONT');

  /** The exit code, once it has ended by itself. */
  async code(): Promise<number | null> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null)
      await new Promise(resolve => child.once('exit', resolve));
    return child?.exitCode ?? null;
  }

  stop = (): Promise<void> => this.#end('SIGTERM');
  kill = (): Promise<void> => this.#end('SIGKILL');

  /** As an operator does it, who thinks that it is no longer needed. */
  async forget(workflow: string): Promise<void> {
    const words = ['delete', workflow, '--abandon', '--state-dir', this.#state];
    await promisify(execFile)(process.execPath, [inProject('dist/engine/main.js'), ...words]);
  }

  /** A command of an operator on the engine's machine, in a folder. */
  async command(
    cwd: string,
    ...words: readonly string[]
  ): Promise<{ code: number; out: string; err: string }> {
    const child = spawn(
      process.execPath,
      [inProject('dist/engine/main.js'), ...words, '--state-dir', this.#state],
      { cwd, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => void (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void (said.err += chunk.toString()));
    const code = await new Promise<number>(resolve => child.once('close', ended => resolve(ended ?? -1)));
    return { code, ...said };
  }

  /** When the workflow ended, in milliseconds since the epoch; looks until it has. */
  async ended(workflow: string): Promise<number> {
    return this.#asked(async client => {
      for (;;) {
        const { record } = await client.workflow(workflow);
        if (isOver(record.status)) return record.at;
        await delay(20);
      }
    });
  }

  /** What the workflow has gone through since entry `after`. */
  async entries(workflow: string, after = 0): Promise<readonly LogEntry[]> {
    return this.#asked(client => client.events(workflow, after, MOST_ENTRIES));
  }

  async #asked<Answer>(ask: (client: ControlClient) => Promise<Answer>): Promise<Answer> {
    const holder = readHolder(this.#state);
    if (holder === undefined) throw new Error('no engine holds the directory');
    const client = await connectControl(holder.socket);
    try {
      return await ask(client);
    } finally {
      await client.close();
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill(signal);
    await ended;
    this.output = '';
  }
}
