// How things go in a simulation: how long each step takes, what it gives, and what goes wrong.
// Belongs here: wishes → a plan for the steps of one graph. Does not belong here: the author's words for wishes
// (selectors.ts), the course that follows (simulate.ts).
import type { JsonObject, JsonValue } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import type { Phase } from '../base/ids.ts';
import { didYouMean } from '../definition/nearest.ts';
import type { ActionKind } from '../definition/types.ts';
import { stateKey } from '../graph/references.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import { actionOf } from '../machine/command.ts';
import type { Question, RawOutput } from '../machine/types.ts';
import { Answers, type Reply } from './answers.ts';
import { ownWishes, strayWishes, wishesOfChild } from './child-wishes.ts';
import { attemptsWished, lostMembers } from './selectors.ts';
import type { Misunderstood, Wishes } from './types.ts';
import { madeUp } from './values.ts';

export interface Plan {
  /** Ms that one attempt would take if nothing stopped it. */
  duration(step: Step, phase: Phase): number;
  /** What becomes of an attempt of the action; attempts count from 1. */
  fate(step: Step, attempt: number): 'succeeds' | 'fails' | 'reboots';
  /** From when on nothing is heard of the agent; absent: it stays. */
  lostAt(agent: string): number | undefined;
  outputs(step: Step): { readonly [name: string]: RawOutput };
  /** What is wished of the child that a step runs; absent: how long that takes is said. */
  child(step: Step): Wishes | undefined;
  /** What people say when a step asks or is held; absent: nothing. */
  answer(step: Step, asks: Question | undefined): Reply | undefined;
}

/** Ms, where the author says nothing: rough, but of the right order. */
export const GUESSED: { readonly [kind in ActionKind | 'probe']?: number } = {
  online: 30_000,
  script: 60_000,
  file: 2_000,
  reboot: 60_000,
  http: 5_000,
  openstack: 5_000,
  stack: 120_000,
  probe: 2_000,
  workflow: 300_000,
};
const OTHERWISE = 30_000;

/** What the definition's own machines tell of themselves when nobody says otherwise. */
const FACTS = {
  os: 'linux',
  release: 'simulated',
  arch: 'x64',
  freeDisk: 1024 ** 4,
  interpreters: ['bash', 'sh', 'python', 'powershell', 'cmd'],
  agentVersion: 'simulated',
} as const;

/** The plan, and every wish that names nothing or asks for what cannot be. `given`: steps that were answered already. */
export function makePlan(
  graph: StateGraph,
  all: Wishes,
  given = new Set<string>(),
): { readonly plan: Plan; readonly misunderstood: readonly Misunderstood[] } {
  const wishes = ownWishes(all);
  const wrong: Misunderstood[] = [
    ...strayWishes(graph, all),
    ...unknownKeys(graph, wishes.durations.keys(), Object.keys(GUESSED)),
    ...unknownKeys(graph, wishes.outputs.keys(), []),
  ];
  const fail = attemptsWished(graph, wishes.fail, Number.POSITIVE_INFINITY, wrong);
  const reboot = attemptsWished(graph, wishes.reboot, 1, wrong);
  const lost = lostMembers(graph, wishes.lose, wrong);
  const raw = new Outputs(wishes.outputs);
  wrong.push(...raw.wrong(graph));
  const answers = new Answers(graph, wishes, step => raw.of(step), wrong, given);
  const plan: Plan = {
    duration: (step, phase) => durationOf(step, phase, wishes.durations),
    fate: (step, attempt) => {
      if (attempt <= (reboot.get(step.number) ?? 0)) return 'reboots';
      return attempt <= (fail.get(step.number) ?? 0) ? 'fails' : 'succeeds';
    },
    lostAt: agent => lost.get(agent),
    outputs: step => raw.of(step),
    child: step => {
      const isSaid = [step.id, keyOf(step), 'workflow'].some(key => wishes.durations.has(key));
      return isSaid ? undefined : wishesOfChild(all, step);
    },
    answer: (step, asks) => answers.to(step, asks),
  };
  return { plan, misunderstood: wrong };
}

/** The nearest that is said: of the step, of its state, of its kind; else the guess. */
function durationOf(step: Step, phase: Phase, said: Wishes['durations']): number {
  const kind = phase === 'probe' ? 'probe' : (actionOf(step.state, phase)?.kind ?? 'script');
  if (kind === 'set') return 0;
  const own = phase === 'action' ? (said.get(step.id) ?? said.get(keyOf(step))) : undefined;
  return own ?? said.get(kind) ?? GUESSED[kind] ?? OTHERWISE;
}

