// The page by keys alone: from the list to a workflow, to a step, to what can be done about it.
import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';
import { type Eyes, openEyes } from './browser.ts';
import { ConsoleWorld, DISK } from './kit.ts';

/** Presses of the tabulator until whoever needs more has given up. */
const PATIENCE = 60;

describe('the page by keys alone', function suite() {
  this.timeout(60_000);
  let eyes: Eyes;
  let world: ConsoleWorld;

  openEyes('the page by keys alone', opened => {
    eyes = opened;
  });
  beforeEach(async () => {
    world = await new ConsoleWorld().open();
  });
  afterEach(async () => {
    await eyes.forget();
    await world.close();
  });

  const isFocused = (found: Locator): Promise<boolean> =>
    found.evaluate(element => element === element.ownerDocument.activeElement);

  async function tabTo(page: Page, found: Locator): Promise<void> {
    await found.waitFor();
    for (let presses = 0; presses < PATIENCE; presses++) {
      await page.keyboard.press('Tab');
      if (await isFocused(found)) return;
    }
    throw new Error(`${PATIENCE} presses of the tabulator do not lead to ${found.toString()}`);
  }

  it('arrows go through the list, Enter opens; a step is found, tried again, and one is back in the list', async () => {
    for (const [id, count] of [
      ['one', 2],
      ['two', 1],
      ['three', 1],
    ] as const)
      await world.cluster(id, count);
    await world.driver.finish('db[1].prepared', DISK);
    await world.settled();
    const page = await eyes.look(`${world.url}/`);
    await page.getByRole('link', { name: 'three' }).waitFor();
    await tabTo(page, page.getByRole('rowgroup', { name: '3 workflows' }));
    for (const name of ['three', 'two', 'one']) {
      await page.keyboard.press('ArrowDown');
      await page.locator('.row[aria-current]').filter({ hasText: name }).waitFor();
    }
    expect(new URL(page.url()).hash).not.to.contain('one');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'one' }).waitFor();
    await page.keyboard.press('2');
    await tabTo(page, page.getByRole('rowgroup', { name: /^\d+ steps$/ }));
    for (const step of ['db[0].prepared', 'db[1].prepared']) {
      await page.keyboard.press('ArrowDown');
      await page.getByRole('heading', { name: step }).waitFor();
    }
    await tabTo(page, page.getByRole('button', { name: 'Retry …' }));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Starts at once: db[1].prepared.').waitFor();
    await tabTo(page, dialog.getByRole('button', { name: 'Retry', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByRole('row', { name: /running.*db\[1\]\.prepared/ }).waitFor();
    await dialog.waitFor({ state: 'detached' });
    for (const heading of ['What it waits for', 'Workflows']) {
      await page.keyboard.press('Escape');
      await page.getByRole('heading', { name: heading }).waitFor();
    }
    expect(eyes.complaints).to.deep.equal([]);
  });
});
