// What an agent remembers: its journal's records and the state they add up to.
// Belongs here: record kinds, apply, the short form for compaction. Does not belong here: what to do on an event
// (agent-machine.ts), bytes and files (agent/journal.ts). Pure: no I/O, no clock, no randomness.
import { AGENT_LIMITS as LIMITS } from './limits.ts';
import { commandKey } from './messages.ts';
import type { CommandId, CommandMessage, Finished, Interrupted, OutputValue, Refused } from './messages.ts';

/** The part of an outcome that the journal keeps; names of agent and command are known. */
export type Answer =
  | Pick<Finished, 'kind' | 'result' | 'outputs' | 'stdout' | 'stderr'>
  | Pick<Interrupted, 'kind' | 'evidence'>
  | Pick<Refused, 'kind' | 'reason' | 'message'>;

/** How a script ended, with what it gave; hidden outputs are sealed already. */
export interface Ending {
  readonly result: Finished['result'];
  readonly outputs: { readonly [name: string]: OutputValue };
  readonly stdout: string;
  readonly stderr: string;
}

/** One accepted command until its receipt. */
export interface Held {
  readonly command: CommandMessage;
  readonly status: 'queued' | 'started' | 'rebooting' | 'answered';
  /** Number of the last start; never used again, even when it was proven not to have happened. */
  readonly run: number;
  /** Reboots it asked for and may have. */
  readonly reboots: number;
  /** Of the last start, or of the wish to reboot. */
  readonly bootId?: string;
  /** Milliseconds used by earlier runs. */
  readonly spent: number;
  readonly cancel?: string;
  readonly answer?: Answer;
}

export type JournalRecord =
  /** First in every file: everything that is not a held command. */
  | {
      readonly kind: 'base';
      readonly agent: string;
      readonly incarnation: string;
      readonly written: number;
      readonly terms: readonly (readonly [workflow: string, term: number])[];
      readonly seen: readonly (readonly [step: string, dispatch: number])[];
      readonly tombstones: readonly string[];
      readonly sealingKey?: string;
    }
  | { readonly kind: 'held'; readonly held: Held }
  | { readonly kind: 'engine'; readonly sealingKey: string }
  | { readonly kind: 'term'; readonly workflow: string; readonly term: number }
  | { readonly kind: 'accepted'; readonly command: CommandMessage }
  | { readonly kind: 'starting'; readonly key: string; readonly run: number; readonly bootId: string }
  /** Proven never to have started. */
  | { readonly kind: 'requeued'; readonly key: string }
  | { readonly kind: 'cancel'; readonly key: string; readonly why: string }
  | { readonly kind: 'reboot'; readonly key: string; readonly bootId: string; readonly spent: number }
  | { readonly kind: 'answered'; readonly key: string; readonly answer: Answer }
  | { readonly kind: 'tombstone'; readonly id: CommandId }
  | { readonly kind: 'forgotten'; readonly key: string };

export interface AgentState {
  readonly agent: string;
  readonly incarnation: string;
  /** Set when the journal cannot be believed: then nothing is started. */
  readonly damaged?: string;
  /** Records ever written (A14). */
  written: number;
  /** In order of acceptance. */
  readonly held: Map<string, Held>;
  readonly terms: Map<string, number>;
  /** `workflow/step` → highest dispatch ever taken; what is at or below and not held was answered. */
  readonly seen: Map<string, number>;
  /** Attempts cancelled before they were seen. */
  readonly tombstones: Set<string>;
  sealingKey: string | undefined;
  // Volatile: not in the journal.
  bootId: string;
  /** Whether the agent can have its machine rebooted. */
  mayReboot: boolean;
  /** Nonce of the connection's hello; undefined while offline. */
  nonce: string | undefined;
  welcomed: boolean;
  /** Started commands known to run now. */
  readonly running: Set<string>;
  rebootAsked: boolean;
}

export const stepKey = (id: CommandId): string => `${id.workflow}/${id.step}`;

export function newState(agent: string, incarnation: string, damaged?: string): AgentState {
  return {
    agent,
    incarnation,
    ...(damaged === undefined ? {} : { damaged }),
    written: 0,
    held: new Map(),
    terms: new Map(),
    seen: new Map(),
    tombstones: new Set(),
    sealingKey: undefined,
    bootId: '',
    mayReboot: false,
    nonce: undefined,
    welcomed: false,
    running: new Set(),
    rebootAsked: false,
  };
}

