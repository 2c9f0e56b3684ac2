// What people would say in a simulation: to a step that asks, to one that is held, by a signal.
// Belongs here: reading the author's words, the answer to one question. Does not belong here: when it is asked
// (simulate.ts), the machine's rules.
//
// An answer is given once per step: a retry that fails again leaves the step held, and the simulation ends.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { durationMs } from '../definition/durations.ts';
import { didYouMean } from '../definition/nearest.ts';
import { outsideId, stateKey } from '../graph/references.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import type { MachineEvent, Question, RawOutput } from '../machine/types.ts';
import { noStep, stepsOf } from './selectors.ts';
import type { Misunderstood, Wishes } from './types.ts';

const ANSWERS = ['yes', 'no', 'retry', 'skip', 'fail'] as const;
type Word = (typeof ANSWERS)[number];

/** What happens after a question, and how long after it. */
export interface Reply {
  /** As the author said it: `yes`, or `signal paid`. */
  readonly says: string;
  /** Ms from the question to the answer. */
  readonly after: number;
  readonly event: (at: number) => MachineEvent;
}

const ANSWER =
  /^([a-z][a-z0-9_]*)(?:\[(\d{1,6}|\*)\])?\.([a-z][a-z0-9_]*)=(yes|no|retry|skip|fail)(?:@([0-9hms]{1,20}))?$/;
const SIGNAL = /^([a-z][a-z0-9_]*)(?:@([0-9hms]{1,20}))?(?:=(.*))?$/s;

interface Wish {
  readonly word: Word;
  readonly after: number;
}
interface Sent {
  readonly after: number;
  readonly data?: JsonObject;
}

type Raw = { readonly [name: string]: RawOutput };

export class Answers {
  readonly #wishes: ReadonlyMap<number, Wish>;
  readonly #signals: ReadonlyMap<string, Sent>;
  /** Ids of steps that were answered. */
  readonly #given: Set<string>;
  readonly #outputs: (step: Step) => Raw;

  /** `outputs`: what a step gives that is skipped, or whose signal brings nothing said. */
  constructor(
    graph: StateGraph,
    { answers = [], signals = [] }: Pick<Wishes, 'answers' | 'signals'>,
    outputs: (step: Step) => Raw,
    wrong: Misunderstood[],
    given: Set<string>,
  ) {
    this.#given = given;
    this.#wishes = readAnswers(graph, answers, wrong);
    this.#signals = readSignals(graph, signals, wrong);
    this.#outputs = outputs;
  }

  /** Undefined: nobody says anything. `asks` is absent for a step that is held after a failure. */
  to(step: Step, asks: Question | undefined): Reply | undefined {
    if (asks?.kind === 'signal') return this.#signal(step, asks.name);
    const wish = this.#wishes.get(step.number);
    if (wish === undefined || this.#given.has(step.id)) return undefined;
    if ((asks?.kind === 'approval') !== isYesOrNo(wish.word) && wish.word !== 'skip') return undefined;
    this.#given.add(step.id);
    return { says: wish.word, after: wish.after, event: at => ({ ...this.#act(step, wish.word), at }) };
  }

  #signal(step: Step, name: string): Reply | undefined {
    const sent = this.#signals.get(name);
    if (sent === undefined) return undefined;
    const data = sent.data === undefined ? valuesOf(this.#outputs(step)) : sealed(step, sent.data);
    return {
      says: `signal ${name}`,
      after: sent.after,
      event: at => ({ kind: 'signal', name, data, by: BY, at }),
    };
  }

  #act(step: Step, word: Word) {
    switch (word) {
      case 'yes':
        return { kind: 'approve', step: outsideId(step), by: BY } as const;
      case 'no':
        return { kind: 'reject', step: outsideId(step), by: BY } as const;
      case 'skip':
        return {
          kind: 'skip',
          step: outsideId(step),
          outputs: valuesOf(this.#outputs(step)),
          by: BY,
        } as const;
      case 'retry':
      case 'fail':
        return { kind: word, step: outsideId(step), by: BY } as const;
      default:
        return word satisfies never;
    }
  }
}

const BY = 'simulated';

const isYesOrNo = (word: Word): boolean => word === 'yes' || word === 'no';

function valueOf(value: RawOutput): JsonValue {
  if ('secret' in value) return { $secret: value.secret };
  if ('json' in value) return value.json;
  return 'text' in value ? value.text : value.encoded;
}

const valuesOf = (raw: Raw): JsonObject =>
  Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, valueOf(value)]));

/** Hidden values come sealed, as they do through the engine's door (rule P9). */
const sealed = ({ id, state }: Step, data: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name,
      state.outputs.get(name)?.hidden === true ? { $secret: `simulated/${id}/${name}` } : value,
    ]),
  );

