// Messages to bytes and back. Everything that comes in is judged here: size, depth, types, unknown kinds and fields.
// Belongs here: the closed table of shapes, encode, decode. Does not belong here: signatures (signing.ts).
//
// Invariants. C1: `decode` never throws, whatever the bytes. C2: what `decode` lets through has exactly the fields
// that messages.ts declares. C3: `decode(encode(m))` equals m.
import { signedKeySet } from './enrolment/key-set.ts';
import { base64, id, judge, opaque, type RefusedMessage, sentence } from './judging.ts';
import { AGENT_LIMITS as LIMITS } from './limits.ts';
import type {
  Accepted,
  Cancel,
  CommandId,
  CommandMessage,
  Download,
  Facts,
  Finished,
  FromAgent,
  FromEngine,
  Greet,
  Hello,
  Interrupted,
  Message,
  Output,
  Receipt,
  Refused,
  SealedBox,
  Started,
  Task,
  Welcome,
} from './messages.ts';
import {
  boolean,
  both,
  byKey,
  byKind,
  integer,
  json,
  listOf,
  mapOf,
  object,
  oneOf,
  optional,
  text,
} from './shapes.ts';
import type { Check } from './shapes.ts';

export type Direction = 'from_agent' | 'from_engine';

const COUNT = Number.MAX_SAFE_INTEGER;
const name = text(63, /^[a-z][a-z0-9_]*$/);
/** What may name an environment variable. */
const variable = text(63, /^[A-Za-z_][A-Za-z0-9_]*$/);

const commandId = object<CommandId>({
  workflow: id,
  generation: integer(0, COUNT),
  step: text(LIMITS.stepLength, /^[a-z][a-z0-9_.[\]]*$/),
  dispatch: integer(0, COUNT),
});

const sealedBox = object<SealedBox>({
  ephemeral: base64(128),
  nonce: base64(32),
  ciphertext: base64(LIMITS.messageBytes),
});

export const facts = object<Facts>({
  os: oneOf('linux', 'windows', 'darwin', 'other'),
  release: text(256),
  arch: text(64),
  hostname: text(256),
  freeDisk: integer(0, COUNT),
  interpreters: listOf(text(64), 32),
  agentVersion: text(64),
});

type Result<K> = Extract<Finished['result'], { kind: K }>;

const result = byKind({
  exit: object<Result<'exit'>>({ kind: oneOf('exit'), code: integer(-(2 ** 32), 2 ** 32) }),
  signal: object<Result<'signal'>>({ kind: oneOf('signal'), signal: text(32) }),
  timeout: object<Result<'timeout'>>({ kind: oneOf('timeout') }),
  cancelled: object<Result<'cancelled'>>({ kind: oneOf('cancelled') }),
  error: object<Result<'error'>>({ kind: oneOf('error'), reason: sentence }),
  reboots: object<Result<'reboots'>>({ kind: oneOf('reboots'), count: integer(0, LIMITS.reboots + 1) }),
});

const outputValue = byKey({
  text: text(LIMITS.outputBytes),
  json: json(LIMITS.outputBytes),
  sealed: sealedBox,
});

