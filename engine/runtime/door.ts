// What stands at the door of the engine: ids judged, members numbered, problems as refusals. Pure.
// Belongs here: what several requests have in common before anything is stored. Does not belong here: requests (service.ts).
import { EngineError } from '../base/errors.ts';
import { ID } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { Problem } from '../definition/problems.ts';
import type { State } from '../definition/types.ts';
import { encodeUserValue } from '../definition/values.ts';
import type { Member } from '../graph/types.ts';
import type { ActRequest, CreateRequest } from './api.ts';
import type { RequestResult, WorkflowSource } from './ports.ts';

/** What was given cannot be used; undefined: it can. */
export function refusalOf(problems: readonly Problem[]): RequestResult | undefined {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return undefined;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const next = first.hint ?? 'Correct it, then ask again.';
  return { status: 'rejected', code: codeOf(first), message: `${first.message}${more}`, next, problems };
}

const codeOf = ({ code }: Problem): string =>
  code === 'inputs_invalid' || code === 'members_invalid' ? code : 'definition_invalid';

/** Index in the order given: for a new workflow that is the lowest free one. */
export function numbered(members: CreateRequest['members']): WorkflowSource['members'] {
  return Object.fromEntries(
    Object.entries(members).map(([entity, group]) => [
      entity,
      group.map(
        ({ agent, name, data }, index): Member => ({ agent, name, index, data: encodeUserValue(data ?? {}) }),
      ),
    ]),
  );
}

/** EngineError `usage`. */
export function checkId(what: string, id: string): void {
  if (ID.test(id)) return;
  throw new EngineError(
    'usage',
    `'${id.slice(0, 80)}' cannot be the id of ${what === 'operation' ? 'an' : 'a'} ${what}.`,
    'Use 1 to 64 letters, digits, - and _, beginning with a letter or digit.',
  );
}

/** What a creation throws that was rejected. */
export function rejected(result: RequestResult & { readonly status: 'rejected' }): EngineError {
  const code = result.code === 'not_found' || result.code === 'not_allowed' ? result.code : 'conflict';
  return new EngineError(code, result.message, result.next);
}

/** What was seen by whoever asks, as it goes into the payload. */
export const expected = ({ expect }: ActRequest): { readonly expect?: JsonObject } =>
  expect === undefined ? {} : { expect: expect as JsonObject };

/** Whether the state waits for this signal. */
export const takes = ({ action }: State, signal: string): boolean =>
  action?.kind === 'signal' && action.name === signal;
