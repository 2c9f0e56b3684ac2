// The `stack` action: a Heat stack of the step's own is brought to where it should be, or away.
// Belongs here: what follows from what is found. Does not belong here: Heat's calls (stacks.ts), the life of a command
// (engine-driver.ts).
//
// SW1 Found by its name, which only this step has, a stack is never made twice: not after a crash, a timeout or a retry.
// SW2 Every attempt marks what it asks for. What bears the mark of another attempt is asked for again: a failed stack is
//     changed, and one that came to be in time after all is compared by Heat and left as it is.
// SW3 While Heat does not answer, or says that it is out of order, it is asked again until the attempt's time is over.
import { failure, type Ended } from '../../agents/outcome.ts';
import type { EffectId } from '../../base/ids.ts';
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts';
import type { Outcome, RawOutput, ResolvedAction } from '../../machine/types.ts';
import type { Clock, NewSecret } from '../../runtime/ports.ts';
import { isOverQuota } from '../../openstack/quota.ts';
import type { EngineWork, Task } from '../engine-driver.ts';
import { poll } from '../polling.ts';
import { RenderFailure, reveal } from '../reveal.ts';
import { cloudOf, type CloudSource, mayPass, outcomeOf } from './rights.ts';
import { type Stack, type StackContent, Stacks } from './stacks.ts';

type StackCommand = Extract<ResolvedAction, { kind: 'stack' }>;
type Wanted = Extract<StackCommand, { change: 'create' }>;

export interface StackWorkDeps {
  readonly clouds: CloudSource;
  readonly clock: Pick<Clock, 'now' | 'at'>;
  /** Seals values of hidden outputs for the store. */
  readonly seal: (ref: string, value: JsonValue) => NewSecret;
}

/** What one look decides: nothing yet, or how it ended. */
type Look = { readonly stack?: Stack; readonly outcome?: Outcome } | undefined;

export class StackWork implements EngineWork {
  readonly #deps: StackWorkDeps;

  constructor(deps: StackWorkDeps) {
    this.#deps = deps;
  }

  isRepeatable(): boolean {
    return true;
  }

  async carryOut(task: Task): Promise<Ended> {
    const { action } = task.command;
    if (action.kind !== 'stack') throw new RenderFailure(`The action \`${action.kind}\` makes no stack.`);
    try {
      const stacks = new Stacks(await cloudOf(this.#deps.clouds, task), task.signal);
      return action.change === 'delete'
        ? plain(await this.#remove(task, stacks, action.name))
        : await this.#make(task, stacks, action);
    } catch (thrown) {
      task.signal.throwIfAborted();
      const outcome = outcomeOf(thrown);
      if (outcome === undefined) throw thrown;
      return plain(outcome);
    }
  }

  async #make(task: Task, stacks: Stacks, wanted: Wanted): Promise<Ended> {
    const content = await contentOf(task, wanted);
    const { stack, outcome } = await this.#until(task, () => bring(stacks, wanted.name, content, task));
    if (stack === undefined) return plain(outcome ?? failure('refused', 'Heat shows no stack.'));
    const outputs = await this.#until(task, () => stacks.outputs(stack));
    return this.#withOutputs(task, wanted, outputs);
  }

  async #remove(task: Task, stacks: Stacks, name: string): Promise<Outcome> {
    let asked = false;
    return this.#until(task, async () => {
      const stack = await stacks.find(name);
      if (stack === undefined || stack.status === 'DELETE_COMPLETE')
        return { kind: 'succeeded', outputs: {} } as const;
      task.note(shown(stack));
      if (stack.status === 'DELETE_IN_PROGRESS') asked = true;
      else if (asked && stack.status === 'DELETE_FAILED') return failed(stack);
      else {
        await stacks.delete(stack);
        asked = true;
      }
      return undefined;
    });
  }

  /** Looks until there is an answer; what may pass is put up with. */
  #until<Answer>(task: Task, look: () => Promise<Answer | undefined>): Promise<Answer> {
    return poll(this.#deps.clock, task.signal, async () => {
      try {
        return await look();
      } catch (thrown) {
        if (!mayPass(thrown)) throw thrown;
        task.note((thrown as Error).message);
        return undefined;
      }
    });
  }

  /** Of hidden outputs the values go to the store sealed (rule P9). */
  #withOutputs({ id, command }: Task, { sources }: Wanted, found: JsonObject): Ended {
    const outputs: { [name: string]: RawOutput } = {};
    const secrets: NewSecret[] = [];
    for (const { name, hidden } of command.outputs) {
      const value = found[sources[name] ?? name];
      if (value === undefined) continue;
      if (hidden) {
        const ref = refOf(id, name);
        secrets.push(this.#deps.seal(ref, value));
        outputs[name] = { secret: ref };
      } else outputs[name] = { json: value };
    }
    return { outcome: { kind: 'succeeded', outputs }, secrets };
  }
}

const plain = (outcome: Outcome): Ended => ({ outcome, secrets: [] });

const refOf = ({ workflow, step, dispatch }: EffectId, name: string): string =>
  `${workflow}/${step}/${dispatch}/output/${name}`;

/** Parameters in clear: they leave for Heat and are kept nowhere. */
async function contentOf({ id, command, context }: Task, wanted: Wanted): Promise<StackContent> {
  const parameters = await reveal(wanted.parameters, ref => context.secret(ref));
  return {
    template: context.content(wanted.digest),
    parameters: isObject(parameters) ? parameters : {},
    minutes: Math.max(1, Math.ceil(command.timeout / 60_000)),
    mark: String(id.dispatch),
  };
}

/** One look, and what it asks for (SW1, SW2). */
async function bring(stacks: Stacks, name: string, content: StackContent, task: Task): Promise<Look> {
  const stack = await stacks.find(name);
  if (stack === undefined) {
    await stacks.create(name, content);
    return undefined;
  }
  task.note(shown(stack));
  if (stack.status === 'DELETE_IN_PROGRESS') return undefined;
  if (stack.status === 'DELETE_FAILED') {
    await stacks.delete(stack);
    return undefined;
  }
  if (stack.mark !== content.mark) {
    await stacks.update(stack, content);
    return undefined;
  }
  if (stack.status.endsWith('_IN_PROGRESS')) return undefined;
  return stack.status.endsWith('_COMPLETE') ? { stack } : { outcome: failed(stack) };
}

const shown = ({ name, status }: Stack): string => `The stack ${name} is ${status}.`;

const failed = ({ name, status, reason }: Stack): Outcome =>
  failure(
    isOverQuota(reason) ? 'quota' : 'refused',
    `The stack ${name} is ${status}: ${reason || 'Heat does not say why'}`,
  );
