// One valid message of every kind, for tests of the codec, signatures and vectors.
// Belongs here: samples. Does not belong here: behaviour.
import type { CommandId, CommandMessage, Message } from '../../agent-protocol/messages.ts';

export const AGENT = 'agent-1';
export const INCARNATION = 'inc-1';
export const ID: CommandId = { workflow: 'wf-1', generation: 1, step: 'sql[0].prepared', dispatch: 1 };
const from = { agent: AGENT, incarnation: INCARNATION };

export const COMMAND: CommandMessage = {
  kind: 'command',
  ...from,
  term: 3,
  id: ID,
  timeout: 60_000,
  reason: 'first',
  task: {
    kind: 'script',
    interpreter: 'bash',
    text: 'echo hello',
    inputs: { name: 'web', ports: [80, 443] },
    reboots: 0,
  },
  outputs: [{ name: 'port', hidden: false }],
  exclusive: true,
};

export const SAMPLES: { readonly [K in Message['kind']]: Extract<Message, { kind: K }> } = {
  hello: {
    kind: 'hello',
    protocol: 1,
    ...from,
    bootId: 'boot-1',
    journal: 12,
    unreceipted: [ID],
    facts: {
      os: 'linux',
      release: '6.1',
      arch: 'x64',
      hostname: 'vm-1',
      freeDisk: 1_000_000,
      interpreters: ['bash', 'sh'],
      agentVersion: '0.1.0',
    },
    nonce: 'n-1',
  },
  accepted: { kind: 'accepted', ...from, id: ID },
  started: { kind: 'started', ...from, id: ID, bootId: 'boot-1' },
  output: { kind: 'output', ...from, id: ID, stream: 'stdout', text: 'Grüße\n', offset: 10, skipped: 0 },
  finished: {
    kind: 'finished',
    ...from,
    id: ID,
    result: { kind: 'exit', code: 0 },
    outputs: {
      port: { text: '5432' },
      map: { json: { a: [1, null, true] } },
      password: { sealed: { ephemeral: 'AAAA', nonce: 'AAAA', ciphertext: 'AAAA' } },
    },
    stdout: 'done\n',
    stderr: '',
  },
  interrupted: { kind: 'interrupted', ...from, id: ID, evidence: 'boot id changed' },
  refused: { kind: 'refused', ...from, id: ID, reason: 'superseded', message: 'Not in the welcome.' },
  greet: { kind: 'greet', agent: from.agent, term: 3 },
  welcome: {
    kind: 'welcome',
    protocol: 1,
    ...from,
    nonce: 'n-1',
    term: 3,
    live: [ID],
    sealingKey: 'MCowBQYDK2VuAyEA',
  },
  command: COMMAND,
  cancel: { kind: 'cancel', ...from, term: 3, id: ID, why: 'timeout' },
  receipt: { kind: 'receipt', ...from, id: ID, verdict: 'recorded' },
};

export const directionOf = (kind: Message['kind']): 'from_agent' | 'from_engine' =>
  ['greet', 'welcome', 'command', 'cancel', 'receipt'].includes(kind) ? 'from_engine' : 'from_agent';
