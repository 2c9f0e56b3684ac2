// A fault as the table of this suite has it: how it is brought about, and what the answer to "why" has to name.
// Belongs here: the form of a row, asking by both ways (API and command), judging. Does not belong here: the rows, what they run on.
import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../engine/base/errors.ts';
import { embeddedHost } from '../../engine/host.ts';
import type { Cause, RootPath, Who, WorkflowExplanation } from '../../engine/machine/why/types.ts';
import type { EngineApi } from '../../engine/runtime/api.ts';
import { callCli } from '../support/fake-engine.ts';

/** What there is once a fault was injected: whom to ask, and about what. */
export interface Asked {
  readonly api: EngineApi;
  /** State directory of the engine, where the command finds its socket. */
  readonly directory: string;
  readonly workflow: string;
  readonly step?: string;
}

export interface Fault {
  /** What is wrong, for people. */
  readonly name: string;
  /** The kinds along the chain, the root last; empty: the question itself is answered by an error that names it. */
  readonly path: readonly Cause['kind'][];
  /** The sentence of the root. */
  readonly says: RegExp;
  readonly who: Who;
  /** How the command tells who acts: advice, or a request to give. */
  readonly advice: RegExp;
  /** Brings it about for real. */
  readonly inject: () => Promise<Asked>;
  /** Takes it back, whatever the answer was. */
  readonly mend?: () => Promise<void>;
}

/** A fault needs its moment to be noticed, such as a connection that is gone; what is never named is a miss. */
const LOOKS = 900;
const PAUSE_MS = 100;

/** Undefined: both ways named the cause, and who can act. Else what they answered instead. */
export async function judged(fault: Fault): Promise<string | undefined> {
  const asked = await fault.inject();
  let last: string | undefined;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    last = (await missedByApi(fault, asked)) ?? (await missedByCommand(fault, asked));
    if (last === undefined) return undefined;
    await delay(PAUSE_MS);
  }
  return last;
}

async function missedByApi(fault: Fault, { api, workflow, step }: Asked): Promise<string | undefined> {
  let roots: readonly RootPath[];
  try {
    ({ roots } = await api.explain(workflow, step));
  } catch (thrown) {
    const says = errorText(thrown);
    return fault.path.length === 0 && fault.says.test(says) ? undefined : `an error: ${says}`;
  }
  const all = roots.flatMap(withChild);
  return all.some(root => isNamed(fault, root))
    ? undefined
    : `roots ${all.map(rootText).join('; ') || 'none'}`;
}

/** A child's roots count as the parent's, behind its own chain. */
function withChild(root: RootPath): readonly RootPath[] {
  const inner: WorkflowExplanation | undefined = root.child?.explanation;
  const deeper = (inner?.roots ?? []).flatMap(withChild);
  return [root, ...deeper.map(one => ({ ...one, path: [...root.path, ...one.path] }))];
}

function isNamed({ path, says, who }: Fault, root: RootPath): boolean {
  const kinds = root.path.map(({ told }) => told.cause.kind).join(' ');
  return kinds === path.join(' ') && says.test(root.path.at(-1)?.told.says ?? '') && root.who === who;
}

const rootText = ({ path, who }: RootPath): string =>
  `${path.map(({ told }) => told.cause.kind).join(' ← ')}: ${path.at(-1)?.told.says} [${who}]`;

async function missedByCommand(
  { says, advice }: Fault,
  { directory, workflow, step }: Asked,
): Promise<string | undefined> {
  const words = ['why', workflow, ...(step === undefined ? [] : [step]), '--state-dir', directory];
  const { out, err } = await callCli({ host: embeddedHost(), terminal: { size: WIDE } }, ...words);
  const text = `${out} ${err}`.replaceAll(/\s+/g, ' ');
  return says.test(text) && advice.test(text) ? undefined : `the command says: ${text}`;
}

const WIDE = (): { width: number; height: number } => ({ width: 400, height: 50 });

export const ADVICE = {
  operator: /An operator has to act/,
  author: /The definition leaves no other way/,
  machine: /Nobody has to act: a machine is at work/,
  vm: /Look at the machine: does it run, does its agent run, can it reach the broker\?/,
  time: /Nobody has to act: time has to pass/,
  engine: /The engine has to act: look at its log/,
  broker: /Look at the broker: once it answers/,
  store: /Make room, or bring the database back/,
  quota: /Have the quota raised, or make room in the project/,
} as const;
