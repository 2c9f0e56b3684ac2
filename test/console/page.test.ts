// The operator's page in a real browser over a real engine: what is seen, how it is kept up, who can use it.
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { oneToken } from '../../engine/admin/auth/local.ts';

import { barriers, type Eyes, openEyes, type Scheme, type Size } from './browser.ts';
import { ConsoleWorld, DISK, PREPARED, SECRET } from './kit.ts';

describe('the page in a browser', function suite() {
  this.timeout(60_000);
  let eyes: Eyes;
  let world: ConsoleWorld;

  openEyes('the page in a browser', opened => {
    eyes = opened;
  });
  beforeEach(async () => {
    world = await new ConsoleWorld().open();
  });
  afterEach(async () => {
    const complaints = [...eyes.complaints];
    await eyes.forget();
    await world.close();
    expect(complaints).to.deep.equal([]);
  });

  const look = (hash: string, size?: Size, scheme?: Scheme): Promise<Page> =>
    eyes.look(`${world.url}/${hash}`, size, scheme);
  const shows = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();

  it('the list says what each waits for, and hears of what changes', async () => {
    await world.cluster('prod', 2);
    const page = await look('');
    await shows(page, 'machines are at work');
    await world.cluster('staging', 1);
    await page.getByRole('link', { name: 'staging' }).waitFor();
    await world.driver.finish('db[0].prepared', DISK);
    await shows(page, /db\[0\]\.prepared on db-0 waits for an operator/);
    await page.getByRole('button', { name: 'Needs a person' }).click();
    expect(new URL(page.url()).hash).to.equal('#/workflows?show=person');
    await page.getByRole('link', { name: 'prod' }).waitFor({ state: 'detached' });
  });

  it('a step says why it stands there and who can act; its address shows the same to somebody else', async () => {
    await world.cluster('prod', 3);
    await world.driver.finish('db[1].prepared', DISK);
    const page = await look('#/workflows/prod/steps');
    await page.getByRole('button', { name: 'db.initialised' }).first().click();
    await shows(page, /It waits for all 3 of db\.prepared/);
    await shows(page, 'An operator has to act.');
    await shows(page, "murano-workflow retry prod 'db[1].prepared'");
    const other = await eyes.look(page.url());
    await shows(other, /It waits for all 3 of db\.prepared/);
    for (const index of [0, 1, 2]) {
      if (index === 1)
        await world.service.act({
          kind: 'retry',
          step: 'db[1].prepared',
          requestId: 'r',
          workflow: 'prod',
          by: 'me',
        });
      await world.settled();
      await world.driver.finish(`db[${index}].prepared`, PREPARED);
    }
    for (const one of [page, other]) await shows(one, /It waits for db-0 to take the command/);
  });

  it('hidden values are hidden, and never come to the browser', async () => {
    await world.cluster('prod', 1);
    const page = await look('#/workflows/prod/lanes?step=db%5B0%5D.prepared');
    await shows(page, '•••••• (hidden)');
    expect(await page.content())
      .not.to.contain(SECRET)
      .and.not.to.contain('$secret');
  });

  it('outputs of the whole are shown as soon as they can be told', async () => {
    await world.cluster('prod', 1);
    const page = await look('#/workflows/prod/lanes');
    await shows(page, 'What it waits for');
    await world.driver.finish('db[0].prepared', PREPARED);
    await shows(page, /10\.0\.0\.7/);
  });

  it('live output comes as it is written', async () => {
    await world.cluster('prod', 1);
    const page = await look('#/workflows/prod/steps?step=db%5B0%5D.prepared');
    await shows(page, 'running');
    for (const text of ['unpacking\n', 'configuring\n'])
      await world.say('prod', 'db[0].prepared', 'stdout', text);
    await shows(page, /unpacking\s+configuring/);
  });

  it('lanes: a click on what is to come opens it, keys go from step to step, and zoom', async () => {
    await world.cluster('prod', 3);
    const page = await look('#/workflows/prod/lanes');
    const lanes = page.locator('.lanes');
    await lanes.focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('heading', { name: 'db[0].prepared' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('heading', { name: 'db[1].prepared' }).waitFor();
    const box = await lanes.boundingBox();
    const space = page.locator('.lanes-space');
    const before = await space.evaluate(element => element.clientWidth);
    for (const _ of [1, 2, 3]) await page.keyboard.press('+');
    // Not `waitForFunction`: asked again it is an `eval`, which the page's policy forbids.
    const width = (): Promise<number> => space.evaluate(element => element.clientWidth);
    while ((await width()) <= before);
    await page.mouse.click((box?.x ?? 0) + 240, (box?.y ?? 0) + 26 + 15);
    await page.getByRole('heading', { name: 'db[0].prepared' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'What it waits for' }).waitFor();
  });

  it('graph, timeline and log tell of the same run, and the plan of what another input would do', async () => {
    await world.cluster('prod', 2);
    await world.driver.finish('db[0].prepared', PREPARED);
    await world.settled();
    const page = await look('#/workflows/prod/graph');
    await page.getByRole('button', { name: /prepared.*▸1 ✓1/ }).waitFor();
    await page.keyboard.press('4');
    await shows(page, /1 step in a row took/);
    await page.keyboard.press('5');
    await page.getByRole('row', { name: /db\[0\]\.prepared.*reached/ }).waitFor();
    await world.driver.finish('db[1].prepared', PREPARED);
    await page.getByRole('row', { name: /db\[1\]\.prepared.*reached/ }).waitFor();
  });

  it('a lost connection is said, and what happened meanwhile is caught up', async () => {
    await world.cluster('prod', 1);
    const page = await look('#/workflows/prod/steps');
    await page.getByRole('row', { name: /running.*db\[0\]\.prepared/ }).waitFor();
    const port = Number(new URL(world.url).port);
    await world.shut();
    await shows(page, /Live updates lost, trying again/);
    await world.driver.finish('db[0].prepared', PREPARED);
    await world.settled();
    await world.listen(port);
    await page.getByRole('row', { name: /reached.*db\[0\]\.prepared/ }).waitFor();
    await page.getByText(/Live updates lost/).waitFor({ state: 'detached' });
    // The browser itself notes requests that came to nothing.
    eyes.complaints.length = 0;
  });

  it('the list goes on where it was cut, and is not asked for again', async () => {
    for (const id of ['prod', 'old']) await world.cluster(id, 1);
    const page = await look('');
    await page.getByRole('link', { name: 'old' }).waitFor();
    let lists = 0;
    page.on('request', request => (lists += Number(request.url().includes('/v1/workflows?'))));
    const port = Number(new URL(world.url).port);
    await world.shut();
    await shows(page, /Live updates lost, trying again/);
    await world.cluster('staging', 1);
    await world.service.act({ kind: 'delete', abandon: true, requestId: 'd', workflow: 'old', by: 'me' });
    await world.listen(port);
    await page.getByRole('link', { name: 'staging' }).waitFor();
    await page.getByRole('link', { name: 'old' }).waitFor({ state: 'detached' });
    expect(lists).to.equal(0);
    eyes.complaints.length = 0;
  });

  it('where a token is wanted it is asked for, kept in the tab, and sent as a header', async () => {
    await world.close();
    world = await new ConsoleWorld().open(oneToken('s3cret-token'));
    await world.cluster('prod', 1);
    const page = await look('#/workflows/prod/steps');
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByLabel('Token').fill('s3cret-token');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'db[0].prepared' }).first().waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'db[0].prepared' }).first().waitFor();
    expect(page.url()).not.to.contain('s3cret');
    eyes.complaints.length = 0;
  });

  it('text that a script or an author wrote is text, whatever it looks like', async () => {
    const hostile = '<img src="/v1/me" onerror="document.title=1"><script>document.title=2</script>';
    await world.cluster('prod', 1);
    const page = await look('#/workflows/prod/steps?step=db%5B0%5D.prepared');
    await world.say('prod', 'db[0].prepared', 'stderr', `${hostile}\n`);
    await world.driver.finish('db[0].prepared', {
      kind: 'failed',
      error: { kind: 'exit', message: hostile, exitCode: 3, tail: hostile },
    });
    await shows(page, /held/);
    await page.locator('.live-output').getByText(hostile).waitFor();
    expect(await page.locator('main img, main script').count()).to.equal(0);
    expect(await page.title()).to.equal('db[0].prepared · prod · murano-workflow');
  });

  it('dead letters stand below the agents: why each, one is discarded, then all that were seen', async () => {
    for (const digest of ['a', 'b', 'a', 'c']) await world.poison(digest);
    const page = await look('#/agents');
    await shows(page, '3 dead letters');
    await shows(page, /rejected from engine\.results · agent vm-1 · signature does not fit · 2 times/);
    await page.getByRole('button', { name: 'Discard dead letter 1' }).click();
    await shows(page, '2 dead letters');
    await page.getByRole('button', { name: /^Discard all/ }).click();
    await shows(page, 'murano-workflow agents discard --up-to 3');
    await world.poison('d');
    await page.getByRole('button', { name: 'Discard them' }).click();
    await shows(page, '1 dead letter');
    expect(world.letters.page({ limit: 9 }).letters.map(({ number }) => number)).to.deep.equal([4]);
  });

  it('nothing is asked of anybody but the engine', async () => {
    await world.cluster('prod', 1);
    const page = await eyes.look('about:blank');
    const asked = new Set<string>();
    page.on('request', request => asked.add(new URL(request.url()).origin));
    await page.goto(`${world.url}/#/workflows/prod/graph`);
    await page.getByRole('button', { name: /^prepared/ }).waitFor();
    expect([...asked]).to.deep.equal([world.url]);
  });

  describe('can be used by people with disabilities', () => {
    const PLACES = [
      '#/workflows',
      '#/workflows/prod/lanes',
      '#/workflows/prod/lanes?step=db%5B1%5D.prepared',
      '#/workflows/prod/steps?step=db%5B0%5D.prepared',
      '#/workflows/prod/graph',
      '#/workflows/prod/timeline',
      '#/workflows/prod/log',
      '#/workflows/prod/plan',
      '#/workflows/prod/members',
      '#/workflows/prod/operations',
      '#/workflows/nobody/lanes',
      '#/agents',
    ];
    for (const [size, scheme] of [
      ['wide', 'light'],
      ['wide', 'dark'],
      ['phone', 'light'],
      ['phone', 'dark'],
    ] as const) {
      it(`${size}, ${scheme}`, async () => {
        await world.cluster('prod', 3);
        await world.cluster('other', 1);
        await world.driver.finish('db[1].prepared', DISK);
        await world.poison('a');
        await world.settled();
        const page = await look('', size, scheme);
        for (const place of PLACES) {
          await page.goto(`${world.url}/${place}`);
          await page.locator('main h1, main .empty-title').first().waitFor();
          await page
            .getByText(/^Loading/)
            .first()
            .waitFor({ state: 'detached' });
          expect(await barriers(page), place).to.deep.equal([]);
          const isWider = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
          expect(isWider, `${place} is wider than the screen`).to.equal(false);
        }
        eyes.complaints.length = 0;
      });
    }
  });
});
