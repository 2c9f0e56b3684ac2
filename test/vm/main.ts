// `npm run test:vm`: a virtual machine whose agent enrols by itself, which a script reboots, whose power is cut in the
// middle of another, and which goes on.
// Belongs here: the order of things and their clock. Does not belong here: the workflow, image, machine and engine (files beside).
//
// Under software emulation it takes minutes, so it is no part of `npm test`. MURANO_WORKFLOW_VM names the directory that keeps
// the root (0.7 GiB) between runs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { canRunBroker, startOwnBroker } from '../support/own-broker.ts';
import { inProject } from '../support/project.ts';
import { openEngine } from './engine.ts';
import { makeImage, missingForImages } from './image.ts';
import { HOST_SEEN_FROM_MACHINE, Machine } from './machine.ts';
import { CUT_ME, DEFINITION, judge, WORKFLOW } from './story.ts';
import type { Started } from '../../engine/embedded.ts';
import type { AgentRequest } from '../../engine/runtime/agents-api.ts';
import type { AgentView } from '../../engine/runtime/api.ts';

const AGENT = 'a7c1f0';
const PATIENCE = 30 * 60_000;

const began = performance.now();
const seconds = (): number => Math.round((performance.now() - began) / 1_000);
const say = (text: string): void => console.log(`${String(seconds()).padStart(5)} s  ${text}`);

async function main(directory: string): Promise<void> {
  const image = await makeImage(
    process.env['MURANO_WORKFLOW_VM'] ?? inProject('.murano-workflow', 'vm'),
    say,
  );
  say('the disk is made');
  const own = await startOwnBroker(path.join(directory, 'broker'));
  let machine: Machine | undefined;
  try {
    const engine = await openEngine(own.found, HOST_SEEN_FROM_MACHINE, path.join(directory, 'engine'));
    try {
      machine = await start(engine, { image, directory: path.join(directory, 'machine') });
      await goThrough(engine, machine);
    } finally {
      await engine.close();
    }
  } catch (thrown) {
    const lines = (await machine?.console())?.split('\n').slice(-40).join('\n');
    console.error(`The end of the machine's console:\n${lines ?? '(none)'}`);
    throw thrown;
  } finally {
    await machine?.end();
    await own.end();
  }
}

/** As Heat does it: the agent, a server with its user data, the member that tells which server that is. */
async function start(
  { api }: Started,
  place: Pick<Parameters<typeof Machine.start>[0], 'image' | 'directory'>,
): Promise<Machine> {
  const administer = (request: object) => api.administer({ ...request, by: 'test' } as AgentRequest);
  const agent = { agent: AGENT, name: 'db-0', format: 'cloud-init', reenrolment: 'approval' };
  await administer({ kind: 'create_agent', ...agent });
  const { user_data: userData } = await administer({ kind: 'user_data', agent: AGENT });
  if (typeof userData !== 'string') throw new Error('the agent has no user data');
  const server = randomUUID();
  const member = { member: 'm1', agent: AGENT, server, name: 'db-0', onLeave: 'undo', leaveTimeout: 60_000 };
  await administer({ kind: 'put_member', ...member });
  const machine = await Machine.start({ ...place, server, userData });
  say('the machine is switched on');
  await until(machine, 'enrolled and greeted', async () => (await seen(api))?.state === 'online');
  say('cloud-init wrote the configuration; the agent enrolled with it, and said hello under its own login');
  return machine;
}

const seen = async (api: Started['api']): Promise<AgentView | undefined> =>
  (await api.agents()).agents.find(({ id }) => id === AGENT);

async function goThrough({ api }: Started, machine: Machine): Promise<void> {
  const from = { requestId: 'create', by: 'test', id: WORKFLOW, stackName: WORKFLOW, inputs: {} };
  const document = { source: DEFINITION, fileName: 'reboots.yaml', files: {} };
  const members = { db: [{ agent: AGENT, name: 'db-0' }] };
  const { problems } = await api.create({ ...from, document, members });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  await until(machine, 'db.updated', () => isReached(api, 'db.updated'));
  say('a script ended with 194, and ran again after the reboot that it asked for');
  await until(machine, 'the middle of db.migrated', async () => (await machine.console()).includes(CUT_ME));
  await machine.cutPower();
  say('the power was cut in the middle of another, and is on again');
  await until(machine, 'db.migrated', () => isReached(api, 'db.migrated'));
  say('it was interrupted, and ran again');
  await until(machine, 'the end', async () => (await api.workflow(WORKFLOW)).record.status !== 'running');
  say(`the boot ids were ${(await judge(api)).join(', ')}`);
}

async function isReached(api: Started['api'], id: string): Promise<boolean> {
  const step = (await api.workflow(WORKFLOW)).steps.find(one => one.id === id);
  if (step?.record.status === 'failed') throw new Error(`it failed: ${JSON.stringify(step)}`);
  return step?.record.status === 'reached';
}

let stopped: string | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopped = signal;
  });

/** Looks twice a second, as long as the machine runs and patience lasts. */
async function until(machine: Machine, what: string, condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    if (stopped !== undefined) throw new Error(`stopped by ${stopped}; waited for: ${what}`);
    if (!machine.isOn) throw new Error(`qemu ended; waited for: ${what}`);
    if (performance.now() - began > PATIENCE) throw new Error(`waited in vain for: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

const missing = await missingForImages();
if (missing !== undefined || !canRunBroker('the agent in a virtual machine')) {
  console.error(missing ?? 'test/services/install.sh installs RabbitMQ.');
  process.exitCode = 69;
} else {
  const directory = await mkdtemp(path.join(tmpdir(), 'murano-workflow-vm-'));
  try {
    await main(directory);
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : String(thrown));
    process.exitCode = 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
