// Agents on the page: what is known of one, what a person decides of it, new keys.
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import type { JsonObject } from '../../engine/base/json.ts';
import type { AgentsView } from '../../engine/runtime/api.ts';
import type { AgentRequest } from '../../engine/runtime/agents-api.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { barriers, type Eyes, openEyes } from './browser.ts';
import { ConsoleWorld } from './kit.ts';

const AT = Date.UTC(2026, 10, 23, 8, 40, 12);
const VIEW: AgentsView = {
  bus: { state: 'connected', place: 'broker:5671/agents' },
  agents: [
    { id: 'vm-1', state: 'online', lastSeen: AT, version: '0.1.0', host: 'db-1' },
    { id: 'vm-2', state: 'offline', reason: 'server s-9 wants to enrol in its place with another key' },
    { id: 'vm-3', state: 'unknown' },
  ],
};
const SHOWN: { readonly [agent: string]: JsonObject } = {
  'vm-1': { agent: 'vm-1', state: 'enrolled', online: true, enrolled_at: AT },
  'vm-2': {
    agent: 'vm-2',
    state: 'waits_for_approval',
    pending: { server: 's-9', key: 'k-9', at: AT, why: 'another key' },
  },
};

describe('agents on the page', function suite() {
  this.timeout(60_000);
  const asked: AgentRequest[] = [];
  let eyes: Eyes;
  let world: ConsoleWorld;
  let page: Page;

  openEyes('agents on the page', opened => {
    eyes = opened;
  });
  beforeEach(async () => {
    asked.length = 0;
    const administer = async (request: AgentRequest): Promise<JsonObject> => {
      asked.push(request);
      const agent = 'agent' in request ? request.agent : '';
      if (request.kind === 'rotate_keys') return { version: 2 };
      if (request.kind === 'refuse')
        throw new EngineError('conflict', 'Somebody approved it.', 'Look again.');
      const shown = SHOWN[agent];
      if (shown === undefined)
        throw new EngineError('not_found', `No agent '${agent}' enrols here.`, 'See the list.');
      return shown;
    };
    world = await new ConsoleWorld(undefined, VIEW, { administer }).open();
    page = await eyes.look(`${world.url}/#/agents`);
  });
  afterEach(async () => {
    await eyes.forget();
    await world.close();
  });

  const open = async (agent: string): Promise<void> => {
    await page.getByRole('button', { name: agent }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).waitFor();
  };
  const decided = (): readonly string[] =>
    asked.map(({ kind }) => kind).filter(kind => kind !== 'show_agent');

  it('who waits is approved after what follows is told; the command line says the same', async () => {
    await open('vm-2');
    await page.getByText('Server s-9 enrols in its place with the key that it showed').waitFor();
    await page.getByText('murano-workflow agents approve vm-2 --key k-9').waitFor();
    expect(await barriers(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(asked.at(-1)).to.include({ kind: 'approve', agent: 'vm-2', key: 'k-9' });
    expect(eyes.complaints).to.deep.equal([]);
  });

  it('who is enrolled can be cut off or forgotten, and is not approved again', async () => {
    await open('vm-1');
    await page.getByRole('button', { name: 'Revoke', exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Approve', exact: true }).count()).to.equal(0);
    await page.getByText('murano-workflow agents forget vm-1').waitFor();
    await page.getByRole('button', { name: 'Forget', exact: true }).click();
    await page.getByText('Forget: done, agent vm-1.').waitFor();
    expect(decided()).to.deep.equal(['delete_agent']);
  });

  it('what is refused is told, and stays open; of who does not enrol here nothing can be decided', async () => {
    await open('vm-2');
    await page.getByRole('button', { name: 'Refuse', exact: true }).click();
    await page.getByRole('alert').getByText('Somebody approved it. Look again.').waitFor();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await open('vm-3');
    await page.getByRole('alert').getByText("No agent 'vm-3' enrols here.").waitFor();
    expect(await page.getByRole('dialog').getByRole('button').count()).to.equal(1);
  });

  it('keys are rotated, earlier ones dropped only when that is said', async () => {
    await page.getByRole('button', { name: 'Rotate keys …' }).click();
    await page.getByText('murano-workflow keys rotate', { exact: true }).waitFor();
    await page.getByLabel(/Drop/).check();
    await page.getByText('murano-workflow keys rotate --drop').waitFor();
    expect(await barriers(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Rotate keys', exact: true }).click();
    await page.getByText('The engine signs with a new key.').waitFor();
    expect(asked.at(-1)).to.include({ kind: 'rotate_keys', drop: true });
  });
});
