// Members and operations on the page: who takes part, what can be run on it, what runs and what ran.
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import type { Presence } from '../../engine/machine/why/types.ts';
import { barriers, type Eyes, openEyes, takePicture } from './browser.ts';
import { ConsoleWorld, SECRET } from './kit.ts';

const DATABASE = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    roles: {primary: {choose: lowest_index, among: prepared}}
    states:
      prepared: {action: {script: {bash: prepare}}}
      leading: {only: primary, requires: [prepared], action: {script: {bash: lead}}, undo: {script: {bash: follow}}}
      saved:
        once: primary
        requires: [db.leading]
        action:
          script:
            bash: save
            inputs: {label: "<% operation.inputs.?label.orValue('') %>"}
operations:
  failover:
    description: Another member leads from now on
    inputs: {to: {type: string, description: The member that is to lead}}
    requires: [db.leading]
    steps: [{move: db.primary, to: "<% db.members.filter(m, m.name == operation.inputs.to)[0] %>"}]
    goal: db.leading
  backup:
    inputs:
      label: {type: string, constraints: [{length: {min: 1, max: 40}}]}
      kind: {type: string, default: full, constraints: [{allowed_values: [full, changes]}]}
      copies: {type: integer, default: 1, constraints: [{range: {min: 1, max: 5}}]}
      key: {type: string, hidden: true, default: ""}
    requires: [db.leading]
    steps: {rerun: db.saved}