/** Applies one record in place; also how a journal is replayed. */
export function applyRecord(state: AgentState, record: JournalRecord): void {
  // `forgotten` is not counted: it may be lost in a crash, and a count that goes back means a reverted VM.
  if (record.kind !== 'base' && record.kind !== 'held' && record.kind !== 'forgotten') state.written += 1;
  switch (record.kind) {
    case 'base':
      return applyBase(state, record);
    case 'held':
      state.held.set(commandKey(record.held.command.id), record.held);
      return;
    case 'engine':
      state.sealingKey = record.sealingKey;
      return;
    case 'term':
      return remember(state.terms, record.workflow, record.term);
    case 'accepted':
      state.held.set(commandKey(record.command.id), {
        command: record.command,
        status: 'queued',
        run: 0,
        reboots: 0,
        spent: 0,
      });
      return remember(state.seen, stepKey(record.command.id), record.command.id.dispatch);
    case 'tombstone':
      state.tombstones.add(commandKey(record.id));
      if (state.tombstones.size > LIMITS.tombstones) state.tombstones.delete(first(state.tombstones));
      return remember(state.seen, stepKey(record.id), record.id.dispatch);
    case 'forgotten':
      state.held.delete(record.key);
      return;
    case 'starting':
    case 'requeued':
    case 'cancel':
    case 'reboot':
    case 'answered':
      return applyToHeld(state, record);
    default: {
      const unknown: never = record;
      throw new TypeError(`Unknown journal record ${JSON.stringify(unknown)}`);
    }
  }
}

function applyBase(state: AgentState, record: Extract<JournalRecord, { kind: 'base' }>): void {
  state.written = record.written;
  state.held.clear();
  for (const [workflow, term] of record.terms) state.terms.set(workflow, term);
  for (const [step, dispatch] of record.seen) state.seen.set(step, dispatch);
  for (const key of record.tombstones) state.tombstones.add(key);
  state.sealingKey = record.sealingKey;
}

type OfHeld = Extract<JournalRecord, { kind: 'starting' | 'requeued' | 'cancel' | 'reboot' | 'answered' }>;

function applyToHeld(state: AgentState, record: OfHeld): void {
  const held = state.held.get(record.key);
  if (held === undefined) return;
  state.held.set(record.key, changed(held, record));
  if (record.kind !== 'cancel' && record.kind !== 'starting') state.running.delete(record.key);
}

function changed(held: Held, record: OfHeld): Held {
  switch (record.kind) {
    case 'starting':
      return { ...held, status: 'started', run: record.run, bootId: record.bootId };
    case 'requeued':
      return { ...held, status: held.reboots > 0 ? 'rebooting' : 'queued', bootId: '' };
    case 'cancel':
      return { ...held, cancel: record.why };
    case 'reboot':
      return {
        ...held,
        status: 'rebooting',
        reboots: held.reboots + 1,
        bootId: record.bootId,
        spent: record.spent,
      };
    case 'answered':
      return { ...held, status: 'answered', answer: record.answer };
  }
}

/** Keeps the highest; the newest key is last, so that the oldest go first when there are too many. */
function remember(map: Map<string, number>, key: string, value: number): void {
  const highest = Math.max(value, map.get(key) ?? 0);
  map.delete(key);
  map.set(key, highest);
  if (map.size > LIMITS.tombstones) map.delete(first(map.keys()));
}

const first = (keys: Iterable<string>): string => keys[Symbol.iterator]().next().value as string;

/** The records of a fresh journal that add up to the same state. */
export function shortForm(state: AgentState): JournalRecord[] {
  return [
    {
      kind: 'base',
      agent: state.agent,
      incarnation: state.incarnation,
      written: state.written,
      terms: [...state.terms],
      seen: [...state.seen],
      tombstones: [...state.tombstones],
      ...(state.sealingKey === undefined ? {} : { sealingKey: state.sealingKey }),
    },
    ...[...state.held.values()].map(held => ({ kind: 'held' as const, held })),
  ];
}
