// A real browser on the real page, and what all tests of the page ask of it.
// Belongs here: starting Chromium, opening pages, what a page must never do. Does not belong here: an engine (kit.ts).
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inProject } from '../support/project.ts';
import { needs } from '../support/needs.ts';

const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const canBrowse = (suite: string): boolean =>
  needs(existsSync(PROGRAM), suite, "Debian's package chromium: test/services/install.sh installs it");

export const SIZES = { wide: { width: 1400, height: 900 }, phone: { width: 390, height: 800 } } as const;
export type Size = keyof typeof SIZES;
export type Scheme = 'light' | 'dark';

export class Eyes {
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  /** What pages complained about: errors of scripts, and whatever their policy forbade. */
  readonly complaints: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Eyes> {
    // Debian's Chromium refuses its sandbox to root; the page is our own.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    return new Eyes(await chromium.launch({ executablePath: PROGRAM, args }));
  }

  /** A browser of its own, as another person's. */
  async look(url: string, size: Size = 'wide', scheme: Scheme = 'light'): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: SIZES[size], colorScheme: scheme });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', error => this.complaints.push(error.stack ?? error.message));
    page.on('console', message => message.type() === 'error' && this.complaints.push(message.text()));
    await page.goto(url);
    return page;
  }

  async forget(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
    this.complaints.length = 0;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

/** For one suite: opens a browser before it, closes it after, and leaves the suite out where there is none. */
export function openEyes(suite: string, opened: (eyes: Eyes) => void): void {
  let eyes: Eyes | undefined;
  before(async function prepare() {
    if (!canBrowse(suite)) return this.skip();
    eyes = await Eyes.open();
    opened(eyes);
  });
  after(() => eyes?.close());
}

/** Pictures for docs/, taken when somebody asks for new ones. `height`: pixels from the top. */
export async function takePicture(page: Page, name: string, height = 640): Promise<void> {
  if (process.env['UPDATE_PICTURES'] !== '1') return;
  // Nothing is to look chosen because a pointer rests on it.
  await page.mouse.move(0, 0);
  const clip = { x: 0, y: 0, width: SIZES.wide.width, height };
  await page.screenshot({ path: inProject('docs', 'pictures', `console-${name}.png`), clip });
}

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What keeps people with disabilities from using what is shown: WCAG 2.2 A and AA, and serious rules of good practice. */
export async function barriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate('axe.run(document, {resultTypes: ["violations"]})')) as {
    readonly violations: readonly Violation[];
  };
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n${nodes.map(node => `  ${node.html}\n  ${node.failureSummary}`).join('\n')}`,
    );
}
