// Heat as far as the driver of stacks needs it, in memory, for what the real one cannot be brought to do at will.
// Belongs here: stacks, their statuses one after another, trouble at a given call. Does not belong here: expectations.
import type { JsonObject } from '../../engine/base/json.ts';
import { type Cloud, type CloudAnswer, type CloudCall, CloudFault } from '../../engine/openstack/types.ts';

export interface KeptStack {
  readonly id: string;
  readonly stack_name: string;
  stack_status: string;
  stack_status_reason: string;
  tags: readonly string[];
  parameters: JsonObject;
}

export class FakeHeat implements Cloud {
  readonly stacks = new Map<string, KeptStack>();
  /** Such as `POST /stacks`, in order. */
  readonly calls: string[] = [];
  /** What happens before a call is answered; thrown instead of an answer. */
  before: (call: string) => void = () => undefined;
  /** What a stack becomes at the next look, by its present status. */
  becomes: { readonly [status: string]: string } = {
    CREATE_IN_PROGRESS: 'CREATE_COMPLETE',
    UPDATE_IN_PROGRESS: 'UPDATE_COMPLETE',
    DELETE_IN_PROGRESS: 'gone',
  };
  outputs: readonly JsonObject[] = [];

  async call({ method, path, body }: CloudCall): Promise<CloudAnswer> {
    const call = `${method} ${path.replace(/\?.*/, '').replace(/^(\/stacks\/[^/]+)\/.*/, '$1')}`;
    this.calls.push(call);
    this.before(call);
    const answer = this.#answer(method, path, (body ?? {}) as JsonObject);
    return { headers: {}, endpoint: 'http://heat', text: JSON.stringify(answer.body ?? ''), ...answer };
  }

  put(name: string, status: string, tag = ''): KeptStack {
    const kept = {
      id: `id-of-${name}`,
      stack_name: name,
      stack_status: status,
      stack_status_reason: 'as put',
      tags: [tag],
      parameters: {},
    };
    this.stacks.set(name, kept);
    return kept;
  }

  #answer(method: string, path: string, body: JsonObject): Pick<CloudAnswer, 'status' | 'body'> {
    const name = (body['stack_name'] as string | undefined) ?? /\/stacks\/([^/?]+)/.exec(path)?.[1] ?? '';
    const found = this.stacks.get(name);
    if (method === 'GET' && path.startsWith('/stacks?'))
      return { status: 200, body: { stacks: this.#look(path) } };
    if (method === 'POST') {
      if (found) return { status: 409, body: { error: { message: 'The Stack already exists.' } } };
      const made = this.put(name, 'CREATE_IN_PROGRESS', body['tags'] as string);
      made.parameters = body['parameters'] as JsonObject;
      return { status: 201, body: { stack: { id: made.id } } };
    }
    if (found === undefined) return { status: 404, body: { error: { message: 'not there' } } };
    if (method === 'PUT') {
      found.stack_status = 'UPDATE_IN_PROGRESS';
      found.tags = [body['tags'] as string];
      return { status: 202 };
    }
    if (method === 'DELETE') {
      found.stack_status = 'DELETE_IN_PROGRESS';
      return { status: 204 };
    }
    return { status: 200, body: { stack: { ...found, outputs: this.outputs } } };
  }

  /** What is shown, and then goes on. */
  #look(path: string): readonly JsonObject[] {
    const name = decodeURIComponent(/name=([^&]+)/.exec(path)?.[1] ?? '');
    const found = this.stacks.get(name);
    if (found === undefined) return [];
    const shown = { ...found };
    const next = this.becomes[found.stack_status];
    if (next === 'gone') this.stacks.delete(name);
    else if (next !== undefined) found.stack_status = next;
    return [shown as unknown as JsonObject];
  }
}

/** Nobody answers, and the request may have been carried out all the same. */
export const silence = (): never => {
  throw new CloudFault('unsure', 'No answer from http://heat: socket hang up.');
};
