// `npm run test:vm`: a virtual machine whose agent enrols by itself, whose script reboots it in the middle, and goes on.
// Belongs here: the story and its clock. Does not belong here: image, machine and engine (files beside this one).
//
// Under software emulation it takes minutes, so it is no part of `npm test`. MURANO_WORKFLOW_VM names the directory that keeps
// the root (0.7 GiB) between runs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { contextOf, idOf, scriptCommand } from '../agents/world.ts';
import { canRunBroker, startOwnBroker } from '../support/own-broker.ts';
import { inProject } from '../support/project.ts';
import { openEngine } from './engine.ts';
import { makeImage, missingForImages } from './image.ts';
import { HOST_SEEN_FROM_MACHINE, Machine } from './machine.ts';

const AGENT = 'a7c1f0';
const PATIENCE = 30 * 60_000;

/** Once before the reboot that it asks for, once after; each writes the boot id it sees. */
const SCRIPT = `
echo "$WORKFLOW_REASON $(cat /proc/sys/kernel/random/boot_id)" >> /var/lib/boots
[ "$WORKFLOW_REASON" = reboot ] || exit 194
cp /var/lib/boots "\${heat_outputs_path}.boots"
`;

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
    const engine = await openEngine(own.found, HOST_SEEN_FROM_MACHINE);
    try {
      machine = await start(engine, { image, directory: path.join(directory, 'machine') });
      await rebootedInTheMiddle(engine, machine);
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

type Engine = Awaited<ReturnType<typeof openEngine>>;

/** As Heat does it: the agent, a server with its user data, the member that tells which server that is. */
async function start(
  engine: Engine,
  place: Pick<Parameters<typeof Machine.start>[0], 'image' | 'directory'>,
): Promise<Machine> {
  const by = 'test';
  const agent = { agent: AGENT, name: 'db-0', format: 'cloud-init', reenrolment: 'approval' } as const;
  await engine.administer({ kind: 'create_agent', ...agent, by });
  const { user_data: userData } = await engine.administer({ kind: 'user_data', agent: AGENT, by });
  if (typeof userData !== 'string') throw new Error('the agent has no user data');
  const server = randomUUID();
  const member = {
    member: 'm1',
    agent: AGENT,
    server,
    name: 'db-0',
    onLeave: 'undo',
    leaveTimeout: 60_000,
  } as const;
  await engine.administer({ kind: 'put_member', ...member, by });
  const machine = await Machine.start({ ...place, server, userData });
  say('the machine is switched on');
  await until(machine, 'enrolled and greeted', () => engine.side.presence.online(AGENT));
  say('cloud-init wrote the configuration; the agent enrolled with it, and said hello under its own login');
  return machine;
}

async function rebootedInTheMiddle(engine: Engine, machine: Machine): Promise<void> {
  const before = engine.side.presence.of(AGENT)?.bootId;
  const command = scriptCommand(
    AGENT,
    {},
    {
      timeout: PATIENCE,
      outputs: [{ name: 'boots', hidden: false }],
    },
  );
  const action = { ...command.action, reboots: 1 } as typeof command.action;
  await engine.drivers.script.start(idOf(1, 'db.ready'), { ...command, action }, contextOf({}, SCRIPT));
  await until(machine, 'another boot id', () => engine.side.presence.of(AGENT)?.bootId !== before);
  const after = engine.side.presence.of(AGENT)?.bootId;
  say(`the script ended with 194, and the machine is back: boot id ${before} is now ${after}`);
  await until(machine, 'the end of the script', () => engine.sink.outcome !== undefined);
  judge(engine, before, after);
  say('the script ran once before the reboot and once after it, and is done');
}

function judge({ sink }: Engine, before: string | undefined, after: string | undefined): void {
  const { outcome } = sink;
  if (outcome?.kind !== 'succeeded') throw new Error(`the script ended with ${JSON.stringify(outcome)}`);
  const text = JSON.stringify(outcome.outputs['boots']);
  const ids = [...text.matchAll(/(first|reboot) ([0-9a-f-]{36})/g)].map(
    ([, reason, id]) => `${reason} ${id}`,
  );
  const expected = [`first ${before}`, `reboot ${after}`];
  if (before === after || JSON.stringify(ids) !== JSON.stringify(expected))
    throw new Error(`the script saw ${JSON.stringify(ids)}, not ${JSON.stringify(expected)}`);
  const ends = sink.reports.filter(({ report }) => report.kind === 'finished').length;
  if (ends !== 1) throw new Error(`the end was told ${ends} times`);
}

let stopped: string | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopped = signal;
  });

/** Looks twice a second, as long as the machine runs and patience lasts. */
async function until(machine: Machine, what: string, condition: () => boolean): Promise<void> {
  let running = true;
  void machine.ended.then(() => {
    running = false;
  });
  while (!condition()) {
    if (stopped !== undefined) throw new Error(`stopped by ${stopped}; waited for: ${what}`);
    if (!running) throw new Error(`qemu ended; waited for: ${what}`);
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
