// Heat's stacks as the driver needs them: found by name, made, changed, deleted.
// Belongs here: the calls of Heat's API and judging their answers. Does not belong here: what follows from a stack's
// status (stack-work.ts).
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../base/json.ts';
import type { Cloud, CloudAnswer } from '../../openstack/types.ts';
import { Refusal } from './rights.ts';

export interface StackContent {
  readonly template: string;
  readonly parameters: JsonObject;
  /** Minutes that Heat gives it. */
  readonly minutes: number;
  /** Which attempt asked for it. */
  readonly mark: string;
}

const summary = z.object({
  id: z.string(),
  stack_name: z.string(),
  stack_status: z.string(),
  stack_status_reason: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
});
const output = z.object({ output_key: z.string(), output_value: z.json().optional() });
const list = z.object({ stacks: z.array(summary) });
const one = z.object({ stack: z.object({ ...summary.shape, outputs: z.array(output).default([]) }) });

export interface Stack {
  readonly id: string;
  readonly name: string;
  /** Such as `CREATE_IN_PROGRESS`. */
  readonly status: string;
  readonly reason: string;
  /** Of the attempt that asked for what it is now. */
  readonly mark: string | undefined;
}

/** Told from other tags that people or policies give to stacks. */
const MARK = 'murano-workflow-';

/** Every method rejects with CloudFault or, at an answer that is no success, Refusal. */
export class Stacks {
  readonly #cloud: Cloud;
  readonly #signal: AbortSignal;

  constructor(cloud: Cloud, signal: AbortSignal) {
    this.#cloud = cloud;
    this.#signal = signal;
  }

  /** Those that are deleted are not found. */
  async find(name: string): Promise<Stack | undefined> {
    const answer = await this.#call('GET', `/stacks?name=${encodeURIComponent(name)}`);
    const found = list.safeParse(answer.body);
    if (answer.status !== 200 || !found.success) throw refusal(`the stack ${name}`, answer);
    const [first] = found.data.stacks.filter(({ stack_name }) => stack_name === name);
    return first && stackOf(first);
  }

  /** False: there is one of that name already. */
  async create(name: string, content: StackContent): Promise<boolean> {
    const answer = await this.#call('POST', '/stacks', { stack_name: name, ...bodyOf(content) });
    if (answer.status === 409) return false;
    if (answer.status === 500) throw new Refusal(`Heat, asked for a new stack ${name},`, answer, NO_TRUST);
    if (answer.status !== 201) throw refusal(`a new stack ${name}`, answer);
    return true;
  }

  async update({ id, name }: Stack, content: StackContent): Promise<void> {
    const answer = await this.#call('PUT', pathOf(name, id), bodyOf(content));
    if (answer.status !== 202) throw refusal(`a change of the stack ${name}`, answer);
  }

  /** What is not there is deleted. */
  async delete({ id, name }: Stack): Promise<void> {
    const answer = await this.#call('DELETE', pathOf(name, id));
    if (answer.status !== 204 && answer.status !== 404)
      throw refusal(`the deletion of the stack ${name}`, answer);
  }

  /** By name; those that have no value are left out. */
  async outputs({ id, name }: Stack): Promise<{ readonly [name: string]: JsonValue }> {
    const answer = await this.#call('GET', pathOf(name, id));
    const found = one.safeParse(answer.body);
    if (answer.status !== 200 || !found.success) throw refusal(`the stack ${name}`, answer);
    const pairs = found.data.stack.outputs.flatMap(({ output_key: key, output_value: value }) =>
      value === undefined || value === null ? [] : [[key, value as JsonValue] as const],
    );
    return Object.fromEntries(pairs);
  }

  #call(method: string, path: string, body?: JsonObject): Promise<CloudAnswer> {
    return this.#cloud.call(
      { service: 'orchestration', method, path, ...(body !== undefined && { body }) },
      this.#signal,
    );
  }
}

const NO_TRUST =
  '. So it does when the credential may not give it a trust: an application credential may only where Keystone allows that ' +
  '(docs/reference/actions/stack.md)';

const refusal = (what: string, answer: CloudAnswer): Refusal =>
  new Refusal(`Heat, asked for ${what},`, answer);

const pathOf = (name: string, id: string): string =>
  `/stacks/${encodeURIComponent(name)}/${encodeURIComponent(id)}`;

const bodyOf = ({ template, parameters, minutes, mark }: StackContent): JsonObject => ({
  template,
  parameters,
  timeout_mins: minutes,
  tags: `${MARK}${mark}`,
  // What went wrong stays to be looked at, and the next attempt changes it.
  disable_rollback: true,
});

function stackOf({
  id,
  stack_name,
  stack_status,
  stack_status_reason,
  tags,
}: z.infer<typeof summary>): Stack {
  const mark = tags?.find(tag => tag.startsWith(MARK))?.slice(MARK.length);
  return { id, name: stack_name, status: stack_status, reason: stack_status_reason ?? '', mark };
}