function readAnswers(
  graph: StateGraph,
  wishes: readonly string[],
  wrong: Misunderstood[],
): ReadonlyMap<number, Wish> {
  const found = new Map<number, Wish>();
  for (const wish of wishes) {
    const [, entity = '', index, state = '', word = '', time] = ANSWER.exec(wish) ?? [];
    const after = time === undefined ? 0 : durationMs(time);
    if (word === '' || after === undefined) {
      const hint = `Write STEP=${ANSWERS.join('|')}, and @5m behind it for an answer that takes five minutes.`;
      wrong.push({ wish, message: `'${wish.slice(0, 80)}' is no answer.`, hint });
      continue;
    }
    const steps = stepsOf(graph, entity, state, index);
    if (steps.length === 0) wrong.push(noStep(graph, wish.replace(/=.*$/, ''), stateKey(entity, state)));
    const deaf = steps.find(step => !mayAsk(step, word as Word));
    if (deaf) wrong.push(asksNothing(wish, deaf, word as Word));
    for (const { number } of steps) found.set(number, { word: word as Word, after });
  }
  return found;
}

/** Whether the step can ever be in the situation for the answer. */
function mayAsk({ state }: Step, word: Word): boolean {
  const isApproval = state.action?.kind === 'approval';
  const isHeld = state.onFailure === 'pause' || state.onInterrupted === 'pause';
  return isYesOrNo(word) ? isApproval : isHeld || (isApproval && word === 'skip');
}

function asksNothing(wish: string, { id, state }: Step, word: Word): Misunderstood {
  const isApproval = state.action?.kind === 'approval';
  const hint = isApproval
    ? `It asks for yes or no: write ${id}=yes or ${id}=no.`
    : isYesOrNo(word)
      ? 'Yes and no are for states whose action is approval.'
      : "Only what 'on_failure: {then: pause}' or 'on_interrupted: pause' holds is retried, skipped or failed by a person.";
  return { wish, message: `${id} never asks for '${word}'.`, hint };
}

function readSignals(
  graph: StateGraph,
  wishes: readonly string[],
  wrong: Misunderstood[],
): ReadonlyMap<string, Sent> {
  const known = new Set(
    graph.steps.flatMap(({ state: { action } }) => (action?.kind === 'signal' ? [action.name] : [])),
  );
  const found = new Map<string, Sent>();
  for (const wish of wishes) {
    const [, name = '', time, text] = SIGNAL.exec(wish) ?? [];
    const after = time === undefined ? 0 : durationMs(time);
    const data = text === undefined ? undefined : mapIn(text);
    if (name === '' || after === undefined || (text !== undefined && data === undefined)) {
      const hint = `Write NAME, NAME@5m, or NAME={"port": 5432} with what it carries as JSON.`;
      wrong.push({ wish, message: `'${wish.slice(0, 80)}' is no signal.`, hint });
    } else if (known.has(name)) {
      found.set(name, { after, ...(data !== undefined && { data }) });
    } else {
      const hint = didYouMean(name, known);
      wrong.push({ wish, message: `No state waits for the signal '${name}'.`, ...(hint && { hint }) });
    }
  }
  return found;
}

function mapIn(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return isObject(value as never) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
