// What an answer must be like: `expect` and `until` of a command, judged on one answer.
// Belongs here: true, false, or why it cannot be said. Does not belong here: what follows from that (service-call.ts).
import { EngineError } from '../../base/errors.ts';
import { compileForResponse, evaluateForResponse } from '../../definition/expressions/index.ts';
import type { ResponseView, Template } from '../../definition/expressions/types.ts';

export interface Tests {
  readonly expect?: readonly number[] | string;
  readonly until?: string;
}

export class AnswerTests {
  readonly #expect: readonly number[] | Template | undefined;
  readonly #until: Template | undefined;

  /** Expressions as they were written: they have passed the checks of the definition. */
  constructor({ expect, until }: Tests) {
    this.#expect = typeof expect === 'string' ? compile(expect, 'expect') : expect;
    this.#until = until === undefined ? undefined : compile(until, 'until');
  }

  /** Why the answer is not as expected, after "answered 503,"; undefined: it is. */
  unexpected(response: ResponseView): string | undefined {
    const expected = this.#expect;
    if (expected === undefined || !('root' in expected)) return unfitStatus(expected, response.status);
    const { holds, why } = judge(expected, response);
    return holds ? undefined : `and ${why ?? "'expect' is not true of that"}.`;
  }

  /** Why it has to be looked at again, as a sentence's end; undefined: no more. */
  notYet(response: ResponseView): string | undefined {
    if (this.#until === undefined) return undefined;
    const { holds, why } = judge(this.#until, response);
    return holds ? undefined : `${why ?? "'until' is not true of that"}.`;
  }
}

const compile = (text: string, at: string): Template => compileForResponse(text, 'response_test', at);

function unfitStatus(codes: readonly number[] | undefined, status: number): string | undefined {
  const fits = codes === undefined ? status >= 200 && status <= 299 : codes.includes(status);
  if (fits) return undefined;
  return `where ${codes === undefined ? '200 to 299' : codes.join(', ')} ${codes?.length === 1 ? 'is' : 'are'} expected.`;
}

/** What an answer does not have is not there yet: an expression that reads it is not true. */
function judge(
  template: Template,
  response: ResponseView,
): { readonly holds: boolean; readonly why?: string } {
  try {
    return { holds: evaluateForResponse(template, response) === true };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    return { holds: false, why: thrown.message.replace(/\.$/, '') };
  }
}
