// Acting on the page: many at once, what is refused, what somebody else was quicker with.
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { barriers, type Eyes, openEyes } from './browser.ts';
import { ConsoleWorld, DISK, PREPARED } from './kit.ts';

describe('acting on the page', function suite() {
  this.timeout(60_000);
  let eyes: Eyes;
  let world: ConsoleWorld;

  openEyes('acting on the page', opened => {
    eyes = opened;
  });
  beforeEach(async () => {
    world = await new ConsoleWorld().open();
  });
  afterEach(async () => {
    await eyes.forget();
    await world.close();
  });

  const look = (hash: string): Promise<Page> => eyes.look(`${world.url}/${hash}`);
  const shows = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();

  it('steps that failed alike are retried at once, each told what became of it', async () => {
    await world.cluster('prod', 4);
    for (const index of [0, 1, 3]) await world.driver.finish(`db[${index}].prepared`, DISK);
    const page = await look('#/workflows/prod/steps');
    await page.getByRole('button', { name: 'Retry all 3 …' }).click();
    await shows(page, "murano-workflow retry prod 'db[3].prepared'");
    await page.getByRole('button', { name: 'Retry (3)' }).click();
    await page.getByRole('listitem').filter({ hasText: 'done' }).nth(2).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'running 4' }).waitFor();
    await world.settled();
    expect(world.driver.started.filter(({ command }) => command.reason === 'retry').length).to.equal(3);
  });

  it('a step is taken back: what goes before it is told first, and the workflow waits for a person', async () => {
    await world.cluster('prod', 1);
    for (const state of ['db[0].prepared', 'db.initialised']) {
      await world.driver.finish(state, PREPARED);
      await world.settled();
    }
    await world.service.act({
      requestId: 'r',
      workflow: 'prod',
      by: 'ann',
      kind: 'approve',
      step: 'service.agreed',
    });
    const page = await look('#/workflows/prod/steps?step=db.initialised');
    await page.getByRole('button', { name: 'Undo …' }).click();
    await shows(page, 'What stands on it is undone first; what does not stays as it is.');
    await shows(page, 'murano-workflow undo prod db.initialised');
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await shows(page, 'An operator has to act.');
    await shows(page, /is undone, as .* asked, and is not begun again before somebody goes on/);
    await world.settled();
    const { record, steps } = await world.service.workflow('prod');
    expect(record.status).to.equal('failed');
    expect(steps.map(step => step.record.status)).to.include.members(['reached', 'undone']);
  });

  it('workflows that failed alike are tried again at once', async () => {
    for (const id of ['one', 'two', 'three']) {
      await world.cluster(id, 1);
      await world.driver.finish('db[0].prepared', DISK);
    }
    const page = await look('');
    await page.getByRole('button', { name: 'Retry all 3 …' }).click();
    await page.getByRole('button', { name: 'Retry all that failed (3)' }).click();
    await page.getByRole('listitem').filter({ hasText: 'done' }).nth(2).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'running 3' }).waitFor();
  });

  it('what somebody else was quicker with is not done again', async () => {
    await world.cluster('prod', 1);
    await world.driver.finish('db[0].prepared', DISK);
    const page = await look('#/workflows/prod/steps?step=db%5B0%5D.prepared');
    await page.getByRole('button', { name: 'Retry …' }).first().click();
    await shows(page, 'Starts at once: db[0].prepared.');
    await world.service.act({
      kind: 'retry',
      step: 'db[0].prepared',
      requestId: 'other',
      workflow: 'prod',
      by: 'other',
    });
    await world.settled();
    await world.driver.finish('db[0].prepared', DISK);
    await world.settled();
    const before = world.driver.started.length;
    await page.getByRole('dialog').getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByRole('alert').waitFor();
    expect(world.driver.started.length).to.equal(before);
    await page.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('whoever may only look is told so before, and nothing is done', async () => {
    await world.close();
    const reader = { by: 'a reader', user: 'r', roles: new Set(['reader'] as const), everywhere: true };
    world = await new ConsoleWorld().open({ scheme: 'Bearer', authenticate: async () => reader });
    await world.cluster('prod', 1);
    await world.driver.finish('db[0].prepared', DISK);
    const page = await look('#/workflows/prod/steps?step=db%5B0%5D.prepared');
    await page.getByRole('button', { name: 'Retry …' }).first().click();
    await shows(page, /Your roles do not make you an operator here/);
  });

  it('a skip takes the outputs that the step owes, and its command line says them', async () => {
    await world.cluster('prod', 1);
    await world.driver.finish('db[0].prepared', DISK);
    const page = await look('#/workflows/prod/steps?step=db%5B0%5D.prepared');
    await page.getByRole('button', { name: 'Skip …' }).first().click();
    const outputs = page.getByLabel('Outputs of the step, as a JSON object');
    await outputs.fill('{"address": ');
    await shows(page, 'Write a JSON object');
    await outputs.fill('{"address": "10.0.0.9"}');
    await shows(page, `murano-workflow skip prod 'db[0].prepared' --outputs 'address="10.0.0.9"'`);
    await page.getByRole('dialog').getByRole('button', { name: 'Skip', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const { steps } = await world.service.workflow('prod');
    expect(steps.find(({ id }) => id === 'db[0].prepared')?.record.outputs).to.deep.equal({
      address: '10.0.0.9',
    });
  });

  it('a plan shows what an update would do, and the update begins it', async () => {
    await world.cluster('prod', 1);
    await world.driver.finish('db[0].prepared', PREPARED);
    await world.settled();
    const page = await look('#/workflows/prod/plan');
    await page.getByLabel('Inputs that change, as a JSON object').fill('{"port": 5433}');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByRole('row', { name: /db\[0\]\.prepared.*input port 5432 → 5433/ }).waitFor();
    expect(page.url()).not.to.contain('5433');
    // Neither a hidden input's value stands in the command line, nor that of one that only another definition knows.
    const inputs = page.getByLabel('Inputs that change, as a JSON object');
    await inputs.fill('{"port": 5433, "password": "s3cret", "else": "s4cret"}');
    await page.getByText(/plan prod --inputs port=5433 password=@FILE else=@FILE$/).waitFor();
    await page.getByText('Inputs of the definition').click();
    await page.getByText('string, hidden').waitFor();
    expect(await barriers(page)).to.deep.equal([]);
    await inputs.fill('{"port": 5433}');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByRole('button', { name: 'Update …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Update', exact: true }).click();
    await shows(page, 'generation 2');
  });
});
