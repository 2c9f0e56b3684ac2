// Faults of one agent as the program in its VM, on a real RabbitMQ: it never comes, cannot come, may not, or went.
// Belongs here: rows of that kind. Does not belong here: a broker that is away for everybody (broker-faults.ts).
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { server } from '../agents/enrolment-world.ts';
import { ProgramLab } from '../agents/program-lab.ts';
import type { AgentsBroker } from '../support/agents-broker.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { group, HANGS, sh } from './definitions.ts';
import { ADVICE, type Asked, type Fault } from './fault.ts';
import { WholeEngine } from './whole-engine.ts';

const ONLINE = group({ a: { action: { online: {} } } }, 'g.a');
const NEVER =
  /waits for the agent of \S+: it has never logged in at amqp:.*name, port, TLS and login found stands on the console/;

/** `brings`: what is wrong, once the engine runs and before it is asked. */
function ofAgent(
  found: AgentsBroker,
  row: Pick<Fault, 'name' | 'says'>,
  brings: (lab: ProgramLab, engine: WholeEngine) => Promise<Asked | undefined>,
): Fault {
  let lab: ProgramLab | undefined;
  return {
    path: ['agent'],
    who: 'machine',
    advice: ADVICE.vm,
    ...row,
    inject: async () => {
      const own = await new ProgramLab(found, await temporaryDirectory()).open();
      lab = own;
      const engine = await new WholeEngine(own.place, async () => own.engine).start();
      const asked = await brings(own, engine);
      return asked ?? engine.asked(await engine.create(ONLINE, { agents: own.name }), 'g[0].a');
    },
    mend: async () => {
      await lab?.close();
      lab = undefined;
    },
  };
}

export const agentFaults = (found: AgentsBroker): readonly Fault[] => [
  ofAgent(found, { name: 'its VM never comes up', says: NEVER }, async () => undefined),
  ofAgent(found, { name: 'its VM finds no address for the broker (DNS)', says: NEVER }, async lab => {
    await lab.boot({ broker: { urls: [`amqp://nowhere.invalid:5672/${lab.name}`] } });
    await lab.onConsole(/nowhere\.invalid has no address/);
    return undefined;
  }),
  ofAgent(found, { name: 'its VM reaches no port (TCP)', says: NEVER }, async lab => {
    const port = await closedPort();
    await lab.boot({ broker: { urls: [`amqp://127.0.0.1:${port}/${lab.name}`] } });
    await lab.onConsole(/cannot be reached/);
    return undefined;
  }),
  ofAgent(found, { name: 'its VM does not believe the certificate (TLS)', says: NEVER }, async lab => {
    await lab.boot({ broker: { urls: [`amqps://${found.secure.host}:${found.secure.port}/${lab.name}`] } });
    await lab.onConsole(/The certificate of \S+ is not believed/);
    return undefined;
  }),
  ofAgent(found, { name: 'the broker refuses its login', says: NEVER }, async lab => {
    await lab.boot({ enrol: { ...lab.given.enrol, password: 'a-wrong-password-0123' } });
    await lab.onConsole(/wrong name or password/);
    return undefined;
  }),
  ofAgent(
    found,
    {
      name: 'the engine refuses its enrolment',
      says: /the engine refuses its enrolment \(other_server\): It is not on the server/,
    },
    async lab => {
      await lab.boot({ server: server(2) });
      await lab.onConsole(/is refused its enrolment/);
      return undefined;
    },
  ),
  ofAgent(
    found,
    {
      name: 'its VM was switched off',
      says: /waits for \S+ to take the command: it is offline, .*(has no connection|connection is gone)/,
    },
    async (lab, engine) => {
      await lab.boot();
      await lab.online();
      await lab.powerOff();
      return engine.asked(
        await engine.create(group({ a: { action: sh('true') } }, 'g.a'), { agents: lab.name }),
        'g[0].a',
      );
    },
  ),
  ofAgent(
    found,
    {
      name: 'its VM went in the middle of a script',
      says: /was started on \S+ and waits for word of it: it is offline/,
    },
    async (lab, engine) => {
      await lab.boot();
      await lab.online();
      const id = await engine.create(group({ a: { action: sh('sleep 20') } }, 'g.a'), { agents: lab.name });
      await started(engine, id);
      await lab.powerOff();
      return engine.asked(id, 'g[0].a');
    },
  ),
  ofAgent(
    found,
    {
      name: 'its agent is stopped and answers nothing',
      says: /waits for \S+ to take the command: it is offline/,
    },
    async (lab, engine) => {
      const agent = await lab.boot();
      await lab.online();
      agent.kill('SIGSTOP');
      return engine.asked(
        await engine.create(group({ a: { action: HANGS } }, 'g.a'), { agents: lab.name }),
        'g[0].a',
      );
    },
  ),
];

/** Its agent has said that it runs. */
export async function started(engine: WholeEngine, id: string): Promise<void> {
  const following = new AbortController();
  const happenings = engine.api.follow(id, following.signal)[Symbol.asyncIterator]();
  const isStarted = async (): Promise<boolean> =>
    (await engine.api.workflow(id)).steps.some(({ record }) => record.progress === 'started');
  while (!(await isStarted())) await happenings.next();
  following.abort();
}

async function closedPort(): Promise<number> {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  return port;
}