const keyOf = (step: Step): string => stateKey(step.entity.name, step.state.name);

function unknownKeys(graph: StateGraph, keys: Iterable<string>, kinds: readonly string[]): Misunderstood[] {
  const known = (key: string): boolean =>
    kinds.includes(key) || graph.stepByState.has(key) || graph.stepById.has(key);
  return [...keys]
    .filter(key => !known(key))
    .map(key => {
      const hint = didYouMean(key, [...graph.stepByState.keys(), ...kinds]);
      return {
        wish: key,
        message: `There is no step or state '${key.slice(0, 80)}'.`,
        ...(hint && { hint }),
      };
    });
}

type Raw = { readonly [name: string]: RawOutput };

/** What actions give: as said for the step or its state, the rest made up; what may be left out, is. */
class Outputs {
  readonly #said: Wishes['outputs'];
  readonly #common = new Map<Step['state'], Raw>();

  constructor(said: Wishes['outputs']) {
    this.#said = said;
  }

  of(step: Step): Raw {
    const said = this.#said.get(step.id);
    const known = said === undefined ? this.#common.get(step.state) : undefined;
    if (known) return known;
    const values = { ...this.#said.get(keyOf(step)), ...said };
    const raw = step.state.action?.kind === 'online' ? factsOf(step, values) : rawOutputs(step, values);
    if (said === undefined) this.#common.set(step.state, raw);
    return raw;
  }

  /** Names that no state declares, and outputs that must be given because none can be made up. */
  wrong(graph: StateGraph): Misunderstood[] {
    const firsts = [...graph.stepByState.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
    return firsts.flatMap(number => {
      const step = graph.steps[number] as Step;
      return [...this.#undeclared(graph, step), ...this.#unknowable(step)];
    });
  }

  #undeclared(graph: StateGraph, step: Step): Misunderstood[] {
    const { outputs, action } = step.state;
    const known = action?.kind === 'online' ? ['facts'] : [...outputs.keys()];
    const steps = graph.stepByState.get(keyOf(step)) ?? [];
    const keys = [keyOf(step), ...steps.map(number => (graph.steps[number] as Step).id)];
    return [...new Set(keys)].flatMap(key =>
      Object.keys(this.#said.get(key) ?? {})
        .filter(name => !known.includes(name))
        .map(name => {
          const hint = didYouMean(name, known);
          const message = `${keyOf(step)} has no output '${name.slice(0, 80)}'.`;
          return { wish: key, message, ...(hint && { hint }) };
        }),
    );
  }

  #unknowable(step: Step): Misunderstood[] {
    const { outputs, action } = step.state;
    if (action === undefined || !step.wanted) return [];
    const said = this.#said.get(keyOf(step)) ?? {};
    return [...outputs.values()]
      .filter(({ name, optional, hidden }) => !optional && !hidden && said[name] === undefined)
      .filter(output => action.kind !== 'set' && madeUp(output) === undefined)
      .map(({ name }) => ({
        wish: keyOf(step),
        message: `No value that its constraints accept comes to mind for the output '${name}' of ${keyOf(step)}.`,
        hint: 'Give one in a file with --outputs.',
        lacks: true as const,
      }));
  }
}

function factsOf(step: Step, said: JsonObject): Raw {
  const action = step.state.action?.kind === 'online' ? step.state.action : undefined;
  const own = action?.os === undefined ? {} : { os: action.os };
  const name = { hostname: step.member?.name ?? step.entity.name };
  const facts = isObject(said['facts']) ? said['facts'] : {};
  return { facts: { json: { ...FACTS, ...name, ...own, ...facts } } };
}

/** A hidden one comes sealed, as an agent sends it. */
function rawOutputs(step: Step, said: JsonObject): Raw {
  const pairs = [...step.state.outputs.values()].flatMap((output): (readonly [string, RawOutput])[] => {
    const { name, hidden, optional } = output;
    if (hidden) return [[name, { secret: `simulated/${step.id}/${name}` }]];
    const value: JsonValue | undefined = said[name] ?? (optional ? undefined : madeUp(output));
    return value === undefined ? [] : [[name, { json: value }]];
  });
  return Object.fromEntries(pairs);
}
