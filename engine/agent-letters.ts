// Dead letters of the agents' broker, opened with an engine.
// Belongs here: naming their parts together. Does not belong here: what is kept of them (engine/agents/letters/), the rest of the
// engine (embedded.ts).
import type { EngineKeys } from './agents/keys.ts';
import type { Letters } from './agents/letters/letters.ts';
import { LetterReader } from './agents/letters/reader.ts';
import type { AgentSide } from './agents/side.ts';
import type { Log } from './runtime/log.ts';
import { systemClock } from './runtime/clock.ts';
import type { Engine } from './runtime/engine.ts';

interface Parts {
  readonly letters: Letters;
  readonly keys: EngineKeys;
  readonly engine: () => Engine;
  readonly log: Log;
}

/** Begins with its `start`. */
export function openLetters(side: AgentSide, { engine, ...parts }: Parts): LetterReader {
  const { link, directory } = side;
  return new LetterReader({ ...parts, link, directory, clock: systemClock, projectOf: projects(engine) });
}

/** Milliseconds for which it is believed: finding an agent's workflows reads all of them. */
const BELIEVED = 60_000;
/** Agents whose project is known at a time. */
const KNOWN = 1_000;

function projects(engine: () => Engine): (agent: string) => Promise<string | undefined> {
  const known = new Map<string, { readonly until: number; readonly project: string | undefined }>();
  return async agent => {
    const now = systemClock.now();
    const found = known.get(agent);
    if (found !== undefined && found.until > now) return found.project;
    const project = await onlyProject(engine(), agent);
    if (known.size >= KNOWN) known.clear();
    known.set(agent, { until: now + BELIEVED, project });
    return project;
  };
}

async function onlyProject(engine: Engine, agent: string): Promise<string | undefined> {
  const owners = new Set<string | undefined>();
  for (const id of await engine.store.seating(agent)) owners.add((await engine.find(id))?.source.project);
  const [only] = owners;
  return owners.size === 1 ? only : undefined;
}
