// Secrets that a test knows, and every place in which the engine and its agents keep, send, show or tell something.
// Belongs here: running the command so that all of it can be seen, and looking. Does not belong here: what is run (canary.test.ts).
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import sinon from 'sinon';
import { MemoryConnection } from '../../engine/bus/memory-connection.ts';
import { runCli } from '../../engine/cli/cli.ts';
import type { EngineHost } from '../../engine/cli/host.ts';
import { language } from '../../engine/cli/language.ts';
import { embeddedHost } from '../../engine/host.ts';

/** Text that differs in every form in which masking looks for it. */
export const secret = (name: string): string => `canary-${name}/"${randomUUID()}"&ü+?`;

/** What shows it in any form that a sink might hold: its middle survives quoting and URL-encoding. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const [, middle = text] = /"(.*)"/.exec(text) ?? [];
  return [middle, bytes.toString('base64').slice(0, -4), bytes.toString('hex')];
}

export class Canary {
  readonly #directory: string;
  readonly #forms: string[];
  readonly said: string[] = [];
  readonly #bodies: string[] = [];
  readonly #found = new Set<string>();
  /** Names of files that were searched. */
  readonly searched = new Set<string>();

  constructor(directory: string, secrets: readonly string[]) {
    this.#directory = directory;
    this.#forms = secrets.flatMap(formsOf);
  }

  get state(): string {
    return path.join(this.#directory, 'state');
  }

  /** The command in this process, so that its broker can be listened to. */
  async murano(...words: readonly string[]): Promise<number> {
    const publish = sinon.spy(MemoryConnection.prototype, 'publish');
    const tell = (text: string): void => {
      this.said.push(text);
      if (/failed|paused|reached/.test(text)) this.searchState();
    };
    try {
      return await runCli([...words, '--state-dir', this.state], '0.0.0', () => ({
        host: talkative(),
        language,
        terminal: {
          size: () => ({ width: 200, height: 50 }),
          style: { colour: false, unicode: true },
          live: false,
          interactive: false,
          out: tell,
          err: tell,
        },
        now: () => Date.now(),
        newRequestId: () => randomUUID(),
        by: 'tester',
        directory: this.#directory,
        env: {},
        onInterrupt: () => () => undefined,
      }));
    } finally {
      for (const { args } of publish.getCalls()) this.#bodies.push(bodyText(args[2]));
      publish.restore();
      this.searchState();
    }
  }

  /** A secret that became known only now: what was shown and sent before is looked through as well, at the end. */
  alsoSecret(text: string): void {
    this.#forms.push(...formsOf(text));
  }

  get messages(): number {
    return this.#bodies.length;
  }

  /**
   * Every file of the engine and its agents, also while they run: the database, its log, journals, keys.
   * A run's own directory holds its inputs until it ends; what is left of it is looked at after the end.
   */
  searchState(runsToo = false): void {
    for (const file of filesIn(this.state)) {
      if (!runsToo && file.includes(`${path.sep}runs${path.sep}`)) continue;
      this.searched.add(path.basename(file));
      this.search(path.relative(this.state, file), contentOf(file));
    }
  }

  search(sink: string, text: string): void {
    for (const form of this.#forms) if (text.includes(form)) this.#found.add(`${sink} holds ${form}`);
  }

  /** Sinks that hold a secret, with the form that was found. */
  leaks(): string[] {
    this.search('the command said', this.said.join(''));
    this.#bodies.forEach((body, index) => this.search(`message ${index}`, body));
    this.searchState(true);
    return [...this.#found];
  }
}

function bodyText(message: unknown): string {
  const { body, ...rest } = message as { readonly body: Uint8Array };
  return `${Buffer.from(body).toString('utf8')} ${JSON.stringify(rest)}`;
}

function filesIn(directory: string): string[] {
  return unlessGone(() => readdirSync(directory, { withFileTypes: true }), []).flatMap(entry => {
    const place = path.join(directory, entry.name);
    if (entry.isDirectory()) return filesIn(place);
    return entry.isFile() ? [place] : [];
  });
}

/** Every byte as a character: what is looked for is plain ASCII. */
const contentOf = (file: string): string => unlessGone(() => readFileSync(file, 'latin1'), '');

/** Files come and go while the engine works. */
function unlessGone<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    return otherwise;
  }
}

/** An engine of this process that logs all it can to its file. */
function talkative(): EngineHost {
  const host = embeddedHost();
  return {
    ...host,
    start: (directory, options) =>
      host.start(directory, { ...options, logLevel: 'debug', logToStderr: false }),
  };
}