goal: db.leading
`;

const DONE = { kind: 'succeeded', outputs: {} } as const;

describe('members and operations on the page', function suite() {
  this.timeout(60_000);
  const presences = new Map<string, Presence>();
  let eyes: Eyes;
  let world: ConsoleWorld;

  openEyes('members and operations on the page', opened => {
    eyes = opened;
  });
  beforeEach(async () => {
    presences.clear();
    const presence = (agent: string): Presence => presences.get(agent) ?? { kind: 'online' };
    world = await new ConsoleWorld({ presence }).open();
    const document = { source: DATABASE, fileName: 'db.yaml', files: {} };
    await world.cluster('prod', 2, { document, inputs: {} });
    await finish('db[0].prepared', 'db[1].prepared', 'db[0].leading');
  });
  afterEach(async () => {
    const complaints = [...eyes.complaints];
    await eyes.forget();
    await world.close();
    expect(complaints).to.deep.equal([]);
  });

  async function finish(...steps: readonly string[]): Promise<void> {
    for (const step of steps) {
      await world.driver.finish(step, DONE);
      await world.settled();
    }
  }
  const look = (hash: string): Promise<Page> => eyes.look(`${world.url}/${hash}`);
  const shows = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();
  const confirm = (page: Page, name: string): Promise<void> =>
    page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

  it('members: agent, roles, how far each is, and since when; who joins and leaves is seen at once', async () => {
    presences.set('prod-1', { kind: 'offline', lastSeen: 1, reason: 'its broker link was cut' });
    const page = await look('#/workflows/prod/members');
    await page.getByRole('row', { name: /online.*db-0 db\[0\] prod-0.*primary.*2\/2/ }).waitFor();
    await page
      .getByRole('row', { name: /offline.*db-1 db\[1\] prod-1.*its broker link was cut.*1\/1/ })
      .waitFor();
    await shows(page, '1 of 2 members online');
    await world.service.act({
      kind: 'update',
      join: { db: [{ agent: 'prod-2', name: 'db-2' }] },
      leave: { db: ['prod-0'] },
      requestId: 'u',
      workflow: 'prod',
      by: 'me',
    });
    await page.getByRole('row', { name: /db-2 db\[2\] prod-2/ }).waitFor();
    await page.getByRole('row', { name: /db-0.*Leaves: what was done on it is taken back/ }).waitFor();
    await page.locator('[title^="Generation 2,"]').first().waitFor();
    await page.getByRole('button', { name: 'Steps of db-2' }).click();
    await page.getByRole('row', { name: /running db\[2\]\.prepared/ }).waitFor();
  });

  it('a member is let go after its plan is seen, and inputs get their defaults again', async () => {
    const page = await look('#/workflows/prod/members');
    await page.getByRole('button', { name: 'Let db-1 leave …' }).click();
    await shows(page, 'Leaves: db db-1');
    await page.getByText('murano-workflow update prod --members WHO-STAYS.yaml').waitFor();
    await page.getByRole('button', { name: 'db-1 stays' }).click();
    await page.getByText('Leaves: db db-1').waitFor({ state: 'detached' });
    await page.getByLabel('Inputs that get their defaults again, by name').fill('nothing');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await shows(page, /There is no input 'nothing'/);
    await page.getByLabel('Inputs that get their defaults again, by name').fill('');
    await page.keyboard.press('Escape');
    await page.keyboard.press('7');
    await page.getByRole('button', { name: 'Let db-1 leave …' }).click();
    await page.getByLabel('Abandon: undo nothing of them').check();
    await page.getByRole('button', { name: 'Show the plan' }).click();
    expect(await barriers(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Update …' }).click();
    await confirm(page, 'Update');
    await page.keyboard.press('7');
    await page.getByRole('row', { name: /db-1/ }).waitFor({ state: 'detached' });
    const { members } = await world.service.workflow('prod');
    expect(members['db']?.map(({ name }) => name)).to.deep.equal(['db-0']);
  });

  it('an operation: what would follow, its command line, what runs, and that it is done', async () => {
    const page = await look('#/workflows/prod/operations');
    await page.getByRole('button', { name: 'Run failover …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('to is required.').waitFor();
    expect(await dialog.getByRole('button', { name: 'Run failover' }).isDisabled()).to.equal(true);
    await dialog.getByLabel(/^to/).fill('db-1');
    await dialog.getByText('It moves db.primary, then waits for db.leading.').waitFor();
    await dialog
      .getByText(/murano-workflow operate prod failover --inputs to=db-1 --id [0-9a-f-]{36}/)
      .waitFor();
    await dialog.getByText('At once the workflow goes from complete to running.').waitFor();
    await confirm(page, 'Run failover');
    await page.getByRole('heading', { name: /running failover/ }).waitFor();
    await shows(page, 'to = db-1');
    await shows(page, /Not now: The operation failover runs\. Wait until it has ended/);
    await world.settled();
    for (const phase of ['db[0].leading', 'db[1].leading']) await finish(phase);
    await page
      .getByText(/by anonymous|took/)
      .first()
      .waitFor();
    await page
      .getByRole('listitem')
      .filter({ hasText: /done failover/ })
      .waitFor();
    await page.getByRole('button', { name: 'Run failover …' }).and(page.locator(':enabled')).waitFor();
  });

  it('fields are those of the definition: a number, a choice, what is hidden; what it bounds is said', async () => {
    const page = await look('#/workflows/prod/operations');
    await page.getByRole('button', { name: 'Run backup …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^copies/).fill('1.5');
    await dialog.getByLabel(/^label/).fill('nightly');
    await shows(page, 'copies is to be a whole number.');
    await dialog.getByLabel(/^copies/).fill('9');
    await dialog.getByText(/It would be refused: The input copies cannot be used/).waitFor();
    await dialog.getByLabel(/^copies/).fill('2');
    await dialog.getByLabel(/^kind/).selectOption('changes');
    await dialog.getByLabel(/^key/).fill(SECRET);
    await dialog.getByText('Starts at once: db.saved.').waitFor();
    await takePicture(page, 'operation', 720);
    await dialog.getByText(/--inputs label=nightly kind=changes copies=2 key=@FILE --id/).waitFor();
    expect(await barriers(page)).to.deep.equal([]);
    await confirm(page, 'Run backup');
    await page.getByRole('heading', { name: /running backup/ }).waitFor();
    await shows(page, 'key = •••••• (hidden)');
    expect(await page.content()).not.to.contain(SECRET);
    const { record } = await world.service.workflow('prod');
    expect(record.operation?.inputs).to.include({ label: 'nightly', kind: 'changes', copies: 2 });
    await world.driver.finish('db.saved', {
      kind: 'failed',
      error: { kind: 'exit', message: 'exit 1', exitCode: 1, tail: 'no space is left' },
    });
    await page
      .getByRole('listitem')
      .filter({ hasText: /failed backup/ })
      .getByRole('button', { name: 'db.saved' })
      .click();
    await shows(page, 'no space is left');
  });

  it('whoever else was quicker runs it; here it is refused, and nothing runs twice', async () => {
    const page = await look('#/workflows/prod/operations');
    await page.getByRole('button', { name: 'Run failover …' }).click();
    await page.getByRole('dialog').getByLabel(/^to/).fill('db-1');
    await shows(page, 'At once the workflow goes from complete to running.');
    const before = { requestId: 'o', workflow: 'prod', by: 'other', id: 'other', inputs: { label: 'x' } };
    await world.service.act({ kind: 'operate', operation: 'backup', ...before });
    await confirm(page, 'Run failover');
    await page
      .getByRole('alert')
      .getByText(/The operation backup runs/)
      .waitFor();
    eyes.complaints.length = 0;
  });

  it('both are reached by keys alone, and shut out nobody, light and dark, wide and narrow', async () => {
    for (const [size, scheme] of [
      ['wide', 'light'],
      ['phone', 'dark'],
    ] as const) {
      const page = await eyes.look(`${world.url}/#/workflows/prod/lanes`, size, scheme);
      await page.getByRole('heading', { name: 'prod' }).waitFor();
      for (const [key, seen] of [
        ['7', page.getByRole('button', { name: 'Steps of db-0' })],
        ['8', page.getByRole('button', { name: 'Run failover …' })],
      ] as const) {
        await page.keyboard.press(key);
        await seen.waitFor();
        expect(await barriers(page), key).to.deep.equal([]);
        const isWider = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
        expect(isWider, key).to.equal(false);
      }
    }
  });
});
