// Ten thousand steps in a browser: only what is in view is in the document and drawn, still and while it goes on.
// Frame times are told, not judged: they are the machine's. What is judged is how much there is to draw.
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { barsIn, lanesIn, planLanes } from '../../engine/admin/page/model/lanes.ts';
import { canBrowse, Eyes } from './browser.ts';
import { LargeWorld } from './large.ts';

const MACHINES = 1_000;

interface Frames {
  readonly frames: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** Scrolls once a frame; ms between frames, as the browser has them. */
const scrolled = (page: Page, what: string, pixels: number, frames: number): Promise<Frames> =>
  page.evaluate(`(async () => {
    const element = document.querySelector('${what}');
    const times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let frame = 0; frame < ${frames}; frame += 1) {
      element.scrollTop += ${pixels};
      const now = await new Promise(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    times.sort((a, b) => a - b);
    const at = share => Math.round(times[Math.floor((times.length - 1) * share)] * 10) / 10;
    return { frames: times.length, p50: at(0.5), p95: at(0.95), max: at(1) };
  })()`);

const tell = (what: string, { frames, p50, p95, max }: Frames): void =>
  console.log(`      ${what}: ${frames} frames, ms between them p50 ${p50}, p95 ${p95}, max ${max}`);

describe('ten thousand steps', function suite() {
  this.timeout(120_000);
  let eyes: Eyes;
  let world: LargeWorld;

  before(async function prepare() {
    if (!canBrowse('ten thousand steps in a browser')) return this.skip();
    eyes = await Eyes.open();
    world = await new LargeWorld().open();
    await world.begin(MACHINES);
    for (let ended = 0; ended < 5_000; ) ended += await world.end(100);
  });
  after(async () => {
    await eyes?.close();
    await world?.close();
  });

  const elements = (page: Page): Promise<number> => page.evaluate('document.querySelectorAll("*").length');

  it('lanes: what a frame draws is what is in view', async () => {
    const view = await world.service.workflow('large');
    expect(view.steps.length).to.equal(10_000);
    const plan = planLanes(view, await world.service.timeline('large'));
    expect(plan.lanes.length).to.equal(MACHINES);
    const shown = lanesIn(plan, 10_000, 10_700);
    const bars = shown.flatMap(lane => barsIn(lane, plan.from, Infinity));
    expect(bars.length).to.be.within(shown.length, shown.length * 10);
    expect(shown.length).to.be.at.most(26);
  });

  it('lanes are scrolled while steps end, and show those that did', async () => {
    const page = await eyes.look(`${world.url}/#/workflows/large/lanes`);
    await page.locator('.lanes').waitFor();
    expect(await elements(page)).to.be.below(600);
    tell('lanes, scrolled', await scrolled(page, '.lanes', 60, 200));
    let goesOn = true;
    const work = (async () => {
      while (goesOn) {
        await world.end(20);
        // Whoever waits for the browser has a turn, too.
        await new Promise(resolve => setImmediate(resolve));
      }
    })();
    tell('lanes, scrolled while steps end', await scrolled(page, '.lanes', -30, 200));
    goesOn = false;
    await work;
    const { steps } = await world.service.workflow('large');
    const reached = steps.filter(({ record }) => record.status === 'reached').length;
    await page.keyboard.press('2');
    await page.getByRole('button', { name: `reached ${reached.toLocaleString('en')}` }).waitFor();
    expect(eyes.complaints).to.deep.equal([]);
  });

  it('the table has the rows in view in the document, and tells how many there are', async () => {
    const page = await eyes.look(`${world.url}/#/workflows/large/steps`);
    await page.getByRole('table', { name: '10,000 steps' }).waitFor();
    expect(await page.getByRole('table').getAttribute('aria-rowcount')).to.equal('10001');
    tell('table, scrolled', await scrolled(page, '.rows', 200, 200));
    expect(await page.locator('.rows .row').count()).to.be.below(60);
    expect(await elements(page)).to.be.below(1_500);
    await page.getByLabel('Filter by step, machine or words').fill('node[999]');
    await page.getByRole('table', { name: '10 steps' }).waitFor();
    expect(eyes.complaints).to.deep.equal([]);
  });
});
