// A process with an engine and an agent in it, to be killed: gives one script and says when it has started.
// Belongs here: what the child of restart.test.ts runs. Arguments: directory, engine key (PEM), script.
import { asSigningKey } from '../../agent-protocol/signing.ts';
import { FakeEngine } from './fake-engine.ts';

const [directory = '', key = '', text = ''] = process.argv.slice(2);
const engine = new FakeEngine('agent-1', undefined, asSigningKey(key));
await engine.start();
await engine.startAgent(directory);
await engine.until(() => engine.heard.find(message => message.kind === 'hello'));
const task = { kind: 'script', interpreter: 'bash', text, inputs: {}, reboots: 0 } as const;
const command = await engine.give(engine.command(task));
await engine.until(() => engine.has('started', command.id));
process.stdout.write(`${JSON.stringify(command)}\n`);