const task = byKind({
  script: object<Extract<Task, { kind: 'script' }>>({
    kind: oneOf('script'),
    interpreter: oneOf('bash', 'sh', 'powershell', 'python', 'cmd'),
    text: text(LIMITS.scriptLength),
    inputs: both(
      mapOf(variable, () => undefined, LIMITS.names),
      json(LIMITS.inputsBytes),
    ),
    sealed: optional(sealedBox),
    runAs: optional(text(LIMITS.userLength)),
    workingDirectory: optional(text(LIMITS.pathLength)),
    reboots: integer(0, LIMITS.reboots),
  }),
  file: object<Extract<Task, { kind: 'file' }>>({
    kind: oneOf('file'),
    path: text(LIMITS.pathLength),
    text: optional(text(LIMITS.scriptLength)),
    sealed: optional(sealedBox),
    download: optional(
      object<Download>({ url: text(LIMITS.urlLength, /^https?:\/\//i), sha256: text(64, /^[0-9a-f]{64}$/) }),
    ),
    mode: optional(integer(0, 0o7777)),
    owner: optional(text(LIMITS.userLength)),
  }),
  reboot: object<Extract<Task, { kind: 'reboot' }>>({ kind: oneOf('reboot') }),
});

/** Why an agent refuses a command, each explained in docs/reference/messages.md. */
export const REFUSAL_REASONS: readonly Refused['reason'][] = [
  'superseded',
  'cancelled',
  'old_term',
  'wrong_agent',
  'wrong_incarnation',
  'digest_mismatch',
  'no_space',
  'policy',
  'journal_damaged',
  'unsupported',
];

const agent = id;
const incarnation = id;

const FROM_AGENT: { readonly [K in FromAgent['kind']]: Check } = {
  hello: object<Hello>({
    kind: oneOf('hello'),
    protocol: integer(1, 1_000),
    agent,
    incarnation,
    bootId: opaque,
    journal: integer(0, COUNT),
    unreceipted: listOf(commandId, LIMITS.liveCommands),
    facts,
    nonce: opaque,
  }),
  accepted: object<Accepted>({ kind: oneOf('accepted'), agent, incarnation, id: commandId }),
  started: object<Started>({ kind: oneOf('started'), agent, incarnation, id: commandId, bootId: opaque }),
  output: object<Output>({
    kind: oneOf('output'),
    agent,
    incarnation,
    id: commandId,
    stream: oneOf('stdout', 'stderr'),
    text: text(4 * LIMITS.liveBytes),
    offset: integer(0, COUNT),
    skipped: integer(0, COUNT),
  }),
  finished: object<Finished>({
    kind: oneOf('finished'),
    agent,
    incarnation,
    id: commandId,
    result,
    outputs: mapOf(name, outputValue, LIMITS.names),
    stdout: text(4 * LIMITS.reportedTailBytes),
    stderr: text(4 * LIMITS.reportedTailBytes),
  }),
  interrupted: object<Interrupted>({
    kind: oneOf('interrupted'),
    agent,
    incarnation,
    id: commandId,
    evidence: sentence,
  }),
  refused: object<Refused>({
    kind: oneOf('refused'),
    agent,
    incarnation,
    id: commandId,
    reason: oneOf(...REFUSAL_REASONS),
    message: sentence,
  }),
};

const FROM_ENGINE: { readonly [K in FromEngine['kind']]: Check } = {
  greet: object<Greet>({
    kind: oneOf('greet'),
    agent,
    term: integer(0, COUNT),
    keys: optional(signedKeySet),
  }),
  welcome: object<Welcome>({
    kind: oneOf('welcome'),
    protocol: integer(1, 1_000),
    agent,
    incarnation,
    nonce: opaque,
    term: integer(0, COUNT),
    live: listOf(commandId, LIMITS.liveCommands),
    sealingKey: base64(256),
    keys: optional(signedKeySet),
  }),
  command: object<CommandMessage>({
    kind: oneOf('command'),
    agent,
    incarnation,
    term: integer(0, COUNT),
    id: commandId,
    timeout: integer(1, LIMITS.timeoutMs),
    reason: oneOf('first', 'changed', 'retry', 'reboot', 'verify', 'operation'),
    task,
    outputs: listOf(object<CommandMessage['outputs'][number]>({ name, hidden: boolean }), LIMITS.names),
    exclusive: boolean,
  }),
  cancel: object<Cancel>({
    kind: oneOf('cancel'),
    agent,
    incarnation,
    term: integer(0, COUNT),
    id: commandId,
    why: sentence,
  }),
  receipt: object<Receipt>({
    kind: oneOf('receipt'),
    agent,
    incarnation,
    id: commandId,
    verdict: oneOf('recorded', 'stale', 'unknown_workflow'),
  }),
};

const TABLES = { from_agent: byKind(FROM_AGENT), from_engine: byKind(FROM_ENGINE) };

/** Kinds by direction: the closed table, for documents and tests. */
export const MESSAGE_KINDS: { readonly [D in Direction]: readonly string[] } = {
  from_agent: Object.keys(FROM_AGENT),
  from_engine: Object.keys(FROM_ENGINE),
};

/** The message as UTF-8 JSON. Throws RangeError above AGENT_LIMITS.messageBytes: the receiver would refuse it. */
export function encode(message: Message): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(message), 'utf8');
  if (bytes.length > LIMITS.messageBytes) {
    throw new RangeError(
      `The ${message.kind} message has ${bytes.length} bytes; at most ${LIMITS.messageBytes} can be sent.`,
    );
  }
  return bytes;
}

export function decode(bytes: Uint8Array, direction: 'from_agent'): { message: FromAgent } | RefusedMessage;
export function decode(bytes: Uint8Array, direction: 'from_engine'): { message: FromEngine } | RefusedMessage;
/** Judges bytes off the wire. Never throws; the signature must have been verified before what it says is believed. */
export function decode(bytes: Uint8Array, direction: Direction): { message: Message } | RefusedMessage {
  const verdict = judge(bytes, TABLES[direction]);
  return 'refused' in verdict ? verdict : { message: verdict.value as Message };
}
