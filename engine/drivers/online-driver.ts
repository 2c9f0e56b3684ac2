// The `online` action: reached when the member's agent is there and its machine is as asked for.
// Belongs here: waiting for presence, comparing facts. Does not belong here: presence itself (engine/agents/).
//
// OD1 Waits without polling: every hello that is answered wakes who waits for that agent.
// OD2 Facts that do not fit fail at once, naming what was expected and what was found (A28).
import { failure } from '../agents/outcome.ts';
import type { AgentDirectory } from '../agents/ports.ts';
import type { Presence } from '../agents/presence.ts';
import type { Facts } from '../../agent-protocol/messages.ts';
import { effectKey, type EffectId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { Command, Outcome, ResolvedAction } from '../machine/types.ts';
import type { Driver } from '../runtime/ports.ts';
import type { Teller } from './tell.ts';

export interface OnlineDriverDeps {
  readonly directory: Pick<AgentDirectory, 'get'>;
  readonly presence: Presence;
  readonly teller: Teller;
}

type OnlineAction = Extract<ResolvedAction, { kind: 'online' }>;

interface Waiting {
  readonly id: EffectId;
  readonly action: OnlineAction;
}

export class OnlineDriver implements Driver {
  readonly #deps: OnlineDriverDeps;
  readonly #waiting = new Map<string, Map<string, Waiting>>();
  readonly #stopListening: () => void;

  constructor(deps: OnlineDriverDeps) {
    this.#deps = deps;
    this.#stopListening = deps.presence.listen(({ agent, state, facts }) => {
      if (state === 'online' && facts !== undefined) this.#wake(agent, facts);
    });
  }

  start(id: EffectId, { action, agent }: Command): Promise<void> {
    if (action.kind !== 'online')
      return Promise.reject(new TypeError(`A ${action.kind} action is not for this driver.`));
    if (agent === undefined || this.#deps.directory.get(agent) === undefined) {
      const who = agent === undefined ? 'The state names no agent' : `There is no agent '${agent}'`;
      this.#deps.teller.end(
        id,
        failure('unreachable', `${who}. Register the agent, or correct the member, and retry.`),
      );
      return Promise.resolve();
    }
    const seen = this.#deps.presence.of(agent);
    if (seen?.state === 'online' && seen.facts !== undefined)
      this.#deps.teller.end(id, compare(action, seen.facts));
    else this.#wait(agent, { id, action });
    return Promise.resolve();
  }

  async cancel(id: EffectId, _agent: string | undefined, why: string): Promise<void> {
    const key = effectKey(id);
    const waiting = [...this.#waiting.values()].some(ids => ids.delete(key));
    this.#deps.teller.end(
      id,
      waiting
        ? failure('cancelled', `It no longer waits for its agent: ${why}`)
        : { kind: 'refused', message: 'Nothing waits under this id.' },
    );
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#waiting.clear();
    this.#deps.teller.close();
  }

  #wait(agent: string, waiting: Waiting): void {
    const ids = this.#waiting.get(agent) ?? new Map<string, Waiting>();
    this.#waiting.set(agent, ids.set(effectKey(waiting.id), waiting));
  }

  #wake(agent: string, facts: Facts): void {
    const ids = this.#waiting.get(agent);
    this.#waiting.delete(agent);
    for (const { id, action } of ids?.values() ?? []) this.#deps.teller.end(id, compare(action, facts));
  }
}

function compare({ os, minDisk, interpreter }: OnlineAction, facts: Facts): Outcome {
  const wrong: string[] = [];
  if (os !== undefined && os !== facts.os)
    wrong.push(`os ${os} expected, found ${facts.os} (${facts.release})`);
  if (minDisk !== undefined && facts.freeDisk < minDisk) {
    wrong.push(`${minDisk} bytes of free disk expected, found ${facts.freeDisk}`);
  }
  if (interpreter !== undefined && !facts.interpreters.includes(interpreter)) {
    wrong.push(`interpreter ${interpreter} expected, found ${facts.interpreters.join(', ') || 'none'}`);
  }
  if (wrong.length === 0) return { kind: 'succeeded', outputs: { facts: { json: asJson(facts) } } };
  return failure('refused', `The machine ${facts.hostname} is not as asked for: ${wrong.join('; ')}.`);
}

const asJson = (facts: Facts): JsonObject => ({ ...facts });
