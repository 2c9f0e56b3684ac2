// Faults of the agents' broker, a real RabbitMQ of this suite's own: gone, out of memory, a queue that takes nothing.
// Belongs here: rows of that kind. Does not belong here: single agents (agent-faults.ts).
import { ProgramLab } from '../agents/program-lab.ts';
import type { OwnBroker } from '../support/own-broker.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { started } from './agent-faults.ts';
import { group, sh } from './definitions.ts';
import { ADVICE, type Asked, type Fault } from './fault.ts';
import { WholeEngine } from './whole-engine.ts';

interface BrokerRow extends Pick<Fault, 'name' | 'says'> {
  readonly brings: (lab: ProgramLab, engine: WholeEngine) => Promise<Asked>;
  readonly takesBack: (lab: ProgramLab) => Promise<void>;
}

const RUNS = group({ a: { action: sh('true') } }, 'g.a');

/** `broker`: runs before each row and after it. */
export const brokerFaults = (broker: () => OwnBroker): readonly Fault[] => [
  row(broker, {
    name: 'the broker is gone before a command is sent',
    says: /waits for \S+ to take the command, and nothing gets through since \S+: the agents' broker amqp:\S+ is away: /,
    brings: async (lab, engine) => {
      await broker().kill();
      return command(lab, engine);
    },
    takesBack: () => broker().start(),
  }),
  row(broker, {
    name: 'the broker is gone while a script runs',
    says: /was started on \S+ and waits for word of it, and nothing gets through since \S+: the agents' broker/,
    brings: async (lab, engine) => {
      const id = await engine.create(group({ a: { action: sh('sleep 5') } }, 'g.a'), { agents: lab.name });
      await started(engine, id);
      await broker().kill();
      return engine.asked(id, 'g[0].a');
    },
    takesBack: () => broker().start(),
  }),
  row(broker, {
    name: 'the broker has no memory left and blocks who publishes',
    says: /waits for \S+ to take the command, and nothing gets through since \S+: the agents' broker \S+ takes no messages: .*memory/,
    brings: async (lab, engine) => {
      await broker().found.control('set_vm_memory_high_watermark 0.0000001');
      return command(lab, engine);
    },
    takesBack: async () => void (await broker().found.control('set_vm_memory_high_watermark 0.6')),
  }),
  row(broker, {
    name: 'the queue of the agent takes no more',
    says: /waits for \S+ to take the command, and nothing gets through since \S+: the broker does not take it into the queue 'agent\.\S+', which is full/,
    brings: async (lab, engine) => {
      const definition = { 'max-length': 0, overflow: 'reject-publish' };
      const policy = { pattern: '^agent\\.', definition, 'apply-to': 'queues' };
      await lab.found.management.call('PUT', `/policies/${lab.name}/full`, policy);
      return command(lab, engine);
    },
    takesBack: async lab => void (await lab.found.management.call('DELETE', `/policies/${lab.name}/full`)),
  }),
];

async function command(lab: ProgramLab, engine: WholeEngine): Promise<Asked> {
  return engine.asked(await engine.create(RUNS, { agents: lab.name }), 'g[0].a');
}

function row(broker: () => OwnBroker, { brings, takesBack, ...told }: BrokerRow): Fault {
  let lab: ProgramLab | undefined;
  return {
    path: ['broker'],
    who: 'operator',
    advice: ADVICE.broker,
    ...told,
    inject: async () => {
      const own = await new ProgramLab(broker().found, await temporaryDirectory()).open();
      lab = own;
      await own.boot();
      await own.online();
      return brings(own, await new WholeEngine(own.place, async () => own.engine).start());
    },
    mend: async () => {
      if (lab === undefined) return;
      await takesBack(lab);
      await lab.close();
      lab = undefined;
    },
  };
}
